"""What a connection string is made of: its parts, decoded. What is malformed is told as that part's fault.

No text of a fault quotes anything of the string: where a password holds a delimiter, any part may be a piece of it.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from mothership.sinks.tsdb.dsn_parameters import KNOWN_PARAMETERS

SCHEMES = ("postgresql", "postgres")
SCHEME_FAULT = "dsn must begin with postgresql://"
PASSWORD_FAULT = "dsn can't be read: a `/`, `?` or `@` in a user's name or a password is written %2F, %3F or %40"  # noqa: S105 - a text
PORT_MAX = 65_535

_KEY_VALUE = re.compile(r"[a-z_]+\s*=", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)*", re.ASCII)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_HOST = re.compile(r"[^\w.%-]")
_PLACE = re.compile(r"(?P<host>\[[^]]*\]|[^:\[\]]*)(?::(?P<port>.*))?", re.DOTALL)


class HostAndPort(NamedTuple):
    """A host, or the directory of a socket, with the port that stands beside it."""

    host: str
    port: int | None


class DsnParts(NamedTuple):
    """What a connection string says, before it means anything."""

    user: str
    password: str
    places: list[HostAndPort]
    database: str
    parameters: Mapping[str, str]


def split_dsn(dsn: str) -> DsnParts:
    """Take a DSN apart. Raises ValueError that names the malformed part."""
    scheme, separator, rest = dsn.strip().partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise ValueError(_scheme_fault(dsn.strip()))
    head, _, query = rest.partition("?")
    authority, _, database = head.partition("/")
    login, _, places = authority.rpartition("@")
    if "@" in database:
        raise ValueError(PASSWORD_FAULT)
    parameters = dict(_parameters(query))  # first, because what follows a `?` in a password is not the port's fault
    user, _, password = login.partition(":")
    return DsnParts(
        user=_decoded(user, "user"),
        password=_decoded(password, "password"),
        places=list(_places(places.split(","))),
        database=_decoded(database, "the database's name"),
        parameters=parameters,
    )


def listed_hosts(value: str) -> list[HostAndPort]:
    """What the parameter `host` lists: nothing of it is encoded any more, and an address needs no brackets."""
    return list(_places(value.split(","), are_encoded=False))


def listed_ports(value: str) -> list[int | None]:
    """What the parameter `port` lists; nothing stands for the usual one."""
    ports = value.split(",")
    return [_port(port, _numbered("port", at, len(ports))) for at, port in enumerate(ports)]


def is_identifier(name: str) -> bool:
    """Whether a parameter may be called so, and its name be told."""
    return bool(_IDENTIFIER.fullmatch(name))


def _scheme_fault(dsn: str) -> str:
    if _KEY_VALUE.match(dsn):
        return f"{SCHEME_FAULT}user:password@host:port/database; libpq's form of key=value pairs is not supported"
    if dsn[:1] in {"'", '"'}:
        return f"{SCHEME_FAULT}, and it stands in quotation marks"
    return SCHEME_FAULT


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    pieces = query.removesuffix("&").split("&") if query else []
    if any("@" in piece and piece.partition("=")[0] not in KNOWN_PARAMETERS for piece in pieces):
        raise ValueError(PASSWORD_FAULT)
    for number, piece in enumerate(pieces, start=1):
        name, separator, value = piece.partition("=")
        if name in KNOWN_PARAMETERS and not separator:
            raise ValueError(f"dsn: {name} has no value: it is written {name}=…")
        if not separator or not is_identifier(name):
            raise ValueError(f"dsn: parameter {number} is not written name=value")
        yield name, _decoded(value, name)


def _places(places: list[str], *, are_encoded: bool = True) -> Iterator[HostAndPort]:
    for at, place in enumerate(places):
        host_part, port_part = (_numbered(name, at, len(places)) for name in ("host", "port"))
        if not are_encoded and (place[:1] == "/" or _is_address(place)):
            yield HostAndPort(_host(place, host_part), None)
            continue
        if place.count(":") > 1 and "[" not in place:
            raise ValueError(f"dsn: {host_part} is no name: an IPv6 address stands in brackets, as in [::1]:5432")
        matched = _PLACE.fullmatch(place)
        if not matched:
            raise ValueError(f"dsn: {host_part} is malformed: an IPv6 address stands in brackets, as in [::1]:5432")
        host = _decoded(matched["host"], host_part) if are_encoded else matched["host"]
        if host[:1] == "[":
            host = host[1:-1]
            if not _is_address(host):
                raise ValueError(f"dsn: {host_part} is no IPv6 address, and stands in brackets")
        elif not host and len(places) > 1:
            raise ValueError(f"dsn: {host_part} is empty")
        yield HostAndPort(_host(host, host_part), _port(matched["port"] or "", port_part))


def _host(host: str, part: str) -> str:
    if host[:1] == "@":
        raise ValueError(f"dsn: {part} is an abstract socket, which is not supported")
    if not host.isprintable() or (host[:1] != "/" and not _is_address(host) and _NO_HOST.search(host)):
        raise ValueError(f"dsn: {part} is no name, no address and no directory from the root")
    return host


def _port(text: str, part: str) -> int | None:
    if not text:
        return None
    # `int` would take spaces, signs, underscores and the digits of every script.
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(PORT_MAX))
    if not is_number or not 1 <= int(text) <= PORT_MAX:
        raise ValueError(f"dsn: {part} must be a number from 1 to {PORT_MAX}")
    return int(text)


def _decoded(text: str, part: str) -> str:
    """Percent-encoding undone as libpq does: `+` is no space, and what is no code is a fault."""
    if _BROKEN_ESCAPE.search(text):
        raise ValueError(f"dsn: {part} holds a `%` that begins no code: write it %25")
    if any(sign.isspace() or not sign.isprintable() for sign in text):
        raise ValueError(f"dsn: {part} holds a space or a control character: write a space %20")
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise ValueError(f"dsn: {part} is no UTF-8 when its codes are undone") from None
    if "\0" in decoded:
        raise ValueError(f"dsn: {part} holds a NUL character")
    return decoded


def _is_address(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def _numbered(name: str, at: int, total: int) -> str:
    return f"{name} {at + 1} of {total}" if total > 1 else name
