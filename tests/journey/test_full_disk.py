"""A start on a full disk: what waits is delivered, and a first start says why it can't be."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journey.conftest import Start
from tests.journey.test_service import a_batch, count
from tests.starvation import PATIENCE_SECONDS

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.server import PostgresServer

NO_RESERVE = {"relay": {"spool": {"reserve_bytes": 0}}}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, and how to fill it."""
    path = tmp_path / "disk"
    path.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", str(path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount a small disk here")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                continue


def test_a_start_on_a_full_disk_delivers_what_waits(start: Start, disk: Path, tmp_path: Path) -> None:
    """Keys are there and batches wait; there is no room for another byte."""
    with lock_data_dir(tmp_path / "db") as locked:
        server = PostgresServer(locked)
        dsn = server.start()
        server.stop()
        first = start(dsn=dsn, data_dir=disk / "data", config=NO_RESERVE)
        answer = first.post(a_batch(7))
        assert answer.status_code == 200, answer.text
        assert answer.json()["sink_results"]["tsdb"]["queued"] == 7
        assert first.stop() == 0
        fill(disk)
        server.start()
        second = start(dsn=dsn, data_dir=disk / "data", config=NO_RESERVE, wait=False)
        second.until(lambda: _rows(dsn) == 7, "what waits")
        assert "Traceback" not in second.log.read_text()
        server.stop()


def test_a_first_start_on_a_full_disk_says_why_in_one_line(start: Start, disk: Path, database_dsn: str) -> None:
    """And what the place is."""
    fill(disk)
    service = start(dsn=database_dsn, data_dir=disk, wait=False)
    assert service.process.wait(PATIENCE_SECONDS) == 1
    lines = [line for line in service.log.read_text().splitlines() if "No space left on device" in line]
    assert len(lines) == 1
    assert lines[0].startswith("mothership: server.data_dir: ")
    assert os.fspath(disk) in lines[0]


def _rows(dsn: str) -> int:
    try:
        return count(dsn)
    except Exception:  # noqa: BLE001 - not there yet
        return 0
