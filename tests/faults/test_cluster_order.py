"""One order of events each, in which a batch was lost or stored twice: not by chance, as in `test_cluster.py`."""

import asyncio
import json
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex

import pytest
from nats.errors import Error as NatsError
from tests.faults.cluster_site import Ground, Site, all_waits, emptied, spool
from tests.faults.database import Database, database
from tests.faults.nodes import Ledger, Node, event
from tests.faults.reconciliation import reconcile
from tests.faults.service import Service
from tests.relay.nats_cluster import NatsCluster, cluster
from tests.starvation import PATIENCE_SECONDS

from mothership.edge.unread_bytes import IS_TOLD

IMPATIENT_SECONDS = 3.0
"""What a node waits for an answer: longer than a look at the database's clock takes."""


@pytest.fixture(scope="module")
def on() -> Iterator[Database]:
    """One database server for all."""
    with database() as running:
        yield running


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """And one cluster."""
    with cluster(tmp_path_factory.mktemp("nats")) as running:
        yield running


@asynccontextmanager
async def site(on: Database, servers: NatsCluster, home: Path) -> AsyncIterator[Site]:
    """Two instances, neither of which runs yet."""
    await on.renew()
    await servers.ready()
    stream = f"O{token_hex(6)}"
    relay = {"spool": spool(servers, stream, PATIENCE_SECONDS), "answer_seconds": 0.2}
    instances = [Service(home / f"{number}", on.dsn, relay=relay) for number in range(2)]
    try:
        yield Site(on, Ground(servers), stream, instances, Ledger(), random.Random(1), "order", 1.0)
    finally:
        for each in instances:
            each.end()


async def has_seen_the_clock(instance: Service) -> Path:
    """Until it has looked at the database's clock; the file that keeps what it saw."""
    known = instance.data_dir / "database-clock-0.json"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not known.exists():  # noqa: ASYNC110 - another process has no event
            await asyncio.sleep(0.05)
    return known


async def held_by_somebody(site: Site) -> None:
    """Until an instance has been handed what waits."""
    async with asyncio.timeout(PATIENCE_SECONDS), site.servers.client() as client:
        while True:
            try:
                if (await client.jetstream().consumer_info(site.stream, "tsdb")).num_ack_pending:
                    return
            except NatsError:  # there is none yet
                pass
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("machine", ["goes on", "boots"])
async def test_a_retry_at_an_instance_that_starts_while_the_database_is_away_is_known(
    on: Database, servers: NatsCluster, tmp_path: Path, machine: str
) -> None:
    """It is delivered before its first transmission, which another instance holds that is dead.

    When the two came is told by the database's clock, and this process has not seen it; nor has one of this boot.
    """
    async with site(on, servers, tmp_path) as at:
        starts, dies = at.instances
        await asyncio.gather(starts.start(), dies.start())
        known = await has_seen_the_clock(starts)
        starts.kill()
        with all_waits(at):
            async with Node("ship", [dies.url], at.ledger) as node:
                messages = [event("ship", number) for number in range(10)]
                at.ledger.sent.update({f"ship/{number}": one for number, one in enumerate(messages)})
                assert await node._try(dies.url, messages, 0)
                await held_by_somebody(at)
                if machine == "boots":  # what was known of the clock by the ticks of the last boot says nothing
                    known.unlink()
                await starts.start()
                dies.kill()  # not before: what it held would be handed out again meanwhile
                assert await node._try(starts.url, messages, 1)
        await emptied(at)
        await dies.start()
        verdict = await reconcile("order", on, at.ledger, *at.instances)
        assert verdict.holds, verdict


async def test_a_retry_that_another_nodes_equal_batch_has_overtaken_is_stored(
    on: Database, servers: NatsCluster, tmp_path: Path
) -> None:
    """Two nodes under one name: what one sent first, and nobody heard, is not what the other sent first, and later."""
    async with site(on, servers, tmp_path) as at:
        starts, dies = at.instances
        await asyncio.gather(starts.start(), dies.start())
        await has_seen_the_clock(starts)
        starts.kill()
        messages = [event("ship", number) for number in range(10)]
        with all_waits(at):
            async with Node("ship", [dies.url], at.ledger) as node:
                assert await node._try(dies.url, messages, 1)
                await held_by_somebody(at)
            await starts.start()
            dies.kill()
            async with Node("ship", [starts.url], at.ledger) as other:
                assert await other._try(starts.url, messages, 0)
        await emptied(at)
        async with on.session() as link:
            assert await link.fetchval("SELECT count(*) FROM events") == 2 * len(messages)


@pytest.mark.skipif(not IS_TOLD, reason="NOT TRIED: only Linux tells how long something was not read")
async def test_a_first_transmission_that_is_read_after_its_retry_is_known(
    on: Database, servers: NatsCluster, tmp_path: Path
) -> None:
    """Its instance stood still, and it was in the kernel there; the node lost patience and went to another one."""
    async with site(on, servers, tmp_path) as at:
        stands, lives = at.instances
        await asyncio.gather(stands.start(), lives.start())
        await asyncio.gather(has_seen_the_clock(stands), has_seen_the_clock(lives))
        messages = [event("ship", number) for number in range(10)]
        at.ledger.sent.update({f"ship/{number}": one for number, one in enumerate(messages)})
        stands.signal(signal.SIGSTOP)
        answer, request = await asyncio.open_connection("127.0.0.1", stands.port)
        body = json.dumps({"messages": messages}).encode()
        head = (
            f"POST /ingest HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        )
        request.write(f"{head}\r\n\r\n".encode() + body)
        await request.drain()
        await asyncio.sleep(IMPATIENT_SECONDS)
        async with Node("ship", [lives.url], at.ledger) as node:
            assert await node._try(lives.url, messages, 1)
        await emptied(at)
        stands.signal(signal.SIGCONT)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert b" 200 " in await answer.readline()
        request.close()
        verdict = await reconcile("order", on, at.ledger, stands, lives)
        assert verdict.holds, verdict
