"""`ports.Processor`: every step of the pipeline, as the service builds it, each by itself."""

import copy
from pathlib import Path

import pytest

from mothership import assembly
from mothership.config import Settings
from mothership.event import Batch, Event
from mothership.pipeline.redaction import redaction
from mothership.ports import Processor
from mothership.sample.fleet import sample

RECEIVED = 1_795_554_747_000_000
CANARY = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
"""A made-up token: what no reason may quote."""
SETTINGS = Settings.model_validate(
    {
        "pipeline": {
            "templates": {"enabled": True},
            # The audit redacts one event in a thousand, whichever: here nothing was redacted before.
            "processors": {
                "redaction": {"checker": {"action": "reject", "audit_share": 0}},
                "parse": {"inputs": ["ingest"]},
            },
        }
    }
)
HOSTILE: list[Event] = [
    {},
    {"type": "log", "message": None, "tags": None, "host": None},
    {"message": ["not", {"a": "text"}], "tags": "no object", "timestamp": [1], "severity": {"level": 3}},
    {"timestamp": 1e400, "severity": -(10**40), "host": True, "pid": float("nan")},
    {"message": "\ud800 half a pair, \x00 and \x1b[31m", "host": "\ud800", "file_path": "\x00"},
    {"message": "x" * 300_000, "tags": {"x" * 5_000: "y"}},
    {"a": {"b": {"c": {"d": {"e": [[[[["deep"]]]]]}}}}},
    {"": "", "__class__": "x", "template_id": 7, "llm": "no object", "geo_hint": [], "service": {}},
    {"message": f"token {CANARY}", "tags": {CANARY: CANARY}, "host": CANARY, "timestamp": CANARY, CANARY: 1},
]


class NumbersEvents:
    """A double: the least that a processor does."""

    name = "NumbersEvents"

    def __call__(self, batch: Batch) -> None:
        """Add a field to each."""
        for event in batch.events:
            event.setdefault("numbered", True)


def _processors() -> dict[str, Processor]:
    redactor = redaction.build(SETTINGS.pipeline.processors.redaction, key=b"k" * 32)
    templates = assembly.templates(SETTINGS, Path("/nowhere"))
    steps: list[Processor] = [*assembly.processors(SETTINGS, redactor, templates, None), NumbersEvents()]
    return {one.name: one for one in steps}


PROCESSORS = _processors()


@pytest.fixture(params=sorted(PROCESSORS))
def processor(request: pytest.FixtureRequest) -> Processor:
    """One step after the other."""
    return PROCESSORS[request.param]


def batch_of(*events: Event) -> Batch:
    copies = copy.deepcopy(list(events))
    return Batch(copies, list(range(len(copies))), b"f" * 32, "r-1", RECEIVED)


def test_all_of_the_specifications_are_here() -> None:
    """Redaction's four, the six of enrichment, and what there is beside them."""
    assert {
        *("DropFields", "MaskPatterns", "HashFields", "PIISafetyValidator"),
        *("AddTags", "SeverityMap", "ServiceFromPath", "GeoHint", "SiteEnvTags", "TimestampNormalizer"),
        *("ParseLines", "CutOversized", "Templates"),
    } <= PROCESSORS.keys()


@pytest.mark.parametrize("event", HOSTILE, ids=range(len(HOSTILE)))
def test_no_event_is_lost_and_no_reason_quotes_one(processor: Processor, event: Event) -> None:
    """What a batch held is still there, in its order, or named among the rejected; whatever the event is."""
    calm: Event = {"type": "log", "message": "disk failed"}
    batch = batch_of(calm, event, calm)
    processor(batch)
    assert sorted([*batch.indices, *(one.index for one in batch.rejected)]) == [0, 1, 2]
    assert batch.indices == sorted(batch.indices)
    assert len(batch.events) == len(batch.indices)
    assert {0, 2} <= set(batch.indices), "one event costs no other"
    assert not [one.reason for one in batch.rejected if CANARY in one.reason or not one.reason]


def test_it_changes_events_in_place(processor: Processor) -> None:
    """The chain keeps hold of the same dicts: a step that made others would be seen by nobody."""
    batch = batch_of(*sample(50, now=RECEIVED / 1e6).events)
    before = [id(event) for event in batch.events]
    processor(batch)
    assert [id(event) for event in batch.events] == [before[index] for index in batch.indices]


def test_an_event_seen_twice_is_as_one_seen_once(processor: Processor) -> None:
    """The chain runs a step again on the events of a batch in which it failed."""
    batch = batch_of(*sample(200, now=RECEIVED / 1e6).events)
    processor(batch)
    once = copy.deepcopy(batch.events)
    processor(batch)
    assert batch.events == once


def test_batches_are_strangers(processor: Processor) -> None:
    """What one batch holds changes nothing of another: equal events come out equal, whatever was between."""
    events = sample(20, now=RECEIVED / 1e6).events
    first, between, again = batch_of(*events), batch_of(*HOSTILE), batch_of(*events)
    for batch in (first, between, again):
        processor(batch)
    assert (again.events, again.indices) == (first.events, first.indices)
