"""What the sink makes of each answer, against a strict Loki that gives them."""

import time
from email.utils import formatdate

import pytest
from tests.sinks.loki.loki_ingester import Limits
from tests.sinks.loki.makers import BatchOf, Naps, RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki, basic

from mothership.errors import Paused, Permanent, Transient
from mothership.event import RowBatch
from mothership.sinks.loki import responses as reasons
from mothership.sinks.loki.sink import LokiSink

WEEK = 7 * 86400


async def refused(sink: LokiSink, *batches: RowBatch) -> dict[tuple[int, int], str]:
    """Write, and tell which rows were refused for good, with their reasons."""
    with pytest.raises(Permanent) as caught:
        await sink.write(batches)
    return {(one.batch, one.row): one.reason for one in caught.value.failed}


def sent(loki: StrictLoki) -> int:
    """Entries that were sent, those sent again included."""
    return sum(len(stream.entries) for push in loki.pushes for stream in push.streams)


async def test_an_old_event_is_named_and_the_others_stay_stored(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """On a 400 Loki has stored the valid lines: only what it objects to is set aside, nothing is sent again."""
    now = time.time()
    rows = [row(f"{n}", hostname="h", at=now - n) for n in range(5)]
    old = [row("old", hostname="h", at=now - WEEK - 60), row("older", hostname="h", at=now - 2 * WEEK)]
    assert await refused(sink_of(loki), batch(*rows[:2], old[0]), batch(old[1], *rows[2:])) == {
        (0, 2): reasons.TOO_OLD,
        (1, 0): reasons.TOO_OLD,
    }
    assert len(loki.lines) == 5
    assert sent(loki) == 7


async def test_an_event_from_the_future_is_named(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Its own time is beyond Loki's grace."""
    rows = [row("now", hostname="h"), row("soon", hostname="h", at=time.time() + 3600)]
    assert await refused(sink_of(loki), batch(*rows)) == {(0, 1): reasons.TOO_NEW}
    assert loki.lines == [rows[0].data.decode()]
    assert sent(loki) == 2


async def test_events_too_far_behind_are_named_though_loki_lists_ten(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Loki lists ten and gives the total: entries go by time, so the oldest so many are meant."""
    sink, now = sink_of(loki), time.time()
    await sink.write([batch(row("newest", hostname="h", at=now))])
    rows = [row(f"{n}", hostname="h", at=now - 7200 + n) for n in range(30)] + [row("fine", hostname="h", at=now - 60)]
    assert await refused(sink, batch(*rows)) == {(0, n): reasons.TOO_FAR_BEHIND for n in range(30)}
    assert len(loki.lines) == 2
    assert sent(loki) == 1 + 31


async def test_a_fault_hidden_behind_another_is_found(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """The ingester's text hides the distributor's: what Loki did not count is sent again until all is known."""
    sink, now = sink_of(loki), time.time()
    await sink.write([batch(row("newest", hostname="h", at=now))])
    rows = [
        row("too old", hostname="h", at=now - 2 * WEEK),
        row("behind", hostname="h", at=now - 7200),
        row("fine", hostname="h", at=now - 1),
        row("too new", hostname="h", at=now + 7200),
    ]
    assert await refused(sink, batch(*rows)) == {
        (0, 0): reasons.TOO_OLD,
        (0, 1): reasons.TOO_FAR_BEHIND,
        (0, 3): reasons.TOO_NEW,
    }
    assert len(loki.lines) == 2


async def test_equal_faults_are_counted_right(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """`3 errors like` names three entries of one second, and the fourth, stored, is not among them."""
    clock = time.time()
    edge = int(clock - WEEK) + 0.5
    loki.limits.oldest_seconds = clock - edge
    loki.clock = lambda: clock
    rows = [row(f"{n}", hostname="h", at=edge - 0.3 + n / 10) for n in range(6)]
    assert set(await refused(sink_of(loki), batch(*rows))) == {(0, 0), (0, 1), (0, 2)}
    assert len(loki.lines) == 3


async def test_a_line_longer_than_loki_takes_is_named(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """A Loki with a smaller bound than ours refuses it; the setting is then `max_line_bytes`."""
    async with StrictLoki(Limits(max_line_bytes=500)) as loki:
        rows = [row("x" * size, hostname="h") for size in (10, 1000, 20, 1000)]
        assert await refused(sink_of(loki), batch(*rows)) == {
            (0, 1): reasons.LINE_TOO_LONG,
            (0, 3): reasons.LINE_TOO_LONG,
        }
        assert len(loki.lines) == 2


async def test_smaller_bounds_on_metadata_are_met_by_name(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Count and size of structured metadata."""
    async with StrictLoki(Limits(metadata_entries=2)) as loki:
        rows = [row(hostname="h"), row(hostname="h", user_id=1, ip="a", trace_id="t")]
        assert await refused(sink_of(loki), batch(*rows)) == {(0, 1): reasons.METADATA_REFUSED}
    async with StrictLoki(Limits(metadata_bytes=50)) as loki:
        rows = [row(hostname="h"), row(hostname="h", user_id="ä" * 60)]
        assert await refused(sink_of(loki), batch(*rows)) == {(0, 1): reasons.METADATA_REFUSED}


async def test_a_stream_without_a_required_label_is_set_aside_alone(
    sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """The tenant wants `env` on every stream: those that have it are stored."""
    async with StrictLoki(Limits(required_labels=("env",))) as loki:
        rows = [row(hostname="h"), row(hostname="h", tags={"environment": "prod"})]
        assert await refused(sink_of(loki), batch(*rows)) == {(0, 0): reasons.LABELS_MISSING}
        assert len(loki.lines) == 1


async def test_a_label_that_is_never_sent_pauses(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Setting every event aside would lose them all to a setting."""
    async with StrictLoki(Limits(required_labels=("cluster",))) as loki:
        with pytest.raises(Paused, match="enforced_labels"):
            await sink_of(loki).write([batch(row())])


async def test_an_unexplained_refusal_is_bisected(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Where the text does not say which, halves are sent until the culprits stand alone."""
    loki.poison = lambda entry: "poison" in entry.line
    rows = [row(f"{'poison' if n in {3, 60} else 'fine'} {n}", hostname=f"h{n % 3}") for n in range(100)]
    assert await refused(sink_of(loki), batch(*rows)) == {(0, 3): reasons.UNEXPLAINED, (0, 60): reasons.UNEXPLAINED}
    assert len(loki.lines) == 98
    assert len(loki.pushes) < 45


async def test_a_server_that_refuses_everything_pauses(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """A 400 even to an empty push comes from something that is no Loki: nothing is set aside."""
    loki.next.extend(Disturbance(status=400, text="<h1>Bad Request</h1>") for _ in range(2))
    with pytest.raises(Paused, match="does not behave like Loki"):
        await sink_of(loki).write([batch(row(), row())])


async def test_too_large_splits_and_remembers(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """413: halves until it fits, and the next pushes are smaller from the start."""
    async with StrictLoki(Limits(body_bytes=30_000)) as loki:
        sink = sink_of(loki, encoding="json")
        rows = [row("x" * 1000, hostname="h", n=n) for n in range(100)]
        await sink.write([batch(*rows)])
        assert len(loki.lines) == 100
        assert loki.answers[413] > 0
        loki.answers.clear()
        await sink.write([batch(*rows)])
        assert loki.answers[413] == 0


async def test_one_event_too_large_alone_is_set_aside(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Nothing is left to split."""
    async with StrictLoki(Limits(body_bytes=5000)) as loki:
        rows = [row("small", hostname="h"), row("x" * 20_000, hostname="h")]
        assert await refused(sink_of(loki, encoding="json"), batch(*rows)) == {(0, 1): reasons.ALONE_TOO_LARGE}
        assert len(loki.lines) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
async def test_passing_trouble_is_retried_quickly_then_handed_back(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf, naps: Naps, status: int
) -> None:
    """Four tries with doubling pauses; the spool keeps the batch, nothing is set aside."""
    loki.next.extend(Disturbance(status=status) for _ in range(4))
    with pytest.raises(Transient, match=str(status)):
        await sink_of(loki).write([batch(row())])
    assert naps.seconds == [0.75, 1.5, 3.0]
    assert len(loki.pushes) == 4


async def test_trouble_that_passes_is_not_seen(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """A quick retry stores the batch."""
    loki.next.extend([Disturbance(status=503), Disturbance(cut=True)])
    assert await sink_of(loki).write([batch(row())]) == frozenset()
    assert len(loki.lines) == 1


async def test_no_retries_when_none_are_wanted(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf, naps: Naps
) -> None:
    """`max_retries: 0` hands back at once, and drops nothing."""
    loki.next.append(Disturbance(status=500))
    with pytest.raises(Transient):
        await sink_of(loki, max_retries=0).write([batch(row())])
    assert naps.seconds == []


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_passed_on(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf, naps: Naps, form: str
) -> None:
    """A pause longer than a quick one is the courier's to keep."""
    value = "120" if form == "seconds" else formatdate(time.time() + 120, usegmt=True)
    loki.next.append(Disturbance(status=429, headers={"Retry-After": value}))
    with pytest.raises(Transient) as caught:
        await sink_of(loki).write([batch(row())])
    assert caught.value.retry_after_seconds == pytest.approx(120, abs=2)
    assert naps.seconds == []


async def test_a_rate_limit_is_waited_for(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """429 of the tenant: the whole push is refused, and taken later."""
    clock = [time.time()]
    async with StrictLoki(Limits(rate_bytes=20_000, burst_bytes=20_000), clock=lambda: clock[0]) as loki:
        loki.retry_after = "30"
        sink = sink_of(loki)
        await sink.write([batch(row("x" * 15_000, hostname="h", at=clock[0]))])
        with pytest.raises(Transient, match="ingestion_rate_mb") as caught:
            await sink.write([batch(row("y" * 15_000, hostname="h", at=clock[0]))])
        assert caught.value.retry_after_seconds == 30
        clock[0] += 30
        await sink.write([batch(row("y" * 15_000, hostname="h", at=clock[0]))])
        assert len(loki.lines) == 2


async def test_a_push_that_no_rate_limit_would_ever_pass_gets_smaller(
    sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Waiting does not help when one push is larger than the burst."""
    clock = [time.time()]
    async with StrictLoki(Limits(rate_bytes=50_000, burst_bytes=60_000), clock=lambda: clock[0]) as loki:
        sink = sink_of(loki, max_retries=0)
        rows = [row("x" * 1000, hostname="h", at=clock[0], n=n) for n in range(100)]
        for _ in range(10):
            try:
                await sink.write([batch(*rows)])
            except Transient:
                clock[0] += 5
        assert len(loki.lines) == 100


@pytest.mark.parametrize(
    ("status", "word"),
    [(401, "bearer_token"), (403, "credentials"), (404, "sinks.loki.url"), (405, "url"), (415, "encoding"),
     (402, "quota"), (301, "redirect"), (302, "redirect"), (307, "redirect"), (308, "redirect"), (260, "blocks"),
     (418, "418")],
)  # fmt: skip
async def test_what_a_person_must_mend_pauses(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf, naps: Naps, status: int, word: str
) -> None:
    """The sink rests with a plain reason, drops nothing, and goes on by itself once it is mended."""
    sink = sink_of(loki)
    loki.next.append(Disturbance(status=status, headers={"Location": "http://127.0.0.1:1/elsewhere"}))
    with pytest.raises(Paused, match=word) as caught:
        await sink.write([batch(row())])
    assert len(loki.pushes) == 1
    assert naps.seconds == []
    health = await sink.health()
    assert (health.healthy, health.reason) == (False, caught.value.reason)
    await sink.write([batch(row())])
    assert (await sink.health()).healthy


async def test_blocked_ingestion_under_any_status_pauses(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Loki's administrator may choose the status code."""
    for status in (260, 403, 429, 456):
        text = f"ingestion blocked for user fake until '2027-01-01T00:00:00Z' with status code '{status}'"
        loki.next.append(Disturbance(status=status, text=text))
        with pytest.raises(Paused, match="blocks ingestion"):
            await sink_of(loki).write([batch(row())])


async def test_credentials_and_tenant_are_sent(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Basic, bearer, and `X-Scope-OrgID`."""
    loki.tenant_wanted = True
    loki.credentials = basic("me", "geheim")
    with pytest.raises(Paused):
        await sink_of(loki, tenant_id="edgebot").write([batch(row())])
    with pytest.raises(Paused, match="401"):
        await sink_of(loki, username="me", password="geheim").write([batch(row())])
    await sink_of(loki, username="me", password="geheim", tenant_id="edgebot").write([batch(row())])
    loki.credentials = "Bearer abc"
    await sink_of(loki, bearer_token="abc", tenant_id="edgebot").write([batch(row("two"))])
    assert len(loki.lines) == 2


async def test_a_reason_never_quotes_an_event(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Loki's texts quote labels; ours do not."""
    secret = "s3cr3t-host"
    rows = [row("x", hostname=secret, at=time.time() - 2 * WEEK), row("y", hostname=secret, at=time.time() + 9999)]
    with pytest.raises(Permanent) as caught:
        await sink_of(loki).write([batch(*rows)])
    assert secret not in repr(caught.value) + repr(caught.value.failed)
    loki.next.append(Disturbance(status=500, text=f"boom {secret}"))
    with pytest.raises(Transient) as transient:
        await sink_of(loki, max_retries=0).write([batch(*rows)])
    assert secret not in repr(transient.value)


@pytest.mark.parametrize(
    ("status", "text"), [(200, "<html><body>Log in</body></html>"), (200, "{}"), (202, ""), (206, ""), (207, "ok")]
)
async def test_only_what_loki_says_when_it_has_stored_counts(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf, status: int, text: str
) -> None:
    """A login page's 200 counted as written."""
    loki.next.append(Disturbance(status=status, text=text))
    sink = sink_of(loki)
    with pytest.raises(Paused, match=f"{status}, but not as Loki"):
        await sink.write([batch(row())])
    assert not (await sink.health()).healthy
    await sink.write([batch(row())])
    assert loki.counted == 1


async def test_a_server_that_says_200_and_nothing_else_has_stored(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """As servers do that speak Loki's protocol."""
    loki.next.append(Disturbance(status=200))
    assert await sink_of(loki).write([batch(row())]) == frozenset()
