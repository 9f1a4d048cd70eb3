"""Exactly once, whoever sends it, however often, and whatever breaks on the way."""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest
from tests.starvation import PATIENCE_SECONDS

from mothership.errors import Transient
from mothership.event import UNKNOWN_ARRIVAL, Arrival, Row, RowBatch
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.sinks.tsdb.sql_files import migrations

NOW = 1_767_225_600_000_000
Sql = Callable[..., Awaitable[Any]]
MakeSink = Callable[..., TsdbSink]


def _batch(number: int, size: int = 20) -> RowBatch:
    rows = [Row(NOW + n, "log", "host", json.dumps({"batch": number, "n": n}).encode()) for n in range(size)]
    return RowBatch(number.to_bytes(32, "big"), f"request-{number}", NOW, rows)


async def test_two_instances_sent_the_same_batches_store_one_copy(make_sink: MakeSink, sql: Sql) -> None:
    """Overlapping writes in random order: no copy, no deadlock, nothing missing."""
    sinks = [make_sink(), make_sink()]
    chance = random.Random(7)

    async def send(sink: TsdbSink) -> int:
        numbers = list(range(120))
        chance.shuffle(numbers)
        taken = 0
        while numbers:
            part, numbers = numbers[:10], numbers[10:]
            taken += len(part) - len(await sink.write([_batch(number) for number in part]))
        return taken

    taken = await asyncio.gather(*(send(sink) for sink in sinks for _ in range(2)))
    assert sum(taken) == 120
    assert await sql("SELECT count(*) FROM events") == 120 * 20
    assert await sql("SELECT count(DISTINCT data) FROM events") == 120 * 20


def _attempt(name: str, content: int, milliseconds: int, *, is_retry: bool) -> RowBatch:
    rows = [Row(NOW, "log", "host", json.dumps({"attempt": name}).encode())]
    known_by = content.to_bytes(32, "big")
    mark = known_by if is_retry else name.encode().ljust(32, b".")
    at = NOW + milliseconds * 1000
    return RowBatch(mark, "request", at, rows, content=known_by, arrival=Arrival(at, at))


async def test_retries_that_race_first_transmissions_on_other_instances_are_stored_once(
    make_sink: MakeSink, sql: Sql
) -> None:
    """In every order: of two equal first transmissions both are there, and their retry adds nothing. No deadlock."""
    sinks = [make_sink() for _ in range(3)]
    await sinks[0].open()
    chance = random.Random(11)

    async def send(sink: TsdbSink, name: str, milliseconds: int, *, is_retry: bool) -> None:
        numbers = list(range(60))
        chance.shuffle(numbers)
        while numbers:
            part, numbers = numbers[:8], numbers[8:]
            await sink.write([_attempt(f"{name}-{n}", n, milliseconds, is_retry=is_retry) for n in part])

    await asyncio.gather(
        send(sinks[0], "a", 0, is_retry=False),
        send(sinks[1], "b", 1, is_retry=False),
        send(sinks[1], "retry", 2, is_retry=True),
        send(sinks[2], "again", 3, is_retry=True),
    )
    assert await sql("SELECT count(*) FROM events") == 120
    assert await sql("SELECT count(*) FROM ingested_batches WHERE retry_received_micros IS NOT NULL") == 0


async def test_instances_whose_clocks_are_minutes_apart_agree_on_what_came_first(database_dsn: str, sql: Sql) -> None:
    """Each counts by the database's clock: an equal first attempt after a retry is stored, one before it is not."""
    passed_seconds = 0.0
    off_seconds = {"fast": 3600.0, "slow": -3600.0}
    sinks = {
        name: TsdbSink(DatabaseSettings(), embedded_dsn=database_dsn, ticks=lambda off=off: off + passed_seconds)  # type: ignore[misc]  # B023
        for name, off in off_seconds.items()
    }
    for sink in sinks.values():
        await sink.open()

    def arrives(name: str, at: str, *, is_retry: bool = False) -> RowBatch:
        nonlocal passed_seconds
        passed_seconds += 600
        received = NOW + int((passed_seconds + off_seconds[at]) * 1_000_000)
        return replace(_attempt(name, 1, 0, is_retry=is_retry), received=received, arrival=sinks[at].clock.now())

    first = arrives("first", "fast")  # waits in its spool
    retry, other = arrives("retry", "slow", is_retry=True), arrives("other", "slow")
    another = arrives("another", "fast")
    assert await sinks["slow"].write([retry]) == frozenset()
    assert await sinks["slow"].write([other]) == frozenset()
    assert await sinks["fast"].write([another, first]) == {1}
    assert await sql("SELECT count(*) FROM events") == 3
    for sink in sinks.values():
        await sink.close()


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TRIED: only Linux names its boots")
async def test_what_was_taken_before_the_databases_clock_was_seen_has_a_time(database_dsn: str, sql: Sql) -> None:
    """The machine booted while the database was away: by its own ticks that is told later, by another's never."""
    knows, booted, elsewhere = (TsdbSink(DatabaseSettings(), embedded_dsn=database_dsn) for _ in range(3))
    await knows.open()
    arrived = knows.clock.now().before(60.0)
    firsts = [replace(_attempt(f"first-{n}", n, 0, is_retry=False), arrival=arrived) for n in range(2)]
    assert booted.clock.now() == UNKNOWN_ARRIVAL
    retries = [replace(_attempt(f"retry-{n}", n, 0, is_retry=True), arrival=UNKNOWN_ARRIVAL) for n in range(2)]
    taken = booted.clock.machine_time()
    assert taken is not None
    retries = [replace(retry, arrived_at=taken) for retry in retries]
    retries[1] = replace(retries[1], arrived_at=taken._replace(ticks_of="another machine's"))
    assert await booted.write(retries[:1]) == await elsewhere.write(retries[1:]) == frozenset()
    assert await knows.write(firsts) == {0}
    assert await sql("SELECT count(*) FROM events") == 3
    for sink in (knows, booted, elsewhere):
        await sink.close()


