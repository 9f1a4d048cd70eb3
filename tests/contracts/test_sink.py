"""What `ports.Sink` promises, asked of every sink."""

import asyncio
import json
import random
from dataclasses import replace
from typing import Any

import pytest

from mothership.event import UNKNOWN_ARRIVAL, Arrival, Row, RowBatch

START = 1_767_225_600_000_000
"""2026-01-01, in microseconds."""


def _batch(name: str, size: int) -> RowBatch:
    rows = [
        Row(START + number, "syslog", f"host-{number % 7}", json.dumps({"batch": name, "number": number}).encode())
        for number in range(size)
    ]
    return RowBatch(name.encode().ljust(32, b"."), f"request-{name}", START, rows)


def _content(rows: list[Row]) -> list[tuple[int, str, str, str]]:
    return sorted((row.ts, row.type, row.source, json.dumps(json.loads(row.data), sort_keys=True)) for row in rows)


async def test_every_row_of_a_write_is_stored_as_it_was(bench: Any) -> None:
    """Time to the microsecond, type, source and data come back equal."""
    batches = [_batch("one", 3), _batch("two", 1_500)]
    assert await bench.sink.write(batches) == frozenset()
    assert _content(await bench.rows()) == _content([row for batch in batches for row in batch.rows])


async def test_a_batch_sent_again_is_stored_once(bench: Any) -> None:
    """At-least-once delivery must look like exactly-once in the store."""
    await bench.sink.write([_batch("one", 3)])
    assert await bench.sink.write([_batch("two", 2), _batch("one", 3)]) == {1}
    assert len(await bench.rows()) == 5


async def test_halves_of_a_batch_that_was_stored_whole_add_nothing(bench: Any) -> None:
    """A commit whose answer was lost, and a batch that then failed until it was split; other halves are stored."""
    await bench.sink.write([_batch("one", 4)])
    assert await bench.sink.write([*_halves(_batch("one", 4)), *_halves(_batch("two", 4))]) == {0, 1}
    assert await bench.sink.write(_halves(_batch("two", 4))) == {0, 1}
    assert len(await bench.rows()) == 8


async def test_halves_of_halves_know_the_whole(bench: Any) -> None:
    """What was too much at once may come apart more than once."""
    await bench.sink.write([_batch("one", 8)])
    front, back = _halves(_batch("one", 8))
    assert await bench.sink.write([*_halves(front), *_halves(back)]) == {0, 1, 2, 3}
    front, back = _halves(_batch("two", 8))
    assert await bench.sink.write(_halves(front)) == frozenset()
    assert await bench.sink.write([back]) == frozenset()
    assert await bench.sink.write(_halves(back)) == {0, 1}
    assert len(await bench.rows()) == 16


def _halves(batch: RowBatch) -> list[RowBatch]:
    middle = len(batch.rows) // 2
    parts = (b"front", batch.rows[:middle]), (b"back", batch.rows[middle:])
    return [
        RowBatch(
            name + batch.fingerprint[:20], batch.request_id, START, rows, half_of=(*batch.half_of, batch.fingerprint)
        )
        for name, rows in parts
    ]


async def test_a_batch_twice_in_one_write_is_stored_once(bench: Any) -> None:
    """Two clients may hand in the same batch at the same moment."""
    assert await bench.sink.write([_batch("one", 3), _batch("two", 1), _batch("one", 3)]) == {2}
    assert len(await bench.rows()) == 4


async def test_writes_at_the_same_time_store_a_batch_once(bench: Any) -> None:
    """Whichever wins, the others find it there."""
    answers = await asyncio.gather(*(bench.sink.write([_batch("one", 50), _batch("two", 50)]) for _ in range(8)))
    assert sum(2 - len(duplicates) for duplicates in answers) == 2
    assert len(await bench.rows()) == 100


async def test_equal_events_in_one_batch_are_both_kept(bench: Any) -> None:
    """A log may say the same thing twice in a microsecond."""
    row = Row(START, "log", "host", b'{"message":"again"}')
    await bench.sink.write([RowBatch(b"x" * 32, "request", START, [row, row])])
    assert len(await bench.rows()) == 2


async def test_an_empty_write_and_an_empty_batch_are_no_failure(bench: Any) -> None:
    """All events of a request may have been rejected before."""
    assert await bench.sink.write([]) == frozenset()
    assert await bench.sink.write([_batch("empty", 0)]) == frozenset()
    assert await bench.rows() == []


async def test_text_of_every_alphabet_comes_back_equal(bench: Any) -> None:
    """Nothing is lost on the way through encodings."""
    data = json.dumps({"message": 'Zoë \u4f60\u597d \U0001f6a2 \u202e \x7f \\ " \n'}, ensure_ascii=False).encode()
    await bench.sink.write([RowBatch(b"x" * 32, "request", START, [Row(START, "systém", "хост", data)])])
    (row,) = await bench.rows()
    assert (row.type, row.source, json.loads(row.data)) == ("systém", "хост", json.loads(data))


