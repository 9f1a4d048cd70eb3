"""The templates page: the commonest, new, frequent and rare; with and without templates, and without a database."""

import json
from typing import Any

import pytest
from tests.console.conftest import Behind
from tests.search.memory_reader import MemoryEventReader

from mothership.console import template_counts
from mothership.console.template_counts import DAY_MICROS, compared
from mothership.edge.auth_settings import AuthSettings
from mothership.errors import ReadError
from mothership.event import Row, RowBatch
from mothership.search.query import EventQuery
from mothership.search.results import TemplateCount, TemplateCounts
from mothership.sinks.memory import MemorySink

HTML = {"accept": "text/html"}
NOW = 1_796_040_000
TODAY, YESTERDAY = NOW * 1_000_000 - 1_000_000, NOW * 1_000_000 - DAY_MICROS - 1_000_000
VERDICT = {"category": "<b>network", "priority": "high", "summary": "a cable", "model": "m"}


def events(identity: str, today: int, yesterday: int, **more: Any) -> list[Row]:
    data = json.dumps({"template_id": identity, "message": f"message of {identity}", **more}).encode()
    return [Row(ts, "log", "s", data) for ts, count in ((TODAY, today), (YESTERDAY, yesterday)) for _ in range(count)]


async def reader(*rows: Row) -> MemoryEventReader:
    sink = MemorySink()
    await sink.write([RowBatch(b"1" * 32, "request", TODAY, list(rows))])
    return MemoryEventReader(sink)


async def shown(behind: Behind, found: Any, text_of: Any = str.upper) -> tuple[Any, str]:
    page = template_counts.page(found, text_of, clock=lambda: NOW)
    async with behind([page], auth=AuthSettings()) as client:
        answer = await client.get("/console/templates", headers=HTML)
        assert answer.status_code == 200
        return (await client.get("/console/templates.json")).json(), answer.text


async def test_both_days_are_compared(behind: Behind) -> None:
    rows = [*events("same", 40, 38), *events("new", 3, 0), *events("more", 60, 12, llm=VERDICT), *events("less", 4, 30),
            *events("gone", 0, 15), *events("chance", 6, 1), Row(TODAY, "log", "s", b"{}")]  # fmt: skip
    it, text = await shown(behind, await reader(*rows))
    lists = {name: [row["id"] for row in it[name]] for name in ("commonest", "new", "frequent", "rare")}
    assert lists == {"commonest": ["more", "same", "chance", "less", "new"], "new": ["new"], "frequent": ["more"],
                     "rare": ["less", "gone"]}  # fmt: skip
    assert (it["counted"], it["with_template"], it["templates"]) == (114, 113, 5)
    assert it["frequent"][0]["verdict"] == {"category": "<b>network", "priority": "high", "summary": "a cable"}
    assert "&lt;b&gt;network" in text
    assert "MORE" in text
    assert "/console/events?has=%7B%22template_id%22%3A+%22more%22%7D" in text


async def test_without_a_day_before_nothing_is_new(behind: Behind) -> None:
    it, text = await shown(behind, await reader(*events("a", 50, 0)))
    assert it["new"] is None
    assert "no events of the 24 hours before" in text


def test_where_a_part_was_counted_shares_are_compared_and_nothing_is_called_new_or_gone() -> None:
    def counts(counted: int, *, is_complete: bool, **each: int) -> TemplateCounts:
        return TemplateCounts([TemplateCount(name, n, 1, None, None) for name, n in each.items()], counted,
                              is_complete=is_complete)  # fmt: skip

    today = counts(1_000, is_complete=False, same=100, more=400)
    before = counts(100, is_complete=False, same=10, more=10, gone=80)
    it = compared(today, before, lambda _identity: None)
    assert it["new"] is None
    assert ([row["id"] for row in it["frequent"]], it["rare"]) == (["more"], [])


@pytest.mark.parametrize("has_rows", [False, True])
async def test_when_templates_are_off_the_page_says_how_to_switch_them_on(behind: Behind, has_rows: bool) -> None:
    """What is stored with a template from before is shown all the same."""
    it, text = await shown(behind, await reader(*(events("a", 50, 9) if has_rows else [])), None)
    assert not it["is_on"]
    assert "enabled: true" in text
    assert ("message of a" in text) is has_rows


async def test_without_a_database_there_is_a_page_that_says_so(behind: Behind) -> None:
    it, text = await shown(behind, None, None)
    assert not it["has_reader"]
    assert "TimescaleDB" in text


async def test_a_database_that_does_not_answer_is_told_in_words(behind: Behind) -> None:
    class Slow(MemoryEventReader):
        async def template_counts(self, query: EventQuery, *, most: int) -> TemplateCounts:
            assert query
            assert most
            raise ReadError("the database took longer")

    page = template_counts.page(Slow(MemorySink()), None, clock=lambda: NOW)
    async with behind([page], auth=AuthSettings()) as client:
        answer = await client.get("/console/templates", headers=HTML)
        assert (answer.status_code, "took longer" in answer.text) == (503, True)


@pytest.mark.parametrize("llm", ["x", [1], {"priority": {"a": "<i>"}}, 7, {"summary": "\u202e" * 500}])
async def test_a_verdict_that_a_node_made_up_is_harmless(behind: Behind, llm: Any) -> None:
    _, text = await shown(behind, await reader(*events("<script>", 5, 5, llm=llm, message="<svg onload=alert(1)>")))
    assert "<script>alert" not in text
    assert "<svg" not in text
    assert "\u202e" not in text


async def test_of_a_big_day_a_part_is_counted_first_and_more_is_asked_for(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is there at once; it asks for the rest by itself, or by a link where there are no scripts."""
    monkeypatch.setattr(template_counts, "FIRST_EVENTS", 10)
    page = template_counts.page(await reader(*events("a", 30, 30)), None, clock=lambda: NOW)
    async with behind([page], auth=AuthSettings()) as client:
        first = (await client.get("/console/templates.json")).json()
        assert (first["counted"], first["counted_all"], first["more"]) == (10, False, "/console/templates?more=1")
        text = (await client.get("/console/templates", headers=HTML)).text
        assert 'hx-get="/console/templates?more=1" hx-trigger="load" hx-select="#templates"' in text
        assert '<a href="/console/templates?more=1">count more of them</a>' in text
        rest = (await client.get("/console/templates.json?more=1")).json()
        assert (rest["counted"], rest["counted_all"], rest["more"]) == (30, True, None)
        part = (await client.get("/console/templates?more=1", headers={**HTML, "hx-request": "true"})).text
        assert 'id="templates"' in part
        assert "hx-get" not in part
