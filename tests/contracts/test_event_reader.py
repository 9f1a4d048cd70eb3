"""`ports.EventReader`: what answers questions about stored events, the double of the tests and the real thing alike."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
import pytest
from tests.search.memory_reader import MemoryEventReader

from mothership.event import Row, RowBatch
from mothership.ports import EventReader
from mothership.search.matching import EventAtHand, matcher
from mothership.search.parameters import parse_query
from mothership.search.query import EventQuery, Position
from mothership.search.results import StoredEvent
from mothership.sinks.memory import MemorySink
from mothership.sinks.tsdb.event_reader import TsdbEventReader
from mothership.sinks.tsdb.settings import DatabaseSettings, SearchSettings
from mothership.sinks.tsdb.sink import TsdbSink

SECOND = 1_000_000
NOON = 1_796_040_000 * SECOND
EVENTS = [
    ("syslog", "edge-1", {"message": "Timeout on eth0", "severity_num": 3, "service": "net", "tags": {"site": "oslo"}}),
    ("syslog", "edge-2", {"message": "timeout_on eth1", "severity_num": 4, "tags": {"service": "net"}}),
    ("log", "edge-1", {"message": "100% done", "severity_num": 6, "app_name": "net", "site": "oslo"}),
    ("log", "edge-1", {"message": "GET /Ärger 200", "severity_num": 6, "list": [1, {"a": 2}]}),
    ("snmp", "switch", {"value": 1.0, "deep": {"flag": True, "none": None}, "service": "poller"}),
    ("snmp", "switch", {"value": 2, "deep": {"flag": 1}, "note": "no message here: timeout"}),
    ("log", "edge'; DROP TABLE events; --", {"message": "back\\slash 'quoted' $1", "severity_num": 0}),
    ("weather", "edge-2", {"message": {"text": "structured"}, "severity_num": 5}),
]
QUERIES = [
    "",
    "type=syslog",
    "type=syslog&type=snmp",
    "-type=log",
    "source=edge-1&source=edge-2&-type=syslog",
    "source=edge%27%3B+DROP+TABLE+events%3B+--",
    "service=net",
    "-service=net",
    "site=oslo",
    "severity=error",
    "at-least=warning",
    "q=timeout",
    "q=TIMEOUT+-eth1",
    "q=%22timeout+on%22",
    "q=timeout_on",
    "q=100%25",
    "q=back%5Cslash",
    "q=%22%27quoted%27+%241%22",
    "q=%C3%A4rger",
    "q=structured",
    'has={"deep":{"flag":true}}',
    'has={"deep":{"flag":1}}',
    'has={"value":1}',
    'has={"list":[{"a":2}]}',
    'has={"list":[3]}',
    'has={"deep":{"none":null}}',
    'lacks={"severity_num":6}',
    'has={"severity_num":6}&q=done',
    "type=nothing",
    "since=2026-11-30T12:00:02Z&until=2026-11-30T12:00:05Z",
]


@pytest.fixture(params=["memory", "tsdb"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    """A database for the real thing, none for the double."""
    return request.getfixturevalue("database_dsn") if request.param == "tsdb" else None


@pytest.fixture
async def reader(dsn: str | None) -> AsyncIterator[tuple[EventReader, list[Row]]]:
    """A reader over a few events, of which every second one has the time of the one before."""
    rows = [
        Row(NOON + n // 2 * SECOND, kind, source, json.dumps(data, sort_keys=True, ensure_ascii=False).encode())
        for n, (kind, source, data) in enumerate(EVENTS)
    ]
    async with _reading(dsn, rows) as found:
        yield found, rows


@asynccontextmanager
async def _reading(dsn: str | None, rows: list[Row]) -> AsyncIterator[EventReader]:
    batch = RowBatch(b"1" * 32, "request", NOON, rows)
    if dsn is None:
        memory = MemorySink()
        await memory.write([batch])
        yield MemoryEventReader(memory)
        return
    sink = TsdbSink(DatabaseSettings(), embedded_dsn=dsn)
    await sink.write([batch])
    found = TsdbEventReader(sink.connect, SearchSettings())
    yield found
    await found.close()
    await sink.close()


def _asked(text: str) -> EventQuery:
    return parse_query(parse_qsl(text, keep_blank_values=True), now=NOON / SECOND)


def _seen(event: StoredEvent | Row) -> tuple[int, str, str, str]:
    return event.ts, event.type, event.source, json.dumps(json.loads(event.data), sort_keys=True)


@pytest.mark.parametrize("text", QUERIES)
async def test_a_question_finds_what_it_means(text: str, reader: tuple[EventReader, list[Row]]) -> None:
    """The same events as the live tail's test of each row by itself, newest first."""
    query = _asked(text)
    page = await reader[0].search(query, limit=100)
    meant = [row for row in reader[1] if matcher(query)(EventAtHand(row))]
    assert sorted(map(_seen, page.events)) == sorted(map(_seen, meant))
    assert [event.ts for event in page.events] == sorted((event.ts for event in page.events), reverse=True)
    assert page.next is None
    assert not page.is_partial
    assert bool(meant) is (text not in {"type=nothing", 'has={"list":[3]}'})