async def test_open_may_be_called_again(bench: Any) -> None:
    """The courier opens a sink again whenever it is in doubt."""
    await bench.sink.open()
    await bench.sink.open()
    assert await bench.sink.write([_batch("one", 1)]) == frozenset()


async def test_close_may_be_called_twice(bench: Any) -> None:
    """Stopping is not the moment for surprises."""
    await bench.sink.close()
    await bench.sink.close()


async def test_a_sink_that_can_write_says_that_it_is_healthy(bench: Any) -> None:
    """And gives no reason."""
    assert await bench.sink.health() == (True, "")


# --- first transmissions and retries -----------------------------------------------------------------------------

CONTENT = b"c" * 32


def _attempt(name: str, seconds: float = 0, *, is_retry: bool = False, content: bytes = CONTENT) -> RowBatch:
    """One of several transmissions of equal messages, each with a row that tells it from the others."""
    batch = _batch(name, 2)
    mark = content if is_retry else batch.fingerprint
    at = START + int(seconds * 1_000_000)
    return RowBatch(mark, batch.request_id, START, batch.rows, content=content, arrival=Arrival(at, at))


async def _stored(bench: Any) -> list[str]:
    return sorted({json.loads(row.data)["batch"] for row in await bench.rows()})


async def test_equal_first_transmissions_are_all_stored(bench: Any) -> None:
    """Nodes that share a name send equal batches for different events: in one write, and in several."""
    assert await bench.sink.write([_attempt("a"), _attempt("b"), _attempt("c")]) == frozenset()
    assert await bench.sink.write([_attempt("d", -1), _attempt("e", 1)]) == frozenset()
    assert await _stored(bench) == ["a", "b", "c", "d", "e"]


async def test_a_retry_of_what_is_stored_adds_nothing(bench: Any) -> None:
    """However often, and beside others."""
    await bench.sink.write([_attempt("first")])
    write = [_batch("other", 1), _attempt("retry", 1, is_retry=True), _attempt("again", 2, is_retry=True)]
    assert await bench.sink.write(write) == {1, 2}
    assert await _stored(bench) == ["first", "other"]


async def test_a_retry_in_one_write_with_its_first_transmission_adds_nothing(bench: Any) -> None:
    """In either order: what was received first is what is repeated."""
    assert await bench.sink.write([_attempt("a"), _attempt("retry", 1, is_retry=True)]) == {1}
    other = b"d" * 32
    write = [_attempt("retry", 1, is_retry=True, content=other), _attempt("b", content=other)]
    assert await bench.sink.write(write) == {0}
    assert await _stored(bench) == ["a", "b"]


@pytest.mark.parametrize("unknown", ["first", "retry", "both"])
async def test_a_retry_behind_its_first_transmission_adds_nothing_whatever_is_known_of_their_times(
    bench: Any, unknown: str
) -> None:
    """In one write as in two: an instance that started while the database was away has put both in line."""
    of_first, of_retry = (unknown in (name, "both") for name in ("first", "retry"))
    for number, split in enumerate((True, False)):
        content = bytes([number]) * 32
        first = _attempt(f"first-{number}", 0, content=content)
        retry = _attempt(f"retry-{number}", 1, is_retry=True, content=content)
        first = replace(first, arrival=UNKNOWN_ARRIVAL) if of_first else first
        retry = replace(retry, arrival=UNKNOWN_ARRIVAL) if of_retry else retry
        told = [await bench.sink.write(write) for write in ([[first], [retry]] if split else [[first, retry]])]
        assert told[-1] == ({0} if split else {1})
        # It is no retry that came early: another first transmission is new, as ever.
        assert await bench.sink.write([_attempt(f"other-{number}", -1, content=content)]) == frozenset()
    assert await _stored(bench) == ["first-0", "first-1", "other-0", "other-1"]


async def test_a_retry_that_nobody_knows_is_new_and_stored_once(bench: Any) -> None:
    """Its first attempt never came: in one write, and in several at once."""
    write = [_attempt("retry", number, is_retry=True) for number in range(3)]
    assert await bench.sink.write(write) == {1, 2}
    answers = await asyncio.gather(
        *(bench.sink.write([_attempt("other", n, is_retry=True, content=b"o" * 32)]) for n in range(8))
    )
    assert sum(not duplicates for duplicates in answers) == 1
    assert len(await bench.rows()) == 4


async def test_a_first_transmission_that_its_retry_has_overtaken_adds_nothing(bench: Any) -> None:
    """It waited in another instance's spool. One is taken for it; what was received later is new, as ever."""
    assert await bench.sink.write([_attempt("retry", 5, is_retry=True)]) == frozenset()
    assert await bench.sink.write([_attempt("later", 6)]) == frozenset()
    assert await bench.sink.write([_attempt("first", 0), _attempt("another", 1)]) == {0}
    assert await bench.sink.write([_attempt("first", 0), _attempt("more", 2)]) == {0}
    assert await bench.sink.write([_attempt("retry", 9, is_retry=True)]) == {0}
    assert await _stored(bench) == ["another", "later", "more", "retry"]


