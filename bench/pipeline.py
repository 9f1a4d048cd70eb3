"""The pipeline against the floor: `orjson.loads` and `orjson.dumps` of the same events, in turns in one run.

    python bench/pipeline.py            the ratio, and each processor
    python bench/pipeline.py --loop     what the event loop sees: slices against a worker thread

The sample is the demo's, in batches of 1,000. Garbage collection stays on, as in the service. Figures are the median
of the rounds; the machine may be busy, so look at the ratios.
"""

import argparse
import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Sequence

import orjson

from mothership.event import Batch
from mothership.pipeline.chain import Chain
from mothership.pipeline.enrichment.enrichment import EnrichmentSettings, build
from mothership.pipeline.enrichment.timestamps import TimestampNormalizer, TimestampSettings
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.pipeline.seal import seal
from mothership.ports import Processor
from mothership.sample.fleet import sample
from mothership.telemetry import LogSettings, configure_logging

BATCH = 1_000


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
    """Time one run in microseconds an event."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e6 / events


def floor(bodies: Sequence[bytes]) -> None:
    """Decode and encode every event, which is the least a service can do."""
    for body in bodies:
        for event in orjson.loads(body):
            orjson.dumps(event)


def compare(bodies: Sequence[bytes], events: int, rounds: int) -> None:
    """Print floor, pipeline and ratio, then each step."""
    redact, enrich = processors()
    runs: dict[str, list[float]] = {"floor": [], "decode": []}
    times = TimestampNormalizer(TimestampSettings()).times
    steps = [*redact, *enrich]
    for step in steps:
        runs[step.name] = []
    runs |= {"seal": [], "pipeline": []}

    def decode_all() -> None:
        for body in bodies:
            orjson.loads(body)

    for _ in range(rounds):
        gc.collect()
        runs["floor"].append(micros(lambda: floor(bodies), events))
        runs["decode"].append(micros(decode_all, events))
        spent = dict.fromkeys([step.name for step in steps] + ["seal", "pipeline"], 0.0)
        for body in bodies:
            started = time.perf_counter()
            batch = batch_of(body)
            for step in steps:
                before = time.perf_counter()
                step(batch)
                spent[step.name] += time.perf_counter() - before
            before = time.perf_counter()
            seal(batch, times)
            after = time.perf_counter()
            spent["seal"] += after - before
            spent["pipeline"] += after - started
        for name, seconds in spent.items():
            runs[name].append(seconds * 1e6 / events)
    figures = {name: min(values) for name, values in runs.items()}
    ratios = [pipeline / base for pipeline, base in zip(runs["pipeline"], runs["floor"], strict=True)]
    for name, figure in figures.items():
        print(f"{name:22} {figure:7.2f} µs an event   {figure / figures['floor']:5.2f} x floor")
    ours = sum(figures[step.name] for step in enrich) + figures["seal"]
    print(f"{'enrichment and seal':22} {ours:7.2f} µs an event   {ours / figures['floor']:5.2f} x floor")
    print(f"pipeline ÷ floor: {statistics.median(ratios):.2f} (goal: at most 4)")


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
        **{f"slices of {size}": (lambda batch, size=size: in_slices(batch, size)) for size in (100, 250, 500, 1_000)},
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
    chosen = arguments.parse_args()
    configure_logging(LogSettings(level="WARNING"))
    events = sample(5_000, now=time.time()).events
    if chosen.loop:
        asyncio.run(see_the_loop(orjson.dumps(events * 2), chosen.rounds))
    else:
        bodies = [orjson.dumps(events[start : start + BATCH]) for start in range(0, len(events), BATCH)]
        count = len(events)
        del events
        gc.collect()
        gc.freeze()
        compare(bodies, count, chosen.rounds)


if __name__ == "__main__":
    main()
