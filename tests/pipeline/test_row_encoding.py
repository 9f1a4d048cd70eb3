"""Sealing: what JSON says and JSONB can't hold."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothership.event import Batch, Event
from mothership.pipeline.row_encoding import encode_rows


def batch_of(events: list[Event], source: str = "edgebot") -> Batch:
    return Batch(
        events=events,
        indices=list(range(len(events))),
        fingerprint=b"f" * 32,
        request_id="r",
        received=5,
        source=source,
        times=[7] * len(events),
    )


def no_times(_batch: Batch) -> list[int]:
    return []


def data_of(event: Event) -> Any:
    (row,) = encode_rows(batch_of([event]), no_times)
    return orjson.loads(row.data)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b\udfff", "a\ufffdb\ufffd"),
        ("a literal \\u0000 stays", "a literal \\u0000 stays"),
        (float("nan"), None),
        (float("inf"), None),
        (2**64 - 1, 2**64 - 1),
        (-(2**63), -(2**63)),
        (2**64, str(2**64)),
        (-(2**63) - 1, str(-(2**63) - 1)),
        (10**4000, "1" + "0" * 4000),
        ({"k\x00": [{"\ud800": 2**70}]}, {"k\ufffd": [{"\ufffd": str(2**70)}]}),
        (None, None),
        (True, True),
        (1.5e308, 1.5e308),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_what_jsonb_cannot_hold_is_replaced_as_documented(sent: Any, stored: Any) -> None:
    """No event may poison a batch, and each decision is in the module's table."""
    assert data_of({"type": "log", "value": sent}) == {"type": "log", "value": stored}


def test_keys_are_sorted_so_that_equal_events_are_equal_bytes() -> None:
    """Loki drops a repeated line only when it is the same to the byte."""
    rows = encode_rows(batch_of([{"type": "log", "b": 1, "a": {"d": 1, "c": 2}}]), no_times)
    assert rows[0].data == b'{"a":{"c":2,"d":1},"b":1,"type":"log"}'


@pytest.mark.parametrize(
    ("event", "envelope", "source"),
    [
        ({"source": "web01", "hostname": "h"}, "edgebot", "web01"),
        ({"source": "unknown", "hostname": "h", "host": "x"}, "edgebot", "h"),
        ({"source": "", "hostname": "unknown", "host": "x"}, "edgebot", "x"),
        ({"source": ["x"], "hostname": 7, "source_ip": "10.0.0.1"}, "edgebot", "10.0.0.1"),
        ({"hostname": "unknown"}, "edgebot", "edgebot"),
        ({}, "", "unknown"),
        ({}, "unknown", "unknown"),
        ({"source": "-", "hostname": "N/A", "host": "None", "source_ip": " UNKNOWN "}, "edgebot", "edgebot"),
        ({"source": "n/a", "hostname": "-", "host": "nil", "source_ip": "10.0.0.1"}, "edgebot", "10.0.0.1"),
        ({"source": "NULL", "hostname": " ", "host": "nautilus"}, "edgebot", "nautilus"),
        ({}, "-", "unknown"),
        ({}, "N/A", "unknown"),
        ({}, "edge\x00bot", "edge\ufffdbot"),
        ({"source": "s\x00"}, "edgebot", "s\ufffd"),
        ({"source": "s\ud800"}, "edgebot", "s\ufffd"),
        ({"source": "x" * 999}, "edgebot", "x" * 256),
        ({}, "x" * 999, "x" * 256),
    ],
)
def test_source_is_the_first_name_that_says_something(event: Event, envelope: str, source: str) -> None:
    """The rule of the wire format."""
    (row,) = encode_rows(batch_of([{"type": "log", **event}], envelope), no_times)
    assert row.source == source


def test_type_is_bounded_and_never_missing() -> None:
    """Redaction may have taken it; the column is NOT NULL."""
    rows = encode_rows(batch_of([{"type": "t" * 999}, {}, {"type": "a\x00"}, {"type": 7}]), no_times)
    assert [row.type for row in rows] == ["t" * 256, "unknown", "a\ufffd", "unknown"]


def test_an_event_that_is_no_json_is_refused_alone() -> None:
    """Its neighbours are stored, and the reason quotes nothing."""
    deep: Any = []
    for _ in range(3000):
        deep = [deep]
    batch = batch_of([{"type": "a"}, {"type": "b", "secret": object()}, {"type": "c", "secret": deep}, {"type": "d"}])
    rows = encode_rows(batch, no_times)
    assert [row.type for row in rows] == ["a", "d"]
    assert [rejection.index for rejection in batch.rejected] == [1, 2]
    assert all("secret" not in rejection.reason for rejection in batch.rejected)


def test_the_events_themselves_are_not_changed() -> None:
    """A repaired event is a copy."""
    event: Event = {"type": "log", "message": "a\x00"}
    encode_rows(batch_of([event]), no_times)
    assert event["message"] == "a\x00"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]))
    | st.sampled_from(["\x00", "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=[])), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=[])), json_values, max_size=5))
def test_any_json_becomes_bytes_that_postgresql_reads(fields: dict[str, Any]) -> None:
    """UTF-8, no NUL, no surrogates, nothing but JSON: whatever was sent."""
    (row,) = encode_rows(batch_of([{**fields, "type": "log"}]), no_times)
    text = row.data.decode("utf-8")
    assert "\\u0000" not in text.replace("\\\\", "")
    assert "\\ud8" not in text.replace("\\\\", "")
    assert "\x00" not in row.source
    row.source.encode()
    orjson.loads(row.data)
