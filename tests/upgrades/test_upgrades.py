"""What earlier versions left behind, brought up to date: nothing of it is lost, and the schema is a new one's.

tests/upgrades/kept has a database and a spool of each: of one batch of two events that was stored, and of one of three
that waits. tools/kept_versions.py makes them, with the service of an earlier commit.
"""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import Databases
from tests.journey.conftest import Start, starting
from tests.starvation import PATIENCE_SECONDS

from mothership.relay.spool.schema import APPLICATION_ID, SCHEMA_VERSION
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.sinks.tsdb.sql_files import migrations

KEPT = sorted(path.name.removesuffix(".spool.sql") for path in (Path(__file__).parent / "kept").glob("*.spool.sql"))
STORED = [
    {"type": "syslog", "timestamp": "2026-01-01T00:00:00Z", "source": "web01", "message": f"stored {n}"} for n in (1, 2)
]
LASTING = {"relay": {"spool": {"max_age_seconds": 10**10}}}
"""What waits is as old as its file."""
OBJECTS = """
SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || coalesce(' ' || column_default, '')
FROM information_schema.columns WHERE table_schema = 'public'
UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION SELECT conrelid::REGCLASS || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::REGNAMESPACE
"""


def kept(name: str, part: str) -> str:
    """SQL of an earlier version."""
    return (Path(__file__).parent / "kept" / f"{name}.{part}.sql").read_text()


def lay_spool(data_dir: Path, name: str) -> Path:
    """The spool's file of that version."""
    path = data_dir / "spool" / "spool-0.sqlite"
    path.parent.mkdir(parents=True, mode=0o700)
    data_dir.chmod(0o700)
    with closing(sqlite3.connect(path)) as link:
        link.executescript(f"PRAGMA journal_mode=WAL; {kept(name, 'spool')}")
    path.chmod(0o600)
    return path


async def load_database(dsn: str, name: str) -> None:
    """The database of that version."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(kept(name, "database"))
        await connection.execute("UPDATE ingested_batches SET stored_at = now()")  # the old are forgotten
    finally:
        await connection.close()


async def rows(dsn: str, statement: str) -> list[str]:
    """The first column."""
    connection = await asyncpg.connect(dsn)
    try:
        return [str(row[0]) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts services."""
    with starting(tmp_path) as begin:
        yield begin


@pytest.mark.parametrize("name", KEPT)
def test_what_an_earlier_version_left_is_there_and_what_waits_is_delivered(
    name: str, start: Start, database_dsn: str, tmp_path: Path
) -> None:
    """Two that were stored and three that waited, each once; and a batch that is sent again adds nothing."""
    asyncio.run(load_database(database_dsn, name))
    data_dir = tmp_path / "data"
    path = lay_spool(data_dir, name)
    service = start(dsn=database_dsn, data_dir=data_dir, config=LASTING)
    service.wait_ready()
    service.until(
        lambda: service.get("/healthz").json()["sinks"]["tsdb"]["queued_events"] == 0, "delivery of what waited"
    )
    messages = asyncio.run(rows(database_dsn, "SELECT data->>'message' FROM events ORDER BY 1"))
    assert messages == ["stored 1", "stored 2", "waits 1", "waits 2", "waits 3"]
    answer = service.post({"messages": STORED}, headers={"Idempotency-Key": "stored 1"}).json()
    assert answer["duplicate"], answer
    assert asyncio.run(rows(database_dsn, "SELECT count(*) FROM events")) == ["5"]
    assert service.stop() == 0
    with closing(sqlite3.connect(path)) as link:
        assert link.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


@pytest.mark.parametrize("name", KEPT)
def test_an_upgraded_database_is_as_a_new_one(name: str, new_database: Databases) -> None:
    """Every column, default, index and constraint; an index that was there keeps its settings."""

    async def opened(dsn: str) -> list[str]:
        sink = TsdbSink(DatabaseSettings(), embedded_dsn=dsn)
        await sink.open()
        await sink.close()
        return sorted(await rows(dsn, OBJECTS))

    with new_database() as old, new_database() as new:
        asyncio.run(load_database(old, name))
        found, wanted = asyncio.run(opened(old)), asyncio.run(opened(new))
        if name == "spool1-schema4":
            wanted = [each.replace(", autosummarize='on'", "") for each in wanted]
        assert found == wanted


def test_every_version_is_kept() -> None:
    """A new migration or version of the spool wants its own: run tools/kept_versions.py on the commit before it."""
    spools = {int(re.findall(r"user_version=(\d+)", kept(name, "spool"))[0]) for name in KEPT}
    schemas = {
        max(map(int, re.findall(r"mothership_migrations VALUES \((\d+),", kept(name, "database")))) for name in KEPT
    }
    assert spools == set(range(1, SCHEMA_VERSION + 1))
    assert schemas == set(range(min(schemas), max(each.number for each in migrations()) + 1))


def test_a_downgrade_is_refused_with_words(start: Start, database_dsn: str, tmp_path: Path) -> None:
    """A newer spool stops the service and is left as it is; a newer database pauses the sink, and loses nothing."""
    data_dir = tmp_path / "data"
    path = lay_spool(data_dir, KEPT[-1])
    newer = SCHEMA_VERSION + 1
    with closing(sqlite3.connect(path)) as link:
        link.executescript(f"PRAGMA user_version={newer}; PRAGMA application_id={APPLICATION_ID ^ newer};")
    service = start(dsn=database_dsn, data_dir=data_dir, config=LASTING, wait=False)
    assert service.process.wait(PATIENCE_SECONDS) == 1
    assert "spool-0.sqlite was written by a newer Mothership" in service.log.read_text()
    with closing(sqlite3.connect(path)) as link:
        assert link.execute("SELECT sum(events) FROM batches").fetchone() == (3,)


def test_a_newer_database_pauses_the_sink_with_words(start: Start, database_dsn: str, tmp_path: Path) -> None:
    """What comes in waits in the spool until the right version is back."""
    asyncio.run(load_database(database_dsn, KEPT[-1]))
    asyncio.run(rows(database_dsn, "INSERT INTO mothership_migrations VALUES (4711, 'from the future') RETURNING 1"))
    service = start(dsn=database_dsn, data_dir=tmp_path / "data", config=LASTING, wait=False)
    service.until(lambda: service.get("/livez").status_code == 200, "the service")
    service.until(lambda: "upgrade Mothership" in service.get("/healthz").text, "the reason")
    assert asyncio.run(rows(database_dsn, "SELECT count(*) FROM events")) == ["2"]
    assert service.stop() == 0
