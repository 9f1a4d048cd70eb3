"""What each of libpq's parameters means here: it is honoured, or ignored with a warning, or refused.

Refused is what would weaken a connection if it were ignored, and what the driver can't do at all. The test of this
module asks libpq itself for its parameters, so that none is without an answer.
"""

import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
CHECKED_SSL_MODES = frozenset({"verify-ca", "verify-full"})
ENCRYPTED_SSL_MODES = frozenset({"require", *CHECKED_SSL_MODES})
SESSION_ATTRIBUTES = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")
PROTOCOLS = ("3.0", "3.2", "latest")
TLS_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
NOTHING_CHECKED = "needs sslrootcert and sslmode=verify-full: else no certificate is checked"
"""Of a list of revoked certificates."""
SYSTEM = "system"
"""As `sslrootcert`: the certificates that the machine trusts."""

PARAMETER_CHOICES: Mapping[str, Iterable[str]] = {
    "sslmode": SSL_MODES,
    "target_session_attrs": SESSION_ATTRIBUTES,
    "ssl_min_protocol_version": TLS_VERSIONS,
    "ssl_max_protocol_version": TLS_VERSIONS,
    "sslnegotiation": ("postgres", "direct"),
    "load_balance_hosts": ("disable", "random"),
    "sslcertmode": ("disable", "allow", "require"),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "min_protocol_version": PROTOCOLS,
    "max_protocol_version": PROTOCOLS,
}
FILE_PARAMETERS = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
SUPPORTED_PARAMETERS = frozenset(
    {
        *("host", "port", "user", "password", "dbname", "database", "connect_timeout", "fallback_application_name"),
        *("sslmode", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version"),
        *("sslcertmode", "sslpassword", "target_session_attrs", "load_balance_hosts"),
        *FILE_PARAMETERS,
    }
)
SESSION_PARAMETERS = frozenset({"application_name", "options"})
"""Told to the server as they are, as is every parameter that libpq does not know."""


class Unused(NamedTuple):
    """A parameter that the driver can't honour."""

    harmless: frozenset[str]
    """Values that ask for what happens anyway."""
    reason: str
    """Why it isn't honoured, or what to use instead."""


def _unused(reason: str, *harmless: str) -> Unused:
    return Unused(frozenset({"", *harmless}), reason)


_BROKEN_CONNECTIONS = "a broken connection is noticed after database.statement_timeout_seconds"
_NO_KERBEROS = "Kerberos is not supported: use a password or a client certificate"
_NO_OAUTH = "is not supported: use a password or a client certificate"
IGNORED_PARAMETERS: Mapping[str, Unused] = {
    "keepalives": _unused(_BROKEN_CONNECTIONS, "0"),
    **dict.fromkeys(
        ("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
        _unused(_BROKEN_CONNECTIONS, "0"),
    ),
    "client_encoding": _unused("it is always UTF8", "UTF8", "utf8", "UTF-8", "utf-8", "auto", "unicode", "UNICODE"),
    "sslcompression": _unused("TLS is never compressed", "0"),
    "sslsni": _unused("the name of the host is always sent: write the host as an address", "1"),
    "sslkeylogfile": _unused("no key is ever written to a file"),
    "krbsrvname": _unused(_NO_KERBEROS, "postgres"),
    "gsslib": _unused(_NO_KERBEROS, "gssapi"),
    "gssdelegation": _unused(_NO_KERBEROS, "0"),
    "max_protocol_version": _unused("", *PROTOCOLS),
}
"""Ignoring these weakens nothing."""
REFUSED_PARAMETERS: Mapping[str, Unused] = {
    "channel_binding": _unused(
        "is not supported, and ignored it would protect nothing: use sslmode=verify-full, and leave it out",
        *("disable", "prefer"),
    ),
    "require_auth": _unused(
        "is not supported, and ignored it would protect nothing: use sslmode=verify-full, so that no other server is "
        "told the password, and leave it out"
    ),
    "gssencmode": _unused("is not supported: use sslmode=verify-full", "disable", "prefer"),
    "requirepeer": _unused("is not supported: put the socket into a directory that only the server may write to"),
    "sslcertmode": _unused("is not supported: let the server's pg_hba.conf ask for it", "disable", "allow"),
    "sslcrldir": _unused("is not supported: put the lists together into one file, and name it as sslcrl"),
    "min_protocol_version": _unused("is not supported: the driver speaks 3.0", "3.0"),
    "replication": _unused("is no connection that can write events: leave it out", "0", "off", "false", "no"),
    **dict.fromkeys(("scram_client_key", "scram_server_key"), _unused("is not supported: use a password")),
    **dict.fromkeys(("oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"), _unused(_NO_OAUTH)),
    **dict.fromkeys(("hostaddr", "service", "servicefile"), _unused("is not supported; write host and port")),
}
"""Ignoring these would weaken the connection, or lead to another server, or tell a server a secret."""
FOREIGN_PARAMETERS = {
    **dict.fromkeys(
        ("pool_size", "max_overflow", "pool_timeout", "pool_recycle", "pool_mode", "pool", "connection_limit"),
        "belongs to another program's pool; here it is sinks.timescaledb.writers",
    ),
    **dict.fromkeys(
        ("pgbouncer", "statement_cache_size", "prepared_statements"), "is the key database.statement_cache_size here"
    ),
    **dict.fromkeys(("schema", "currentSchema"), "is search_path"),
    **dict.fromkeys(("ssl", "tls", "sslaccept", "requiressl"), "is sslmode"),
}
"""What other programs take in a DSN, and what to write instead."""
_SECONDS = re.compile(r"(?:-?[0-9]{1,9})?", re.ASCII)
KNOWN_PARAMETERS = frozenset({*SUPPORTED_PARAMETERS, *SESSION_PARAMETERS, *IGNORED_PARAMETERS, *REFUSED_PARAMETERS})


def faults(told: Mapping[str, str], ssl_mode: str) -> Iterator[str]:
    """What can't be meant, or not be had: each begins with the parameter's name, and quotes no value but a word."""
    for name, value in told.items():
        if name in FOREIGN_PARAMETERS:
            yield f"{name} {FOREIGN_PARAMETERS[name]}"
        elif name in PARAMETER_CHOICES and value not in PARAMETER_CHOICES[name]:
            yield f"{name} must be one of {', '.join(PARAMETER_CHOICES[name])}"
        elif name in REFUSED_PARAMETERS and value not in REFUSED_PARAMETERS[name].harmless:
            said = f"{name}={value}" if name in PARAMETER_CHOICES else name
            yield f"{said} {REFUSED_PARAMETERS[name].reason}"
    if not _SECONDS.fullmatch(told.get("connect_timeout", "")):
        yield "connect_timeout must be a whole number of seconds"
    if told.get("sslrootcert") == SYSTEM and ssl_mode != "verify-full":
        yield f"sslrootcert={SYSTEM} needs sslmode=verify-full"
    if told.get("sslcrl") and ssl_mode not in ENCRYPTED_SSL_MODES:
        yield f"sslcrl {NOTHING_CHECKED}"
    if told.get("sslnegotiation") == "direct" and ssl_mode not in ENCRYPTED_SSL_MODES:
        yield "sslnegotiation=direct needs sslmode=require or more"


def ignored(told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Parameters that have no effect here, each with what has."""
    for name, value in told.items():
        if name in IGNORED_PARAMETERS and value not in IGNORED_PARAMETERS[name].harmless:
            yield name, IGNORED_PARAMETERS[name].reason
    seconds = told.get("connect_timeout", "")
    if seconds and _SECONDS.fullmatch(seconds) and int(seconds) <= 0:
        yield "connect_timeout", "nothing is waited for without end: database.connect_timeout_seconds counts"
