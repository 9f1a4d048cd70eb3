"""The chain: order, counts, culprits, slices."""

import asyncio
import weakref
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY
from tests import simulated_time

from mothership.errors import Refusal
from mothership.event import Batch, Event, Rejection
from mothership.log_format import LogSettings, configure_logging
from mothership.pipeline.chain import SLICE_BYTES, Chain
from mothership.pipeline.enrichment import enrichment
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.ports import Processor
from mothership.sample.fleet import sample
from mothership.service_stats import ProcessorCounts

RECEIVED = 1_795_554_747_000_000


def batch_of(events: list[Event], **more: Any) -> Batch:
    return Batch(
        events=events,
        indices=list(range(len(events))),
        fingerprint=b"f" * 32,
        request_id="r-1",
        received=RECEIVED,
        **more,
    )


class Step:
    """A processor made of a function over one event."""

    def __init__(self, name: str, change: Callable[[Event], None]) -> None:
        self.name = name
        self._change = change

    def __call__(self, batch: Batch) -> None:
        """Work on the batch."""
        for event in batch.events:
            self._change(event)


def trail(name: str) -> Step:
    def change(event: Event) -> None:
        if name not in event.setdefault("trail", []):
            event["trail"].append(name)

    return Step(name, change)


def fails_on(word: str) -> Step:
    def change(event: Event) -> None:
        if event.get("message") == word:
            raise KeyError(event["message"])
        event["seen"] = True

    return Step("MaskPatterns", change)


class Refuser:
    """A processor that rejects on purpose."""

    name = "PIISafetyValidator"

    def __call__(self, batch: Batch) -> None:
        """Work on the batch."""
        batch.reject({i: "not safe" for i, event in enumerate(batch.events) if event.get("unsafe")})


async def test_every_event_passes_the_steps_in_their_order() -> None:
    """Redaction is first because the order is kept."""
    chain = Chain([trail("DropFields"), trail("MaskPatterns"), trail("AddTags")])
    rows = await chain.run(batch_of([{"type": "log", "message": "a"}]))
    assert orjson.loads(rows.rows[0].data)["trail"] == ["DropFields", "MaskPatterns", "AddTags"]
    assert chain.names == ["DropFields", "MaskPatterns", "AddTags"]
    assert (rows.fingerprint, rows.request_id, rows.received) == (b"f" * 32, "r-1", RECEIVED)


@pytest.mark.parametrize("bad", [{0}, {6}, {3, 4}, set(range(7)), {0, 2, 4, 6}])
async def test_a_processor_that_raises_costs_only_the_events_it_fails_on(bad: set[int]) -> None:
    """One poisonous event must not take its neighbours along, nor pass on half handled."""
    events: list[Event] = [{"type": "log", "message": "poison" if n in bad else f"m{n}"} for n in range(7)]
    batch = batch_of(events)
    chain = Chain([trail("DropFields"), fails_on("poison"), trail("AddTags")])
    rows = await chain.run(batch)
    stored = [orjson.loads(row.data) for row in rows.rows]
    assert [event["message"] for event in stored] == [f"m{n}" for n in range(7) if n not in bad]
    assert all(event["seen"] and event["trail"] == ["DropFields", "AddTags"] for event in stored)
    assert batch.rejected == [Rejection(n, "MaskPatterns failed on this event") for n in sorted(bad)]
    assert batch.indices == [n for n in range(7) if n not in bad]
    assert (chain.total_events, chain.successful_events) == (7, 7 - len(bad))
    assert chain.counts() == {
        "DropFields": ProcessorCounts(7, 0),
        "MaskPatterns": ProcessorCounts(7 - len(bad), len(bad)),
        "AddTags": ProcessorCounts(7 - len(bad), 0),
    }


async def test_what_a_processor_raised_is_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    """The message of a foreign error may hold a value of the event; its type and place may be told."""
    configure_logging(LogSettings(format="json"))
    batch = batch_of([{"type": "log", "message": "canary-4711"}])
    await Chain([fails_on("canary-4711")]).run(batch)
    written = capsys.readouterr().err
    assert "canary-4711" not in batch.rejected[0].reason
    assert "canary-4711" not in written
    assert '"processor_failed"' in written
    assert "KeyError" in written


async def test_each_processor_is_counted_in_the_metrics() -> None:
    """Operators watch which step costs what."""

    def value(name: str) -> float:
        return REGISTRY.get_sample_value(f"mothership_processor_{name}_total", {"processor": "MaskPatterns"}) or 0.0

    before = [value(name) for name in ("events", "errors", "seconds")]
    await Chain([fails_on("poison")]).run(batch_of([{"type": "log"}, {"type": "log", "message": "poison"}]))
    events, errors, seconds = (
        now - then for now, then in zip([value(name) for name in ("events", "errors", "seconds")], before, strict=True)
    )
    assert (events, errors) == (1.0, 1.0)
    assert seconds > 0


