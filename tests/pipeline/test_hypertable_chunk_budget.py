"""No node fills the database with chunks: a bound on new ones by the hour, shared between callers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mothership.app import opened
from mothership.config import Settings
from mothership.event import Batch, Event
from mothership.pipeline.chain import Chain
from mothership.pipeline.enrichment.hypertable_chunk_budget import DAY_MICROS, HOUR_MICROS, HypertableChunkBudget
from mothership.pipeline.enrichment.timestamps import TimestampNormalizer, TimestampSettings

NOW = datetime(2026, 11, 24, 21, 12, 27, 123456, tzinfo=UTC)
RECEIVED = 1_795_554_747_123_456


def _event(age: timedelta) -> Event:
    return {"type": "log", "timestamp": (NOW - age).isoformat()}


def _days(*days: float) -> list[Event]:
    return [_event(timedelta(days=day)) for day in days]


def _batch(events: list[Event], client: str = "ship-7", received: int = RECEIVED) -> Batch:
    return Batch(events, list(range(len(events))), b"f" * 32, "r", received, client=client)


def _moved(batch: Batch) -> int:
    """How many events are stored at the time of receipt; each has its mark and keeps its own time."""
    moved = [event for event, ts in zip(batch.events, batch.times, strict=True) if ts == batch.received]
    for event in moved:
        assert (event["timestamp_source"], event["timestamp_reason"]) == ("received", "too_many_chunks")
        assert event["timestamp"][:10] != "2026-11-24"
    return len(moved)


@pytest.mark.parametrize("settings", [TimestampSettings(), TimestampSettings(fields=("@timestamp", "timestamp"))])
def test_a_batch_of_every_day_of_five_years_opens_no_more_than_its_share(settings: TimestampSettings) -> None:
    """1,825 chunks in one request before; the caller's half of the bound now."""
    normalize = TimestampNormalizer(settings, HypertableChunkBudget(DAY_MICROS, 200))
    batch = _batch(_days(*range(2, 1_800)))
    normalize(batch)
    assert len({ts // DAY_MICROS for ts in batch.times}) <= 101
    assert _moved(batch) == 1_798 - 100


def test_one_caller_leaves_room_for_another() -> None:
    """Who spends its share spends nobody else's, and what is open is open to all."""
    normalize = TimestampNormalizer(TimestampSettings(), HypertableChunkBudget(DAY_MICROS, 20))
    hostile, node, third = (
        _batch(_days(*range(100, 200)), "hostile"),
        _batch(_days(*range(2, 11), 105), "node"),
        _batch(_days(40, 41), "third"),
    )
    for batch in (hostile, node, third):
        normalize(batch)
    assert [_moved(batch) for batch in (hostile, node, third)] == [90, 0, 1]


def test_the_next_hour_has_a_bound_of_its_own_and_known_chunks_stay_free() -> None:
    """And a day without events makes a chunk new again."""
    budget = HypertableChunkBudget(DAY_MICROS, 4)

    def admitted(hours: int, *days: int) -> int:
        received = RECEIVED + hours * HOUR_MICROS
        return sum(budget.admits(RECEIVED - day * DAY_MICROS, received, "node") for day in days)

    assert admitted(0, 10, 11, 12, 10, 11) == 4
    assert admitted(1, 10, 11, 20, 21, 22) == 4
    assert admitted(30, 30, 31, 10, 11) == 2


def test_what_is_a_day_old_or_ahead_costs_nothing() -> None:
    """Small chunks, a wrong zone, a node that was away for a night."""
    normalize = TimestampNormalizer(TimestampSettings(), HypertableChunkBudget(HOUR_MICROS, 2))
    batch = _batch([_event(timedelta(hours=hours)) for hours in range(-23, 24) if hours])
    normalize(batch)
    assert _moved(batch) == 0


def test_the_bound_is_in_the_units_of_the_chunks() -> None:
    """A week's chunk takes seven days for one; one of six hours costs four a day."""
    for chunk, opened_chunks in ((7 * DAY_MICROS, 5), (6 * HOUR_MICROS, 10)):
        normalize = TimestampNormalizer(TimestampSettings(), HypertableChunkBudget(chunk, 20))
        batch = _batch([_event(timedelta(hours=hours)) for hours in range(10 * 24, 40 * 24, 6)])
        normalize(batch)
        times = {ts // chunk for ts in batch.times if ts != RECEIVED}
        assert len(times) == pytest.approx(opened_chunks, abs=1)
        assert len(times) <= 10


async def test_it_holds_where_enrichment_is_switched_off() -> None:
    """Then the events are stored unmarked, but not at an invented day."""
    rows = await Chain([], budget=HypertableChunkBudget(DAY_MICROS, 10)).run(_batch(_days(*range(2, 100))))
    assert len({row.ts // DAY_MICROS for row in rows.rows}) == 6


@pytest.mark.parametrize("database", [{"dsn": "postgresql://x:y@127.0.0.1:9/z"}, {}])
async def test_the_service_bounds_it_where_there_can_be_chunks(tmp_path: Any, database: dict[str, str]) -> None:
    """With a server of one's own; the embedded database has no chunks, and takes history as it is."""
    salt = {"redaction": {"salt": "a salt of more than sixteen"}}
    settings = Settings(database=database, pipeline={"processors": salt})
    async with opened(settings, tmp_path, embedded_dsn="postgresql://x@/z?host=/none") as worker:
        now = datetime.now(UTC)
        events = [{"type": "log", "timestamp": (now - timedelta(days=day)).isoformat()} for day in range(2, 302)]
        rows = await worker.chain.run(_batch(events, received=int(now.timestamp() * 1_000_000)))
        assert len({row.ts // DAY_MICROS for row in rows.rows}) == (101 if database else 300)
