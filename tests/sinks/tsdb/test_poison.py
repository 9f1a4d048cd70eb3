"""Rows that the database refuses are named; every other row of the write is stored."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.starvation import unstarved_time

from mothership.errors import Paused, Permanent
from mothership.event import Row, RowBatch
from mothership.sinks.tsdb.sink import TsdbSink

NOW = 1_767_225_600_000_000
Sql = Callable[..., Awaitable[Any]]
MakeSink = Callable[..., TsdbSink]
GOOD = Row(NOW, "log", "host", b'{"message":"secret-canary"}')
POISON = {
    "NUL in a value": Row(NOW, "log", "host", b'{"message":"secret-canary \\u0000"}'),
    "NUL in a key": Row(NOW, "log", "host", b'{"secret-canary \\u0000":1}'),
    "NUL byte": Row(NOW, "log", "host", b'{"message":"secret-canary \x00"}'),
    "lone surrogate": Row(NOW, "log", "host", b'{"message":"secret-canary \\ud800"}'),
    "no UTF-8": Row(NOW, "log", "host", b'{"message":"secret-canary \xff"}'),
    "huge number": Row(NOW, "log", "host", b'{"n":1e999999,"m":"secret-canary"}'),
    "no JSON": Row(NOW, "log", "host", b"secret-canary"),
    "NaN": Row(NOW, "log", "host", b'{"secret-canary":NaN}'),
    "nothing": Row(NOW, "log", "host", b""),
    "deep nesting": Row(NOW, "log", "host", b"[" * 100_000 + b"]" * 100_000),
    "NUL in the type": Row(NOW, "secret-canary\0", "host", b"{}"),
    "surrogate in the source": Row(NOW, "log", "secret-canary\ud800", b"{}"),
    "time beyond the database's": Row(9_224_318_016_000_000_001, "log", "host", b'{"m":"secret-canary"}'),
    "time beyond 64 bits": Row(2**70, "log", "host", b'{"m":"secret-canary"}'),
    "time before all": Row(-(2**70), "log", "host", b'{"m":"secret-canary"}'),
    "type too long for the index": Row(NOW, "".join(map(chr, range(256, 9_000))), "host", b"{}"),
}


def _batch(number: int, rows: list[Row]) -> RowBatch:
    return RowBatch(number.to_bytes(32, "big"), f"request-{number}", NOW, rows)


@pytest.mark.parametrize("kind", sorted(POISON))
async def test_one_bad_row_costs_no_other(make_sink: MakeSink, sql: Sql, kind: str) -> None:
    """It is named by batch and row, with a reason that quotes nothing of it."""
    sink = make_sink()
    await sink.write([_batch(9, [GOOD])])
    batches = [_batch(1, [GOOD] * 5), _batch(2, [GOOD, GOOD, POISON[kind], GOOD]), _batch(9, [GOOD])]
    with pytest.raises(Permanent) as caught:
        await sink.write(batches)
    ((batch, row, reason),) = caught.value.failed
    assert (batch, row) == (1, 2)
    assert caught.value.duplicates == {2}
    assert "canary" not in reason + str(caught.value) + repr(caught.value.__cause__)
    assert await sql("SELECT count(*) FROM events") == 1 + 5 + 3
    assert (await sink.stats()).total_inserts == 9
    assert await sink.write(batches) == {0, 1, 2}


async def test_poison_among_ten_thousand_is_found_quickly(make_sink: MakeSink, sql: Sql) -> None:
    """The server says at which line it stopped, so nothing is tried row by row."""
    sink = make_sink()
    rows = [Row(NOW + number, "log", "host", b'{"n":%d}' % number) for number in range(10_000)]
    bad = {0, 1, 2, 4_321, 5_000, 9_999}
    for number in bad:
        rows[number] = POISON["NUL in a value"]
    started = unstarved_time()
    with pytest.raises(Permanent) as caught:
        await sink.write([_batch(1, rows)])
    assert {failed.row for failed in caught.value.failed} == bad
    assert await sql("SELECT count(*) FROM events") == 10_000 - len(bad)
    assert unstarved_time() - started < 5


async def test_a_write_of_nothing_but_poison_ends(make_sink: MakeSink, sql: Sql) -> None:
    """Every row is named, and none is sent over and over."""
    sink = make_sink()
    started = unstarved_time()
    with pytest.raises(Permanent) as caught:
        await sink.write([_batch(1, [POISON["NUL in a value"]] * 2_000)])
    assert len(caught.value.failed) == 2_000
    assert await sql("SELECT count(*) FROM events") == 0
    assert unstarved_time() - started < 10


async def test_a_table_that_refuses_every_row_pauses_the_sink(make_sink: MakeSink, sql: Sql) -> None:
    """A constraint that someone added is no reason to throw events away."""
    sink = make_sink()
    await sink.write([_batch(1, [GOOD])])
    await sql("ALTER TABLE events ADD COLUMN tenant TEXT NOT NULL DEFAULT 'x'")
    await sql("ALTER TABLE events ALTER COLUMN tenant DROP DEFAULT")
    with pytest.raises(Paused):
        await sink.write([_batch(2, [GOOD])])
    await sql("ALTER TABLE events ALTER COLUMN tenant SET DEFAULT 'x'")
    assert await sink.write([_batch(2, [GOOD])]) == frozenset()


async def test_a_constraint_refuses_only_the_rows_it_is_about(make_sink: MakeSink, sql: Sql) -> None:
    """The others are stored."""
    sink = make_sink()
    await sink.open()
    await sql("ALTER TABLE events ADD CHECK (source <> 'evil')")
    with pytest.raises(Permanent) as caught:
        await sink.write([_batch(1, [GOOD, GOOD._replace(source="evil"), GOOD])])
    assert [failed.row for failed in caught.value.failed] == [1]
    assert await sql("SELECT count(*) FROM events") == 2


async def test_the_longest_type_and_source_that_arrive_are_stored(make_sink: MakeSink, sql: Sql) -> None:
    """256 characters of four bytes fit the indexes."""
    name = "".join(chr(0x1F300 + number) for number in range(256))
    assert await make_sink().write([_batch(1, [GOOD._replace(type=name, source=name)])]) == frozenset()
    assert await sql("SELECT source FROM events") == name