async def test_one_whose_clock_is_behind_loses_no_first_attempt(database_dsn: str, sql: Sql) -> None:
    """By its own clock the other node's attempt came before the retry that it follows."""
    passed_seconds = 0.0
    sink = TsdbSink(DatabaseSettings(), embedded_dsn=database_dsn, ticks=lambda: passed_seconds)
    await sink.open()
    retry = replace(_attempt("retry", 1, 0, is_retry=True), received=NOW + 300_000_000, arrival=sink.clock.now())
    passed_seconds = 600.0
    other = replace(_attempt("other", 1, 0, is_retry=False), received=NOW, arrival=sink.clock.now())
    for batch in (retry, other):
        assert await sink.write([batch]) == frozenset()
    assert await sql("SELECT count(*) FROM events") == 2
    await sink.close()


async def test_a_database_of_an_earlier_version_is_brought_up_to_date(make_sink: MakeSink, sql: Sql) -> None:
    """What it has noted stays known, and a table that was made again by hand gets what it lacks."""
    await make_sink().write([_batch(1)])
    await sql("ALTER TABLE ingested_batches DROP COLUMN retry_received_micros")
    await sql("DELETE FROM mothership_migrations WHERE number >= 6")
    assert await make_sink().write([_batch(1), _attempt("retry", 1, 0, is_retry=True), _batch(2)]) == {0, 1}
    await sql("DROP TABLE ingested_batches")
    assert await make_sink().write([_batch(3)]) == frozenset()


async def test_twenty_instances_start_at_once_on_an_empty_database(make_sink: MakeSink, sql: Sql) -> None:
    """They take turns at the schema, and each can write at once."""
    sinks = [make_sink() for _ in range(20)]
    await asyncio.gather(*(sink.write([_batch(number, 1), _batch(99, 1)]) for number, sink in enumerate(sinks)))
    assert await sql("SELECT count(*) FROM events") == 21
    assert await sql("SELECT count(*) FROM mothership_migrations") == len(migrations())


async def test_a_commit_whose_answer_is_lost_is_not_stored_again(
    make_sink: MakeSink, sql: Sql, database_dsn: str, tmp_path: Path
) -> None:
    """The outcome is unknown: the same write again finds its fingerprints."""
    async with _proxy(database_dsn, tmp_path, cut_after=b"COMMIT\0") as dsn:
        sink = make_sink(dsn)
        await make_sink().open()
        with pytest.raises(Transient):
            await sink.write([_batch(1), _batch(2)])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await sql("SELECT count(*) FROM events"):  # noqa: ASYNC110 - a table has no event
            await asyncio.sleep(0.02)
    assert await make_sink().write([_batch(1), _batch(2)]) == {0, 1}
    assert await sql("SELECT count(*) FROM events") == 40


