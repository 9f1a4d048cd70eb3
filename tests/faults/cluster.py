"""Two instances on a JetStream cluster of three servers, and what may die of them under load.

tests/faults/cluster.py [--runs N] [--seconds N] [--only instance,server,two]      the fifty runs of the closing note
"""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from nats.errors import Error as NatsError
from tests.faults.database import Database, database
from tests.faults.nodes import Ledger, Node
from tests.faults.reconciliation import Reconciliation, reconcile
from tests.faults.run import HEAD, line
from tests.faults.service import Service
from tests.relay.nats_cluster import NatsCluster, cluster
from tests.starvation import PATIENCE_SECONDS

NODES = 4


class Site(NamedTuple):
    """What a scenario may harm."""

    database: Database
    servers: NatsCluster
    instances: list[Service]
    ledger: Ledger
    chance: random.Random
    seconds: float


def spool(servers: NatsCluster, stream: str, **more: Any) -> dict[str, Any]:
    """The part of a configuration. The waits of the defaults, shortened."""
    to = {"servers": servers.urls, "stream": stream, "sync_always": True, "ack_wait_seconds": 3.0}
    return {"kind": "jetstream", "jetstream": to, "max_bytes": 1 << 27, **more}


@asynccontextmanager
async def under_load(site: Site) -> AsyncIterator[None]:
    """Nodes that go from one instance to the other; on leaving, each has its last batch acknowledged."""
    stop = asyncio.Event()
    urls = [instance.url for instance in site.instances]
    nodes = [
        Node(f"node-{number}", urls if number % 2 else urls[::-1], site.ledger, batch=50) for number in range(NODES)
    ]
    tasks = [asyncio.create_task(node.run(stop, pause_seconds=0.01)) for node in nodes]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_SECONDS)


async def instance(site: Site) -> str:
    """`kill -9` of instances at random moments: the other delivers what they held."""
    until, kills = time.monotonic() + site.seconds, 0
    while time.monotonic() < until or kills < 2:
        await asyncio.sleep(site.chance.uniform(0.2, 1.2))
        victim = site.chance.choice(site.instances)
        victim.kill()
        kills += 1
        await asyncio.sleep(site.chance.uniform(0.0, 0.5))
        await victim.start()
    return f"{kills} kills"


async def server(site: Site) -> str:
    """`kill -9` of one server at a time: a majority is left."""
    until, kills = time.monotonic() + site.seconds, 0
    while time.monotonic() < until or kills < 1:
        await asyncio.sleep(site.chance.uniform(0.2, 1.0))
        number = site.chance.randrange(3)
        site.servers.kill(number)
        kills += 1
        await _acknowledged_more(site)
        site.servers.start_one(number)
        await _in_step(site)
    return f"{kills} kills"


async def two(site: Site) -> str:
    """`kill -9` of two of three at once: nothing is acknowledged until one is back."""
    await asyncio.sleep(site.chance.uniform(0.2, 1.0))
    down = site.chance.sample(range(3), 2)
    for number in down:
        site.servers.kill(number)
    await asyncio.sleep(1.0)
    refused = site.ledger.answers["503"]
    before = len(site.ledger.acknowledged)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while site.ledger.answers["503"] < refused + 2:  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.05)
    meanwhile = len(site.ledger.acknowledged) - before
    for number in down:
        site.servers.start_one(number)
    await _acknowledged_more(site)
    await _in_step(site)
    return f"{meanwhile} acknowledged without a majority"


SCENARIOS: dict[str, Callable[[Site], Awaitable[str]]] = {"instance": instance, "server": server, "two": two}


async def _acknowledged_more(site: Site) -> None:
    """Until nodes are answered again."""
    before = len(site.ledger.acknowledged)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(site.ledger.acknowledged) < before + 100:  # noqa: ASYNC110 - nor has this
            await asyncio.sleep(0.05)


async def _in_step(site: Site) -> None:
    """Until every server is there and up to date."""
    async with asyncio.timeout(PATIENCE_SECONDS), site.servers.client() as client:
        while True:
            with contextlib.suppress(NatsError, asyncio.TimeoutError):
                found = [info.cluster for info in await client.jetstream(timeout=2.0).streams_info()]
                replicas = [one for info in found if info for one in info.replicas or []]
                if replicas and all(one.current and not one.offline for one in replicas):
                    return
            await asyncio.sleep(0.1)


async def _empty(site: Site, stream: str) -> None:
    """Until nothing waits, at any instance: asked of the cluster itself."""
    async with asyncio.timeout(PATIENCE_SECONDS), site.servers.client() as client:
        while True:
            with contextlib.suppress(NatsError, asyncio.TimeoutError):
                if not (await client.jetstream(timeout=2.0).stream_info(stream)).state.messages:
                    return
            await asyncio.sleep(0.1)


async def one(name: str, on: Database, servers: NatsCluster, home: Path, seconds: float, seed: int) -> Reconciliation:
    """One run, on a fresh database and a fresh stream."""
    await on.renew()
    stream = f"F{token_hex(6)}"
    instances = [Service(home / str(number), on.dsn, relay={"spool": spool(servers, stream)}) for number in range(2)]
    site = Site(on, servers, instances, Ledger(), random.Random(seed), seconds)
    try:
        await servers.ready()
        await asyncio.gather(*(each.start() for each in instances))
        async with asyncio.timeout(4 * PATIENCE_SECONDS), under_load(site):
            note = await SCENARIOS[name](site)
        await _empty(site, stream)
        return await reconcile(f"cluster: {name}", on, site.ledger, *instances, note=note)
    finally:
        for each in instances:
            each.end()
        async with servers.client() as client:
            for ended in (stream, f"{stream}_DEAD_LETTERS"):
                with contextlib.suppress(NatsError):
                    await client.jetstream().delete_stream(ended)


def main() -> int:
    """Run them; the exit status says whether every promise was kept in every run."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=50)
    options.add_argument("--seconds", type=float, default=4.0)
    options.add_argument("--only", default=",".join(SCENARIOS))
    chosen = options.parse_args()
    print(HEAD, flush=True)  # noqa: T201 - a table is what it is for
    broken = 0
    with (
        tempfile.TemporaryDirectory(prefix="mothership-cluster-") as home,
        database() as on,
        cluster(Path(home) / "nats") as servers,
    ):
        for number in range(chosen.runs):
            for name in chosen.only.split(","):
                place = Path(home) / f"{name}-{number}"
                verdict = asyncio.run(one(name, on, servers, place, chosen.seconds, seed=number))
                print(line(verdict), flush=True)  # noqa: T201
                broken += not verdict.holds
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
