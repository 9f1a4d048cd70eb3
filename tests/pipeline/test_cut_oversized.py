"""Events beyond a bound: redacted whole, then cut, and marked."""

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothership.event import Batch, Event
from mothership.pipeline.cut_oversized import Bounds, CutOversized
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.truncation import ELLIPSIS

BOUNDS = Bounds(size=20_000, characters=10_000, keys=500, depth=8)


def batch_of(*events: Event, oversized: dict[int, frozenset[str]]) -> Batch:
    return Batch(list(events), list(range(len(events))), b"f" * 32, "r", 0, oversized=oversized)


def cut(event: Event, before: frozenset[str] = frozenset()) -> Event:
    batch = batch_of(event, oversized={0: before})
    CutOversized(BOUNDS)(batch)
    return batch.events[0]


def nested(levels: int) -> Any:
    value: Any = "deep"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("event", "bound", "left"),
    [
        ({"m": "x" * 10_001}, "limits.string_characters", {"m": "x" * 10_000 + ELLIPSIS}),
        ({"k" * 10_001: 1}, "limits.string_characters", {"k" * 10_000 + ELLIPSIS: 1}),
        ({"a": [[["x" * 10_001]]]}, "limits.string_characters", {"a": [[["x" * 10_000 + ELLIPSIS]]]}),
        ({"a": [0] * 501, "b": "said"}, "limits.keys", {"a": [0] * 497, "b": "said"}),
        ({"a": {str(n): n for n in range(501)}}, "limits.keys", {"a": {str(n): n for n in range(498)}}),
        ({"a": nested(8), "b": 1}, "limits.depth", {"a": [[[[[[[ELLIPSIS]]]]]]], "b": 1}),
        ({"a": nested(7)}, None, {"a": nested(7)}),
        ({"m": "x" * 10_000}, None, {"m": "x" * 10_000}),
    ],
)
def test_what_is_beyond_a_bound_is_cut_and_the_bound_is_named(event: Event, bound: str | None, left: Event) -> None:
    """The rest is as it was, and exactly at a bound nothing is cut."""
    mark = {"_cut": [bound]} if bound else {}
    assert cut({"type": "log", **event}) == {"type": "log", **left, **mark}


def test_an_event_of_too_many_bytes_keeps_its_short_texts() -> None:
    """The longest are shortened first; then parts go, those of the deepest levels first."""
    event = cut({"type": "log", "host": "web01", "a": "x" * 9_000, "b": "y" * 9_000, "c": "z" * 9_000})
    assert (event["type"], event["host"], event["_cut"]) == ("log", "web01", ["limits.event_bytes"])
    assert 15_000 < len(orjson.dumps(event)) < 20_100
    event = cut({"type": "log", "host": "web01", "a": [{"k" * 200: "v" * 200} for _ in range(200)]})
    assert (event["type"], event["host"], event["_cut"]) == ("log", "web01", ["limits.event_bytes"])
    assert 5_000 < len(orjson.dumps(event)) < 20_100


def test_only_what_the_edge_found_oversized_is_looked_at() -> None:
    """By its place in the request, wherever it stands after others were rejected."""
    batch = batch_of(
        {"type": "a"}, {"m": "x" * 10_001}, {"m": "x" * 10_001}, oversized={2: frozenset({"limits.depth"})}
    )
    batch.reject({0: "bad"})
    CutOversized(BOUNDS)(batch)
    assert [event.get("_cut") for event in batch.events] == [None, ["limits.depth", "limits.string_characters"]]


def test_a_secret_across_the_cut_is_gone_whole(tmp_path: Path) -> None:
    """Redaction comes first: of half of a token no rule would know that it was one."""
    settings = RedactionSettings()
    redactor = redaction.build(settings, key=redaction.key_for(settings, tmp_path))
    token = "ghp_" + "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY1zA2"
    event = {"type": "log", "message": "word " * 1_998 + token + " word" * 9, "list": [0] * 600 + [token]}
    batch = batch_of(event, oversized={0: frozenset()})
    for processor in (*redactor.processors, CutOversized(BOUNDS)):
        processor(batch)
    text = str(batch.events)
    assert batch.events[0]["_cut"] == ["limits.keys", "limits.string_characters"]
    assert token[:10] not in text


values = st.recursive(
    st.none() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=30) | st.integers(1, 30_000).map(lambda n: "ä" * n),
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=5), inner, max_size=40),
    max_leaves=60,
)


@given(st.dictionaries(st.text(max_size=8), values, max_size=10), st.integers(0, 40))
def test_every_event_comes_within_the_bounds(fields: Event, levels: int) -> None:
    """Whatever it holds, and twice is once."""
    event = cut({"type": "log", **fields, "deep": nested(levels)})
    event.pop("_cut", None)
    assert len(orjson.dumps(event)) <= BOUNDS.size
    once = copy.deepcopy(event)
    cut(event)
    assert event == once
