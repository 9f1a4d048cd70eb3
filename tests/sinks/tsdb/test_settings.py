"""What can be wrong with the database's settings is found before anything is opened, and quotes no secret."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from mothership.sinks.tsdb.sink import DatabaseSettings, TimescaleSinkSettings

DSN = "postgresql://someone:canary@db.example:5433/events"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"dsn": "mysql://someone:canary@db/events"}, "must begin with postgresql://"),
        ({"dsn": "canary"}, "must begin with postgresql://"),
        ({"dsn": "postgresql://someone:can/ary@db/events"}, "written %2F"),
        ({"dsn": "postgresql://someone:canary@db:port/events"}, "can't be read"),
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
    settings = DatabaseSettings(dsn=DSN, host="localhost", port=5433, database="d", user="u", password="p")  # type: ignore[arg-type]
    assert settings.connect_arguments() == {"dsn": DSN}
    assert settings.overruled == ("host", "port", "database", "user", "password")
    assert "canary" not in repr(settings)


def test_a_dsn_may_hold_what_only_libpq_knows() -> None:
    """Providers' DSNs do; the driver would hand it to the server as a setting."""
    settings = DatabaseSettings(dsn=f"{DSN}?sslmode=require&channel_binding=require&connect_timeout=5")  # type: ignore[arg-type]
    assert settings.connect_arguments() == {"dsn": f"{DSN}?sslmode=require"}


def test_a_dsn_may_name_several_hosts() -> None:
    """For a failover without a proxy."""
    dsn = "postgresql://u:p@one:5432,two:5433/events?target_session_attrs=primary"
    assert DatabaseSettings(dsn=dsn).connect_arguments() == {"dsn": dsn}  # type: ignore[arg-type]


def test_single_parameters_make_a_connection() -> None:
    """A password with every sign in it needs no escaping here."""
    settings = DatabaseSettings(host="db", password="a/b@c:d?e#f")  # type: ignore[arg-type]
    assert settings.is_external
    assert settings.connect_arguments() == {
        "host": "db",
        "port": 5432,
        "database": "mothership",
        "user": "mothership",
        "password": "a/b@c:d?e#f",
    }
    assert settings.overruled == ()


@pytest.mark.parametrize("dsn", [None, ""])
def test_without_dsn_and_host_the_embedded_database_is_meant(dsn: str | None) -> None:
    """An empty variable is no DSN."""
    assert not DatabaseSettings(dsn=dsn).is_external  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 day", timedelta(days=1)), ("12 Hours", timedelta(hours=12)), (" 4 weeks ", timedelta(weeks=4))],
)
def test_intervals_are_written_as_people_say_them(text: str, value: timedelta) -> None:
    """A whole number and a unit."""
    assert DatabaseSettings(chunk_interval=text).chunk_interval == value  # type: ignore[arg-type]


def test_the_sinks_own_settings_have_bounds() -> None:
    """A limit on everything."""
    with pytest.raises(ValidationError):
        TimescaleSinkSettings(batch_size=0)
    with pytest.raises(ValidationError):
        TimescaleSinkSettings(writers=1_000)