@pytest.fixture(scope="module")
def defaults() -> list[Processor]:
    redactor = redaction.build(RedactionSettings(), key=b"k" * 32)
    return [*redactor.processors, *enrichment.build(enrichment.EnrichmentSettings())]


async def test_nothing_planted_in_the_sample_comes_to_rest(defaults: list[Processor]) -> None:
    """All the default processors over events of every type, in slices."""
    events, planted = sample(1_500, now=RECEIVED / 1e6)
    rows = await Chain(defaults, slice_events=100).run(batch_of(events))
    stored = b"\n".join(row.data for row in rows.rows)
    assert [secret for secret in planted if secret.value.encode() in stored] == []
    assert len(rows.rows) == 1_500


async def test_a_failure_late_in_the_chain_changes_no_other_event(defaults: list[Processor]) -> None:
    """Each default processor leaves an event that it handled already as it is: it may see it twice."""
    clean = await Chain(defaults).run(batch_of(sample(60, now=RECEIVED / 1e6).events))
    for position in range(len(defaults) + 1):
        events = [*sample(60, now=RECEIVED / 1e6).events, {"type": "log", "message": "poison"}]
        again = [*defaults[:position], _Twice(defaults, position), *defaults[position:]]
        rows = await Chain(again).run(batch_of(events))
        assert rows.rows == clean.rows


class _Twice:
    """Runs the step before it once more, then fails on one event."""

    name = "Twice"

    def __init__(self, steps: list[Processor], position: int) -> None:
        self._before = steps[position - 1] if position else None

    def __call__(self, batch: Batch) -> None:
        """Work on the batch."""
        if self._before:
            self._before(batch)
        fails_on("poison")(batch)
        for event in batch.events:
            event.pop("seen", None)


async def test_slices_change_nothing_but_the_turns() -> None:
    """A big batch keeps its order, its indices and its rejections."""
    events: list[Event] = [
        {"type": "log", "message": "poison" if n == 17 else f"m{n}", "unsafe": n % 10 == 0} for n in range(101)
    ]
    batch = batch_of(events)
    chain = Chain([fails_on("poison"), Refuser()], slice_events=8)
    rows = await chain.run(batch)
    kept = [n for n in range(101) if n != 17 and n % 10]
    assert [orjson.loads(row.data)["message"] for row in rows.rows] == [f"m{n}" for n in kept]
    assert batch.indices == kept
    assert {rejection.index for rejection in batch.rejected} == {17, *range(0, 101, 10)}


async def test_a_slice_is_small_where_events_are_big_or_take_long() -> None:
    """A text that is all secrets takes long; the server must answer others between two of them all the same."""
    now = 0.0

    def take(event: Event) -> None:
        nonlocal now
        now += event.get("seconds", 0.0)

    class Sizes(Step):
        def __call__(self, batch: Batch) -> None:
            """Work on the batch."""
            sizes.append(len(batch.events))
            super().__call__(batch)

    sizes: list[int] = []
    chain = Chain([Sizes("AddTags", take)], slice_events=100, stopwatch=lambda: now)
    await chain.run(batch_of([{"type": "log", "n": n} for n in range(20)], body_bytes=20 * SLICE_BYTES))
    assert sizes == [1] * 20
    sizes.clear()
    rows = await chain.run(batch_of([{"type": "log", "n": n, "seconds": 1 / 64} for n in range(200)]))
    assert sizes == [100] + [6] * 16 + [4]
    assert [orjson.loads(row.data)["n"] for row in rows.rows] == list(range(200))


class Watched(dict[str, Any]):
    """An event that can be asked whether it is still there."""


@pytest.mark.parametrize("enricher", [False, True])
async def test_of_a_batch_that_waits_for_the_sinks_only_the_rows_are_left(enricher: bool) -> None:
    """A decoded event takes several times its row's memory; it goes slice by slice, while others are worked on."""
    events: list[Event] = [Watched(type="log", message=f"m{n}") for n in range(100)]
    refs = [weakref.ref(event) for event in events]
    batch = batch_of(events)
    del events
    there: list[int] = []
    count = Step("AddTags", lambda _event: there.append(sum(ref() is not None for ref in refs)))
    rows = await Chain([count], Verdict() if enricher else None, slice_events=10).run(batch)
    assert [orjson.loads(row.data)["message"] for row in rows.rows] == [f"m{n}" for n in range(100)]
    assert there[-1] == (100 if enricher else 10)
    assert sum(ref() is not None for ref in refs) == 0
    assert (batch.events, batch.times, batch.indices) == ([], [], list(range(100)))