async def test_a_retry_that_races_its_first_transmission_is_stored_once(bench: Any) -> None:
    """On two instances at the same moment, whoever commits first."""
    for number in range(10):
        content = bytes([number]) * 32
        writes = (
            [_attempt(f"first-{number}", 0, content=content)],
            [_attempt(f"retry-{number}", 1, is_retry=True, content=content)],
        )
        await asyncio.gather(*(bench.sink.write(write) for write in (writes if number % 2 else reversed(writes))))
    assert len(await bench.rows()) == 20


async def test_what_came_first_is_not_asked_of_the_instances_own_clocks(bench: Any) -> None:
    """The one that took the first transmission is minutes behind the one that took the retry: both are stored."""
    slow, right = START - 300_000_000, START
    await bench.sink.write([replace(_attempt("retry", 5, is_retry=True), received=right + 5_000_000)])
    assert await bench.sink.write([replace(_attempt("later", 6), received=slow + 6_000_000)]) == frozenset()
    assert await bench.sink.write([replace(_attempt("first", 0), received=right + 300_000_000)]) == {0}
    write = [_attempt("a", 9, content=b"o" * 32), _attempt("b", 8, is_retry=True, content=b"o" * 32)]
    assert await bench.sink.write([replace(write[0], received=slow), write[1]]) == frozenset()
    assert await _stored(bench) == ["a", "b", "later", "retry"]


@pytest.mark.parametrize("unknown", ["first", "retry", "both"])
async def test_where_it_cant_be_told_which_came_first_both_are_stored(bench: Any, unknown: str) -> None:
    """One copy too many is better than one too few: in one write, and in two, and for spans that touch."""
    of_first, of_retry = (unknown in (name, "both") for name in ("first", "retry"))
    for number, split in enumerate((True, False)):
        content = bytes([number]) * 32
        retry = _attempt(f"retry-{number}", 1, is_retry=True, content=content)
        first = _attempt(f"first-{number}", 0, content=content)
        retry = replace(retry, arrival=UNKNOWN_ARRIVAL) if of_retry else retry
        first = replace(first, arrival=UNKNOWN_ARRIVAL) if of_first else first
        for write in ([retry], [first]) if split else ([retry, first],):
            assert await bench.sink.write(write) == frozenset()
    touching = _attempt("touching", content=b"t" * 32)
    await bench.sink.write([_attempt("retry", 1, is_retry=True, content=b"t" * 32)])
    spans = replace(touching, arrival=Arrival(START, START + 1_000_001))
    assert await bench.sink.write([spans]) == frozenset()
    assert len(await _stored(bench)) == 6


async def test_a_retry_that_arrived_before_another_nodes_equal_batch_is_news(bench: Any) -> None:
    """It waited in another instance's spool, and was written behind it. What it may repeat is only what came before."""
    assert await bench.sink.write([_attempt("other", 6)]) == frozenset()
    assert await bench.sink.write([_attempt("retry", 5, is_retry=True)]) == frozenset()
    assert await bench.sink.write([_attempt("retry", 5, is_retry=True)]) == {0}
    assert await bench.sink.write([_attempt("late", 4, is_retry=True), _attempt("late", 9, is_retry=True)]) == {0, 1}
    assert await bench.sink.write([_attempt("more", 4.5), _attempt("first", 0)]) == {1}
    assert await bench.sink.write([_attempt("late", 1, is_retry=True)]) == {0}
    assert await _stored(bench) == ["more", "other", "retry"]


@pytest.mark.parametrize("seed", range(8))
async def test_the_order_of_writes_makes_no_difference(bench: Any, seed: int) -> None:
    """Of equal batches as many are stored as if each had been written when it arrived; and again is no news."""
    chance = random.Random(seed)
    wanted = 0
    attempts: list[RowBatch] = []
    for number in range(24):
        content = bytes([number]) * 32
        known = False
        for seconds in range(1, chance.randrange(2, 7)):
            is_retry = chance.random() < 0.5
            wanted += not (is_retry and known)
            known = True
            name = f"{number}-{seconds}-{'retry' if is_retry else 'first'}"
            attempts.append(_attempt(name, seconds, is_retry=is_retry, content=content))
    attempts += chance.choices(attempts, k=20)
    chance.shuffle(attempts)
    while attempts:
        size = chance.randrange(1, 12)
        write, attempts = attempts[:size], attempts[size:]
        await bench.sink.write(write)
    assert len(await bench.rows()) == 2 * wanted


async def test_what_an_earlier_version_has_noted_is_known_to_a_retry(bench: Any) -> None:
    """It noted every batch by its content alone."""
    old = _batch("old", 2)
    await bench.sink.write([old])
    retry = RowBatch(old.fingerprint, "request", START + 1, old.rows, content=old.fingerprint)
    assert await bench.sink.write([retry]) == {0}
