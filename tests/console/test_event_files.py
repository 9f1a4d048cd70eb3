"""What can be taken from the page of events: files, counts by time, an event's context. Over the reader's double."""

import csv
import io
import json

import pytest
from tests.console.conftest import Behind, sign_in
from tests.search.memory_reader import MemoryEventReader

from mothership import spreadsheet_escaping
from mothership.console import event_context, event_download, events
from mothership.console.page import Page
from mothership.event import Row, RowBatch
from mothership.live_tail.live_tail import LiveTail
from mothership.live_tail.settings import LiveTailSettings
from mothership.sinks.memory import MemorySink

FORMULAS = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", '=HYPERLINK("http://evil.example")']
HOSTILE = ['a,"b"\nc', "<script>alert(1)</script>", "\u202egnp", "\x1b[31m"]


@pytest.fixture
async def reader() -> MemoryEventReader:
    """Over more events than a page of a file has, and hostile ones."""
    sink = MemorySink()
    rows = [
        Row(
            n * 1_000_000, "log", f"edge-{n % 2}", json.dumps({"message": f"event {n}", "severity_num": n % 8}).encode()
        )
        for n in range(1200)
    ]
    texts = [*FORMULAS, *HOSTILE]
    rows += [
        Row(n, text, text, json.dumps({"message": text, "service": text}).encode()) for n, text in enumerate(texts)
    ]
    await sink.write([RowBatch(b"1" * 32, "request", 0, rows)])
    return MemoryEventReader(sink)


def pages(reader: MemoryEventReader) -> list[Page]:
    return [events.page(reader, LiveTail(LiveTailSettings()), clock=lambda: 1200.0), event_context.page(reader)]


async def test_a_file_has_every_event_that_matches_once(behind: Behind, reader: MemoryEventReader) -> None:
    """Newest first, as lines of JSON and as a table."""
    async with behind(pages(reader)) as client:
        await sign_in(client, "reader")
        lines = (await client.get("/console/events/download.ndjson?type=log")).text.splitlines()
        found = [json.loads(line) for line in lines]
        assert [event["data"]["message"] for event in found] == [f"event {n}" for n in reversed(range(1200))]
        assert found[0]["time"] == "1970-01-01T00:19:59.000000Z"
        table = await client.get("/console/events/download.csv?type=log&source=edge-1")
        assert "attachment" in table.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(table.text)))
        assert [row["message"] for row in rows] == [f"event {n}" for n in reversed(range(1, 1200, 2))]
        assert rows[0]["severity_num"] == "7"
        assert (await client.get("/console/events/download.csv?severity=loud")).status_code == 400


async def test_no_spreadsheet_runs_what_a_machine_wrote(behind: Behind, reader: MemoryEventReader) -> None:
    """What would be a formula stands behind an apostrophe, in every column."""
    async with behind(pages(reader)) as client:
        await sign_in(client, "reader")
        table = await client.get("/console/events/download.csv?-type=log")
        cells = [cell for row in csv.reader(io.StringIO(table.text, newline="")) for cell in row]
        assert len(cells) == 7 * (1 + len(FORMULAS) + len(HOSTILE))
        assert not [cell for cell in cells if cell.lstrip(" \n").startswith(spreadsheet_escaping.FORMULA_BEGINS)]
        assert all(f"'{text}" in cells for text in FORMULAS)
        assert all(text in cells for text in HOSTILE)


async def test_a_file_is_bounded(behind: Behind, reader: MemoryEventReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much matches."""
    monkeypatch.setattr(event_download, "ROWS_MAX", 700)
    async with behind(pages(reader)) as client:
        await sign_in(client, "reader")
        assert len((await client.get("/console/events/download.ndjson")).text.splitlines()) == 700


async def test_events_are_counted_by_time(behind: Behind, reader: MemoryEventReader) -> None:
    """All that match, in bars that cover what was asked for."""
    async with behind(pages(reader)) as client:
        await sign_in(client, "reader")
        found = (await client.get("/console/events/histogram.json?type=log")).json()
        assert sum(found["counts"]) == 1200
        assert found["until"] == 1_200_000_000
        assert (await client.get("/console/events/histogram.json?since=1h&until=2h")).status_code == 400


async def test_an_event_is_seen_in_its_context(behind: Behind, reader: MemoryEventReader) -> None:
    """What its source sent before and after, and nothing of others."""
    async with behind(pages(reader)) as client:
        await sign_in(client, "reader")
        answer = await client.get("/console/events/context.json?source=edge-1&ts=601000000")
        found = answer.json()
        assert [event["text"] for event in found["at"]] == ["event 601"]
        assert [found["after"][-1]["text"], found["before"][0]["text"]] == ["event 603", "event 599"]
        assert found["last_error"] == {"ts": 1_195_000_000, "looked_back_to": None}
        page = (await client.get("/console/events/context?source=edge-1&ts=601000000")).text
        assert "event 603" in page
        for text in (*FORMULAS, *HOSTILE):
            page = (await client.get("/console/events/context", params={"source": text, "ts": 5})).text
            for sign in ("<script>alert", "\x1b", "\u202e"):
                assert sign not in page
        for bad in ("", "?source=x", "?source=x&ts=y", f"?source=x&ts={'9' * 30}", "?source=x&ts=-99999999999999999"):
            assert (await client.get(f"/console/events/context.json{bad}")).status_code == 400


async def test_a_question_about_one_source_says_when_it_had_its_last_error(
    behind: Behind, reader: MemoryEventReader
) -> None:
    """With the counts, which come later than the page."""
    async with behind(pages(reader)) as client:
        await sign_in(client, "reader")
        page = (await client.get("/console/events?source=edge-1&facets=1", headers={"hx-request": "true"})).text
        assert "Last error of" in page
        assert "5 s ago" in page
