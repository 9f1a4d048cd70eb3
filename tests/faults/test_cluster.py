"""The short form of the cluster's faults; `tests/faults/cluster.py` has more kinds, and runs each as often as told."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.faults.cluster import can_be_had, ground, runs
from tests.faults.cluster_kinds import KINDS, Needs
from tests.faults.cluster_site import Ground
from tests.faults.database import Database, database
from tests.faults.run import line

ROOT = Path(__file__).parents[2]
SECONDS = 0.5


@pytest.fixture(scope="module")
def on() -> Iterator[Database]:
    """One database server for all."""
    with database() as running:
        yield running


@pytest.mark.parametrize(
    ("needs", "names"),
    [
        ("processes", ("instance", "server", "two", "torn")),
        ("processes", ("rolling",)),
        ("network", ("apart",)),
    ],
)
def test_what_was_acknowledged_is_stored_once(on: Database, tmp_path: Path, needs: Needs, names: Sequence[str]) -> None:
    """Whatever dies, is cut off or loses its power: every acknowledged event is there, none twice."""
    assert all(KINDS[name].needs == needs for name in names)
    if not can_be_had(needs, tmp_path):
        pytest.skip(f"NOT TRIED: root may harm a server's {needs} on Linux, and nobody else")
    with ground(needs, tmp_path) as stands:
        asyncio.run(_each_holds([(name, 1) for name in names], on, stands, tmp_path))


def test_what_was_acknowledged_outlasts_a_loss_of_power(tmp_path: Path) -> None:
    """Of all servers at once. In a process of its own, with mounts of its own."""
    if not can_be_had("disks", tmp_path):
        pytest.skip("NOT TRIED: root may take a disk's power on Linux, and nobody else")
    command = [sys.executable, str(ROOT / "tests/faults/cluster.py"), "--only", "power", "--runs", "1"]
    command += ["--seconds", "0.5"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


async def _each_holds(what: Sequence[tuple[str, int]], on: Database, stands: Ground, home: Path) -> None:
    async with aclosing(runs(what, on, stands, home, SECONDS)) as found:
        async for verdict in found:
            assert verdict.holds, line(verdict)
