"""When a batch arrived, for the question which of two transmissions came first."""

import json
import sys
from pathlib import Path

from tests.edge.servers import decoded

from mothership.app import opened
from mothership.config import Settings
from mothership.edge.limit_settings import LimitSettings
from mothership.event import UNKNOWN_ARRIVAL, Arrival, Batch, MachineTime
from mothership.sinks.tsdb.database_clock import boot_ticks, ticks_of_this_boot

NOBODY = "postgresql://x:y@127.0.0.1:9/z"
START = 1_767_225_600_000_000
BODY = json.dumps({"messages": [{"type": "log", "message": "here"}]}).encode()


async def arrived(home: Path, batch: Batch, *, clock_is_known: bool = True) -> Arrival:
    """As the service takes it down."""
    settings = Settings(
        database={"dsn": NOBODY},
        relay={"answer_seconds": 0.0},
        pipeline={"processors": {"redaction": {"salt": "0123456789abcdef"}}},
    )
    async with opened(settings, home) as worker:
        assert worker.tsdb
        if clock_is_known:
            worker.tsdb.clock.learn(START, worker.tsdb.clock.ticks())
        await worker.accept(batch)
    return batch.arrival


async def test_what_waited_for_its_turn_arrived_before(tmp_path: Path) -> None:
    """Its sender may have lost patience, and have been taken at once by another instance."""
    batch = decoded(LimitSettings(), BODY)
    batch.waited_seconds = 2000.0
    arrival = await arrived(tmp_path, batch)
    assert START - 2_000_000_000 <= arrival.earliest <= arrival.latest < START


async def test_what_nobody_read_for_long_arrived_before(tmp_path: Path) -> None:
    """The instance stood still. What waits in the kernel while its caller waits for a turn is not counted twice."""
    for waited, unread in ((0.0, 1000.0), (1000.0, 1.0)):
        batch = decoded(LimitSettings(), BODY)
        batch.waited_seconds, batch.unread_seconds = waited, unread
        arrival = await arrived(tmp_path / f"{waited}", batch)
        assert START - 1_000_000_000 <= arrival.earliest <= arrival.latest < START - 900_000_000


async def test_what_stands_for_a_refused_one_arrived_with_that(tmp_path: Path) -> None:
    """It is the transmission that was refused, come again."""
    batch = decoded(LimitSettings(), BODY)
    batch.arrival = Arrival(1, 2)
    assert await arrived(tmp_path, batch) == (1, 2)


async def test_where_the_databases_clock_is_not_known_it_stays_so(tmp_path: Path) -> None:
    """However long it waited. It is told by the machine's own, from which the other follows later."""
    batch = decoded(LimitSettings(), BODY)
    batch.waited_seconds = 2.0
    assert await arrived(tmp_path, batch, clock_is_known=False) == UNKNOWN_ARRIVAL
    if not sys.platform.startswith("linux"):
        return
    assert batch.arrived_at is not None
    assert batch.arrived_at.ticks_of == ticks_of_this_boot()
    assert batch.arrived_at.micros < (boot_ticks() - 2.0) * 1e6
    again = decoded(LimitSettings(), BODY)
    again.arrived_at = MachineTime("boot", 1)
    assert await arrived(tmp_path, again) == UNKNOWN_ARRIVAL
    assert again.arrived_at == ("boot", 1)  # it stands for one that was refused
