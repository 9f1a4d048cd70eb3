"""`mothership dead-letters` and `mothership spool`, as a person types them."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests import preloaded
from tests.relay.support import ToxicSink, rows_batch, running, until

from mothership.__main__ import cli
from mothership.event import RowBatch


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(f"server: {{data_dir: {tmp_path}}}\n")
    return file


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--config", str(config)])


async def refused(tmp_path: Path, *batches: RowBatch) -> None:
    """Leave one dead letter for each batch."""
    async with running(tmp_path, ToxicSink("tsdb", poison=b"-1")) as relay:
        for batch in batches:
            await relay.keep(batch)
        await until(lambda: relay.status().dead_letters.events == len(batches))


async def test_dead_letters_are_listed_shown_and_dropped(tmp_path: Path, config: Path) -> None:
    """Without a running service, too."""
    await refused(tmp_path, rows_batch(1), rows_batch(2))
    listed = run(config, "dead-letters", "list")
    assert listed.exit_code == 0
    assert "request-1  not taken" in listed.output
    assert "2 dead letters with 2 events" in listed.output
    (first, _) = [json.loads(line) for line in run(config, "dead-letters", "list", "--json").output.splitlines()]
    shown = run(config, "dead-letters", "show", first["id"])
    assert '{"n":"1-1"}' in shown.output
    assert run(config, "dead-letters", "list", "--sink", "loki").output == "0 dead letters with 0 events\n"
    assert run(config, "dead-letters", "drop", first["id"]).output == "1 event dropped\n"
    assert run(config, "dead-letters", "drop", "--all").output == "1 event dropped\n"


async def test_a_retry_without_a_service_is_delivered_by_the_next_start(tmp_path: Path, config: Path) -> None:
    """It waits in line meanwhile."""
    await refused(tmp_path, rows_batch(1))
    assert run(config, "dead-letters", "retry", "--sink", "tsdb").output == "1 event will be sent again\n"
    sink = ToxicSink("tsdb")
    async with running(tmp_path, sink):
        await until(lambda: [row.data for row in sink.rows] == [b'{"n":"1-1"}'])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["retry"], "name dead letters by id"),
        (["drop", "0-1", "--all"], "name dead letters"),
        (["show", "9-9"], "no such"),
    ],
)
async def test_a_slip_is_told(tmp_path: Path, config: Path, arguments: list[str], says: str) -> None:
    """Nothing is done by halves or by mistake."""
    await refused(tmp_path, rows_batch(1))
    result = run(config, "dead-letters", *arguments)
    assert result.exit_code != 0
    assert says in result.output


async def test_damage_is_told_by_the_exit_status(tmp_path: Path, config: Path) -> None:
    """For a monitoring script; and the other commands say in one line why they can't."""
    await refused(tmp_path, rows_batch(1))
    sound = run(config, "spool", "check")
    assert (sound.exit_code, "sound" in sound.output) == (0, True)
    (tmp_path / "spool" / "spool-0.sqlite").write_bytes(b"no database at all" * 1000)
    assert run(config, "spool", "check").exit_code == 1
    told = run(config, "dead-letters", "list")
    assert (told.exit_code, told.output) == (1, "Error: spool-0.sqlite: SQLITE_NOTADB; see `mothership spool check`\n")


def test_with_a_cluster_the_check_says_where_what_waits_is_and_looks_at_the_files_beside_it(
    tmp_path: Path, config: Path
) -> None:
    """No files is no fault then: none has taken over so far."""
    config.write_text(f"server: {{data_dir: {tmp_path}}}\nrelay: {{spool: {{kind: jetstream}}}}\n")
    alone = run(config, "spool", "check")
    assert (alone.exit_code, "the JetStream cluster (relay.spool.kind): `mothership doctor`" in alone.output) == (
        0,
        True,
    )
    asyncio.run(refused(tmp_path, rows_batch(1)))
    beside = run(config, "spool", "check")
    assert (beside.exit_code, "spool-0.sqlite: sound" in beside.output) == (0, True)


LOOKS = [["dead-letters", "list"], ["dead-letters", "retry", "--all"], ["spool", "check"]]


@pytest.mark.parametrize("arguments", LOOKS, ids=" ".join)
def test_a_directory_that_isnt_there_is_an_error_and_no_empty_answer(
    tmp_path: Path, config: Path, arguments: list[str]
) -> None:
    """Whoever mistypes it would read that nothing was lost."""
    empty = run(config, *arguments)
    assert (empty.exit_code, "no service has stored anything here yet" in empty.output) == (2, True)
    config.write_text(f"server: {{data_dir: {tmp_path}/absent}}\n")
    absent = run(config, *arguments)
    assert (absent.exit_code, f"{tmp_path}/absent: no such directory" in absent.output) == (2, True)
    config.write_text(f"server: {{data_dir: {config}}}\n")
    file = run(config, *arguments)
    assert (file.exit_code, "can't be read: Not a directory" in file.output) == (2, True)


@pytest.mark.parametrize("arguments", LOOKS, ids=" ".join)
def test_a_directory_that_may_not_be_read_is_an_error(tmp_path: Path, arguments: list[str]) -> None:
    """As another user it looked empty. Root goes on as the directory's owner, so here that is somebody else."""
    data_dir = tmp_path / "data"
    (data_dir / "spool").mkdir(parents=True)
    config = tmp_path / "config.yaml"
    config.write_text(f"server: {{data_dir: {data_dir}}}\n")
    (data_dir / "spool").chmod(0)
    if os.geteuid() == 0:
        os.chown(data_dir, 65534, 65534)
    result = preloaded.run([*arguments, "--config", str(config)])
    (data_dir / "spool").chmod(0o700)
    assert (result.returncode, "can't be read: Permission denied" in result.stderr) == (2, True), result.stderr


def test_a_sink_that_there_is_none_of_is_said_to_be_none(tmp_path: Path) -> None:
    """An empty list would read as if all were well."""
    result = CliRunner().invoke(
        cli, ["dead-letters", "list", "--sink", "timescale"], env={"MOTHERSHIP_DATA_DIR": str(tmp_path)}
    )
    assert result.exit_code == 2
    assert "'tsdb'" in result.output
