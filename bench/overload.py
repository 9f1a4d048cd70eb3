"""What share of the events is answered in time at twice the load that the service sustains, and what is kept.

    .venv/bin/python bench/overload.py [--seconds 20] [--factor 2] [--batch 100] [--rate EVENTS_A_SECOND] [--retry 3]

First it measures what the service sustains: as many batches as 64 clients get answered. Then it sends `factor` times
as many a second, each batch at its time, whatever became of the earlier ones, as a fleet does; a client that has no
answer after 5 seconds hangs up. `--retry 0` (the default) is a node as it is today: it loses what is refused or late.
With more, a client does what a node means to do: it sends the same messages with `is_retry: true` after `Retry-After`,
or at its next tick (5 seconds, and up to twice that), so often. In the end it counts the rows.

`--rate` gives the sustained load instead of measuring it, so that two versions can be offered the same;
BENCH_SRC=/another/checkout/src runs the service of another.
"""

import argparse
import asyncio
import gzip
import itertools
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import asyncpg
import orjson
from end_to_end import service

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.server import PostgresServer
from mothership.sample.fleet import sample

ANSWER_SECONDS = 5.0
"""As long as a node waits."""
ADDRESSES = 40
TICK_SECONDS = 5.0
"""Between two flushes of a node."""
CLIENTS = 64
SUSTAINED_SECONDS = 6.0
SETTLED_SECONDS = 4.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--factor", type=float, default=2.0)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--retry", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as home:
        Path(home).chmod(0o711)
        with lock_data_dir(Path(home) / "database") as locked:
            server = PostgresServer(locked, superuser=True)
            dsn = server.start()
            try:
                with service(dsn, Path(home) / "service", 1) as (port, _pid):
                    asyncio.run(_measure(options, dsn, port))
            finally:
                server.stop()


async def _measure(options: argparse.Namespace, dsn: str, port: int) -> None:
    events = sample(options.batch * 50, seed=7, now=time.time()).events
    bodies = _Bodies([events[at : at + options.batch] for at in range(0, len(events), options.batch)])
    rate = options.rate or await _sustained(port, bodies, options.batch)
    link = await asyncpg.connect(dsn)
    await _settled(link)
    await link.execute("TRUNCATE events")
    batches = int(rate * options.factor * options.seconds / options.batch)
    print(f"sustained {rate:,.0f} events/s; {batches} batches of {options.batch} in {options.seconds:g} s")
    told = _Told()
    async with asyncio.TaskGroup() as group:
        began = time.monotonic()
        for number in range(batches):
            due = began + number * options.seconds / batches
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            group.create_task(_as_a_node(port, bodies, told, options.retry))
    stored = await _settled(link)
    sent = batches * options.batch
    told.show()
    print(f"answered 200 within {ANSWER_SECONDS:g} s: {told.batches / batches:.1%} of the events")
    print(f"stored {stored:,} of {sent:,} events: {stored / sent:.1%}")
    if stored < told.batches * options.batch:
        print(f"LOST: {told.batches * options.batch - stored:,} events were acknowledged and are not stored")
    await link.close()


class _Bodies:
    """Requests of different batches, each with its messages unlike all others, and their retries."""

    def __init__(self, batches: list[list[dict[str, object]]]) -> None:
        self._batches = batches
        self._numbers = itertools.count()

    def new(self) -> int:
        return next(self._numbers)

    def of(self, number: int, *, is_retry: bool) -> bytes:
        first, *others = self._batches[number % len(self._batches)]
        messages = [first | {"batch_number": number}, *others]
        envelope = {"messages": messages, "batch_size": len(messages), "source": "edgebot", "is_retry": is_retry}
        return gzip.compress(orjson.dumps(envelope), 1)


class _Told:
    """What the clients were told, and when."""

    def __init__(self) -> None:
        self.batches = 0
        self._answers: Counter[str] = Counter()
        self._seconds: dict[str, list[float]] = {}

    def add(self, status: str, seconds: float) -> None:
        self._answers[status] += 1
        self._seconds.setdefault(status, []).append(seconds)
        self.batches += status == "200"

    def show(self) -> None:
        for status, count in self._answers.most_common():
            seconds = sorted(self._seconds[status])
            middle, late = seconds[len(seconds) // 2], seconds[len(seconds) * 99 // 100]
            print(f"{count:>8} times {status}, after {middle:.2f} s in the median, {late:.2f} s at 99 %")


async def _as_a_node(port: int, bodies: _Bodies, told: _Told, retries: int) -> None:
    number = bodies.new()
    for attempt in range(retries + 1):
        status, after_seconds = await _once(port, bodies.of(number, is_retry=attempt > 0), number, told)
        if status == "200":
            return
        await asyncio.sleep(after_seconds or random.uniform(TICK_SECONDS, 2 * TICK_SECONDS))


async def _sustained(port: int, bodies: _Bodies, batch: int) -> float:
    """Events a second that so many clients get answered, the next batch after the answer."""
    told = _Told()
    until = time.monotonic() + SUSTAINED_SECONDS

    async def client() -> None:
        while time.monotonic() < until:
            number = bodies.new()
            await _once(port, bodies.of(number, is_retry=False), number, told)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return told.batches * batch / SUSTAINED_SECONDS


async def _once(port: int, body: bytes, number: int, told: _Told) -> tuple[str, float]:
    """Status, and the seconds of its Retry-After."""
    began = time.monotonic()
    answer = b""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            address = (f"127.0.1.{1 + number % ADDRESSES}", 0)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=address)
            try:
                writer.write(
                    b"POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
                answer = await reader.read()
                status = answer[9:12].decode() or "closed"
            finally:
                writer.close()
    except TimeoutError:
        status = "none in time"
    except OSError as error:
        status = type(error).__name__
    told.add(status, time.monotonic() - began)
    _, found, rest = answer.lower().partition(b"\r\nretry-after: ")
    return status, float(rest.partition(b"\r\n")[0]) if found else 0.0


async def _settled(link: asyncpg.Connection) -> int:
    """The rows, once no more come."""
    stored, since = -1, time.monotonic()
    while time.monotonic() - since < SETTLED_SECONDS:
        now = await link.fetchval("SELECT count(*) FROM events")
        if now != stored:
            stored, since = now, time.monotonic()
        await asyncio.sleep(0.2)
    return stored


if __name__ == "__main__":
    main()
