"""TimestampNormalizer: every spelling a node uses, and what becomes of the rest."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothership.event import Batch, Event
from mothership.pipeline.enrichment.timestamp_forms import micros_of, text_of
from mothership.pipeline.enrichment.timestamps import TimestampNormalizer, TimestampSettings

NOW = datetime(2026, 11, 24, 21, 12, 27, 123456, tzinfo=UTC)
RECEIVED = 1_795_554_747_123_456
NOW_TEXT = "2026-11-24T21:12:27.123456Z"


def batch_of(*events: Event) -> Batch:
    return Batch(
        events=list(events), indices=list(range(len(events))), fingerprint=b"f" * 32, request_id="r", received=RECEIVED
    )


def normalized(event: Event) -> tuple[int, Event]:
    batch = batch_of(event)
    TimestampNormalizer(TimestampSettings())(batch)
    return batch.times[0], batch.events[0]


AUGUST = "2025-08-22T17:11:27.936809Z"
WHOLE = "2025-08-22T17:11:27.000000Z"


@pytest.mark.parametrize(
    ("sent", "text", "kept"),
    [
        # says UTC, to the microsecond: the spelling alone changes
        ("2025-08-22T17:11:27.936809+00:00", AUGUST, False),
        ("2025-08-22T17:11:27.936809Z", AUGUST, False),
        ("2025-08-22T17:11:27Z", WHOLE, False),
        ("2025-08-22T17:11:27+00:00", WHOLE, False),
        ("2025-08-22T17:11:27.936Z", "2025-08-22T17:11:27.936000Z", False),
        # more is lost: the original is kept
        ("2025-08-22T17:11:27.936809123Z", AUGUST, True),
        ("2025-08-22T17:11:27.9Z", "2025-08-22T17:11:27.900000Z", True),
        ("2025-08-22T19:11:27.936809+02:00", AUGUST, True),
        ("2025-08-22T22:41:27+0530", WHOLE, True),
        ("2025-08-22T17:11:27.936809", AUGUST, True),
        ("2025-08-22 17:11:27", WHOLE, True),
        ("2025-08-22 17:11:27,936", "2025-08-22T17:11:27.936000Z", True),
        ("2025-08-22t17:11:27z", WHOLE, True),
        ("2025-08-22 17:11:27 UTC", WHOLE, True),
        ("  2025-08-22T17:11:27Z  ", WHOLE, True),
        ("20250822T171127Z", WHOLE, True),
        ("20250822171127", WHOLE, True),
        ("2025/08/22 17:11:27", WHOLE, True),
        ("2025-08-22", "2025-08-22T00:00:00.000000Z", True),
        ("2025-08-22T17:11:60Z", "2025-08-22T17:12:00.000000Z", True),
        ("2025-W34-5T17:11:27.936809+00:00", AUGUST, True),
        (1755882687, WHOLE, True),
        (1755882687.936809, AUGUST, True),
        (1755882687936, "2025-08-22T17:11:27.936000Z", True),
        (1755882687936809, AUGUST, True),
        (1755882687936809123, AUGUST, True),
        ("1755882687", WHOLE, True),
        ("1755882687.936809", AUGUST, True),
        ("1755882687936", "2025-08-22T17:11:27.936000Z", True),
        ("1.755882687e9", WHOLE, True),
        ("Oct 11 22:14:15", "2026-10-11T22:14:15.000000Z", True),
        ("Oct  1 22:14:15.5", "2026-10-01T22:14:15.500000Z", True),
        ("Jul 1 23:59:59", "2026-07-01T23:59:59.000000Z", True),
        ("Nov 25 09:00:00", "2026-11-25T09:00:00.000000Z", True),
        ("Fri Aug 22 17:11:27 2025", WHOLE, True),
        ("Aug 22 2025 17:11:27", WHOLE, True),
        ("Fri, 22 Aug 2025 17:11:27 GMT", WHOLE, True),
        ("22/Aug/2025:19:11:27 +0200", WHOLE, True),
        ("[22/Aug/2025:19:11:27 +0200]", WHOLE, True),
    ],
)
def test_every_spelling_of_a_time_is_read(sent: Any, text: str, kept: bool) -> None:
    """`ts` is the event's own time, and what a respelling would lose is kept."""
    ts, event = normalized({"type": "log", "timestamp": sent})
    assert event["timestamp"] == text
    assert ts == (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000
    assert event.get("timestamp_original") == (sent if kept else None)
    assert "timestamp_source" not in event


@pytest.mark.parametrize(
    "sent",
    [
        "yesterday", "12:00", "2025-13-45T00:00:00Z", "T", "-", "Foo 11 22:14:15", "Feb 30 22:14:15",
        "2025-08-22T25:00:00Z", "9" * 70, "²025-08-22T00:00:00Z", "0001-01-01T00:00:00+14:00x",
        float("nan"), float("inf"), 10**30, -(10**30), True, ["2025"], {"a": 1}, "1e99", "9999-12-31T23:59:59-14:00",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_stored_at_receipt_and_says_so(sent: Any) -> None:
    """A wrong time must not cost the event, and must not look right."""
    ts, event = normalized({"type": "log", "timestamp": sent})
    assert ts == RECEIVED
    assert event.pop("timestamp_original") is sent
    assert event == {
        "type": "log",
        "timestamp": NOW_TEXT,
        "timestamp_source": "received",
        "timestamp_reason": "unreadable",
    }


@pytest.mark.parametrize("event", [{}, {"timestamp": None}, {"timestamp": ""}])
def test_a_missing_time_is_that_of_receipt_and_says_so(event: Event) -> None:
    """`flow_packet` and `nmea` have none of their own."""
    ts, stored = normalized({"type": "nmea", **event})
    assert ts == RECEIVED
    assert (stored["timestamp"], stored["timestamp_source"]) == (NOW_TEXT, "received")
    assert stored["timestamp_reason"] == "missing"
    assert "timestamp_original" not in stored


@pytest.mark.parametrize(
    ("sent", "reason"),
    [("1970-01-01T00:00:00Z", "too_old"), ("2099-01-01T00:00:00Z", "in_the_future"), (12345, "too_old")],
)
def test_a_time_out_of_bounds_is_kept_in_the_data_and_not_believed(sent: Any, reason: str) -> None:
    """A node must not make the hypertable create thousands of chunks."""
    ts, event = normalized({"type": "log", "timestamp": sent})
    assert ts == RECEIVED
    assert event["timestamp"] == text_of(micros_of(sent, now=RECEIVED) or 0)
    assert (event["timestamp_source"], event["timestamp_reason"]) == ("received", reason)


def test_the_bounds_are_settings() -> None:
    """An archive may be filled in after raising one."""
    batch = batch_of({"type": "log", "timestamp": "1999-01-01T00:00:00Z"})
    TimestampNormalizer(TimestampSettings(max_past_days=20_000))(batch)
    assert batch.times == [915_148_800_000_000]


def test_another_field_may_hold_the_time() -> None:
    """`@timestamp` is what many shippers write; it is left as it was."""
    ts, event = normalized({"type": "log", "@timestamp": "2025-08-22T17:11:27Z"})
    assert (ts, event["timestamp"], event["@timestamp"]) == (1_755_882_687_000_000, WHOLE, "2025-08-22T17:11:27Z")
    assert "timestamp_original" not in event


def test_an_unreadable_time_leaves_the_turn_to_the_next_field() -> None:
    """And is kept, because it is overwritten."""
    ts, event = normalized({"type": "log", "timestamp": "soon", "time": 1755882687})
    assert ts == 1_755_882_687_000_000
    assert (event["timestamp"], event["timestamp_original"], event["time"]) == (WHOLE, "soon", 1755882687)
    assert "timestamp_source" not in event


values = st.one_of(
    st.text(max_size=40),
    st.floats(),
    st.integers(),
    st.none(),
    st.datetimes().map(str),
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
)


@given(st.lists(values, max_size=4))
def test_running_it_again_changes_nothing(sent: list[Any]) -> None:
    """The chain may run a processor twice on an event it had handled before another one made it fail."""
    batch = batch_of(*({"type": "log", "timestamp": value} for value in sent))
    normalize = TimestampNormalizer(TimestampSettings())
    read_only = normalize.times(batch)
    normalize(batch)
    once, times = [dict(event) for event in batch.events], list(batch.times)
    assert read_only == times
    normalize(batch)
    assert batch.events == once
    assert batch.times == times
    assert all(len(event["timestamp"]) == 27 for event in once)


@given(st.datetimes(min_value=datetime(2022, 1, 1), max_value=datetime(2026, 11, 24)))  # noqa: DTZ001 - made aware below
def test_the_fast_way_and_the_slow_way_read_the_same(moment: datetime) -> None:
    """Cutting a string must not differ from parsing it."""
    aware = moment.replace(tzinfo=UTC)
    for form in (aware.isoformat(), aware.isoformat(timespec="milliseconds"), aware.isoformat()[:19] + "Z"):
        ts, event = normalized({"type": "log", "timestamp": form})
        assert ts == micros_of(form, now=RECEIVED)
        assert event["timestamp"] == text_of(ts)


@pytest.mark.parametrize("own", ["Aug 22 17:11:27", 7, {"a": 1}])
def test_a_nodes_own_original_survives_and_so_does_the_time_it_sent(own: Any) -> None:
    """A syslog receiver keeps the time as it stood in the message; ours stands beside it, also after a second run."""
    event: Event = {"type": "syslog", "timestamp": "2025-08-22 17:11:27", "timestamp_original": own}
    for _ in range(2):
        normalized(event)
        assert event["timestamp_original"] == own
        assert (event["timestamp"], event["timestamp_sent"]) == (WHOLE, "2025-08-22 17:11:27")


def test_an_empty_original_counts_as_not_sent() -> None:
    """And so do the marks of a time that is not the event's own."""
    _, event = normalized({"timestamp": "soon", "timestamp_original": None, "timestamp_source": None})
    assert event == {
        "timestamp": NOW_TEXT,
        "timestamp_original": "soon",
        "timestamp_source": "received",
        "timestamp_reason": "unreadable",
    }


@pytest.mark.parametrize(
    ("received", "sent", "text", "reason"),
    [
        # A clock two days ahead: filed a year back, and unmarked, while the year was the latest that had been.
        ("2026-11-24T21:00:00", "Nov 26 21:00:00", "2026-11-26", "in_the_future"),
        ("2026-11-24T21:00:00", "Nov 25 20:00:00", "2026-11-25", None),
        ("2026-11-24T21:00:00", "Jan 10 00:00:00", "2027-01-10", "in_the_future"),
        ("2026-11-24T21:00:00", "Jul 10 00:00:00", "2026-07-10", None),
        ("2026-12-31T23:59:59", "Jan  1 00:00:05", "2027-01-01", None),
        ("2027-01-01T00:00:05", "Dec 31 23:59:59", "2026-12-31", None),
        ("2026-11-24T21:00:00", "Feb 29 12:00:00", "2028-02-29", "in_the_future"),
        ("2024-03-01T00:00:00", "Feb 29 12:00:00", "2024-02-29", None),
        ("2101-01-01T00:00:00", "Feb 29 12:00:00", "2104-02-29", "in_the_future"),
    ],
)
def test_a_date_without_a_year_takes_the_nearest_and_then_the_bounds_apply(
    received: str, sent: str, text: str, reason: str | None
) -> None:
    """RFC 3164 from clocks that are ahead, around New Year, on 29 February."""
    moment = datetime.fromisoformat(f"{received}+00:00")
    batch = batch_of({"type": "log", "timestamp": sent})
    batch.received = round(moment.timestamp() * 1_000_000)
    TimestampNormalizer(TimestampSettings())(batch)
    event = batch.events[0]
    assert event["timestamp"][:10] == text
    assert event.get("timestamp_reason") == reason
    assert (batch.times[0] == batch.received) == (reason is not None)
