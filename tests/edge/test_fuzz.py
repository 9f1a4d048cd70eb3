"""Whatever bytes come, under whatever encoding: a considered answer, and rows that PostgreSQL takes."""

import json
import random
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.edge import fuzz_large
from tests.edge.fuzz import ENCODERS, INPUTS, NOW, OUTCOMES, Route, check, draw

from mothership.event import Row

ANSWERS = {200, 400, 413, 415}
ODD_NUMBERS = st.floats() | st.integers(-(10**30), 10**30)
TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | ODD_NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
EVENT = st.dictionaries(
    st.sampled_from(["type", "source", "timestamp", "message", "severity", "tags", "host", "email"]) | TEXT,
    JSON,
    max_size=6,
).map(lambda event: {"type": "x"} | event)


@settings(max_examples=300)
@given(body=st.binary(max_size=400), encoding=st.sampled_from([*ENCODERS, "br", "gzip,gzip"]), packed=st.booleans())
async def test_arbitrary_bytes_get_an_answer(
    make_client: Callable[..., httpx2.AsyncClient], body: bytes, encoding: str, packed: bool
) -> None:
    """Never a 5xx; always JSON with a reason."""
    if packed and encoding in ENCODERS:
        body = ENCODERS[encoding](body)
    async with make_client() as client:
        answer = await client.post("/ingest", content=body, headers={"content-encoding": encoding})
    assert answer.status_code in ANSWERS
    assert answer.json()["status"] in {"success", "partial", "refused"}


@settings(max_examples=300)
@given(events=st.lists(EVENT, max_size=4), ascii_only=st.booleans())
async def test_arbitrary_events_become_rows(route: Route, events: list[Any], ascii_only: bool) -> None:
    """As a Python node writes them: lone surrogates, NaN and huge integers included. Each is taken or named."""
    body = json.dumps({"messages": events}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert await route.take(body, "", 65536) in OUTCOMES
    assert len(route.rows) <= len(events)


async def test_rows_of_mutated_batches_are_taken_by_postgresql(route: Route, database_dsn: str) -> None:
    """All of them in one statement: a single row that PostgreSQL refuses would take the others with it."""
    chance = random.Random(7)
    rows: list[Row] = []
    for _ in range(4000):
        if await route.take(*draw(chance)) in {"taken", "partial"}:
            rows += route.rows
    connection = await asyncpg.connect(database_dsn)
    try:
        await connection.execute("CREATE TABLE probe (ts timestamptz, type text, source text, data jsonb)")
        await connection.execute("CREATE INDEX ON probe (source, ts)")
        statement = """
            INSERT INTO probe SELECT to_timestamp(t / 1e6), k, s, d::jsonb
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS r (t, k, s, d)"""
        columns = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(statement, *columns[:3], [data.decode() for data in columns[3]])
        assert await connection.fetchval("SELECT count(*) FROM probe") == len(rows) > 4000
    finally:
        await connection.close()


@pytest.fixture
def route() -> Route:
    """One for all examples of a test."""
    return Route()


async def test_inputs_of_every_size_are_taken_or_refused_in_time() -> None:
    """A short form of `fuzz_large`: every input, every encoding, a five-hundredth of the largest size."""
    reports: list[str] = []
    await fuzz_large.run(40, 3, reports.append, largest_bytes=fuzz_large.LIMITS.inflated_bytes // 500)
    assert reports[-1].startswith("40 inputs")
    assert "'envelope taken'" in reports[-1]
    assert sum(f"'{name} " in reports[-1] for name in INPUTS) > len(INPUTS) // 2


def test_a_fault_would_be_seen() -> None:
    """The fuzzer's own check refuses what a sink would."""
    bad = [
        Row(NOW, "x", "y", rb'{"a":"\u0000"}'),
        Row(NOW, "x" * 257, "y", b"{}"),
        Row(NOW, "x", "\x00", b"{}"),
        Row(NOW, "x", "y", b"[]"),
        Row(10**18, "x", "y", b"{}"),
    ]
    for row in bad:
        with pytest.raises(AssertionError):
            check(row)
