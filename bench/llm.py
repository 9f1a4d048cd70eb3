"""What the LLM step costs: templates, calls, hit rate, and events/s with it off, on, hanging and dead, in turns.

    python bench/llm.py LOG… [--events 100000] [--rounds 3] [--store] [--ids]

Takes plain log files (real lines, such as Loghub's), repeats them up to the number of events, and sends them through
redaction, enrichment, templates and the LLM step in batches of 100 from eight clients at once. The modes take turns,
so that what else the machine does hits all of them. Each round starts with empty memories. With --store the rows are
also written to an embedded PostgreSQL, as in the service. With --ids every mode sets `template_id`, as with
`pipeline.templates.enabled`: what is left is the cost of the LLM alone.
"""

import argparse
import asyncio
import contextlib
import logging
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import structlog

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.pipeline.llm.endpoint import Endpoint, hangs

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.server import PostgresServer
from mothership.event import Batch
from mothership.pipeline.chain import Chain
from mothership.pipeline.enrichment import enrichment
from mothership.pipeline.enrichment.enrichment import EnrichmentSettings
from mothership.pipeline.llm.enricher import LLMEnricher, LLMSettings
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.pipeline.templates.templates import Templates, TemplateSettings
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.sinks.tsdb.verdict_store import TsdbVerdictStore

BATCH = 100
CLIENTS = 8
MODES = ("off", "templates", "on", "hanging", "dead")


class Round(NamedTuple):
    """One mode, once."""

    events_per_second: float
    cpu_micros: float
    """Processor time of this process for an event, the fake endpoint's included: a busy machine changes it little."""
    slowest_batch_seconds: float
    stats: dict[str, Any]


def main() -> None:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    options = _options()
    lines = [line for log in options.logs for line in Path(log).read_text(errors="replace").splitlines()]
    print(
        f"{len(lines)} lines of {len(options.logs)} files, {options.events} events, {CLIENTS} clients, {BATCH} a batch"
    )
    asyncio.run(_measure(options, lines))


async def _measure(options: argparse.Namespace, lines: list[str]) -> None:
    modes = options.modes
    rounds: dict[str, list[Round]] = {mode: [] for mode in modes}
    async with _database(options.store) as sink:
        for turn in range(options.rounds):
            for mode in modes[turn % len(modes) :] + modes[: turn % len(modes)]:
                rounds[mode].append(await _round(mode, lines, options.events, sink, ids=options.ids))
    print(f"{'':10} {'events/s':>9} {'to off':>7} {'CPU µs/event':>13} {'slowest batch':>14}")
    for mode in modes:
        rate = statistics.median(each.events_per_second for each in rounds[mode])
        pairs = zip(rounds[mode], rounds["off"], strict=True)
        ratio = statistics.median(each.events_per_second / off.events_per_second for each, off in pairs)
        cpu = statistics.median(each.cpu_micros for each in rounds[mode])
        slowest = max(each.slowest_batch_seconds for each in rounds[mode])
        print(f"{mode:10} {rate:9.0f} {ratio:7.1%} {cpu:13.1f} {slowest:12.3f} s")
    for mode in [mode for mode in modes if mode in MODES[2:]]:
        stats = rounds[mode][-1].stats
        seen = sum(stats["results"].values())
        print(
            f"{mode}: {stats['templates']} templates, {sum(stats['calls'].values())} calls {stats['calls']}, "
            f"{stats['applied'] / seen:.2%} of {seen} events enriched at once, {stats['tokens_today']} tokens, "
            f"{stats['verdicts_cached']} in memory, breaker {stats['circuit_breaker']}"
        )


async def _round(mode: str, lines: list[str], events: int, sink: TsdbSink | None, *, ids: bool) -> Round:
    redactor = redaction.build(RedactionSettings(), key=b"k" * 32)
    steps = [*redactor.processors, *enrichment.build(EnrichmentSettings())]
    templates = Templates(TemplateSettings(enabled=ids or mode == "templates"))
    enricher = None
    async with contextlib.AsyncExitStack() as stack:
        if ids or mode != "off":
            steps.append(templates)
        if mode in MODES[2:]:
            endpoint = await stack.enter_async_context(Endpoint(hangs if mode == "hanging" else None))
            url = "http://127.0.0.1:9/v1" if mode == "dead" else endpoint.url
            settings = LLMSettings(
                enabled=True,
                endpoint=url,
                model="fake",
                requests_per_minute=100_000,
                tokens_per_day=10**9,
                cost_per_day=1e6,
            )
            # Its verdicts would be known in the next round; a broken endpoint gives none.
            store = TsdbVerdictStore(sink.session) if sink and mode != "on" else None
            enricher = LLMEnricher(settings, templates, redactor.text, store=store)
            templates.suspend_unless(enricher.wants_templates)
            stack.push_async_callback(_stopped, asyncio.get_running_loop().create_task(enricher.run()))
        chain = Chain(steps, enricher)
        feed = islice(cycle(lines), events)
        slowest = 0.0

        async def client() -> None:
            nonlocal slowest
            while part := list(islice(feed, BATCH)):
                started = time.perf_counter()
                rows = await chain.run(_batch(part))
                if sink:
                    await sink.write([rows])
                slowest = max(slowest, time.perf_counter() - started)
                await asyncio.sleep(0)

        started, spent = time.perf_counter(), time.process_time()
        await asyncio.gather(*[client() for _ in range(CLIENTS)])
        seconds, cpu = time.perf_counter() - started, time.process_time() - spent
        return Round(events / seconds, cpu * 1e6 / events, slowest, asdict(enricher.status()) if enricher else {})


def _batch(lines: list[str]) -> Batch:
    events = [{"type": "log", "message": line, "file_path": "/var/log/app.log"} for line in lines]
    return Batch(events, list(range(len(events))), secrets.token_bytes(32), "bench", int(time.time() * 1e6))


async def _stopped(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _database(wanted: bool) -> AsyncIterator[TsdbSink | None]:
    if not wanted:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as home:
        Path(home).chmod(0o711)  # noqa: ASYNC240 - before anything is measured
        with lock_data_dir(Path(home) / "database") as locked:
            server = PostgresServer(locked)
            sink = TsdbSink(DatabaseSettings(), embedded_dsn=server.start())
            await sink.open()
            try:
                yield sink
            finally:
                await sink.close()
                server.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+", help="plain log files")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--modes", default=",".join(MODES), type=lambda text: tuple(text.split(",")), help="which, off first"
    )
    parser.add_argument("--store", action="store_true", help="write to an embedded PostgreSQL, too")
    parser.add_argument("--ids", action="store_true", help="pipeline.templates.enabled in every mode")
    return parser.parse_args()


if __name__ == "__main__":
    main()
