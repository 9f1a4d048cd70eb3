"""Connection strings: read once, so that what is wrong is known before anything is opened, and by its name.

A DSN is libpq's. The driver would fill gaps from the `PG*` variables of whatever shell started the service; here only
`PGPASSWORD` and `PGPASSFILE` count, where there is no password.
"""

import difflib
import os
import pwd
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from mothership.errors import ConfigurationError

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SESSION_ATTRIBUTES = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")
TLS_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
PARAMETER_CHOICES: Mapping[str, Iterable[str]] = {
    "sslmode": SSL_MODES,
    "target_session_attrs": SESSION_ATTRIBUTES,
    "ssl_min_protocol_version": TLS_VERSIONS,
    "ssl_max_protocol_version": TLS_VERSIONS,
    "sslnegotiation": ("postgres", "direct"),
}
FILE_PARAMETERS = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
SUPPORTED_PARAMETERS = frozenset(
    {*PARAMETER_CHOICES, *FILE_PARAMETERS, "sslpassword", "host", "port", "user", "password", "dbname", "database"}
)
LIBPQ_ONLY = frozenset(
    {
        *("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        *("tcp_user_timeout", "fallback_application_name", "client_encoding", "channel_binding", "gssencmode"),
        *("load_balance_hosts", "require_auth", "sslcompression", "sslsni"),
    }
)
"""Parameters of libpq's, common in copied DSNs, that mean nothing to the driver here."""
FOREIGN_PARAMETERS = {
    **dict.fromkeys(
        ("pool_size", "max_overflow", "pool_timeout", "pool_recycle", "pool_mode", "pool", "connection_limit"),
        "belongs to another program's pool; here it is sinks.timescaledb.writers",
    ),
    **dict.fromkeys(
        ("pgbouncer", "statement_cache_size", "prepared_statements"), "is the key database.statement_cache_size here"
    ),
    **dict.fromkeys(("schema", "currentSchema"), "is search_path"),
    **dict.fromkeys(("ssl", "tls", "sslaccept"), "is sslmode"),
    **dict.fromkeys(("hostaddr", "service", "servicefile"), "is not supported; write host and port"),
}
"""What other programs, or libpq alone, take in a DSN, and what to write instead."""
SYSTEM = "system"
"""As `sslrootcert`: the certificates that the machine trusts."""
SOCKET_DIRECTORIES = ("/run/postgresql", "/var/run/postgresql", "/tmp", "/private/tmp", "localhost")  # noqa: S108  # where PostgreSQL puts its socket
PORT = 5432


@dataclass(frozen=True, slots=True)
class ConnectionTarget:
    """Where to connect, as whom, and how."""

    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    user: str
    database: str
    password: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What a DSN says besides, of `SUPPORTED_PARAMETERS`."""
    session: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Settings for the session, told to the server."""

    def __str__(self) -> str:
        places = zip(self.hosts, self.ports, strict=True)
        return ",".join(host if host[:1] == "/" else f"{host}:{port}" for host, port in places)

    @property
    def is_local(self) -> bool:
        """Whether there is no network on the way, and so no TLS."""
        return all(host[:1] == "/" for host in self.hosts)

    @property
    def ssl_mode(self) -> str:
        """One of `SSL_MODES`."""
        return self.parameters.get("sslmode") or ("verify-full" if self._uses_system_roots else "prefer")

    @property
    def _uses_system_roots(self) -> bool:
        return self.parameters.get("sslrootcert") == SYSTEM

    def ssl_context(self) -> ssl.SSLContext:
        """What the parameters say. Raises ConfigurationError that names the one whose file can't be used."""
        mode, told = self.ssl_mode, self.parameters
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = TLS_VERSIONS[told.get("ssl_min_protocol_version") or "TLSv1.2"]
        if highest := told.get("ssl_max_protocol_version"):
            context.maximum_version = TLS_VERSIONS[highest]
        roots = told.get("sslrootcert") or _in_home("root.crt")
        if mode.startswith("verify") and roots is None:
            raise self._fault("sslrootcert", f"is needed for sslmode={mode} (`{SYSTEM}`: what this machine trusts)")
        if mode in {"require", "verify-ca", "verify-full"} and roots is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.check_hostname = mode == "verify-full"
            if roots == SYSTEM:
                context.load_default_certs()
            else:
                self._load("sslrootcert", roots, lambda: context.load_verify_locations(cafile=roots))
            if revoked := told.get("sslcrl") or _in_home("root.crl"):
                self._load("sslcrl", revoked, lambda: context.load_verify_locations(cafile=revoked))
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        if certificate := told.get("sslcert") or _in_home("postgresql.crt"):
            key = told.get("sslkey") or _in_home("postgresql.key")
            # An empty password, lest OpenSSL ask for one on the terminal.
            load = lambda: context.load_cert_chain(certificate, key, password=told.get("sslpassword", ""))  # noqa: E731  # one expression, used once
            self._load("sslcert", certificate, load)
        return context

    def _load(self, parameter: str, path: str, load: Callable[[], None]) -> None:
        try:
            load()
        except ssl.SSLError:
            raise self._fault(parameter, f"{path} holds nothing that can be used") from None
        except OSError as error:
            raise self._fault(parameter, f"{path} can't be read: {error.strerror}") from None

    def _fault(self, parameter: str, reason: str) -> ConfigurationError:
        return ConfigurationError([f"database.dsn ({self}): {parameter} {reason}"])


def parse_dsn(dsn: str) -> ConnectionTarget:
    """Read a DSN. Raises ValueError that names the parameter, with host and port, and quotes no value."""
    try:
        parts = urlsplit(dsn)
        told = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        auth, _, places = parts.netloc.rpartition("@")
        user, _, password = auth.partition(":")
        hosts, ports = _places(unquote(places) if "%2f" in places.lower() else places, told)
    except ValueError:
        raise ValueError(
            "dsn can't be read: a `/`, `#`, `?`, `[` or `@` in a password is written %2F, %23, …"
        ) from None
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("dsn must begin with postgresql://")
    user = told.get("user") or unquote(user) or pwd.getpwuid(os.geteuid()).pw_name
    target = ConnectionTarget(
        hosts,
        ports,
        user=user,
        database=told.get("dbname") or told.get("database") or unquote(parts.path.removeprefix("/")) or user,
        password=told.get("password") or unquote(password) or None,
        parameters={name: value for name, value in told.items() if name in SUPPORTED_PARAMETERS},
        session={name: value for name, value in told.items() if name not in SUPPORTED_PARAMETERS | LIBPQ_ONLY},
    )
    for name, value in told.items():
        if name in FOREIGN_PARAMETERS:
            raise ValueError(f"dsn ({target}): {name} {FOREIGN_PARAMETERS[name]}")
        if name in PARAMETER_CHOICES and value not in PARAMETER_CHOICES[name]:
            raise ValueError(f"dsn ({target}): {name} must be one of {', '.join(PARAMETER_CHOICES[name])}")
    for name in target.session:
        if near := difflib.get_close_matches(name.replace("_", ""), SUPPORTED_PARAMETERS, n=1, cutoff=0.85):
            raise ValueError(f"dsn ({target}): {name} is no parameter; did you mean {near[0]}?")
    if told.get("sslrootcert") == SYSTEM and target.ssl_mode != "verify-full":
        raise ValueError(f"dsn ({target}): sslrootcert={SYSTEM} needs sslmode=verify-full")
    if told.get("sslnegotiation") == "direct" and target.ssl_mode not in {"require", "verify-ca", "verify-full"}:
        raise ValueError(f"dsn ({target}): sslnegotiation=direct needs sslmode=require or more")
    return target


def _places(netloc: str, told: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Hosts and their ports. Raises ValueError for a port that is none, or when there are too many or too few."""
    ports = [int(port or PORT) for port in told.get("port", "").split(",")]
    hosts: list[str] = []
    own: list[int | None] = []
    for place in (told.get("host") or netloc).split(","):
        if place[:1] == "[":
            host, _, rest = place[1:].partition("]")
            port = rest.removeprefix(":")
        elif place[:1] == "/":
            host, port = place, ""
        else:
            host, _, port = place.partition(":")
        hosts.append(unquote(host))
        own.append(int(port) if port else None)
    if hosts == [""]:
        hosts, own = list(SOCKET_DIRECTORIES), [None] * len(SOCKET_DIRECTORIES)
    if len(ports) == 1:
        ports *= len(hosts)
    found = tuple(port or ports[at] for at, port in enumerate(own)) if len(ports) == len(hosts) else ()
    if not found or not all(0 < port < 65_536 for port in found):  # noqa: PLR2004  # of 16 bits
        raise ValueError("port")
    return tuple(hosts), found


def _in_home(name: str) -> str | None:
    """Where libpq looks when a parameter does not say."""
    try:
        path = Path.home() / ".postgresql" / name
    except RuntimeError:
        return None
    return str(path) if path.exists() else None
