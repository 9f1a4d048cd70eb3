"""What becomes of sampled events: each step's fate, never a value that redaction took, and nothing else is touched."""

import asyncio
from copy import deepcopy
from typing import Any

import pytest
from tests.pipeline.test_chain import Step, batch_of

from mothership.event import Batch, Row
from mothership.pipeline.chain import Chain
from mothership.pipeline.cut_oversized import Bounds, CutOversized
from mothership.pipeline.enrichment import enrichment
from mothership.pipeline.event_trace import EventTrace, Tracer
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.search.matching import EventAtHand, matcher
from mothership.search.parameters import parse_query

CANARIES = ("swordfish-canary", "dave_canary", "canary@example.org", "hunter22canary")
EVENT = {"type": "log", "source": "ship-1", "severity": "warn", "username": "dave_canary",
         "password": "swordfish-canary",
         "message": "dave_canary said swordfish-canary to canary@example.org with password=hunter22canary"}  # fmt: skip
OTHER = {"type": "metric", "source": "ship-2", "message": "quiet", "long": "x" * 300}


def breaks(event: Any) -> None:
    """Raise for one event, quoting it."""
    if event.get("message") == "broken":
        raise KeyError(event["message"])


class Verdicts:
    """An enricher that waits."""

    name = "LLMEnricher"

    async def __call__(self, batch: Batch) -> None:
        """Add something."""
        await asyncio.sleep(0)
        for event in batch.events:
            event["llm"] = {"category": "fine"}


def chain(*more: Any, enricher: Any = None) -> tuple[Chain, Any]:
    redactor = redaction.build(RedactionSettings(), key=bytes(32))
    steps = [*redactor.processors, CutOversized(Bounds(10_000, 100, 100, 20)),
             *enrichment.build(enrichment.EnrichmentSettings()), *more]  # fmt: skip
    return Chain(steps, enricher), redactor


def tracer(redactor: Any, most: int = 9, **query: str) -> Tracer:
    meant = matcher(parse_query([(name.replace("_", "-"), value) for name, value in query.items()], now=0.0))
    return Tracer(redactor.explain, [each.name for each in redactor.processors],
                  matches=lambda row: meant(EventAtHand(row)), most=most, with_refused=not query)  # fmt: skip


def batch(*events: Any) -> Batch:
    made = batch_of(deepcopy(list(events)))
    made.oversized = {position: frozenset() for position, event in enumerate(events) if "long" in event}
    return made


def fates(trace: EventTrace) -> dict[str, str]:
    return {step.step: step.fate for step in trace.steps}


async def test_each_step_has_its_fate_and_no_value_that_redaction_took_is_told() -> None:
    made, redactor = chain()
    with made.traced(asked := tracer(redactor)):
        await made.run(batch(EVENT, OTHER))
    first, second = asked.found
    assert "canary" not in repr(asked.found) + repr(vars(asked))
    assert fates(first)["DropFields"] == fates(first)["MaskPatterns"] == fates(first)["HashFields"] == "changed"
    assert fates(first)["PIISafetyValidator"] == fates(first)["CutOversized"] == "unchanged"
    assert fates(first)["SeverityMap"] == "changed"
    hits = {(hit.rule, hit.path, hit.start) for step in first.steps for hit in step.hits}
    assert {("DropFields", ("password",), -1), ("email", ("message",), 37)} <= hits
    changes = {change.path: (change.before, change.after) for step in first.steps for change in step.changes}
    assert changes[("severity_num",)] == (None, "4")
    assert fates(second)["CutOversized"] == "cut"
    assert list(fates(first)) == made.names


@pytest.mark.parametrize(
    ("query", "sources"),
    [({"type": "metric"}, ["ship-2"]), ({"q": "said"}, ["ship-1"]), ({"at_least": "warning"}, ["ship-1"]),
     ({"q": "dave_canary"}, []), ({"q": "hunter22canary"}, []), ({"source": "ship-3"}, [])],
)  # fmt: skip
async def test_only_what_matches_after_the_last_step_is_found(query: dict[str, Any], sources: list[str]) -> None:
    """To match the event as it came would tell whether a secret was in it."""
    made, redactor = chain()
    with made.traced(asked := tracer(redactor, **query)):
        await made.run(batch(EVENT, OTHER))
    assert [trace.event["source"] for trace in asked.found if trace.event] == sources


async def test_what_is_rejected_is_told_by_step_and_reason() -> None:
    made, redactor = chain(Step("Breaks", breaks))
    deep: dict[str, Any] = {"type": "log"}
    for _ in range(300):
        deep = {"type": "log", "a": deep}
    with made.traced(asked := tracer(redactor)):
        await made.run(batch({"type": "log", "message": "broken"}, deep, OTHER))
    failed = next(trace for trace in asked.found if trace.steps[-1].fate == "rejected")
    assert (failed.steps[-1].step, failed.steps[-1].reason) == (
        "Breaks",
        "Breaks failed on this event",
    )


async def test_the_step_that_awaits_is_told_too() -> None:
    made, redactor = chain(enricher=Verdicts())
    with made.traced(asked := tracer(redactor, most=1)):
        await asyncio.gather(*(made.run(batch(EVENT, OTHER)) for _ in range(3)))
    (trace,) = asked.found
    assert trace.steps[-1].step == "LLMEnricher"
    assert trace.steps[-1].changes[0].path == ("llm",)


@pytest.mark.parametrize("enricher", [None, Verdicts()])
async def test_what_is_looked_at_becomes_the_same_and_is_counted_the_same(enricher: Any) -> None:
    rows, counts = [], []
    for look in (False, True):
        made, redactor = chain(Step("Breaks", breaks), enricher=enricher)
        events = [EVENT, {"type": "log", "message": "broken"}, OTHER] * 100
        given = batch(*events)
        if look:
            with made.traced(tracer(redactor, most=500)):
                rows.append((await made.run(given)).rows)
        else:
            rows.append((await made.run(given)).rows)
        counts.append((given.redactions, redactor.counts(), made.counts(), [each.index for each in given.rejected]))
    assert rows[0] == rows[1]
    assert counts[0] == counts[1]


async def test_a_look_that_fails_costs_no_event_and_ends() -> None:
    made, redactor = chain()

    def fails(_row: Row) -> bool:
        raise ValueError("canary")

    asked = Tracer(
        redactor.explain, [each.name for each in redactor.processors], matches=fails, most=1, with_refused=True
    )
    with made.traced(asked):
        kept = await made.run(batch(EVENT, OTHER))
    assert len(kept.rows) == 2
    assert asked.ended.is_set()


async def test_enough_is_enough() -> None:
    made, redactor = chain()
    with made.traced(asked := tracer(redactor, most=2)):
        for _ in range(5):
            await made.run(batch(EVENT, OTHER))
    assert len(asked.found) == 2
    assert asked.examined == 2


async def test_when_nobody_asks_nothing_is_copied() -> None:
    """At no cost: the events are those that came, and no step beyond its own work sees them."""
    seen: list[int] = []
    made = Chain([Step("look", lambda event: seen.append(id(event)))])
    given = batch(*[{"type": "log", "message": "x"}] * 3)
    identities = [id(event) for event in given.events]
    await made.run(given)
    assert seen == identities
