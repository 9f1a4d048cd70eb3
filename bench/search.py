"""What the first page of the console's searches costs on a table that is there: `search.py --dsn DSN [--rounds 5]`.

Each search in turns, `--rounds` times; the first of each is cold, and the median of all is printed beside the longest.
"""

import argparse
import asyncio
import statistics
import time
from urllib.parse import parse_qsl

import asyncpg

from mothership.search.parameters import parse_query
from mothership.sinks.tsdb.event_reader import TsdbEventReader
from mothership.sinks.tsdb.settings import SearchSettings

SEARCHES = (
    *("", "since=1h", "type=log", "source=edge-7", "service=service-7", "at-least=error"),
    *("q=refused", "q=nothing-has-this", 'has={"pid":4242}'),
)


async def measure(dsn: str, rounds: int) -> None:
    """Measure and print."""
    reader = TsdbEventReader(lambda: asyncpg.connect(dsn), SearchSettings())
    seconds: dict[tuple[str, str], list[float]] = {}
    found: dict[tuple[str, str], str] = {}
    for _ in range(rounds):
        for text in SEARCHES:
            query = parse_query(parse_qsl(text), now=time.time())
            begin = time.perf_counter()
            page = await reader.search(query, limit=100)
            seconds.setdefault((text, "page"), []).append(time.perf_counter() - begin)
            found[text, "page"] = f"{len(page.events)}{' (partial)' if page.is_partial else ''}"
            begin = time.perf_counter()
            facets = await reader.facets(query)
            seconds.setdefault((text, "facets"), []).append(time.perf_counter() - begin)
            found[text, "facets"] = f"{facets.counted}{'' if facets.is_complete else ' (newest)'}"
    print(f"{'search':28} {'part':8} {'found':>18} {'median ms':>10} {'longest ms':>10}")
    for key, times in seconds.items():
        figures = f"{1000 * statistics.median(times):>10.0f} {1000 * max(times):>10.0f}"
        print(f"{key[0] or '(all)':28} {key[1]:8} {found[key]:>18} {figures}")
    await reader.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    asyncio.run(measure(options.dsn, options.rounds))
