"""The doctor names what is wrong with a set-up, what it costs and what to do: on real parts, each broken in one way."""

import asyncio
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml
from tests import preloaded
from tests.faults.proxy import Proxy
from tests.loopback import free_port
from tests.pipeline.llm.endpoint import Endpoint, answers, says
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki, basic

from mothership.commands.tls import dev
from mothership.data_directory_lock import lock_data_dir
from mothership.doctor.examinations import examine, worst
from mothership.doctor.finding import Finding, Severity
from mothership.embedded.server import PostgresServer
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

CANARY = "canary-hunter2"
"""Every secret of these set-ups."""
HOUR = 3600.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that wants passwords of some roles, and syncs."""
    with tempfile.TemporaryDirectory(prefix="mothership-test-") as name:
        home = Path(name)
        os.chmod(home, 0o711)  # noqa: PTH101, S103 - another user passes through
        with lock_data_dir(home) as locked:
            own = PostgresServer(locked, superuser=True)
            own.start()
            asyncio.run(_set_up(own))
            yield own
            own.stop()


async def _set_up(server: PostgresServer) -> None:
    """Databases and roles, each wrong in its way, and `right`, which the service has used."""
    admin = await asyncpg.connect(server.dsn)
    for statement in (
        f"CREATE ROLE plain LOGIN PASSWORD '{CANARY}'",
        "CREATE DATABASE right_one OWNER plain",
        "CREATE DATABASE closed",
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
        "CREATE DATABASE standby OWNER plain",
        "ALTER DATABASE standby SET default_transaction_read_only = on",
        "CREATE DATABASE newer OWNER plain",
        "CREATE DATABASE revoked OWNER plain",
    ):
        await admin.execute(statement)
    assert server._cluster
    server._cluster.write("pg_hba.conf", "local all plain scram-sha-256\nlocal all all peer map=mothership\n")
    await admin.fetchval("SELECT pg_reload_conf()")
    await admin.close()
    for database in ("right_one", "newer", "revoked"):
        sink = TsdbSink(DatabaseSettings(), embedded_dsn=_local(server, database))
        await sink.open()
        await sink.close()
    await _execute(server, "newer", "INSERT INTO mothership_migrations (number, name) VALUES (9999, 'later')")
    await _execute(server, "revoked", "REVOKE ALL ON event_counts FROM plain", "DROP INDEX idx_events_type_ts")
    await _execute(server, "revoked", "REASSIGN OWNED BY plain TO mothership")
    await _execute(server, "revoked", "GRANT SELECT, INSERT ON events TO plain")


def _local(server: PostgresServer, database: str) -> str:
    socket_dir = server._socket_dir
    return f"postgresql://plain:{CANARY}@/{database}?host={socket_dir}&port=5432"


async def _execute(server: PostgresServer, database: str, *statements: str) -> None:
    admin = await asyncpg.connect(server.dsn, database=database)
    for statement in statements:
        await admin.execute(statement)
    await admin.close()


@pytest.fixture
async def tcp(server: PostgresServer) -> AsyncIterator[int]:
    """The port of that server."""
    async with Proxy(str(server._socket_dir / ".s.PGSQL.5432")) as proxy:
        yield proxy.port


def _dsn(port: int, database: str = "right_one", *, user: str = "plain", password: str = CANARY) -> str:
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}"


class Clinic:
    """A directory for a configuration and its data."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data_dir = home / "data"
        self.tree: dict[str, Any] = {"server": {"data_dir": str(self.data_dir), "port": free_port()}}

    def write(self, **sections: Any) -> Path:
        """The configuration, with these sections."""
        for name, section in sections.items():
            self.tree.setdefault(name, {}).update(section)
        path = self.home / "config.yaml"
        path.write_text(yaml.safe_dump(self.tree))
        path.chmod(0o600)
        return path

    async def findings(self, *, clock: Any = time.time, **sections: Any) -> list[Finding]:
        """What the doctor finds. Nothing that it says quotes a secret; whatever is wrong has a cost and a remedy."""
        found = [each async for each in examine(self.write(**sections), clock=clock)]
        assert CANARY not in repr(found)
        assert not [each for each in found if each.severity >= Severity.WARNING and not (each.cost and each.remedy)]
        return found


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """Without what the machine's environment says, and not below /tmp, which is a finding of its own."""
    for name in [name for name in os.environ if name.startswith(("MOTHERSHIP_", "LOKI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("mothership.config.warnings.PASSING", ())
    return Clinic(tmp_path)


def _wrong(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.part, each.severity.label) for each in found if each.severity >= Severity.WARNING]


def _text(found: list[Finding]) -> str:
    return "\n".join(f"{each.part} {each.severity.label}: {each.what}; {each.remedy}" for each in found)


async def test_a_set_up_that_is_well_has_no_finding(clinic: Clinic, tcp: int) -> None:
    """Way, login, rights, indexes, clock, disk, port, Loki and model."""
    clinic.data_dir.mkdir(mode=0o700)
    async with StrictLoki() as loki, Endpoint() as model:
        loki.credentials = basic("me", CANARY)
        found = await clinic.findings(
            database={"dsn": _dsn(tcp)},
            sinks={"loki": {"enabled": True, "url": loki.url, "username": "me", "password": CANARY}},
            llm={"enabled": True, "endpoint": model.url, "model": "fake", "api_key": CANARY},
        )
        assert loki.counted == 0
    assert _wrong(found) == [], _text(found)
    for words in ("logged in to right_one as plain", "clock", "may write events", "it takes pushes", "strict schema"):
        assert words in _text(found)
    assert list(clinic.data_dir.iterdir()) == []


@pytest.mark.parametrize(
    ("database", "role", "severity", "words"),
    [
        ("right_one", {"password": f"{CANARY}-wrong"}, "error", "refuses the password"),
        ("nowhere", {}, "error", "the database does not exist"),
        ("closed", {}, "error", "may not create tables in public; as its owner run: GRANT CREATE ON SCHEMA public"),
        ("latin", {}, "error", "encoding is LATIN1"),
        ("standby", {}, "error", "read-only (default_transaction_read_only)"),
        ("newer", {}, "error", "the database has schema 9999"),
        ("revoked", {}, "error", "lacks DELETE, INSERT, SELECT, UPDATE on event_counts"),
        ("revoked", {}, "warning", "the index idx_events_type_ts is missing"),
        ("right_one", {"user": "mothership"}, "warning", "the role mothership is a superuser"),
    ],
)
async def test_what_is_wrong_with_the_database_is_named(
    clinic: Clinic, tcp: int, database: str, role: dict[str, str], severity: str, words: str
) -> None:
    """And what is behind it is looked at all the same, where it can be."""
    found = await clinic.findings(database={"dsn": _dsn(tcp, database, **role)})
    assert f"database {severity}: " in _text(found)
    assert words in _text([each for each in found if each.severity.label == severity]), _text(found)


async def test_a_server_that_does_not_sync_is_named(clinic: Clinic, database_dsn: str) -> None:
    """An acknowledged event would be gone with the power. The tests' own server is such a one."""
    found = await clinic.findings(database={"dsn": database_dsn})
    assert "database error: the server runs with fsync off" in _text(found)


async def test_a_wrong_port_and_an_unknown_name_are_told_apart(clinic: Clinic) -> None:
    """Each has another remedy."""
    found = await clinic.findings(database={"dsn": _dsn(free_port())})
    assert "the connection is refused; nothing listens there" in _text(found)
    found = await clinic.findings(database={"dsn": "postgresql://u@nowhere.invalid/d"})
    assert "the name nowhere.invalid is not known here; correct database.dsn" in _text(found)


async def test_a_clock_that_is_off_is_told_with_how_much(clinic: Clinic, tcp: int) -> None:
    """Whose time is wrong nobody knows; that they differ is the finding."""
    found = await clinic.findings(database={"dsn": _dsn(tcp)}, clock=lambda: time.time() + HOUR)
    assert "database error: the database's clock is 3600 s behind this machine's" in _text(found)


async def test_what_is_wrong_with_loki_is_named(clinic: Clinic) -> None:
    """Away, starting, refusing these credentials, and no Loki at all."""
    sinks = {"timescaledb": {"enabled": False}}
    async with StrictLoki() as loki:
        loki.credentials, loki.ready = basic("me", "right"), 503
        to = {"enabled": True, "url": loki.url, "username": "me", "password": CANARY}
        found = await clinic.findings(sinks={**sinks, "loki": to})
        assert [each for each in _wrong(found) if each[0] == "loki"] == [("loki", "warning"), ("loki", "error")]
        assert "/ready answers 503" in _text(found)
        assert "Loki answers 401: check sinks.loki.username" in _text(found)
        loki.credentials, loki.tenant_wanted = None, True
        assert "tenant_id" in _text(await clinic.findings())
        loki.next.append(Disturbance(status=404, text="404 page not found"))
        assert "no push endpoint at sinks.loki.url" in _text(await clinic.findings())
    assert "the connection is refused" in _text(await clinic.findings())


async def test_what_is_wrong_with_the_model_is_named(clinic: Clinic) -> None:
    """A wrong key, a wrong answer, an endpoint without schemas."""
    async with Endpoint(answers(401, b"{}")) as model:
        llm = {"enabled": True, "endpoint": model.url, "model": "fake", "api_key": CANARY}
        assert "llm error: fake does not answer: unauthorized; correct llm.api_key" in _text(
            await clinic.findings(llm=llm)
        )
        model.behave = says("I would rather talk about the weather.")
        assert "llm warning: fake answers, and not in the form" in _text(await clinic.findings())
        well = says({"category": "a", "priority": "low", "summary": "b.", "tags": ["c"], "confidence": 0.5})

        async def without_schemas(request: Any, writer: Any) -> None:
            refuses = answers(400, b'{"error": {"message": "response_format is not known"}}')
            await (refuses if "response_format" in request else well)(request, writer)

        model.behave = without_schemas
        assert "does not take a strict schema" in _text(await clinic.findings())


async def test_a_port_that_is_taken_is_told_with_the_way_out(clinic: Clinic) -> None:
    """By something that is no service on this directory."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", clinic.tree["server"]["port"]))
        other.listen()
        found = await clinic.findings()
    assert "port error: 127.0.0.1" in _text(found)
    assert "stop what has it" in _text(found)


async def test_a_directory_that_others_can_write_and_a_damaged_spool_are_named(clinic: Clinic) -> None:
    """The first keeps the service from starting; the second lost something."""
    spool = clinic.data_dir / "spool"
    spool.mkdir(mode=0o700, parents=True)
    (spool / "spool-0.sqlite").write_bytes(b"no database at all" * 100)
    clinic.data_dir.chmod(0o777)
    found = await clinic.findings()
    assert "disk error: server.data_dir: other users may write" in _text(found)
    assert "disk error: spool-0.sqlite: " in _text(found)


async def test_what_ends_soon_is_told_before_it_ends(clinic: Clinic) -> None:
    """Tokens and certificates, before nodes are locked out, and when they are."""
    tls = clinic.home / "tls"
    dev.callback(directory=tls, hosts=("127.0.0.1",), clients=(), days=30)  # type: ignore[misc]
    clinic.write(
        server={"tls": {"cert_file": str(tls / "server.pem"), "key_file": str(tls / "server.key")}},
        auth={
            "tokens": [
                {"name": "ship", "hash": "sha256:" + "0" * 64, "expires": f"{datetime.now(UTC) + timedelta(days=25)}"}
            ]
        },
    )
    assert _wrong(await clinic.findings()) == []
    soon = _wrong(await clinic.findings(clock=lambda: time.time() + 240 * HOUR))
    assert soon == [("access", "warning"), ("access", "warning")]
    late = _text(await clinic.findings(clock=lambda: time.time() + 1000 * HOUR))
    assert "access error: the token of ship expired" in late
    assert "access error: the certificate server expired" in late
    dev.callback(directory=tls, hosts=("10.9.8.7",), clients=(), days=30)  # type: ignore[misc]
    assert "is not for 127.0.0.1" in _text(await clinic.findings())


async def test_what_is_unwise_or_readable_is_named(clinic: Clinic) -> None:
    """A secret in a file that everybody can read, a connection in the clear."""
    path = clinic.write(database={"dsn": f"postgresql://u:{CANARY}@db.example.invalid/d?sslmode=disable"})
    path.chmod(0o644)
    found = [each async for each in examine(path)]
    assert "configuration warning: database.dsn: sslmode is disable" in _text(found)
    assert "config.yaml, which holds database.dsn" in _text(found)
    assert CANARY not in repr(found)


async def test_a_configuration_that_cant_be_used_is_a_finding(clinic: Clinic) -> None:
    """With the way to name all that is wrong; nothing else is looked at."""
    found = await clinic.findings(server={"prot": 1})
    assert [each.part for each in found] == ["configuration"]
    assert worst(found) is Severity.ERROR


def _doctor(clinic: Clinic, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(clinic.home)}
    return preloaded.run([*arguments, "--config", str(clinic.home / "config.yaml")], environ=environ)


def test_the_exit_status_tells_how_bad_it_is_and_json_is_one_document(clinic: Clinic) -> None:
    """0, 1 and 2, as monitoring plugins have it; `check --connect` says the same in short."""
    clinic.write(database={"dsn": _dsn(free_port())})
    result = _doctor(clinic, "doctor", "--json")
    document = json.loads(result.stdout)
    assert (result.returncode, document["status"]) == (2, "error")
    assert set(document["findings"][0]) == {"part", "severity", "what", "cost", "remedy"}
    short = _doctor(clinic, "check", "--connect", "--quiet")
    assert short.returncode == 2
    assert "error    database      127.0.0.1" in short.stdout
    assert "\nok " not in f"\n{short.stdout}"
    assert CANARY not in result.stdout + result.stderr + short.stdout + short.stderr