@pytest.mark.parametrize("text", ["", "type=log&type=snmp&type=weather", "at-least=debug", "source=edge-1"])
async def test_pages_hold_every_event_once(text: str, reader: tuple[EventReader, list[Row]]) -> None:
    """Events of one time are told apart."""
    query = _asked(text)
    whole = list((await reader[0].search(query, limit=100)).events)
    paged: list[StoredEvent] = []
    place: Position | None = None
    while True:
        page = await reader[0].search(query, limit=2, before=place)
        paged += page.events
        place = page.next
        if place is None:
            break
    assert paged == whole
    assert len(whole) >= 3


async def test_facets_count_the_events_that_are_meant(reader: tuple[EventReader, list[Row]]) -> None:
    """Each field's values, the most frequent first; severities by their words."""
    facets = await reader[0].facets(EventQuery())
    counts = {facet.field: dict(facet.values) for facet in facets.facets}
    assert counts["type"] == {"syslog": 2, "log": 3, "snmp": 2, "weather": 1}
    assert counts["service"] == {"net": 3, "poller": 1}
    assert counts["site"] == {"oslo": 2}
    assert counts["severity"] == {"error": 1, "warning": 1, "info": 2, "emergency": 1, "notice": 1}
    assert facets.counted == len(EVENTS)
    assert facets.is_complete
    some = await reader[0].facets(_asked("q=timeout&type=syslog"))
    assert dict(some.facets[0].values) == {"syslog": 2}


async def test_templates_are_counted_with_an_example_and_a_verdict(dsn: str | None) -> None:
    """Whatever a node may have sent in those fields."""
    verdict = {"category": "network", "priority": "high"}
    data: list[dict[str, Any]] = [
        {"template_id": "a", "message": "up 1"}, {"template_id": "a", "message": "up 2", "llm": verdict},
        {"template_id": "b"}, {"message": "none"}, {"template_id": "x" * 64, "message": "y" * 900, "llm": "z" * 9_000},
    ]  # fmt: skip
    rows = [Row(NOON + n * SECOND, "log", "edge", json.dumps(each).encode()) for n, each in enumerate(data)]
    async with _reading(dsn, rows) as reader:
        found = await reader.template_counts(EventQuery(since=NOON), most=100)
        counts = {each.id: each for each in found.templates}
        assert (found.counted, found.is_complete, set(counts)) == (5, True, {"a", "b", "x" * 64})
        assert (counts["a"].events, counts["a"].newest, counts["a"].example) == (2, NOON + SECOND, "up 2")
        assert json.loads(counts["a"].verdict or "") == verdict
        assert (counts["b"].example, counts["b"].verdict) == (None, None)
        some = await reader.template_counts(EventQuery(since=NOON + SECOND, until=NOON + 2 * SECOND), most=100)
        assert [(each.id, each.events) for each in some.templates] == [("a", 1)]


async def test_a_histogram_counts_every_event_in_its_bucket(reader: tuple[EventReader, list[Row]]) -> None:
    """No event is counted twice, and none outside of the range."""
    until = NOON + 4 * SECOND
    whole = await reader[0].histogram(EventQuery(), since=NOON, until=until, buckets=10)
    assert sum(whole.counts) == len(EVENTS)
    assert list(whole.counts[:4]) == [2, 2, 2, 2]
    assert (whole.begin, whole.width, whole.is_estimate) == (NOON, SECOND, False)
    part = await reader[0].histogram(_asked("q=timeout"), since=NOON + 1, until=until, buckets=10)
    assert sum(part.counts) == 1


async def test_the_context_of_an_event_is_what_its_source_said_around_it(
    reader: tuple[EventReader, list[Row]],
) -> None:
    """Nearest first in both directions, and nothing of other sources."""
    events = list((await reader[0].search(_asked("source=edge-1"), limit=100)).events)
    middle = events[1]
    context = await reader[0].context(middle.source, middle.ts, middle.id, each=5)
    assert [*context.after, *context.at, *context.before] == events
    assert list(context.at) == [middle]
    around = await reader[0].context(middle.source, middle.ts, each=5)
    assert middle in around.at


async def test_the_last_error_of_a_source_is_found(reader: tuple[EventReader, list[Row]]) -> None:
    """A warning is none."""
    assert (await reader[0].last_error("edge-1")).ts == NOON
    assert await reader[0].last_error("edge-2") == (None, None)


async def test_the_statement_to_copy_finds_the_same(reader: tuple[EventReader, list[Row]], dsn: str | None) -> None:
    """Also where a value is written to break out of it."""
    if dsn is None:
        pytest.skip("it has no SQL")
    connection = await asyncpg.connect(dsn)
    for text in QUERIES:
        query = _asked(text)
        found = await connection.fetch(reader[0].sql(query, limit=100))
        assert len(found) == len((await reader[0].search(query, limit=100)).events), text
    await connection.close()
    assert "LIMIT 7" in reader[0].sql(replace(_asked(""), words=("x",)), limit=7)