async def test_halves_wait_for_the_commit_of_their_whole(make_sink: MakeSink, sql: Sql, database_dsn: str) -> None:
    """A write that was given up may be committed yet: its halves are not stored beside it, whether it is or not."""
    whole = _batch(1)
    sink = make_sink()
    await sink.open()
    for end, duplicates in (("ROLLBACK", frozenset[int]()), ("COMMIT", frozenset({0, 1}))):
        whole = replace(whole, fingerprint=end.encode())
        halves = [
            replace(
                whole, fingerprint=f"{end} {at}".encode(), rows=whole.rows[at : at + 10], half_of=(whole.fingerprint,)
            )
            for at in (0, 10)
        ]
        other = await asyncpg.connect(database_dsn)
        await other.execute("BEGIN")
        await other.execute("INSERT INTO ingested_batches (fingerprint, events) VALUES ($1, 20)", whole.fingerprint)
        write = asyncio.create_task(sink.write(halves))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await sql("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - a lock has no event
                await asyncio.sleep(0.02)
        await other.execute(end)
        assert await write == duplicates
        await other.close()
    assert await sql("SELECT count(*) FROM events") == 20


async def test_a_whole_that_comes_after_one_of_its_halves_adds_nothing(make_sink: MakeSink, sql: Sql) -> None:
    """A cluster that lost its power knows both: the halves carry all events, and none of them is taken for stored."""
    whole = replace(_batch(1), fingerprint=b"whole")
    first, second = (
        replace(whole, fingerprint=f"half {at}".encode(), rows=whole.rows[at : at + 10], half_of=(b"whole",))
        for at in (0, 10)
    )
    quarter = replace(second, fingerprint=b"quarter", rows=second.rows[:5], half_of=(b"whole", second.fingerprint))
    sink = make_sink()
    await sink.open()
    assert await sink.write([first]) == frozenset()
    assert await sink.write([whole]) == frozenset({0})
    assert await sink.write([quarter]) == frozenset()
    assert await sink.write([second, whole]) == frozenset({0, 1})
    assert await sql("SELECT count(*) FROM events") == 15


@pytest.mark.parametrize("cut_at", [b"claim", b"COPY", b"PGCOPY", b"event_counts", b"COMMIT\0"])
async def test_a_connection_cut_at_any_step_leaves_nothing_behind(
    make_sink: MakeSink, sql: Sql, database_dsn: str, tmp_path: Path, cut_at: bytes
) -> None:
    """The write fails as transient, and the same write stores everything once."""
    await make_sink().open()
    if cut_at == b"claim":
        cut_at = b"ingested_batches"
    async with _proxy(database_dsn, tmp_path, cut_before=cut_at) as dsn:
        with pytest.raises(Transient):
            await make_sink(dsn).write([_batch(1, 3_000)])
    assert await sql("SELECT count(*) FROM events") == 0
    assert await make_sink().write([_batch(1, 3_000)]) == frozenset()
    assert await sql("SELECT count(*) FROM events") == 3_000


async def test_backends_that_are_terminated_under_load_cost_nothing(make_sink: MakeSink, sql: Sql) -> None:
    """Transient failures are tried again until all is there, once."""
    sink = make_sink()
    await sink.open()

    async def send(numbers: range) -> int:
        failures = 0
        for number in numbers:
            while True:
                try:
                    await sink.write([_batch(number, 400)])
                except Transient:
                    failures += 1
                else:
                    break
        return failures

    async def terminate() -> None:
        for _ in range(30):
            await sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'mothership' AND state <> 'idle'"
            )
            await asyncio.sleep(0.02 + random.random() / 50)

    failures = sent = 0
    while not failures:  # it may hit none at the first attempt
        killer = asyncio.create_task(terminate())
        failures = sum(await asyncio.gather(send(range(sent, sent + 40)), send(range(sent + 20, sent + 60))))
        sent += 60
        await killer
    assert await sql("SELECT count(*) FROM events") == sent * 400
    assert (await sink.stats()).total_inserts == sent * 400


async def test_a_cancelled_write_leaves_nothing_and_the_next_one_works(make_sink: MakeSink, sql: Sql) -> None:
    """Whoever waits may lose patience at any moment."""
    sink = make_sink()
    await sink.open()
    for wait_milliseconds in (0, 1, 2, 4, 8, 16):
        task = asyncio.create_task(sink.write([_batch(1, 5_000)]))
        await asyncio.sleep(wait_milliseconds / 1000)
        if task.cancel():
            with pytest.raises(asyncio.CancelledError):
                await task
    await sink.write([_batch(1, 5_000)])
    assert await sql("SELECT count(*) FROM events") == 5_000


@asynccontextmanager
async def _proxy(dsn: str, directory: Path, *, cut_before: bytes = b"", cut_after: bytes = b"") -> AsyncIterator[str]:
    """A Unix socket in front of the server that cuts the connection around the first message with these bytes."""
    target = f"{parse_qs(urlsplit(dsn).query)['host'][0]}/.s.PGSQL.5432"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(target)
        down = asyncio.create_task(_pump(server_reader, writer))
        while data := await reader.read(65_536):
            if cut_before and cut_before in data:
                break
            if cut_after and cut_after in data:
                down.cancel()
                server_writer.write(data)
                await server_writer.drain()
                await asyncio.sleep(0.2)
                break
            server_writer.write(data)
            await server_writer.drain()
        down.cancel()
        server_writer.transport.abort()
        writer.transport.abort()

    server = await asyncio.start_unix_server(serve, directory / ".s.PGSQL.5432")
    try:
        yield f"postgresql://mothership@{urlsplit(dsn).path}?host={quote(str(directory))}&port=5432"
        await asyncio.sleep(0.05)
    finally:
        server.close()  # not waited for: from Python 3.12 on that takes until every client has gone, and a sink stays


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
