"""`ports.Relay`: what takes rows until every sink has them. Run over the real thing, with the sink that ships."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.relay.support import rows_batch, running

from mothership.errors import Transient
from mothership.event import Tally
from mothership.ports import Relay
from mothership.sinks.memory import MemorySink


@pytest.fixture
def sink() -> MemorySink:
    """Where the rows come to rest."""
    return MemorySink()


@pytest.fixture
async def relay(tmp_path: Path, sink: MemorySink) -> AsyncIterator[Relay]:
    """A relay at work."""
    async with running(tmp_path, sink, answer_seconds=5.0) as opened:
        yield opened


async def test_a_receipt_adds_up_to_the_rows(relay: Relay, sink: MemorySink) -> None:
    """Written, queued and errors, for every enabled sink."""
    receipt = await relay.keep(rows_batch(1))
    assert receipt.sinks == {"memory": Tally(3, 0, 0)}
    assert not receipt.duplicate
    assert len(sink.rows) == 3


async def test_no_rows_are_kept_at_once(relay: Relay, sink: MemorySink) -> None:
    """A request all of whose events were rejected."""
    assert (await relay.keep(rows_batch(1, rows=0))).sinks == {"memory": Tally(0, 0, 0)}
    assert sink.rows == []


async def test_a_batch_kept_again_is_a_duplicate_and_adds_nothing(relay: Relay, sink: MemorySink) -> None:
    """The same fingerprint."""
    await relay.keep(rows_batch(1))
    again = await relay.keep(rows_batch(1))
    assert again.duplicate
    assert len(sink.rows) == 3


async def test_callers_are_served_side_by_side(relay: Relay, sink: MemorySink) -> None:
    """`keep` may be called from many requests at a time, with the same batch too: each has a receipt of its own."""
    batches = [rows_batch(number // 2) for number in range(40)]
    receipts = await asyncio.gather(*map(relay.keep, batches))
    assert all(receipt.sinks == {"memory": Tally(3, 0, 0)} for receipt in receipts)
    assert sum(receipt.duplicate for receipt in receipts) == 20
    assert len(sink.rows) == 60


async def test_a_caller_that_gives_up_loses_nothing(relay: Relay, sink: MemorySink) -> None:
    """Cancelled while it waits, its batch is delivered all the same, once."""
    sink.failures = [Transient("not now")]
    waiting = asyncio.create_task(relay.keep(rows_batch(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    receipt = await relay.keep(rows_batch(1))
    assert receipt.sinks == {"memory": Tally(3, 0, 0)}
    assert len(sink.rows) == 3
