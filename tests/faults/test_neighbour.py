"""The short form of every attack on a neighbour; `NEIGHBOUR_SECONDS=60` makes each longer."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from tests.faults.attacks import ATTACKS, Row
from tests.faults.database import Database, database
from tests.faults.neighbour import TIMEOUT_SECONDS, Neighbourhood, neighbourhood

SECONDS = float(os.environ.get("NEIGHBOUR_SECONDS", "1.5"))


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all of them."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    """One PostgreSQL for all of them."""
    with database() as running:
        yield running


@pytest.fixture(scope="module")
def place(
    runner: asyncio.Runner, server: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Neighbourhood]:
    """One service, on which they are tried one after the other."""
    context = neighbourhood(server, tmp_path_factory.mktemp("neighbour"))
    yield runner.run(context.__aenter__())
    runner.run(context.__aexit__(None, None, None))


@pytest.mark.parametrize("row", ATTACKS, ids=[row.name for row in ATTACKS])
def test_a_hostile_client_costs_its_neighbour_nothing(runner: asyncio.Runner, place: Neighbourhood, row: Row) -> None:
    """An ordinary node beside it, which sends each batch once, loses nothing and is answered in time."""
    found = runner.run(place.suffer(row, SECONDS))
    assert set(found.answers) == {"200"}, found
    assert found.stored == found.sent, found
    assert found.slowest_seconds < TIMEOUT_SECONDS, found
    assert found.letters_kept, found
    assert found.log_lines < 1000, found
    assert found.refusals_told == 2, found
