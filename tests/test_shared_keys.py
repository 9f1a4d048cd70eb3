"""Instances on one database agree on their keys, and none changes under events that are being processed."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs
from tests.sinks.tsdb.facts import facts_of
from tests.starvation import PATIENCE_SECONDS

from mothership import key_files, shared_keys
from mothership.app import opened
from mothership.commands.redact import redact
from mothership.config import Settings
from mothership.pipeline.redaction.pseudonyms import kept_former_keys
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

NOBODY = "postgresql://x:y@127.0.0.1:9/z"


def _settings(dsn: str) -> Settings:
    return Settings(database={"dsn": dsn})


async def _pseudonym(dsn: str, data_dir: Path) -> str:
    async with opened(_settings(dsn), data_dir) as worker:
        return worker.redactor.pseudonyms.of("carol")


@contextmanager
def _full_disk() -> Iterator[None]:
    """No file of this process takes another byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """At some of the starts here nobody answers; at the others the database is at hand, however busy the machine."""

    def set_patience(seconds: float) -> None:
        monkeypatch.setattr(shared_keys, "PATIENCE_SECONDS", seconds)

    monkeypatch.setattr(shared_keys, "FIRST_PATIENCE_SECONDS", PATIENCE_SECONDS)
    set_patience(PATIENCE_SECONDS)
    return set_patience


async def test_instances_without_a_salt_give_a_person_one_pseudonym(
    database_dsn: str, tmp_path: Path, patience: Callable[[float], None]
) -> None:
    """Also when they start at the same time, and after a restart."""
    homes = [tmp_path / str(n) for n in range(3)]
    names = await asyncio.gather(*(_pseudonym(database_dsn, home) for home in homes))
    assert len(set(names)) == 1
    patience(2.0)
    assert await _pseudonym(NOBODY, homes[0]) == names[0]
    assert all(not kept_former_keys(home) for home in homes)


async def test_an_instance_whose_key_loses_adopts_the_shared_one_and_can_look_up_both(
    database_dsn: str, tmp_path: Path, patience: Callable[[float], None]
) -> None:
    """What it stored before stays findable, by the command too; its own pseudonyms are not hashed again."""
    own = tmp_path / "own"
    key_files.load_or_make(own / "pseudonym.key")
    patience(2.0)
    before = await _pseudonym(NOBODY, own)
    patience(PATIENCE_SECONDS)
    shared = await _pseudonym(database_dsn, tmp_path / "first")
    async with opened(_settings(database_dsn), own) as worker:
        pseudonyms = worker.redactor.pseudonyms
        assert pseudonyms.of("carol") == shared != before
        assert pseudonyms.of(before) == before
        assert {shared, before} <= set(pseudonyms.all_of("carol"))
    environ = {"MOTHERSHIP_DATA_DIR": str(own), "MOTHERSHIP_DB_DSN": database_dsn}
    result = CliRunner().invoke(redact, ["--lookup"], input="carol\n", env=environ)
    assert {shared, before} <= set(result.output.split())


async def test_a_key_does_not_change_under_a_running_service(
    database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: Callable[[float], None]
) -> None:
    """The database was away at the start: its own key until the restart, said in /healthz, then the shared one."""
    shared = await _pseudonym(database_dsn, tmp_path / "first")
    monkeypatch.setattr(shared_keys, "FIRST_PATIENCE_SECONDS", 0.05)
    late = tmp_path / "late"
    async with opened(_settings(NOBODY), late) as worker:
        before = worker.redactor.pseudonyms.of("carol")
        tsdb = TsdbSink(DatabaseSettings(dsn=database_dsn))
        await tsdb.open()
        await shared_keys.settle_pseudonym_key(tsdb, late)
        assert worker.redactor.pseudonyms.of("carol") == before != shared
        assert facts_of(tsdb).unsupported[-1] == shared_keys.DIFFERS
        await tsdb.close()
    patience(2.0)
    async with opened(_settings(NOBODY), late) as worker:
        assert worker.redactor.pseudonyms.of("carol") == shared
        assert before in worker.redactor.pseudonyms.all_of("carol")


async def test_a_salt_needs_no_agreement_and_stays_out_of_the_database(database_dsn: str, tmp_path: Path) -> None:
    """Whoever reads the database can't test guesses then."""
    processors = {"redaction": {"salt": "a salt of more than sixteen"}}
    settings = Settings(database={"dsn": database_dsn}, pipeline={"processors": processors})
    async with opened(settings, tmp_path) as worker:
        assert worker.tsdb
        await worker.tsdb.open()
        async with worker.tsdb.session() as connection:
            assert await connection.fetchval("SELECT count(*) FROM mothership_keys") == 0


async def test_a_full_disk_keeps_no_shared_key_and_stops_nothing(database_dsn: str, tmp_path: Path) -> None:
    """What is queued is delivered; the key is asked for again at the next start."""
    await _pseudonym(database_dsn, tmp_path / "first")
    tsdb = TsdbSink(DatabaseSettings(dsn=database_dsn))
    first = await shared_keys.fingerprint_key(tsdb, tmp_path / "first" / "fingerprint.key")
    home = tmp_path / "full"
    mine = key_files.load_or_make(home / "fingerprint.key")
    own = key_files.load_or_make(home / "pseudonym.key")
    with capture_logs() as told, _full_disk():  # else where pytest keeps what is printed would be full, too
        assert await shared_keys.fingerprint_key(tsdb, home / "fingerprint.key") == first != mine
        key, is_agreed = await shared_keys.pseudonym_key(tsdb, home, own, is_first=False)
    assert (key != own, is_agreed) == (True, True)
    assert "fingerprint_key_not_kept" in [line["event"] for line in told]
    assert key_files.load_or_make(home / "fingerprint.key") == mine
    assert key_files.load_or_make(home / "pseudonym.key") == own
    assert sorted(path.name for path in home.iterdir()) == ["fingerprint.key", "pseudonym.key"]
    await tsdb.close()
