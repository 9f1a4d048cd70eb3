"""What can be wrong with the database's settings is found before anything is opened, and quotes no secret."""

import ssl
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from mothership.config import Settings
from mothership.sinks.tsdb.connection_target import ConnectionTarget
from mothership.sinks.tsdb.settings import DatabaseSettings, TimescaleSinkSettings
from mothership.startup_checks import faults

DSN = "postgresql://someone:canary@db.example:5433/events"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"dsn": "mysql://someone:canary@db/events"}, "must begin with postgresql://"),
        ({"dsn": "canary"}, "must begin with postgresql://"),
        ({"dsn": "postgresql://someone:can/ary@db/events"}, "written %2F"),
        ({"dsn": "postgresql://someone:canary@db:port/events"}, "port must be a number from 1 to 65535"),
        ({"host": "db:5433", "password": "canary"}, "port is a key of its own"),
        ({"host": "[::1]", "password": "canary"}, "port is a key of its own"),
        ({"host": "one,two", "password": "canary"}, "several are written in dsn"),
        ({"host": "canary@db"}, "host is no name, no address"),
        ({"password": "canary"}, "password is set without host"),
        ({"port": 5433}, "port is set without host"),
        ({"host": "db", "port": 0}, "greater than or equal to 1"),
        ({"host": "db", "passwort": "canary"}, "Extra inputs"),
        ({"retention": "soon"}, "a number and a unit"),
        ({"retention": "0 days"}, "longer than nothing"),
        ({"retention": "7 days", "columnstore_after": "7 days"}, "longer than columnstore_after"),
        ({"gin": "btree"}, "jsonb_path_ops"),
    ],
)
def test_a_fault_is_named_without_quoting_a_secret(settings: dict[str, Any], reason: str) -> None:
    """One line a fault, and the password in none of them."""
    with pytest.raises(ValidationError) as caught:
        DatabaseSettings(**settings)
    texts = [error["msg"] for error in caught.value.errors()]
    assert any(reason in text for text in texts), texts
    assert not any("canary" in text for text in texts)


def test_a_dsn_wins_over_single_parameters() -> None:
    """The specification's example has both; what is not looked at is named."""
    settings = DatabaseSettings(dsn=DSN, host="localhost", port=5433, database="d", user="u", password="p")
    assert settings.target() == ConnectionTarget(("db.example",), (5433,), "someone", "events", "canary")
    assert settings.overruled == ("host", "port", "database", "user", "password")
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("dsn", "hosts", "ports", "parameters"),
    [
        # Providers' DSNs have parameters of libpq's; the driver would hand them to the server as settings.
        (f"{DSN}?sslmode=require&channel_binding=prefer&sslsni=1", ["db.example"], [5433], {"sslmode": "require"}),
        ("postgresql://u@one:5432,two:5433/e", ["one", "two"], [5432, 5433], {}),
        ("postgresql://u@one,two/e?port=6000", ["one", "two"], [6000, 6000], {"port": "6000"}),
        ("postgresql://u@[::1]:5433/e", ["::1"], [5433], {}),
        ("postgresql://u@%2Frun%2Fpg/e", ["/run/pg"], [5432], {}),
        ("postgresql://u@/e?host=/run/pg", ["/run/pg"], [5432], {"host": "/run/pg"}),
    ],
)
def test_a_dsn_is_read_as_libpq_does(dsn: str, hosts: list[str], ports: list[int], parameters: dict[str, str]) -> None:
    """Several hosts, for a failover without a proxy; addresses, sockets, ports beside."""
    target = DatabaseSettings(dsn=dsn).target()
    assert (list(target.hosts), list(target.ports), target.parameters) == (hosts, ports, parameters)
    assert target.session == {}


def test_a_dsn_may_hold_settings_for_the_session_and_escaped_characters() -> None:
    """A role, a password and a database with every sign in them."""
    dsn = "postgresql://a%40b:c%2Fd%3Ae@db/f%20g?search_path=mine&application_name=x"
    target = DatabaseSettings(dsn=dsn).target()
    assert (target.user, target.password, target.database) == ("a@b", "c/d:e", "f g")
    assert target.session == {"search_path": "mine", "application_name": "x"}
    assert "c/d:e" not in repr(target)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sslmode=required", "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("target_session_attrs=master", "target_session_attrs must be one of any, primary, "),
        ("pool_size=5", "pool_size belongs to another program's pool; here it is sinks.timescaledb.writers"),
        ("schema=mine", "schema is search_path"),
        ("pgbouncer=true", "pgbouncer is the key database.statement_cache_size here"),
        ("ssl_mode=require", "ssl_mode is no parameter; did you mean sslmode?"),
        ("sslrootcert=system&sslmode=require", "sslrootcert=system needs sslmode=verify-full"),
        ("sslnegotiation=direct", "sslnegotiation=direct needs sslmode=require or more"),
        ("ssl_min_protocol_version=1.2", "ssl_min_protocol_version must be one of TLSv1, "),
        ("service=mine", "service is not supported; write host and port"),
    ],
)
def test_a_fault_of_a_dsn_names_the_parameter_and_the_place(query: str, reason: str) -> None:
    """Before anything is opened, and quoting neither password nor value."""
    with pytest.raises(ValidationError) as caught:
        DatabaseSettings(dsn=f"{DSN}?{query}")
    assert f"dsn (db.example:5433): {reason}" in caught.value.errors()[0]["msg"]
    assert "canary" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sslmode=verify-full&sslrootcert=/none.crt", "sslrootcert /none.crt can't be read: No such file"),
        (f"sslmode=require&sslrootcert={__file__}", "holds nothing that can be used"),
        ("sslcert=/none.crt", "sslcert /none.crt can't be read"),
    ],
)
def test_check_finds_a_certificate_that_can_not_be_used(query: str, reason: str) -> None:
    """The files that a DSN names are read without connecting."""
    settings = Settings(database={"dsn": f"{DSN}?{query}"})
    [fault] = [fault for fault in faults(settings) if "database" in fault]
    assert fault.startswith("database.dsn (db.example:5433): ssl")
    assert reason in fault


def test_the_machines_own_authorities_can_be_trusted() -> None:
    """As with libpq, `sslrootcert=system` means the strictest check."""
    context = DatabaseSettings(dsn=f"{DSN}?sslrootcert=system").target().ssl_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_single_parameters_make_a_connection() -> None:
    """A password with every sign in it needs no escaping here."""
    settings = DatabaseSettings(host="db", password="a/b@c:d?e#f")
    assert settings.is_external
    assert settings.target() == ConnectionTarget(("db",), (5432,), "mothership", "mothership", "a/b@c:d?e#f")
    assert settings.overruled == ()


@pytest.mark.parametrize("dsn", [None, ""])
def test_without_dsn_and_host_the_embedded_database_is_meant(dsn: str | None) -> None:
    """An empty variable is no DSN."""
    assert not DatabaseSettings(dsn=dsn).is_external


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 day", timedelta(days=1)), ("12 Hours", timedelta(hours=12)), (" 4 weeks ", timedelta(weeks=4))],
)
def test_intervals_are_written_as_people_say_them(text: str, value: timedelta) -> None:
    """A whole number and a unit."""
    assert DatabaseSettings(chunk_interval=text).chunk_interval == value


def test_the_sinks_own_settings_have_bounds() -> None:
    """A limit on everything."""
    with pytest.raises(ValidationError):
        TimescaleSinkSettings(batch_size=0)
    with pytest.raises(ValidationError):
        TimescaleSinkSettings(writers=1_000)
