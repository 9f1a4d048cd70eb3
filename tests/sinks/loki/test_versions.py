"""The same faults in the words of four versions of Loki: each is understood, and costs no more pushes than it must."""

import time
from collections.abc import AsyncIterator

import pytest
from tests.sinks.loki.loki_texts import VERSIONS, Words
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki
from tests.sinks.loki.test_answers import refused, sent

from mothership.errors import Paused, Transient
from mothership.sinks.loki import responses as reasons

DAY = 86_400


@pytest.fixture(params=list(VERSIONS))
async def loki(request: pytest.FixtureRequest) -> AsyncIterator[StrictLoki]:
    """A Loki of each version."""
    words: Words = VERSIONS[request.param]
    async with StrictLoki(words=words) as server:
        yield server


async def test_faults_of_events_are_named_at_the_first_answer(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """A hundred lines, three of them too long: it took 83 pushes, and stored copies."""
    loki.limits.max_line_bytes = 500
    rows = [row("x" * (900 if n in {3, 50, 99} else 10), hostname="h", n=n) for n in range(100)]
    assert await refused(sink_of(loki), batch(*rows)) == dict.fromkeys(
        [(0, 3), (0, 50), (0, 99)], reasons.LINE_TOO_LONG
    )
    assert (len(loki.pushes), loki.counted) == (1, 97)


async def test_times_out_of_bounds_are_named(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Too old, too new, too far behind."""
    sink, now = sink_of(loki), time.time()
    await sink.write([batch(row("newest", hostname="h", at=now))])
    rows = [row("fine", hostname="h", at=now - 1)]
    rows += [row(f"{age}", hostname="h", at=now - age) for age in (8 * DAY, -DAY, 7200)]
    assert await refused(sink, batch(*rows)) == {
        (0, 1): reasons.TOO_OLD,
        (0, 2): reasons.TOO_NEW,
        (0, 3): reasons.TOO_FAR_BEHIND,
    }
    assert (sent(loki), loki.counted) == (5, 2)


async def test_structured_metadata_over_the_bounds_is_named(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """By size and by count."""
    loki.limits.metadata_entries, loki.limits.metadata_bytes = 2, 100
    rows = [row(hostname="h", user_id=1), row(hostname="h", user_id=1, ip="a", trace_id="t")]
    rows += [row("long", hostname="h", user_id="u" * 100)]
    assert await refused(sink_of(loki), batch(*rows)) == dict.fromkeys([(0, 1), (0, 2)], reasons.METADATA_REFUSED)
    assert loki.counted == 1


async def test_metadata_that_is_not_allowed_is_left_out(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """The answer tells, and the same lines go without."""
    loki.limits.allow_metadata = False
    await sink_of(loki).write([batch(row(hostname="h", user_id=1))])
    assert loki.counted == 1


async def test_a_required_label_sets_aside_only_the_events_without_a_value_for_it(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """3.7's quotation marks made it a label that is never sent, and the whole sink paused."""
    loki.limits.required_labels = ("env", "type")
    rows = [row(hostname="h"), row(hostname="h", tags={"environment": "prod"})]
    assert await refused(sink_of(loki), batch(*rows)) == {(0, 0): reasons.LABELS_MISSING}
    assert loki.counted == 1


async def test_a_required_label_that_is_never_sent_pauses(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Setting every event aside would lose them all to a setting."""
    loki.limits.required_labels = ("env", "cluster")
    with pytest.raises(Paused, match="enforced_labels"):
        await sink_of(loki).write([batch(row(tags={"environment": "prod"}))])


async def test_a_body_that_is_too_large_is_split(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """400 until 3.5, 413 from 3.6 on."""
    loki.limits.body_bytes = 20_000
    rows = [row("x" * 1000, hostname="h", n=n) for n in range(50)]
    await sink_of(loki, encoding="json").write([batch(*rows)])
    assert loki.counted == 50


async def test_blocked_ingestion_pauses(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Whatever status the administrator chose."""
    for status in (260, 403, 429):
        text = loki.words.blocked.format(until="2027-01-01T00:00:00Z", status=status)
        loki.next.append(Disturbance(status=status, text=text))
        with pytest.raises(Paused, match="blocks ingestion"):
            await sink_of(loki).write([batch(row())])


async def test_the_tenants_rate_limit_is_told_from_others(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """By its name in the reason."""
    loki.limits.burst_bytes = 10
    with pytest.raises(Transient, match="ingestion_rate_mb"):
        await sink_of(loki, max_retries=0).write([batch(row())])


async def test_an_empty_push_shows_a_loki(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """What it objects to without a known reason is set aside only because this shows that it is one."""
    loki.poison = lambda _: True
    assert await refused(sink_of(loki), batch(row())) == {(0, 0): reasons.UNEXPLAINED}