async def test_others_get_their_turn_during_a_big_batch() -> None:
    """/livez must answer while 10,000 events are worked on."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count())
    await Chain([trail("AddTags")]).run(batch_of([{"type": "log"} for _ in range(10_000)]))
    counter.cancel()
    assert turns >= 10


def test_a_batch_whose_turn_would_come_too_late_is_refused_before_work_is_spent_on_it() -> None:
    """More big batches than can be worked on: those that begin are through in time, the others are told to come again.

    And what has begun is never given up, however long it takes.
    """
    refused: list[tuple[float, int, float | None]] = []
    through: list[float] = []
    begun: list[str] = []

    async def one(chain: Chain, name: str, events: int) -> None:
        batch = batch_of([{"type": "log", "of": name} for _ in range(events)], waited_seconds=0.25)
        try:
            await chain.run(batch)
        except Refusal as refusal:
            refused.append((simulated_time.now(), refusal.status, refusal.retry_after_seconds))
        else:
            through.append(simulated_time.now())

    def work(event: Event) -> None:
        simulated_time.spend(0.01)
        if event["of"] not in begun:
            begun.append(event["of"])

    async def main() -> Chain:
        chain = Chain([Step("AddTags", work)], slice_events=10, wait_seconds=1.0)
        await asyncio.gather(*(one(chain, str(number), 40 if number else 400) for number in range(20)))
        return chain

    chain = simulated_time.run(main())
    assert len(through) + len(refused) == 20
    assert len(begun) == len(through) >= 2
    assert set(refused) == {(at, 503, 1.0) for at, _, _ in refused}
    assert max(at for at, _, _ in refused) <= 1.0 - 0.25 + 0.4
    assert chain.total_events == 400 + 40 * (len(through) - 1)


class Failing:
    """An enricher that breaks its promise."""

    name = "LLMEnricher"

    async def __call__(self, batch: Batch) -> None:
        """Work on the batch."""
        raise RuntimeError(batch.request_id)


class Verdict:
    """An enricher that keeps its promise."""

    name = "LLMEnricher"

    async def __call__(self, batch: Batch) -> None:
        """Work on the batch."""
        for event in batch.events:
            event["verdict"] = "fine"


async def test_of_batches_that_come_together_the_first_is_through_first() -> None:
    """Side by side they would all end late, and the sinks idle until then; a small one overtakes, a huge one yields."""
    begun: list[str] = []
    ended: dict[str, set[str]] = {}

    async def take(name: str, events: int) -> None:
        await chain.run(batch_of([{"type": name} for _ in range(events)]))
        ended[name] = set(begun)

    chain = Chain([Step("AddTags", lambda event: begun.append(event["type"]))], slice_events=10)
    await asyncio.gather(take("first", 40), take("huge", 400), take("last", 40), take("small", 5))
    assert list(ended) == ["small", "first", "last", "huge"]
    assert "last" not in ended["first"]


async def test_the_enricher_is_last_and_what_it_adds_is_stored() -> None:
    """Only redacted events reach the LLM."""
    chain = Chain([trail("AddTags")], Verdict())
    rows = await chain.run(batch_of([{"type": "log"}]))
    assert orjson.loads(rows.rows[0].data)["verdict"] == "fine"
    assert chain.names == ["AddTags", "LLMEnricher"]
    assert chain.counts()["LLMEnricher"] == ProcessorCounts(1, 0)


async def test_an_enricher_that_raises_costs_no_event() -> None:
    """The optional never hurts the rest."""
    chain = Chain([trail("AddTags")], Failing())
    rows = await chain.run(batch_of([{"type": "log"}, {"type": "log"}]))
    assert len(rows.rows) == 2
    assert chain.counts()["LLMEnricher"] == ProcessorCounts(0, 2)


@pytest.mark.parametrize("enricher", [False, True])
async def test_a_nodes_own_field_cant_pass_for_a_verdict(enricher: bool) -> None:
    """It keeps its value under another name, whether a language model is asked or not."""

    class Verdicts:
        """Puts a verdict where there is none."""

        name = "LLMEnricher"

        async def __call__(self, batch: Batch) -> None:
            """Say the same of every event."""
            for event in batch.events:
                event.setdefault("llm", "a verdict")

    chain = Chain([], Verdicts() if enricher else None)
    sent: list[Event] = [
        {"type": "a"},
        {"type": "a", "llm": {"priority": "low"}},
        {"type": "a", "llm": 1, "llm_original": 2},
    ]
    rows = (await chain.run(batch_of(sent))).rows
    found = [{key: value for key, value in orjson.loads(row.data).items() if "llm" in key} for row in rows]
    verdict = {"llm": "a verdict"} if enricher else {}
    assert found == [
        verdict,
        {"llm_original": {"priority": "low"}, **verdict},
        {"llm_original": 2, "llm_original_": 1, **verdict},
    ]


async def test_an_empty_batch_is_no_rows() -> None:
    """An empty `messages` is a success of nothing."""
    rows = await Chain([trail("AddTags")], Verdict()).run(batch_of([]))
    assert list(rows.rows) == []


async def test_without_the_normalizer_the_time_is_still_the_events_own() -> None:
    """Enrichment may be switched off; `ts` may not."""
    rows = await Chain([]).run(batch_of([{"type": "log", "timestamp": "2025-01-01T00:00:00Z"}, {"type": "log"}]))
    assert [row.ts for row in rows.rows] == [1_735_689_600_000_000, RECEIVED]
    assert orjson.loads(rows.rows[0].data)["timestamp"] == "2025-01-01T00:00:00Z"
