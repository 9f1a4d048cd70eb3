"""Two instances on a JetStream cluster of three servers, and what may happen to them under load.

tests/faults/cluster.py [--runs N] [--seconds N] [--only instance,server,two]      the fifty runs of the closing note
"""

import argparse
import asyncio
import contextlib
import random
import signal
import sys
import tempfile
import traceback
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from secrets import token_hex

sys.path.insert(0, str(Path(__file__).parents[2]))

from nats.errors import Error as NatsError
from tests.faults import disks, network
from tests.faults.cluster_kinds import KINDS, Needs
from tests.faults.cluster_site import MACHINES, Ground, Site, emptied, spool
from tests.faults.database import Database, database
from tests.faults.nodes import Ledger
from tests.faults.reconciliation import Reconciliation, reconcile
from tests.faults.run import HEAD, line
from tests.faults.service import Service
from tests.relay.nats_cluster import Machine, cluster
from tests.starvation import PATIENCE_SECONDS

JETSTREAM = "sync_interval: always, max_file_store: 1GB"
"""On a small disk a server would offer less than a stream reserves."""


@contextlib.contextmanager
def ground(needs: Needs, home: Path, jetstream: str = JETSTREAM) -> Iterator[Ground]:
    """Three servers on machines that can be harmed so."""
    with contextlib.ExitStack() as stack:
        if needs == "network":
            built = stack.enter_context(network.network())
            servers = stack.enter_context(cluster(home / "nats", machines=built.machines, jetstream=jetstream))
            yield Ground(servers, network=built)
        elif needs == "disks":
            made = stack.enter_context(disks.disks(home / "disks", len(MACHINES)))
            machines = [Machine(disk=disk.place) for disk in made]
            servers = stack.enter_context(cluster(home / "nats", machines=machines, jetstream=jetstream))
            yield Ground(servers, disks=made)
        else:
            yield Ground(stack.enter_context(cluster(home / "nats", jetstream=jetstream)))


def can_be_had(needs: Needs, home: Path) -> bool:
    """Whether this user may harm machines so here."""
    if needs == "network":
        return network.can_be_had()
    return needs != "disks" or disks.can_be_had(home / "try")


async def runs(
    what: Sequence[tuple[str, int]], on: Database, stands: Ground, home: Path, seconds: float
) -> AsyncGenerator[Reconciliation, None]:
    """One run for each kind and seed, on a fresh database and stream; what one has stored is gone before the next."""
    await on.renew()
    stream, servers = f"F{token_hex(6)}", stands.servers
    publish_seconds = max(KINDS[name].publish_seconds for name, _ in what)
    room_seconds = max(KINDS[name].room_seconds for name, _ in what)
    relay = {"spool": spool(servers, stream, publish_seconds), "answer_seconds": 0.2, "room_seconds": room_seconds}
    server = {"drain_seconds": max(KINDS[name].drain_seconds for name, _ in what)}
    instances = [Service(home / f"{stream}-{number}", on.dsn, relay=relay, server=server) for number in range(2)]
    try:
        await servers.ready()
        await asyncio.gather(*(each.start() for each in instances))
        for name, seed in what:
            site = Site(
                on, stands, stream, instances, Ledger(), random.Random(f"{name} {seed}"), f"{name}-{seed}", seconds
            )
            async with asyncio.timeout(4 * PATIENCE_SECONDS):
                note = await KINDS[name].run(site)
                await emptied(site)
            yield await reconcile(f"cluster: {name}", on, site.ledger, *instances, note=note)
            await on.execute("TRUNCATE events")
    finally:
        for each in instances:
            each.end()
        with contextlib.suppress(NatsError, OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS), servers.client() as client:
                for ended in (stream, f"{stream}_DEAD_LETTERS"):
                    with contextlib.suppress(NatsError):
                        await client.jetstream().delete_stream(ended)


async def _print(on: Database, stands: Ground, home: Path, seconds: float, left: list[tuple[str, int]]) -> int:
    """Run those that are left, and take each away; how many have not kept what is promised."""
    broken = 0
    async with aclosing(runs(left[:], on, stands, home, seconds)) as found:
        async for verdict in found:
            print(line(verdict), flush=True)  # noqa: T201
            broken += not verdict.holds
            del left[0]
    return broken


def main() -> int:
    """Run them; the exit status says whether every promise was kept in every run."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=50)
    options.add_argument("--seconds", type=float, default=4.0)
    options.add_argument("--only", default=",".join(KINDS))
    options.add_argument("--first", type=int, default=0, help="the seed of the first run")
    options.add_argument("--sync", default="always", help="sync_interval of the servers")
    chosen = options.parse_args()
    disks.with_own_mounts()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaving what is open
    print(HEAD, flush=True)  # noqa: T201 - a table is what it is for
    broken = 0
    for name in chosen.only.split(","):
        with (
            tempfile.TemporaryDirectory(prefix="mothership-cluster-") as home,
            database() as on,
            ground(KINDS[name].needs, Path(home), JETSTREAM.replace("always", chosen.sync)) as stands,
        ):
            left = [(name, seed) for seed in range(chosen.first, chosen.first + chosen.runs)]
            while left:
                try:
                    broken += asyncio.run(_print(on, stands, Path(home), chosen.seconds, left))
                except Exception:  # noqa: BLE001 - the others are still worth running
                    traceback.print_exc()
                    broken += 1
                    del left[0]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
