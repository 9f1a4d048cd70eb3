"""The goals for speed, each as a ratio within one run: how near the service comes to what the database can take.

    .venv/bin/python -m bench.goals [--short] [--rounds 5] [--json FILE]

Every service has a database of its own on one embedded PostgreSQL, and all take turns, COPY among them: so the ratios
hold where other work shares the machine, and no rate does. The clients are on the same machine, and at batches of one
they cost more than the service: what a request costs of the service's processor says more there. `--short` sends a
fifth: then much of a turn is the first sight of its texts.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import orjson
from bench import loki
from bench.end_to_end import COLUMNS, client, service, service_spent, spent

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.processes import server_processes
from mothership.embedded.server import PostgresServer
from mothership.event import Event
from mothership.sample.fleet import sample

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


class Load(NamedTuple):
    """What is sent in a turn."""

    events: int
    batch: int
    connections: int
    is_clean: bool = False


class Turn(NamedTuple):
    """A load that a service gets."""

    name: str
    service: str
    load: Load


class Measured(NamedTuple):
    """What a turn came to."""

    events_a_second: float
    service_microseconds: float
    """Processor, a request."""
    service_share: float
    """Of the service's processor time by the database's."""


class Goal(NamedTuple):
    """A figure: one turn's by another's in the same round."""

    text: str
    turn: str
    by: str
    least: float


TURNS = (
    Turn("100", "one", Load(30_000, 100, 8)),
    Turn("10", "one", Load(10_000, 10, 64)),
    Turn("1", "one", Load(3_000, 1, 256)),
    Turn("clean", "one", Load(50_000, 1000, 8, is_clean=True)),
    Turn("clean, two", "two", Load(50_000, 1000, 8, is_clean=True)),
    Turn("mix", "one", Load(30_000, 1000, 8)),
    Turn("mix, two", "two", Load(30_000, 1000, 8)),
    Turn("mix, Loki", "Loki", Load(30_000, 1000, 8)),
    Turn("mix, no database", "no database", Load(30_000, 1000, 8)),
)
GOALS = (
    Goal("batches of 100, 8 connections ÷ COPY", "100", "COPY", 0.50),
    Goal("batches of 10, 64 connections ÷ COPY", "10", "COPY", 0.29),
    Goal("batches of 1, 256 connections ÷ COPY", "1", "COPY", 0.07),
    Goal("batches of 1,000, clean, one worker ÷ COPY", "clean", "COPY", 0.90),
    Goal("the same, two workers ÷ COPY", "clean, two", "COPY", 1.0),
    Goal("the demo's mix, one worker ÷ COPY", "mix", "COPY", 0.75),
    Goal("the same, two workers ÷ COPY", "mix, two", "COPY", 0.90),
    Goal("with Loki ÷ TimescaleDB alone", "mix, Loki", "mix", 0.85),
    Goal("spool only, database down ÷ with it up", "mix, no database", "mix", 1.0),
)
SHARE_GOAL = 0.6
"""Most that the service's processor time may be of the database's, an event, clean."""
MEMORY_GOAL_MB = 150.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rounds, memory = _run(options.rounds, 0.2 if options.short else 1.0)
    figures = [*_ratios(rounds), *_others(rounds, memory)]
    print("| goal | median | least to most | wanted | |\n| --- | ---: | ---: | ---: | --- |")
    for one in figures:
        lowest, highest = min(one["values"]), max(one["values"])
        kept = "kept" if one["is_kept"] else "missed"
        print(f"| {one['goal']} | {one['median']:.2f} | {lowest:.2f} to {highest:.2f} | {one['wanted']} | {kept} |")
    print("\n| turn | events/s | µs of the service's processor a request |\n| --- | ---: | ---: |")
    for name in rounds[0]:
        rate = statistics.median(one[name].events_a_second for one in rounds)
        cost = statistics.median(one[name].service_microseconds for one in rounds)
        print(f"| {name} | {rate:,.0f} | {f'{cost:,.0f}' if cost else ''} |")
    if options.json:
        turns = [{name: turn._asdict() for name, turn in one.items()} for one in rounds]
        options.json.write_text(json.dumps({"goals": figures, "rounds": turns}, indent=1))


def _ratios(rounds: Sequence[dict[str, Measured]]) -> Iterator[dict[str, Any]]:
    for goal in GOALS:
        values = [one[goal.turn].events_a_second / one[goal.by].events_a_second for one in rounds]
        yield _figure(goal.text, values, f"≥ {goal.least:g}", is_kept=statistics.median(values) >= goal.least)


def _others(rounds: Sequence[dict[str, Measured]], memory: dict[str, float]) -> Iterator[dict[str, Any]]:
    shares = [one["clean"].service_share for one in rounds]
    text = "processor of the service ÷ of the database, clean"
    yield _figure(text, shares, f"≤ {SHARE_GOAL:g}", is_kept=statistics.median(shares) <= SHARE_GOAL)
    for name, peak in memory.items():
        text = f"peak memory of a worker, MB ({name})"
        yield _figure(text, [peak], f"≤ {MEMORY_GOAL_MB:g}", is_kept=peak <= MEMORY_GOAL_MB)


def _figure(goal: str, values: list[float], wanted: str, *, is_kept: bool) -> dict[str, Any]:
    return {"goal": goal, "median": statistics.median(values), "values": values, "wanted": wanted, "is_kept": is_kept}


def _run(rounds: int, part: float) -> tuple[list[dict[str, Measured]], dict[str, float]]:
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mothership-bench-")))
        home.chmod(0o711)
        locked = stack.enter_context(lock_data_dir(home / "database"))
        server = PostgresServer(locked, superuser=True)
        dsn = server.start()
        stack.callback(server.stop)
        here, there = multiprocessing.Pipe()
        receiver = multiprocessing.get_context("spawn").Process(
            target=loki.serve, args=(there, "counting"), daemon=True
        )
        receiver.start()
        stack.callback(receiver.kill)
        pushes = {"LOKI_ENABLED": "true", "LOKI_URL": here.recv(), "LOKI_BATCH_SIZE": "1000"}
        services: dict[str, tuple[int, int]] = {}
        for name, workers, more in (("one", 1, {}), ("two", 2, {}), ("Loki", 1, pushes), ("no database", 1, {})):
            where = NOWHERE if name == "no database" else asyncio.run(database(dsn, name))
            services[name] = stack.enter_context(service(where, home / name.replace(" ", "-"), workers, **more))
        bench = _Bench(dsn, home / "database" / "postgres", services, part)
        bench.run_round()  # to warm up
        measured = [bench.run_round() for _ in range(rounds)]
        memory = {name: _peak_mb(services[name][1]) for name in ("one", "two", "Loki")}
    return measured, memory


class _Bench:
    """Everything that takes turns."""

    def __init__(self, dsn: str, cluster: Path, services: dict[str, tuple[int, int]], part: float) -> None:
        self._dsn, self._cluster, self._services = dsn, cluster, services
        self._turns = [turn._replace(load=turn.load._replace(events=int(turn.load.events * part))) for turn in TURNS]
        self._bodies = {turn.load: bodies(turn.load) for turn in self._turns}

    def run_round(self) -> dict[str, Measured]:
        """Every turn once, and COPY of what came of the largest."""
        found = {turn.name: asyncio.run(self._turn(turn)) for turn in self._turns}
        found["COPY"] = asyncio.run(self._copy())
        return found

    async def _turn(self, turn: Turn) -> Measured:
        port, process = self._services[turn.service]
        stores = turn.service != "no database"
        connection = await asyncpg.connect(_named(self._dsn, turn.service)) if stores else None
        if connection is not None:
            await connection.execute("TRUNCATE events, ingested_batches")
            await connection.execute("CHECKPOINT")
        queue = list(self._bodies[turn.load])
        requests = len(queue)
        before, database = service_spent(process), self._database_spent()
        began = time.perf_counter()
        await asyncio.gather(*(client(port, queue) for _ in range(turn.load.connections)))
        while connection is not None and await stored(connection) < turn.load.events:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
        seconds = time.perf_counter() - began
        cost, theirs = service_spent(process) - before, self._database_spent() - database
        if connection is not None:
            await connection.close()
        return Measured(turn.load.events / seconds, cost / requests * 1e6, cost / theirs if theirs else 0.0)

    async def _copy(self) -> Measured:
        """The mix that is in the first service's database by now, back into it."""
        load = next(turn.load for turn in self._turns if turn.name == "mix")
        await self._turn(Turn("mix", "one", load))
        connection = await asyncpg.connect(_named(self._dsn, "one"))
        dump = self._cluster / "floor.copy"
        await connection.execute(f"COPY events ({COLUMNS}) TO '{dump}' (FORMAT binary)")
        await connection.execute("TRUNCATE events")
        await connection.execute("CHECKPOINT")
        began = time.perf_counter()
        await connection.execute(f"COPY events ({COLUMNS}) FROM '{dump}' (FORMAT binary)")
        seconds = time.perf_counter() - began
        await connection.close()
        return Measured(load.events / seconds, 0.0, 0.0)

    def _database_spent(self) -> float:
        return sum(map(spent, server_processes(self._cluster)))


