"""The events page over the reader's double: it searches, pages, and shows hostile text harmlessly."""

import json

import pytest
from tests.console.conftest import Behind, sign_in
from tests.search.memory_reader import MemoryEventReader

from mothership.console import events
from mothership.event import Row, RowBatch
from mothership.live_tail.live_tail import LiveTail
from mothership.live_tail.settings import LiveTailSettings
from mothership.sinks.memory import MemorySink

PAYLOADS = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\x1b[2Jgone", "a\u202egnp.exe", "{{ 7*7 }}"]


@pytest.fixture
async def reader() -> MemoryEventReader:
    """Over hostile events, and as many others as need two pages."""
    sink = MemorySink()
    rows = [Row(n, "log", f"edge-{n % 2}", json.dumps({"message": f"event {n}"}).encode()) for n in range(150)]
    rows += [Row(1000 + n, text, text, json.dumps({"message": text}).encode()) for n, text in enumerate(PAYLOADS)]
    await sink.write([RowBatch(b"1" * 32, "request", 0, rows)])
    return MemoryEventReader(sink)


async def test_pages_follow_each_other(behind: Behind, reader: MemoryEventReader) -> None:
    """By the address that each answer names, as JSON as well."""
    async with behind([events.page(reader, LiveTail(LiveTailSettings()))]) as client:
        await sign_in(client, "reader")
        first = (await client.get("/console/events.json?type=log")).json()
        second = (await client.get(first["next"].replace("/console/events?", "/console/events.json?"))).json()
        assert [len(first["events"]), len(second["events"]), second["next"]] == [100, 50, None]
        bad = await client.get("/console/events.json?since=yesterday-ish")
        assert bad.status_code == 400
        assert "yesterday-ish" not in bad.text


async def test_what_hostile_machines_say_is_shown_as_text(behind: Behind, reader: MemoryEventReader) -> None:
    """No markup of theirs, no control or direction character, in rows, facets or filters."""
    async with behind([events.page(reader, LiveTail(LiveTailSettings()))]) as client:
        await sign_in(client, "reader")
        for text, part in [(text, part) for text in ["", *PAYLOADS] for part in ({}, {"hx-request": "true"})]:
            answer = await client.get("/console/events", params={"type": text, "facets": "1"}, headers=part)
            assert answer.status_code == 200
            for sign in ("<script>alert", "<img src=x", "\x1b", "\u202e"):
                assert sign not in answer.text


async def test_without_a_database_events_can_be_followed_only(behind: Behind) -> None:
    """The page says so, and offers it."""
    async with behind([events.page(None, LiveTail(LiveTailSettings()))]) as client:
        await sign_in(client, "reader")
        answer = await client.get("/console/events?type=log")
        assert "no database to search" in answer.text
        assert "/console/events?type=log&amp;live=1" in answer.text
        assert "same as SQL" not in answer.text
