"""What the console's default views cost on a table that is there: `search.py --dsn DSN [--rounds 5] [--explain]`.

Each in turns, `--rounds` times. Printed are the processor time (of this process, and of the server's where that runs on
this machine), which tells what a view takes where nothing else runs, and the shortest, median and longest time. With
`--explain`, each statement of a default view runs once more under EXPLAIN (ANALYZE, BUFFERS), and its time, the rows of
its scans and the pages that it touched are printed: these say what a view depends on.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import asyncpg

from mothership.console import template_counts
from mothership.search.parameters import parse_query
from mothership.search.query import EventQuery
from mothership.sinks.tsdb.event_reader import TsdbEventReader
from mothership.sinks.tsdb.event_walk import Reading
from mothership.sinks.tsdb.settings import SearchSettings

SEARCHES = (
    *("", "since=1h", "type=log", "source=edge-7", "service=service-7", "at-least=error"),
    *("q=refused", "q=nothing-has-this", 'has={"pid":4242}'),
)
DEFAULT_VIEWS = ("events", "events: histogram", "events: context", "templates: today", "templates: before")
"""What a person sees first, without having asked for anything."""
DAY = 86_400_000_000
PAGE_SECONDS_MAX = 0.3
View = Callable[[], Awaitable[str]]


def views(reader: TsdbEventReader, newest: Any) -> dict[str, View]:
    """Each page's first look, as the page has it. `newest` is an event; its time is taken for now."""
    now = newest["micros"] + 1

    def search(text: str) -> View:
        async def look() -> str:
            page = await reader.search(parse_query(parse_qsl(text), now=now / 1e6), limit=100)
            return f"{len(page.events)}{' (partial)' if page.is_partial else ''}"

        return look

    def facets(text: str) -> View:
        async def look() -> str:
            found = await reader.facets(parse_query(parse_qsl(text), now=now / 1e6))
            return f"{found.counted}{'' if found.is_complete else ' (newest)'}"

        return look

    def templates(since: int, until: int, most: int = template_counts.FIRST_EVENTS) -> View:
        async def look() -> str:
            found = await reader.template_counts(EventQuery(since=since, until=until), most=most)
            return f"{len(found.templates)} of {found.counted}{'' if found.is_complete else ' (newest)'}"

        return look

    async def histogram() -> str:
        found = await reader.histogram(EventQuery(), since=now - DAY, until=now, buckets=120)
        return f"{len(found.counts)} bars"

    async def context() -> str:
        found = await reader.context(newest["source"], newest["micros"], newest["id"], each=20)
        return f"{len(found.before)} before"

    return {
        "events": search(""),
        "events: counts": facets(""),
        "events: histogram": histogram,
        "events: context": context,
        "templates: today": templates(now - DAY, now),
        "templates: before": templates(now - 2 * DAY, now - DAY),
        "templates: more of today": templates(now - DAY, now, template_counts.ALL_EVENTS),
        **{text: search(text) for text in SEARCHES if text},
        **{f"{text}: counts": facets(text) for text in SEARCHES if text},
    }


class Server:
    """The database, and how long its processes have worked for us."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pids: list[int] = []

    async def connect(self) -> Any:
        """One more connection."""
        connection = await asyncpg.connect(self._dsn)
        self._pids.append(await connection.fetchval("SELECT pg_backend_pid()"))
        return connection

    def processor_seconds(self) -> float:
        """Of all connections; 0 of those on another machine."""
        files = [Path(f"/proc/{pid}/schedstat") for pid in self._pids]
        return sum(int(file.read_text().split()[0]) for file in files if file.exists()) / 1e9


async def measure(dsn: str, rounds: int, *, explain: bool, defaults_alone: bool) -> None:
    """Measure and print."""
    connection = await asyncpg.connect(dsn)
    newest = await connection.fetchrow(
        "SELECT (extract(EPOCH FROM ts) * 1000000)::BIGINT AS micros, id, source FROM events "
        "WHERE ts > now() - INTERVAL '3650 days' AND type = 'log' ORDER BY type, ts DESC LIMIT 1"
    )
    await connection.close()
    server = Server(dsn)
    reader = TsdbEventReader(server.connect, SearchSettings(seconds=60))
    looks = views(reader, newest)
    if defaults_alone:
        looks = {name: looks[name] for name in DEFAULT_VIEWS}
    seconds: dict[str, list[float]] = {name: [] for name in looks}
    worked: dict[str, list[float]] = {name: [] for name in looks}
    found: dict[str, str] = {}
    for _ in range(rounds):
        for name, look in looks.items():
            begin, work = time.perf_counter(), time.process_time() + server.processor_seconds()
            found[name] = await look()
            worked[name].append(time.process_time() + server.processor_seconds() - work)
            seconds[name].append(time.perf_counter() - begin)
    print(f"{'view':30} {'found':>24} {'processor ms':>13} {'shortest ms':>12} {'median ms':>10} {'longest ms':>11}")
    for name, times in seconds.items():
        spans = (min(worked[name]), min(times), statistics.median(times), max(times))
        figures = " ".join(f"{1000 * span:>{width}.0f}" for span, width in zip(spans, (13, 12, 10, 11), strict=True))
        late = "  TOO LONG" if name in DEFAULT_VIEWS and min(worked[name]) > PAGE_SECONDS_MAX else ""
        print(f"{name:30} {found[name]:>24} {figures}{late}")
    if explain:
        for name in DEFAULT_VIEWS:
            await explain_view(name, looks[name])
    await reader.close()


async def explain_view(name: str, look: View) -> None:
    """Print what each statement of a view does."""
    fetch = Reading.fetch
    print(f"\n{name}")

    async def explained(self: Reading, statement: str, arguments: Any) -> list[Any]:
        if not statement.lstrip("(-\n ").upper().startswith(("SELECT", "WITH")):
            return await fetch(self, statement, arguments)
        text = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}"
        plan = json.loads((await self.connection.fetch(text, *arguments.values))[0][0])[0]
        scans = [node for node in nodes(plan["Plan"]) if "Relation Name" in node or "Index Name" in node]
        rows = sum(node["Actual Rows"] * node["Actual Loops"] for node in scans)
        kinds = sorted({f"{node['Node Type']} {node.get('Index Name', '')}".strip() for node in scans})
        pages = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        print(f"  {plan['Execution Time']:>8.1f} ms {rows:>9,.0f} rows {pages:>8,} pages  {', '.join(kinds)}")
        return await fetch(self, statement, arguments)

    Reading.fetch = explained
    try:
        await look()
    finally:
        Reading.fetch = fetch


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--defaults", action="store_true", help="only the views that are seen first")
    options = parser.parse_args()
    asyncio.run(measure(options.dsn, options.rounds, explain=options.explain, defaults_alone=options.defaults))
