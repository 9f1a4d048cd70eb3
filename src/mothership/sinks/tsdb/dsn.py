"""Connection strings: read once, so that what is wrong is known before anything is opened, and by its name.

A DSN is libpq's. The driver would fill gaps from the `PG*` variables of whatever shell started the service; here only
`PGPASSWORD` and `PGPASSFILE` count, where there is no password.
"""

import difflib
import os
import pwd
from collections.abc import Mapping

from mothership.sinks.tsdb import dsn_parameters
from mothership.sinks.tsdb.connection_target import ConnectionTarget
from mothership.sinks.tsdb.dsn_parameters import KNOWN_PARAMETERS, SUPPORTED_PARAMETERS
from mothership.sinks.tsdb.dsn_syntax import HostAndPort, listed_hosts, listed_ports, split_dsn

SOCKET_DIRECTORIES = ("/run/postgresql", "/var/run/postgresql", "/tmp", "/private/tmp", "localhost")  # noqa: S108 - where PostgreSQL puts its socket
PORT = 5432


def parse_dsn(dsn: str) -> ConnectionTarget:
    """Read a DSN. Raises ValueError that names the parameter, with host and port, and quotes no value."""
    parts = split_dsn(dsn)
    told = parts.parameters
    hosts, ports = _hosts_and_ports(parts.places, told)
    user = told.get("user") or parts.user or _own_name()
    target = ConnectionTarget(
        hosts,
        ports,
        user=user,
        database=told.get("dbname") or told.get("database") or parts.database or user,
        password=told.get("password") or parts.password or None,
        parameters={name: value for name, value in told.items() if name in SUPPORTED_PARAMETERS},
        session=_session(told),
        ignored=tuple(dsn_parameters.ignored(told)),
    )
    for fault in dsn_parameters.faults(told, target.ssl_mode):
        raise ValueError(f"dsn ({target}): {fault}")
    for name in target.session.keys() - KNOWN_PARAMETERS:
        if near := difflib.get_close_matches(name.lower().replace("_", ""), KNOWN_PARAMETERS, n=1, cutoff=0.85):
            raise ValueError(f"dsn ({target}): {name} is no parameter; did you mean {near[0]}?")
    return target


def _session(told: Mapping[str, str]) -> dict[str, str]:
    """Settings that the server is told."""
    unknown = KNOWN_PARAMETERS - dsn_parameters.SESSION_PARAMETERS
    session = {name: value for name, value in told.items() if name not in unknown}
    if not session.get("application_name") and told.get("fallback_application_name"):
        session["application_name"] = told["fallback_application_name"]
    return session


def _hosts_and_ports(places: list[HostAndPort], told: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """What stands before the database's name, unless a parameter says otherwise, as with libpq."""
    ports = [place.port for place in places]
    if told.get("host"):
        places = listed_hosts(told["host"])
        if any(place.port for place in places):
            ports = [place.port for place in places]
    if told.get("port"):
        ports = listed_ports(told["port"])
    hosts = [place.host for place in places]
    if hosts == [""]:
        hosts = list(SOCKET_DIRECTORIES)
    if len(ports) == 1:
        ports *= len(hosts)
    if len(ports) != len(hosts):
        raise ValueError(f"dsn: port lists {len(ports)} ports for {len(hosts)} hosts")
    return tuple(hosts), tuple(port or PORT for port in ports)


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise ValueError("dsn: user is missing, and this machine has no name for the service's own") from None