def bodies(load: Load) -> list[bytes]:
    """The requests of a load, gzipped as a node does."""
    return [
        gzip.compress(orjson.dumps({"messages": part, "batch_size": len(part), "source": "edgebot"}), 1)
        for part in _parts(_events(load), load.batch)
    ]


def _parts(events: Sequence[Event], size: int) -> Iterator[Sequence[Event]]:
    for start in range(0, len(events), size):
        yield events[start : start + size]


def _events(load: Load) -> list[Event]:
    """The demo's mix, or what of it has nothing to redact."""
    story = sample(load.events * (2 if load.is_clean else 1), seed=7, now=time.time())
    planted = {each.event for each in story.planted} if load.is_clean else set()
    return [event for at, event in enumerate(story.events) if at not in planted][: load.events]


async def database(dsn: str, name: str) -> str:
    """Make a database on this server. Returns its DSN."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(f'CREATE DATABASE "{name.lower()}"')
    await connection.close()
    return _named(dsn, name)


def _named(dsn: str, name: str) -> str:
    """The same server, another database."""
    head, mark, parameters = dsn.partition("?")
    return f"{head.rpartition('/')[0]}/{name.lower()}{mark}{parameters}"


async def stored(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """How many events are committed."""
    return int(await connection.fetchval("SELECT count(*) FROM events"))


def _peak_mb(process: int) -> float:
    """Of the process of a service that took most."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    peaks = []
    for one in children or [str(process)]:
        lines = Path(f"/proc/{one}/status").read_text().splitlines()
        peaks.append(next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0))
    return max(peaks)


if __name__ == "__main__":
    sys.exit(main())
