"""The short form of every scenario: `make faults` runs the same for longer, and prints the table."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.database import Database, database
from tests.faults.run import line, one
from tests.faults.scenarios import SCENARIOS

SECONDS = 3.0


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    """One server for all: each scenario gets a fresh database on it."""
    with database() as running:
        yield running


@pytest.mark.parametrize("number", range(1, len(SCENARIOS) + 1), ids=[scenario.__name__ for scenario in SCENARIOS])
def test_nothing_acknowledged_is_lost_and_nothing_stored_twice(server: Database, tmp_path: Path, number: int) -> None:
    """Every acknowledged event there, none twice, none invented, equal in content, and a fresh one flows afterwards."""
    verdict = asyncio.run(one(server, tmp_path, number, SECONDS))
    assert verdict.holds, line(verdict)
