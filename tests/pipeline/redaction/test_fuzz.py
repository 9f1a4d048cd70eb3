"""Chance against redaction. FUZZ_SECONDS says how long each test may look (a few seconds when unset)."""

import copy
import gc
import os
import re
import time
from typing import Any

import orjson
import structlog
from corpora.labelled import ASSIGNED, FREE, NAMES, VENDORS, Maker
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mothership.event import Batch
from mothership.pipeline.redaction.redaction import build
from mothership.pipeline.redaction.rules.vocabulary import is_public
from mothership.pipeline.redaction.settings import RedactionSettings

SECONDS = float(os.environ.get("FUZZ_SECONDS", "3"))
EXAMPLES_A_SECOND = 60
REDACTION = build(RedactionSettings(), key=b"k" * 32)

fuzzed = settings(
    max_examples=max(50, int(SECONDS * EXAMPLES_A_SECOND)),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
KEYS = TEXT | st.sampled_from(["message", "type", "a", "results", "value", "name", "host", "payload", "raw-message"])
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
EVENTS = st.dictionaries(KEYS, JSON, max_size=5)
FOREIGN = st.text(st.sampled_from(" \t\n,;|()[]<>\"'…漢字é"), max_size=6)


def through(*events: dict[str, Any]) -> Batch:
    batch = Batch(list(events), list(range(len(events))), b"", "fuzz", 0)
    with structlog.testing.capture_logs():
        for processor in REDACTION.processors:
            processor(batch)
    return batch


@st.composite
def canaries(draw: st.DrawFn) -> tuple[str, str]:
    """Return a text, and the secret in it that must not come out."""
    make = Maker(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["email", "credit_card", "ssn", "iban", "jwt", "phone", "assigned", *VENDORS]))
    if kind == "assigned":
        secret = make.chars("abcdefghjkmnpqrstuvwxyzABCDEFGH23456789", 20)
        assume(not is_public(secret))  # once in a hundred thousand times it reads like the name of a class
        return draw(st.sampled_from(ASSIGNED)).format(name=draw(st.sampled_from(NAMES)), value=secret), secret
    secret = make.vendor(kind) if kind in VENDORS else getattr(make, kind)()
    context = draw(st.sampled_from(FREE))
    return draw(FOREIGN) + context.format(secret) + draw(FOREIGN), secret


@fuzzed
@given(event=EVENTS, planted=canaries(), path=st.lists(KEYS | st.integers(0, 3), max_size=5), as_key=st.booleans())
def test_no_planted_secret_comes_out(
    event: dict[str, Any], planted: tuple[str, str], path: list[str | int], as_key: bool
) -> None:
    """Anywhere in nested JSON, in values and in keys."""
    text, secret = planted
    inner: Any = {text: 1} if as_key else text
    for step in path:
        inner = [inner] * (step + 1) if isinstance(step, int) else {step: inner}
    event["planted"] = inner
    assume("payload_b64" not in str(path))
    out = through({"n": 1}, event, {"n": 2})
    assert len(out.events) + len(out.rejected) == 3
    shown = str(out.events) + str(out.rejected)
    assert secret not in shown
    assert re.sub(r"\W", "", secret) not in re.sub(r"\W", "", shown)


@fuzzed
@given(event=EVENTS, planted=canaries())
def test_twice_is_once_and_the_result_is_json(event: dict[str, Any], planted: tuple[str, str]) -> None:
    """For any event, whatever hit it."""
    event["planted"] = planted[0]
    first = through(copy.deepcopy(event)).events
    again = through(*copy.deepcopy(first)).events
    assert orjson.dumps(again) == orjson.dumps(first)


@fuzzed
@given(text=st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    """No crash, twice is once, and words alone come through."""
    once = REDACTION.text(text)
    assert REDACTION.text(once) == once


@fuzzed
@given(part=st.text(st.sampled_from("ab1 4.-@:=/\"'\\%+(<>[]{}_,;\n\u200b\uff14"), min_size=1, max_size=12))
def test_no_text_costs_much_more_than_its_length(part: str) -> None:
    """A repeated part of 64 KiB: far from any quadratic cost, which would take seconds."""
    text = part * (65_536 // len(part))
    gc.disable()  # what Hypothesis has gathered by now takes seconds to look through, once in ten thousand texts
    try:
        start = time.process_time()
        REDACTION.text(text)
        seconds = time.process_time() - start
    finally:
        gc.enable()
    assert seconds < 2.0
