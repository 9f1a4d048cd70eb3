"""What happens to the cluster, and to the instances on it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from tests.faults.balancer import Balancer
from tests.faults.cluster_site import (
    MACHINES,
    Site,
    acknowledged_more,
    acknowledged_without_majority,
    all_waits,
    every_instance_acknowledges,
    in_step,
    leader,
    some_seconds,
    time_left,
    under_load,
)
from tests.starvation import PATIENCE_SECONDS

DRAIN_SECONDS = 3.0
ROOM_SECONDS_MAX = 60.0
Needs: TypeAlias = Literal["processes", "disks", "network"]


class Kind(NamedTuple):
    """One of them."""

    run: Callable[[Site], Awaitable[str]]
    """Loads and harms; returns what there is to note."""
    needs: Needs = "processes"
    publish_seconds: float = 3.0
    """As `relay.spool.jetstream` has it. Where no batch may be refused, a busy machine is given its time."""
    room_seconds: float = 3.0
    """As `relay` has it. For the same reason: this suite is not about overload."""
    drain_seconds: float = 0.0
    """As `server` has it: longer than its clients wait between two requests."""


async def instance(site: Site) -> str:
    """`kill -9` of instances at random moments: the other delivers what they held."""
    began, kills = time.monotonic(), 0
    async with under_load(site):
        while time_left(site, began) or kills < 2:
            await some_seconds(site, 0.2, 1.2)
            victim = site.chance.choice(site.instances)
            victim.kill()
            kills += 1
            await some_seconds(site, 0.0, 0.5)
            await victim.start()
    return f"{kills} kills"


async def server(site: Site) -> str:
    """`kill -9` of one server at a time: a majority is left."""
    began, kills = time.monotonic(), 0
    async with under_load(site):
        while time_left(site, began) or kills < 1:
            await some_seconds(site, 0.2, 1.0)
            number = site.chance.choice(MACHINES)
            site.servers.kill(number)
            kills += 1
            await acknowledged_more(site)
            site.servers.start_one(number)
            await in_step(site)
    return f"{kills} kills"


async def two(site: Site) -> str:
    """`kill -9` of two of three at once: nothing is acknowledged until one is back."""
    async with under_load(site):
        await some_seconds(site, 0.2, 1.0)
        down = site.chance.sample(MACHINES, 2)
        for number in down:
            site.servers.kill(number)
        meanwhile = await acknowledged_without_majority(site)
        for number in down:
            site.servers.start_one(number)
        await acknowledged_more(site)
        await in_step(site)
    assert not meanwhile, f"{meanwhile} events acknowledged without a majority"
    return "none acknowledged without a majority"


async def partition(site: Site) -> str:
    """The leader or another server is cut off from the other two, both ways or one; clients still reach all three.

    Also an instance that is connected to the one that is alone acknowledges all the while.
    """
    network = site.ground.network
    assert network is not None
    async with under_load(site):
        await some_seconds(site, 0.2, 1.0)
        leads = await leader(site)
        alone = leads if site.chance.random() < 0.6 else site.chance.choice(MACHINES)
        one_way = site.chance.random() < 0.3
        with all_waits(site):
            for other in set(MACHINES) - {alone}:
                network.cut(alone, other, one_way=one_way)
            await every_instance_acknowledges(site)
            await some_seconds(site, 0.0, 2.0)
            network.heal()
        await acknowledged_more(site)
        await in_step(site)
    return f"{'the leader' if alone == leads else 'another one'} cut off{', one way' if one_way else ''}"


async def apart(site: Site) -> str:
    """Every server is cut off from every other: nothing is acknowledged until they meet again."""
    network = site.ground.network
    assert network is not None
    async with under_load(site):
        await some_seconds(site, 0.2, 1.0)
        with all_waits(site):
            for one, other in ((0, 1), (0, 2), (1, 2)):
                network.cut(one, other)
            meanwhile = await acknowledged_without_majority(site)
            network.heal()
        await acknowledged_more(site)
        await in_step(site)
    assert not meanwhile, f"{meanwhile} events acknowledged without a majority"
    return "none acknowledged without a majority"


async def full(site: Site) -> str:
    """One server has no room left on its disk: the others go on. Then there is room, and it is started again."""
    async with under_load(site):
        await some_seconds(site, 0.2, 1.0)
        leads, number = await leader(site), site.chance.choice(MACHINES)
        with all_waits(site):
            site.ground.disks[number].fill()
            await some_seconds(site, 0.5, 2.0)
            await acknowledged_more(site)
            site.ground.disks[number].make_room()
            site.servers.kill(number)
            site.servers.start_one(number)
        await acknowledged_more(site)
        await in_step(site)
    return "the leader's" if number == leads else "another one's"


async def full_all(site: Site) -> str:
    """No server has any room left: what is not kept is not acknowledged, until there is room and they are restarted."""
    async with under_load(site):
        await some_seconds(site, 0.2, 1.0)
        with all_waits(site):
            for disk in site.ground.disks:
                disk.fill()
            await acknowledged_without_majority(site)
            for disk in site.ground.disks:
                disk.make_room()
            for number in MACHINES:
                site.servers.kill(number)
                site.servers.start_one(number)
            await acknowledged_more(site)
        await in_step(site)
    return f"{site.ledger.answers['503']} refusals"


async def torn(site: Site) -> str:
    """One server ends in the middle of a write: its last block is cut or garbled, alone or with all three down."""
    async with under_load(site):
        with all_waits(site):
            await acknowledged_more(site)
            await some_seconds(site, 0.2, 1.0)
            number = site.chance.choice(MACHINES)
            down = list(MACHINES) if site.chance.random() < 0.5 else [number]
            for each in down:
                site.servers.kill(each)
            what = tear(site, number)
            for each in down:
                site.servers.start_one(each)
            await acknowledged_more(site)
            await in_step(site)
            # Now the damaged one may lead.
            leads = await leader(site)
            site.servers.kill(leads)
            await acknowledged_more(site)
            site.servers.start_one(leads)
        await in_step(site)
    return f"{what}, {len(down)} down"


def tear(site: Site, number: int) -> str:
    """Harm the end of the stream's last block, or of its log's."""
    store = site.servers.store(number) / "jetstream"
    messages = sorted(store.glob(f"*/streams/{site.stream}/msgs/*.blk"), key=_number)
    log = [path for path in store.glob("*/_js_/S-*/msgs/*.blk") if path.stat().st_size]
    chosen, name = (messages[-1:], "block") if site.chance.random() < 0.5 or not log else (log[-1:], "log")
    for path in chosen:
        size = path.stat().st_size
        lost = site.chance.randrange(1, min(size, 4096) + 1) if size else 0
        with path.open("r+b") as file:
            if site.chance.random() < 0.5:
                file.truncate(size - lost)
                return f"{name} cut by {lost}"
            file.seek(size - lost)
            file.write(bytes(lost) if site.chance.random() < 0.5 else site.chance.randbytes(lost))
            return f"{name} garbled for {lost}"
    raise AssertionError(f"no block in {store}")


def _number(path: Path) -> int:
    return int(path.stem)


async def power(site: Site) -> str:
    """All servers and one instance lose their power at once: of each disk what its file system had written is left."""
    async with under_load(site):
        await acknowledged_more(site)
        with all_waits(site):
            await some_seconds(site, 0.5, 2.0)
            waited = len(site.ledger.acknowledged)
            for number in site.chance.sample(MACHINES, 3):
                site.ground.disks[number].lose_power()
            victim = site.chance.choice(site.instances)
            victim.kill()
            for number in MACHINES:
                site.servers.kill(number)
            for number in MACHINES:
                site.ground.disks[number].power_on()
                site.servers.start_one(number)
            await victim.start()
            await acknowledged_more(site)
        await in_step(site)
    return f"after {waited} acknowledged"


async def rolling(site: Site) -> str:
    """One instance after the other is stopped and started again behind a load balancer: no client sees an error.

    The balancer asks `/readyz`, as they do. Half the clients keep their connections, the others make one a request.
    """
    began, restarts = time.monotonic(), 0
    async with Balancer([each.port for each in site.instances]) as balancer, under_load(site, balancer.url):
        while time_left(site, began) or restarts < 2:
            each = site.instances[restarts % len(site.instances)]
            await acknowledged_more(site)
            stopping = asyncio.create_task(each.terminate())
            async with asyncio.timeout(PATIENCE_SECONDS):
                await each.is_not_ready()
            balancer.in_turn.remove(each.port)
            status, _ = await stopping
            assert status == 0, f"the service ended with {status}: {each.last_words()}"
            await each.start()
            balancer.in_turn.append(each.port)
            restarts += 1
            await acknowledged_more(site)
    refusals = [line for each in site.instances for line in each.log_lines() if '"ingest_refused"' in line]
    assert set(site.ledger.answers) == {"200"}, f"clients saw errors: {dict(site.ledger.answers)}: {refusals}"
    return f"{restarts} restarts"


KINDS = {
    "instance": Kind(instance),
    "server": Kind(server),
    "two": Kind(two),
    "partition": Kind(partition, "network"),
    "apart": Kind(apart, "network"),
    "full": Kind(full, "disks"),
    "full_all": Kind(full_all, "disks"),
    "torn": Kind(torn),
    "power": Kind(power, "disks"),
    "rolling": Kind(
        rolling, publish_seconds=PATIENCE_SECONDS, room_seconds=ROOM_SECONDS_MAX, drain_seconds=DRAIN_SECONDS
    ),
}
