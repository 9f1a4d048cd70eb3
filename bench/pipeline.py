"""The pipeline against the floor: `orjson.loads` and `orjson.dumps` of the same events, in turns in one run.

    python bench/pipeline.py                  the ratio, and each processor
    python bench/pipeline.py --logs FILE…     on real lines too, as an EdgeBot's log events
    python bench/pipeline.py --loop           what the event loop sees: slices against a worker thread

Three mixes, in slices as the chain works on them: events without anything to redact (every type), the demo's sample (a
fifth with planted secrets), and real lines. No event comes twice: every round has others of the same kinds, after some
that are not counted, as a service that runs has seen its kinds of events, and not these. The ratio is "all default
processors ÷ floor"; decoding and encoding of rows are told beside it. Garbage collection stays on, as in the service.
Figures are the least of the rounds, ratios the median of each round's; the machine may be busy, so look at the ratios.
"""

import argparse
import asyncio
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

import orjson

from mothership.event import Batch, Event
from mothership.log_format import LogSettings, configure_logging
from mothership.pipeline.chain import SLICE_EVENTS, Chain
from mothership.pipeline.enrichment.enrichment import EnrichmentSettings, build
from mothership.pipeline.enrichment.timestamps import TimestampNormalizer, TimestampSettings
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.pipeline.row_encoding import encode_rows
from mothership.ports import Processor
from mothership.sample.fleet import sample

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it runs as a script, too
from corpora.events import clean_events

EVENTS = 5_000
"""Of a round; of real lines there are as many as the files have for each."""
ROUNDS_BEFORE = 4
"""That are not counted."""
GOALS = {"clean events": 4, "the demo's mix": 8, "real log lines": 8}
"""Most that all processors may cost, in floors."""

Mix: TypeAlias = Callable[[int], Sequence[Event]]
"""Return the events of a round."""


def processors() -> tuple[list[Processor], list[Processor]]:
    """Return the default redaction and the default enrichment."""
    return list(redaction.build(RedactionSettings(), key=b"k" * 32).processors), build(EnrichmentSettings())


def batch_of(body: bytes) -> Batch:
    """Decode a body as the edge does."""
    events = orjson.loads(body)
    return Batch(
        events=events,
        indices=list(range(len(events))),
        fingerprint=b"f" * 32,
        request_id="r",
        received=int(time.time() * 1e6),
    )


def micros(work: Callable[[], object], events: int) -> float:
    """Time one run in microseconds an event, of processor time: others on the machine don't count."""
    started = time.thread_time()
    work()
    return (time.thread_time() - started) * 1e6 / events


def floor(bodies: Sequence[bytes]) -> None:
    """Decode and encode every event, which is the least a service can do."""
    for body in bodies:
        for event in orjson.loads(body):
            orjson.dumps(event)


def compare(mixes: dict[str, Mix], rounds: int) -> None:
    """Print for each mix the cost of every step and the ratios, the mixes in turns in one run."""
    runs: dict[str, list[dict[str, float]]] = {mix: [] for mix in mixes}
    steps = {mix: [step for part in processors() for step in part] for mix in mixes}
    for number in range(ROUNDS_BEFORE + rounds):
        for mix, events in mixes.items():
            bodies = bodies_of(events(number))
            gc.collect()
            row = one_round(bodies, steps[mix])
            runs[mix] += [row] if number >= ROUNDS_BEFORE else []
    for mix, rows in runs.items():
        report(mix, rows, [step.name for step in steps[mix]])


def one_round(bodies: Sequence[bytes], steps: Sequence[Processor]) -> dict[str, float]:
    """Time floor and steps once over all bodies; return microseconds an event."""
    events = sum(len(orjson.loads(body)) for body in bodies)
    times = TimestampNormalizer(TimestampSettings()).times
    spent = {"events": float(events), "bytes": sum(map(len, bodies)) / events}
    spent |= {"floor": micros(lambda: floor(bodies), events), "decode": 0.0}
    spent |= dict.fromkeys([step.name for step in steps], 0.0)
    spent |= {"processors": 0.0, "encode rows": 0.0}

    def timed(name: str, work: Callable[[], object]) -> None:
        spent[name] += micros(work, events)

    for body in bodies:
        batches: list[Batch] = []
        timed("decode", lambda: batches.append(batch_of(body)))  # noqa: B023 - called at once
        batch = batches[0]
        for step in steps:
            timed(step.name, partial(step, batch))
        timed("encode rows", partial(encode_rows, batch, times))
    spent["processors"] = sum(spent[step.name] for step in steps)
    spent["all with decoding and encoding"] = spent["decode"] + spent["processors"] + spent["encode rows"]
    return spent


