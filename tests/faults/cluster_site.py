"""Two instances on a JetStream cluster of three servers under load, and what a scenario may wait for."""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

from nats.errors import Error as NatsError
from tests.faults.database import Database
from tests.faults.disks import Disk
from tests.faults.network import Network
from tests.faults.nodes import Ledger, Node
from tests.faults.service import Service
from tests.relay.nats_cluster import NatsCluster
from tests.starvation import PATIENCE_SECONDS

NODES = 4
MACHINES = range(3)


class Ground(NamedTuple):
    """What the servers stand on: machines of a kind that can be harmed, or this one."""

    servers: NatsCluster
    disks: Sequence[Disk] = ()
    network: Network | None = None


class Site(NamedTuple):
    """What a scenario may harm."""

    database: Database
    ground: Ground
    stream: str
    instances: list[Service]
    ledger: Ledger
    chance: random.Random
    run: str
    """Names its nodes: no two runs send the same event."""
    seconds: float

    @property
    def servers(self) -> NatsCluster:
        """The cluster."""
        return self.ground.servers


def spool(servers: NatsCluster, stream: str, publish_seconds: float) -> dict[str, Any]:
    """The part of a configuration. The waits of the defaults, shortened."""
    to = {"servers": servers.urls, "stream": stream, "sync_always": True, "ack_wait_seconds": 3.0}
    return {"kind": "jetstream", "jetstream": {**to, "publish_seconds": publish_seconds}, "max_bytes": 1 << 27}


@asynccontextmanager
async def under_load(site: Site, *urls: str) -> AsyncIterator[None]:
    """Nodes that go from one instance to the next; on leaving, each has its last batch acknowledged.

    At other `urls`, of a load balancer: patient ones, of which half make a connection for each request.
    """
    stop = asyncio.Event()
    to = list(urls) or [instance.url for instance in site.instances]
    nodes = [
        Node(
            f"{site.run}-{number}", to if number % 2 else to[::-1], site.ledger, batch=50,
            patient_with=os.getpid() if urls else 0, keep_alive=not urls or number < NODES // 2,
        )
        for number in range(NODES)
    ]  # fmt: skip
    tasks = [asyncio.create_task(node.run(stop, pause_seconds=0.05)) for node in nodes]
    try:
        yield
    except BaseException:
        for task in tasks:
            task.cancel()
        raise
    stop.set()
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_SECONDS)


@contextmanager
def all_waits(site: Site) -> Iterator[None]:
    """The database hangs: what is acknowledged meanwhile is on the cluster and nowhere else."""
    site.database.hang()
    try:
        yield
    finally:
        site.database.go_on()


async def some_seconds(site: Site, least: float, most: float) -> None:
    """By chance."""
    await asyncio.sleep(site.chance.uniform(least, most))


def time_left(site: Site, began: float) -> bool:
    """Whether there is more to be done, by the seconds of a run."""
    return time.monotonic() < began + site.seconds


async def acknowledged_more(site: Site) -> None:
    """Until nodes are answered again."""
    before = len(site.ledger.acknowledged)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(site.ledger.acknowledged) < before + 100:  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.05)


async def every_instance_acknowledges(site: Site) -> None:
    """Until each has: that one of them does is not enough."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for number, each in enumerate(site.instances):
            async with Node(f"{site.run}-only-{number}", [each.url], site.ledger, batch=3) as node:
                await node.send_next()


async def acknowledged_without_majority(site: Site) -> int:
    """How many events are acknowledged while there is none: until nodes were refused, and then refused again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        before = site.ledger.answers["503"]
        while site.ledger.answers["503"] < before + NODES:  # noqa: ASYNC110 - nor has this
            await asyncio.sleep(0.05)
        acknowledged, refused = len(site.ledger.acknowledged), site.ledger.answers["503"]
        while site.ledger.answers["503"] < refused + 2:  # noqa: ASYNC110 - nor has this
            await asyncio.sleep(0.05)
    return len(site.ledger.acknowledged) - acknowledged


async def leader(site: Site) -> int:
    """The server that leads the stream; any one while there is none."""
    with contextlib.suppress(NatsError, asyncio.TimeoutError):
        async with site.servers.client() as client:
            info = await client.jetstream(timeout=2.0).stream_info(site.stream)
            if info.cluster and info.cluster.leader:
                return int(info.cluster.leader.rpartition("-")[2])
    return site.chance.choice(MACHINES)


async def in_step(site: Site) -> None:
    """Until every server is there and up to date."""
    async with asyncio.timeout(PATIENCE_SECONDS), site.servers.client() as client:
        while True:
            with contextlib.suppress(NatsError, asyncio.TimeoutError):
                found = [info.cluster for info in await client.jetstream(timeout=2.0).streams_info()]
                replicas = [one for info in found if info for one in info.replicas or []]
                if replicas and all(one.current and not one.offline for one in replicas):
                    return
            await asyncio.sleep(0.1)


async def emptied(site: Site) -> None:
    """Until nothing waits, at any instance: asked of the cluster itself."""
    until = time.monotonic() + PATIENCE_SECONDS
    async with site.servers.client() as client:
        told = ""
        while time.monotonic() < until:
            with contextlib.suppress(NatsError, asyncio.TimeoutError):
                found = client.jetstream(timeout=2.0)
                state = (await found.stream_info(site.stream)).state
                if not state.messages:
                    return
                told = f"{state.messages} messages wait"
                for consumer in await found.consumers_info(site.stream):
                    told += (
                        f"; {consumer.name}: {consumer.num_pending} pending, {consumer.num_ack_pending} handed out, "
                        f"led by {consumer.cluster.leader if consumer.cluster else None}"
                    )
            await asyncio.sleep(0.1)
    raise AssertionError(f"{told}: {[each.last_words() for each in site.instances]}")
