"""What share of the events is kept at twice the load that the service sustains, when no client ever sends again.

    .venv/bin/python bench/overload.py [--seconds 20] [--factor 2] [--batch 100] [--rate EVENTS_A_SECOND]

First it measures what the service sustains: as many batches as eight clients get answered. Then it sends `factor`
times as many a second, each batch once, at its time, whatever became of the earlier ones, as a fleet does; a client
that has no answer after 5 seconds gives up. In the end it counts the rows. `--rate` gives the sustained load instead of
measuring it, so that two versions can be offered the same; BENCH_SRC=/another/checkout/src runs the service of another.
"""

import argparse
import asyncio
import gzip
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import asyncpg
import orjson
from end_to_end import service

from mothership.embedded.data_dir_lock import lock_data_dir
from mothership.embedded.server import PostgresServer
from mothership.sample.fleet import sample

ANSWER_SECONDS = 5.0
"""As long as a node waits."""
ADDRESSES = 40
SUSTAINED_SECONDS = 6.0
SETTLED_SECONDS = 4.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--factor", type=float, default=2.0)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.0)
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
    bodies = [_body(events[at : at + options.batch]) for at in range(0, len(events), options.batch)]
    rate = options.rate or await _sustained(port, bodies, options.batch)
    link = await asyncpg.connect(dsn)
    await _settled(link)
    await link.execute("TRUNCATE events")
    batches = int(rate * options.factor * options.seconds / options.batch)
    print(f"sustained {rate:,.0f} events/s; {batches} batches of {options.batch} in {options.seconds:g} s, each once")
    answers: Counter[str] = Counter()
    waits: list[float] = []
    async with asyncio.TaskGroup() as group:
        began = time.monotonic()
        for number in range(batches):
            due = began + number * options.seconds / batches
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            group.create_task(_once(port, bodies[number % len(bodies)], number, answers, waits))
    stored = await _settled(link)
    sent = batches * options.batch
    waits.sort()
    print(f"answers: {dict(answers.most_common())}; 200 after {waits[len(waits) // 2]:.2f} s in the median")
    print(f"kept {stored:,} of {sent:,} events: {stored / sent:.1%}; told so {answers['200'] / batches:.1%}")
    await link.close()


def _body(messages: list[dict[str, object]]) -> bytes:
    envelope = {"messages": messages, "batch_size": len(messages), "source": "edgebot", "is_retry": False}
    return gzip.compress(orjson.dumps(envelope), 1)


async def _sustained(port: int, bodies: list[bytes], batch: int) -> float:
    """Events a second that eight clients get answered, the next batch after the answer."""
    answers: Counter[str] = Counter()
    until = time.monotonic() + SUSTAINED_SECONDS

    async def client(number: int) -> None:
        while time.monotonic() < until:
            await _once(port, random.choice(bodies), number, answers, [])

    await asyncio.gather(*(client(number) for number in range(8)))
    return answers["200"] * batch / SUSTAINED_SECONDS


async def _once(port: int, body: bytes, number: int, answers: Counter[str], waits: list[float]) -> None:
    began = time.monotonic()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            address = (f"127.0.1.{1 + number % ADDRESSES}", 0)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=address)
            try:
                writer.write(
                    b"POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"Content-Encoding: gzip\r\nConnection: close\r\nIdempotency-Key: %d-%d\r\n"
                    b"Content-Length: %d\r\n\r\n" % (number, time.monotonic_ns(), len(body))
                )
                writer.write(body)
                status = (await reader.read())[9:12].decode() or "closed"
            finally:
                writer.close()
    except TimeoutError:
        status = "none in time"
    except OSError as error:
        status = type(error).__name__
    answers[status] += 1
    if status == "200":
        waits.append(time.monotonic() - began)


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
