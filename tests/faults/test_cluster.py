"""The short form of the cluster's scenarios; `tests/faults/cluster.py` runs each fifty times."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.cluster import SCENARIOS, one
from tests.faults.database import Database, database
from tests.faults.run import line
from tests.relay.nats_cluster import NatsCluster, cluster


@pytest.fixture(scope="module")
def on() -> Iterator[Database]:
    """One database server for all."""
    with database() as running:
        yield running


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """A cluster that may be harmed."""
    with cluster(tmp_path_factory.mktemp("nats")) as started:
        yield started


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_was_acknowledged_is_stored_once(on: Database, servers: NatsCluster, tmp_path: Path, name: str) -> None:
    """Instances die, a server dies, two of three die: every acknowledged event is there, none twice."""
    verdict = asyncio.run(one(name, on, servers, tmp_path, 1.0, seed=1))
    assert verdict.holds, line(verdict)
    if name == "two":
        assert verdict.note.startswith("0 acknowledged"), line(verdict)
