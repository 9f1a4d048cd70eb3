"""Structured metadata: bounded, and left out where Loki can't take it."""

import time

import pytest
import yaml
from tests.sinks.loki.loki_ingester import Limits
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki

from mothership.errors import Paused, Permanent, Transient
from mothership.sinks.loki.settings import LokiSettings


async def test_an_old_loki_gets_none(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Before 2.9 there was no structured metadata; `auto` finds out when it opens."""
    loki.version = "2.8.11"
    sink = sink_of(loki)
    await sink.open()
    await sink.write([batch(row(request_id="r"))])
    assert loki.entries[0].metadata == ()


@pytest.mark.parametrize("version", ["2.9.0", "3.5.7", "main-abc123", None])
async def test_a_loki_new_or_silent_about_itself_gets_it(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf, version: str | None
) -> None:
    """Only a known old version is taken at its word."""
    loki.version = version
    sink = sink_of(loki)
    await sink.open()
    await sink.write([batch(row(request_id="r"))])
    assert dict(loki.entries[0].metadata) == {"request_id": "r"}


async def test_a_loki_that_disallows_it_is_served_without(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """`allow_structured_metadata: false`: the same lines go again without, and stay without."""
    async with StrictLoki(Limits(allow_metadata=False)) as loki:
        sink = sink_of(loki)
        await sink.write([batch(row("one", hostname="h", request_id="r"), row("two", hostname="h"))])
        await sink.write([batch(row("three", hostname="h", request_id="r"))])
        assert len(loki.lines) == 3
        assert loki.answers == {400: 1, 204: 2}


async def test_metadata_that_is_demanded_and_disallowed_pauses(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """`on` means on: a person decides, nothing is set aside."""
    async with StrictLoki(Limits(allow_metadata=False)) as loki:
        with pytest.raises(Paused, match="structured_metadata"):
            await sink_of(loki, structured_metadata="on").write([batch(row(request_id="r"))])


async def test_off_sends_none(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """And asks for no version."""
    sink = sink_of(loki, structured_metadata="off")
    await sink.open()
    await sink.write([batch(row(request_id="r"))])
    assert loki.entries[0].metadata == ()


@pytest.mark.parametrize(("word", "choice"), [("off", "off"), ("no", "off"), ("on", "on"), ('"off"', "off")])
def test_a_truth_value_of_yaml_is_the_word_it_was(word: str, choice: str) -> None:
    """`structured_metadata: off` is `False` by the time it arrives."""
    read = yaml.safe_load(f"structured_metadata: {word}")
    assert LokiSettings.model_validate(read).structured_metadata == choice


async def test_fields_of_every_name_for_one_thing_are_taken(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """As syslog's RFC has them, as this service names them, and as they were called here at first."""
    fields = dict.fromkeys(("process_id", "message_id", "received_from", "proc_id", "msg_id", "pid"), "1")
    await sink_of(loki).write([batch(row(**fields))])
    assert dict(loki.entries[0].metadata) == fields


async def test_count_size_and_names_are_bounded(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Whatever an event holds, Loki takes its metadata."""
    names = [f"field {n}" for n in range(300)] + ["9lives", "a.b"]
    async with StrictLoki() as loki:
        sink = sink_of(loki, structured_metadata_fields=names)
        many = row("many", hostname="h", **dict.fromkeys(names, "v"))
        large = row("large", hostname="h", **dict.fromkeys(names[:100], "ä" * 5000))
        odd = row("odd", hostname="h", **{"9lives": True, "a.b": 1.5, "field 1": None, "field 2": [1], "field 3": ""})
        await sink.write([batch(many, large, odd)])
        by_line = {entry.line[-40:]: entry for entry in loki.entries}
        assert len(by_line) == 3
        for entry in loki.entries:
            assert len(entry.metadata) <= 128
            assert sum(len(name) + len(value.encode()) for name, value in entry.metadata) <= 65_536
        assert any(dict(entry.metadata) == {"_9lives": "true", "a_b": "1.5"} for entry in loki.entries)


async def test_refusals_of_rows_survive_a_retry(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """A write that failed halfway names the same rows when it is done again."""
    sink = sink_of(loki, max_retries=0, concurrent_pushes=1)
    rows = [row("old", hostname="a", at=time.time() - 1e6), row("fine", hostname="b")]
    loki.next.extend([Disturbance(), Disturbance(status=503)])
    with pytest.raises(Transient):
        await sink.write([batch(*rows)])
    with pytest.raises(Permanent) as caught:
        await sink.write([batch(*rows)])
    assert [(one.batch, one.row) for one in caught.value.failed] == [(0, 0)]
    assert len(loki.lines) == 1
