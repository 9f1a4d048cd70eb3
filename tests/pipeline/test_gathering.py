"""Small batches of one round of the event loop are worked on together, and each is its own."""

import asyncio

import pytest

from mothership.event import Batch
from mothership.pipeline.gathering import BYTES_MAX, EVENTS_MAX, GATHERED_EVENTS_MAX, Gathering


def _batch(number: int, events: int = 1) -> Batch:
    return Batch(
        [{"n": number} for _ in range(events)], list(range(events)), bytes([number]) * 32, f"request-{number}", 0
    )


async def test_batches_of_a_round_are_worked_on_in_their_order_and_fail_alone() -> None:
    """One that fails raises where it is awaited; one whose request was cancelled is left."""
    gathering = Gathering()
    worked: list[str] = []

    def work(batch: Batch) -> None:
        worked.append(batch.request_id)
        if batch.request_id == "request-1":
            raise ValueError

    tasks = [asyncio.create_task(gathering.run(_batch(number), work)) for number in range(4)]
    await asyncio.sleep(0)
    assert worked == []
    tasks[2].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert worked == ["request-0", "request-1", "request-3"]
    assert [type(result) for result in results] == [type(None), ValueError, asyncio.CancelledError, type(None)]


async def test_much_is_not_gathered() -> None:
    """What has become enough is worked on at once, so that the round is known to be long."""
    gathering = Gathering()
    worked: list[int] = []
    tasks = [
        asyncio.create_task(gathering.run(_batch(number, EVENTS_MAX), lambda batch: worked.append(len(batch.events))))
        for number in range(GATHERED_EVENTS_MAX // EVENTS_MAX)
    ]
    await asyncio.sleep(0)
    assert sum(worked) == GATHERED_EVENTS_MAX
    await asyncio.gather(*tasks)


@pytest.mark.parametrize(
    ("events", "size", "takes"), [(1, 100, True), (EVENTS_MAX + 1, 100, False), (1, BYTES_MAX + 1, False)]
)
def test_large_batches_do_not_wait(events: int, size: int, *, takes: bool) -> None:
    """They have nothing to win."""
    batch = _batch(1, events)
    batch.body_bytes = size
    assert Gathering.takes(batch) is takes