def report(mix: str, rows: Sequence[dict[str, float]], steps: Sequence[str]) -> None:
    """Print the least of each figure, and the median of the ratios of each round."""
    least = {name: min(row[name] for row in rows) for name in rows[0]}
    print(f"\n{mix}: {len(rows)} rounds of {rows[0]['events']:.0f} events of {rows[0]['bytes']:.0f} bytes")
    for name, figure in list(least.items())[2:]:
        print(f"  {name:28} {figure:7.2f} µs an event   {figure / least['floor']:5.2f} x floor")
    redaction = sum(least[name] for name in steps[:4])
    print(f"  {'redaction':28} {redaction:7.2f} µs an event   {redaction / least['floor']:5.2f} x floor")
    for name in ("processors", "all with decoding and encoding"):
        ratio = statistics.median(row[name] / row["floor"] for row in rows)
        goal = f" (goal: at most {GOALS[mix]})" if name == "processors" else ""
        print(f"  {name} ÷ floor, median of the rounds: {ratio:.2f}{goal}")


def bodies_of(events: Sequence[Event]) -> list[bytes]:
    """Return the events as bodies of a slice each."""
    return [orjson.dumps(events[start : start + SLICE_EVENTS]) for start in range(0, len(events), SLICE_EVENTS)]


def lines_of(files: Sequence[Path]) -> list[Event]:
    """Return every line as the event that an EdgeBot makes of it."""
    now = time.time()
    return [
        {
            "type": "log",
            "timestamp": datetime.fromtimestamp(now + number / 1e3, UTC).isoformat(),
            "file_path": f"/var/log/{file.name}",
            "service": file.stem,
            "message": line,
        }
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines())
    ]


async def see_the_loop(body: bytes, rounds: int) -> None:
    """Print throughput and the longest wait of another task, for slices of several sizes and for a worker thread."""
    redact, enrich = processors()
    events = len(orjson.loads(body))

    async def watched(work: Callable[[], object]) -> tuple[float, float]:
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.0005)
                longest = max(longest, time.perf_counter() - before)

        watcher = asyncio.create_task(watch())
        await asyncio.sleep(0.005)
        longest = 0.0
        started = time.perf_counter()
        result = work()
        if asyncio.iscoroutine(result):
            await result
        took = time.perf_counter() - started
        await asyncio.sleep(0.001)  # the watcher learns how long it waited
        watcher.cancel()
        return events / took, longest * 1000

    def in_thread(batch: Batch) -> Callable[[], object]:
        chain = Chain([*redact, *enrich], slice_events=10**9)
        return lambda: asyncio.to_thread(lambda: asyncio.run(chain.run(batch)))

    def in_slices(batch: Batch, size: int) -> Callable[[], object]:
        chain = Chain([*redact, *enrich], slice_events=size)
        return lambda: chain.run(batch)

    ways: dict[str, Callable[[Batch], Callable[[], object]]] = {
        "inline, no slices": lambda batch: in_slices(batch, 10**9),
        **{f"slices of {size}": partial(in_slices, size=size) for size in (100, 250, 500, 1_000)},
        "worker thread": in_thread,
    }
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            seen[name].append(await watched(way(batch_of(body))))
    print(f"one batch of {events} events")
    for name, pairs in seen.items():
        rate, wait = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{name:22} {rate:9,.0f} events/s   longest wait of another task {wait:6.1f} ms")


def main() -> None:
    """Run what the arguments ask for."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--loop", action="store_true")
    arguments.add_argument("--logs", type=Path, nargs="+", default=[])
    chosen = arguments.parse_args()
    configure_logging(LogSettings(level="WARNING"))
    if chosen.loop:
        asyncio.run(see_the_loop(orjson.dumps(sample(EVENTS, now=time.time()).events * 2), chosen.rounds))
        return
    mixes: dict[str, Mix] = {
        "clean events": lambda number: clean_events(EVENTS, first=number * EVENTS),
        "the demo's mix": lambda number: sample(EVENTS, seed=number, now=time.time()).events,
    }
    if chosen.logs:
        lines = lines_of(chosen.logs)
        random.Random(1).shuffle(lines)
        mixes["real log lines"] = lambda number: lines[number :: ROUNDS_BEFORE + chosen.rounds]
    gc.collect()
    gc.freeze()
    compare(mixes, chosen.rounds)


if __name__ == "__main__":
    main()
