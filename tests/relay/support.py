"""What the relay's tests are made of: quick settings, numbered batches, a sink that can be toxic."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.starvation import PATIENCE_SECONDS

from mothership.errors import FailedRow, Permanent
from mothership.event import Row, RowBatch
from mothership.ports import Health, Sink
from mothership.relay.relay import Relay
from mothership.relay.settings import RelaySettings
from mothership.relay.sink_route import SinkRoute
from mothership.sinks.memory import MemorySink

QUICK: dict[str, Any] = {
    "answer_seconds": 60.0,  # a test that is not about the wait for a sink has an answer that tells of it
    "retry": {"initial_seconds": 0.01, "max_seconds": 0.05, "pause_probe_seconds": 0.05},
    "spool": {"sweep_seconds": 0.05, "adopt_seconds": 0.05, "reserve_bytes": 0},
}


def settings(**changes: Any) -> RelaySettings:
    """Settings under which nothing takes long. Room is waited for as long as sinks are, unless said otherwise."""
    merged = {
        key: {**QUICK.get(key, {}), **value} if isinstance(value, dict) else value for key, value in changes.items()
    }
    waits = {"room_seconds": changes["answer_seconds"]} if "answer_seconds" in changes else {}
    return RelaySettings.model_validate({**QUICK, **waits, **merged})


def rows_batch(number: int, rows: int = 3, *, client: str = "ship") -> RowBatch:
    """A batch that no other number gives."""
    made = [Row(1_700_000_000_000_000 + i, "log", "web", b'{"n":"%d-%d"}' % (number, i)) for i in range(rows)]
    return RowBatch(number.to_bytes(32, "big"), f"request-{number}", 1_700_000_000_000_000, made, client)


class ToxicSink(MemorySink):
    """Keeps the contract, and refuses rows whose data holds a marker, in the way it is told to."""

    def __init__(self, name: str = "memory", *, poison: bytes = b"\xff", how: str = "permanent") -> None:
        super().__init__(name)
        self.poison, self.how = poison, how
        self.begun: list[int] = []
        """Rows of each write, those that are under way included."""
        self.writes: list[int] = []
        self.open_for_writes = asyncio.Event()
        self.open_for_writes.set()
        self.opened = 0

    async def open(self) -> None:
        """Count how often."""
        self.opened += 1

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Store what is not poisoned, once the gate is open."""
        rows = sum(len(batch.rows) for batch in batches)
        self.begun.append(rows)
        await self.open_for_writes.wait()
        self.writes.append(rows)
        bad = [
            FailedRow(position, number, "not taken")
            for position, batch in enumerate(batches)
            for number, row in enumerate(batch.rows)
            if self.poison in row.data
        ]
        if bad and self.how == "raise":
            raise KeyError("a value that nobody may see")
        if not bad:
            return await super().write(batches)
        named = {(one.batch, one.row) for one in bad}
        sound = [
            RowBatch(b.fingerprint, b.request_id, b.received, [r for j, r in enumerate(b.rows) if (i, j) not in named])
            for i, b in enumerate(batches)
        ]
        raise Permanent("refused", bad, duplicates=await super().write(sound))

    async def health(self) -> Health:
        """Always well: that is what makes poison hard to find."""
        return Health(healthy=True)


@asynccontextmanager
async def running(
    data_dir: Path,
    *sinks: Sink,
    batch_size: int = 1000,
    writers: int = 1,
    ticks: Callable[[], float] = time.monotonic,
    counts_stream: bool = True,
    **changes: Any,
) -> AsyncIterator[Relay]:
    """A relay at work, closed in order at the end."""
    routes = [SinkRoute(sink, batch_size=batch_size, writers=writers) for sink in sinks]
    relay = await Relay.open(data_dir, settings(**changes), routes, ticks=ticks, counts_stream=counts_stream)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        await relay.close(1.0)
        await task


async def until(promise: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something that is to come true."""
    async with asyncio.timeout(seconds):
        while not promise():  # noqa: ASYNC110 - a promise has no event
            await asyncio.sleep(0.005)
