"""A write through real HTTP to a strict Loki, on good days."""

import time

import orjson
import pytest
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import StrictLoki

from mothership.errors import Permanent
from mothership.sinks.loki.push_encoding import protobuf


async def test_a_row_arrives_as_the_very_bytes_of_its_event(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """The line is `row.data`, so `| json` works and a resent batch is byte-identical."""
    sink = sink_of(loki)
    one = row("User login", hostname="web01", severity="info", request_id="r-1", note='quotes " and ünïcode \u2028')
    assert await sink.write([batch(one)]) == frozenset()
    [entry] = loki.entries
    assert entry.line.encode() == one.data
    assert entry.ns == one.ts * 1000


async def test_labels_are_the_six_and_identifiers_are_metadata(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """High-cardinality fields never become labels."""
    event = row(
        hostname="WEB01", severity="WARN", service="nginx", user_id=77, ip="10.0.0.9", trace_id="t", timestamp="now",
        tags={"site": "oslo", "environment": "Prod", "request_id": "in tags"},
    )  # fmt: skip
    await sink_of(loki).write([batch(event)])
    [stream] = loki.streams.values()
    assert stream.labels == {
        "type": "syslog", "host": "web01", "severity": "warning", "service": "nginx", "site": "oslo", "env": "prod",
        "service_name": "nginx",
    }  # fmt: skip
    assert dict(loki.entries[0].metadata) == {"user_id": "77", "ip": "10.0.0.9", "trace_id": "t"}


async def test_json_carries_the_same_as_protobuf(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """The encoding is a matter of bytes, not of content."""
    rows = [row(f"line {n}", hostname=f"h{n % 3}", request_id=f"r{n}", at=time.time() + n / 1000) for n in range(50)]
    await sink_of(loki).write([batch(*rows)])
    by_protobuf = {key: dict(stream.lines) for key, stream in loki.streams.items()}
    loki.streams.clear()
    await sink_of(loki, encoding="json").write([batch(*rows)])
    assert {key: dict(stream.lines) for key, stream in loki.streams.items()} == by_protobuf


async def test_a_batch_sent_again_is_stored_once(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Loki drops what it has, because the second push holds the same lines in the same streams."""
    sink = sink_of(loki)
    rows = [row(f"line {n}", hostname=f"h{n % 4}") for n in range(40)]
    for _ in range(3):
        await sink.write([batch(*rows)])
    assert len(loki.lines) == 40


async def test_the_same_rows_make_the_same_bytes(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Nothing in a push depends on time, order of arrival or chance."""
    rows = [row(f"line {n}", hostname=f"h{n % 4}", request_id=f"r{n}", at=1.7e9 + n) for n in range(40)]
    first, second = sink_of(loki), sink_of(loki)
    plans = [
        sorted(
            protobuf(push, metadata=True)
            for lane in one._planner.plan((await one._place([batch(*mixed)]))[0], 1.7e9)[0]
            for push in lane
        )
        for one, mixed in ((first, rows), (second, rows[::-1]))
    ]
    assert plans[0] == plans[1]


async def test_a_large_write_is_split_into_pushes_under_the_limit(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """About a megabyte a push, whatever the write."""
    sink = sink_of(loki, max_push_bytes=100_000, max_line_bytes=50_000)
    rows = [row("x" * 1000, hostname=f"h{n % 2}", n=n) for n in range(400)]
    await sink.write([batch(*rows[:200]), batch(*rows[200:])])
    await sink.write([batch(*rows)])
    assert len(loki.lines) == 400
    for push in loki.pushes:
        assert sum(len(entry.line) for stream in push.streams for entry in stream.entries) <= 100_000


async def test_entries_of_a_stream_are_sorted(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Loki is spared the sorting, and an old one that wants order gets it."""
    now = time.time()
    await sink_of(loki).write([batch(*[row(f"{n}", hostname="h", at=now - n) for n in range(20)])])
    [push] = loki.pushes
    times = [entry.ns for entry in push.streams[0].entries]
    assert times == sorted(times)


async def test_streams_that_loki_knows_share_a_push_and_new_ones_do_not(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Loki speaks of the last stream only: a stream that it could refuse travels alone."""
    sink = sink_of(loki)
    await sink.write([batch(*[row(hostname=f"h{n}") for n in range(10)])])
    assert [len(push.streams) for push in loki.pushes] == [1] * 10
    await sink.write([batch(*[row("again", hostname=f"h{n}") for n in range(10)])])
    assert [len(push.streams) for push in loki.pushes[10:]] == [10]


async def test_lines_that_loki_would_drop_behind_a_204_are_found(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """An old line in the first of two streams is refused in silence when both share a push; so they don't."""
    sink = sink_of(loki)
    now = time.time()
    fresh = [row("fresh", hostname=host, at=now) for host in ("a", "z")]
    await sink.write([batch(*fresh)])
    late = row("late", hostname="a", at=now - 2 * 3600)
    with pytest.raises(Permanent) as caught:
        await sink.write([batch(late, row("fine", hostname="z"))])
    assert [(one.batch, one.row) for one in caught.value.failed] == [(0, 0)]
    assert len(loki.lines) == 3


async def test_an_empty_write_asks_nothing(loki: StrictLoki, sink_of: SinkOf, batch: BatchOf) -> None:
    """No rows, no request."""
    assert await sink_of(loki).write([batch()]) == frozenset()
    assert loki.pushes == []


async def test_a_long_event_is_cut_and_stays_json(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """The longest texts are cut with a mark; the rest of the event, its labels and metadata are as they were."""
    sink = sink_of(loki, max_line_bytes=4096)
    await sink.write([batch(row("ä" * 9000, hostname="h", request_id="r-1", results=[{"value": "y" * 500}] * 4))])
    [entry] = loki.entries
    event = orjson.loads(entry.line)
    assert len(entry.line.encode()) <= 4096
    assert event["message"].endswith("…")
    assert event["_cut"] > 18_000
    assert event["results"][0]["value"].startswith("yyyy")
    assert dict(entry.metadata)["request_id"] == "r-1"


async def test_an_event_long_by_its_structure_is_cut_too(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Thousands of short texts can't be cut; then the beginning of the JSON stands for it."""
    sink = sink_of(loki, max_line_bytes=2048)
    await sink.write([batch(row(results=[{"oid": str(n), "value": n} for n in range(2000)]))])
    event = orjson.loads(loki.lines[0])
    assert event["_cut"] > 40_000
    assert event["start"].startswith("{")


async def test_no_push_holds_more_entries_than_batch_size(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """`LOKI_BATCH_SIZE=7`, and 30 events of one request: over few streams and many, new and known."""
    sink = sink_of(loki, batch_size=7)
    for hosts in (1, 3, 30, 30):
        await sink.write([batch(*[row(f"{n}", hostname=f"{hosts} {n % hosts}") for n in range(30)])])
    assert max(sum(len(stream.entries) for stream in push.streams) for push in loki.pushes) == 7
    assert loki.counted == 120
