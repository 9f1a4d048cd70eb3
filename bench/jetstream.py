"""The spool on three JetStream servers of this machine, one to four instances, against the local file in the same run.

python -m bench.jetstream [--rounds N]   the servers sync before they acknowledge, and share the processor with all else

All instances are in one process: they share its interpreter, as they share the machine. What the servers spend on a
batch, and write to their disks for it, does not depend on that: all three together.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.end_to_end import spent
from bench.spool import appended, batch
from tests.relay.nats_cluster import NatsCluster, cluster

from mothership.event import RowBatch
from mothership.leases import LeaseLimits
from mothership.ports import Spool
from mothership.relay.settings import RelaySettings
from mothership.relay.spool.file_spool import FileSpool
from mothership.relay.spool.jetstream.spool import JetStreamSpool

SHAPES = ((1000, 60, 8), (100, 300, 50))
"""Events of a batch, batches, clients at a time."""
INSTANCES = (1, 2, 4)
LIMITS = LeaseLimits(5000, 1 << 25, 5)


async def append_all(spools: Sequence[Spool], batches: Sequence[RowBatch], clients: int) -> float:
    """Events a second, kept."""
    began = time.perf_counter()

    async def client(number: int) -> None:
        for one in batches[number::clients]:
            await appended(spools[number % len(spools)], one)

    await asyncio.gather(*(client(number) for number in range(clients)))
    return sum(len(one.rows) for one in batches) / (time.perf_counter() - began)


async def drain_all(spools: Sequence[Spool], events: int) -> float:
    """Events a second, leased and committed."""
    began, found = time.perf_counter(), 0

    async def courier(spool: Spool) -> None:
        nonlocal found
        while found < events:
            if lease := await spool.lease("memory", LIMITS):
                found += lease.events
                spool.commit(lease)
            else:
                await asyncio.sleep(0.002)

    await asyncio.gather(*map(courier, spools))
    return events / (time.perf_counter() - began)


def cost(servers: NatsCluster) -> tuple[float, int]:
    """Processor seconds of all servers so far, and bytes that they have had written to their disks."""
    pids = [process.pid for process in servers.processes if process]
    written = sum(
        int(line.split()[1])
        for pid in pids
        for line in Path(f"/proc/{pid}/io").read_text().splitlines()
        if line.startswith("write_bytes")
    )
    return sum(map(spent, pids)), written


async def main(rounds: int) -> None:
    """Measure, print; at the end the ratios to the local file, each to that of its round."""
    ratios: dict[tuple[int, int, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as home, cluster(Path(home) / "nats") as servers:
        for number in range(rounds):
            for events, count, clients in SHAPES:
                batches = [batch(number * 1_000_000 + events * 1_000 + each, events) for each in range(count)]
                file = await FileSpool.open(Path(home) / f"{number}-{events}", RelaySettings(), time.time)
                floor = await append_all([file], batches, clients), await drain_all([file], events * count)
                await file.close()
                print(f"{events} events a batch, {clients} clients")
                print(f"  file{'':<22}append{floor[0]:>10,.0f}/s{'':<9}drain{floor[1]:>12,.0f}/s")
                for instances in INSTANCES:
                    to = {"servers": servers.urls, "stream": f"B{number}-{events}-{instances}", "sync_always": True}
                    spool = {"kind": "jetstream", "jetstream": {**to, "publish_seconds": 60.0}, "max_bytes": 1 << 28}
                    settings = RelaySettings.model_validate({"spool": spool})
                    opened = [await JetStreamSpool.open(settings, time.time) for _ in range(instances)]
                    before = cost(servers)
                    kept = await append_all(opened, batches, clients)
                    appended_at = cost(servers)
                    drained = await drain_all(opened, events * count)
                    drained_at = cost(servers)
                    for one in opened:
                        await one.close()
                    for what, ratio in (("append", kept / floor[0]), ("drain", drained / floor[1])):
                        ratios.setdefault((events, instances, what), []).append(ratio)
                    print(
                        f"  JetStream, {instances} instance(s){'':<3}append{kept:>10,.0f}/s ({kept / floor[0]:.2f})"
                        f"  drain{drained:>12,.0f}/s ({drained / floor[1]:.2f})"
                    )
                    for name, (began, ended) in {
                        "append": (before, appended_at),
                        "drain": (appended_at, drained_at),
                    }.items():
                        print(
                            f"    {name} of a batch: {(ended[0] - began[0]) / count * 1e6:,.0f} µs of the servers' "
                            f"processors, {(ended[1] - began[1]) / count / 1024:,.1f} KiB written"
                        )
    for (events, instances, what), found in ratios.items():
        print(
            f"{what} of {events} events a batch, {instances} instance(s): {statistics.median(found):.2f} "
            f"({min(found):.2f} to {max(found):.2f}) of the file's rate"
        )


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=2)
    asyncio.run(main(options.parse_args().rounds))
