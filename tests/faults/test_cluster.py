"""The short form of the cluster's faults; `tests/faults/cluster.py` has more kinds, and runs each as often as told."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.cluster import can_be_had, ground, one
from tests.faults.cluster_kinds import KINDS
from tests.faults.database import Database, database
from tests.faults.run import line

SHORT = ("instance", "server", "two", "torn", "rolling", "apart", "power")


@pytest.fixture(scope="module")
def on() -> Iterator[Database]:
    """One database server for all."""
    with database() as running:
        yield running


@pytest.mark.parametrize("name", SHORT)
def test_what_was_acknowledged_is_stored_once(on: Database, tmp_path: Path, name: str) -> None:
    """Whatever dies, is cut off or loses its power: every acknowledged event is there, none twice."""
    needs = KINDS[name].needs
    if not can_be_had(needs, tmp_path):
        pytest.skip(f"NOT TRIED: root may harm {needs} on Linux, and nobody else")
    with ground(needs, tmp_path) as stands:
        verdict = asyncio.run(one(name, on, stands, tmp_path, 0.5, seed=1))
    assert verdict.holds, line(verdict)
