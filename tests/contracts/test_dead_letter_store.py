"""What `ports.DeadLetterStore` promises, asked of every kind, beside a spool that is open."""

import asyncio

import pytest
from tests.contracts.spools import LIMITS, SpoolBench, append, leased, stats_once
from tests.relay.support import rows_batch

from mothership.dead_letters import Chosen, Moved
from mothership.errors import FailedRow
from mothership.event import Row
from mothership.ports import Spool

FIXED = Row(1_700_000_000_000_000, "log", "web", b'{"n":"fixed"}')


async def refused(spools: SpoolBench, *numbers: int) -> Spool:
    """A spool whose sink refused the second row of each batch; and one rejected row."""
    spool = await spools.open()
    for number in numbers:
        await append(spool, rows_batch(number), "a")
        lease = await leased(spool, "a", LIMITS._replace(rows=3))
        reason = "too long ünd ☃ 😀" if number % 2 else "too short"
        await spool.dead_letter(lease, [FailedRow(0, 1, reason)], known_to_sink=True)
        spools.clock.now += 1.0
    await spool.keep_rejected(rows_batch(99, 1), ["no type"])
    return spool


async def test_they_are_listed_in_their_order(spools: SpoolBench) -> None:
    """All, some, a sink's, and in pages."""
    await refused(spools, 1, 2, 3)

    def look() -> None:
        store = spools.store()
        views = list(store.views())
        assert [view.request_id for view in views] == ["request-1", "request-2", "request-3", "request-99"]
        assert [view.sink for view in views] == ["a", "a", "a", "pipeline"]
        assert [view.reason for view in views[:2]] == ["too long ünd ☃ 😀", "too short"]
        assert [view.buried for view in views] == sorted(view.buried for view in views)
        assert [view.id for view in store.views(ids={views[1].id})] == [views[1].id]
        assert len(list(store.views(sink="a"))) == 3
        first = store.page("a", None, "", 2)
        assert [view.id for view in first] == [view.id for view in views[:2]]
        assert [view.id for view in store.page("a", None, first[-1].id, 2)] == [views[2].id]
        assert [view.id for view in store.page(None, "no type", "", 9)] == [views[3].id]
        assert {(one.sink, one.reason): (one.letters, one.events) for one in store.groups()} == {
            ("a", "too long ünd ☃ 😀"): (2, 2),
            ("a", "too short"): (1, 1),
            ("pipeline", "no type"): (1, 1),
        }
        letter = store.letter(views[0].id)
        assert (letter.sink, letter.request_id, letter.events, letter.client) == ("a", "request-1", 1, "ship")
        assert letter.origin == rows_batch(1).fingerprint
        assert store.rows(views[0].id) == [rows_batch(1).rows[1]]
        for nobody in ("0-999999", "jetstream-999999", "nonsense", ""):
            with pytest.raises(KeyError):
                store.letter(nobody)

    await asyncio.to_thread(look)


async def test_what_is_retried_waits_for_its_sink_again(spools: SpoolBench) -> None:
    """Once, under an identity of its own; what was rejected has no sink."""
    spool = await refused(spools, 1, 2)
    assert await asyncio.to_thread(spools.store().retry, None, None) == 2
    assert await asyncio.to_thread(spools.store().retry, None, "a") == 0
    found = [await leased(spool, "a", LIMITS._replace(rows=1)) for _ in range(2)]
    batches = [batch for lease in found for batch in lease.batches]
    assert sorted(row for batch in batches for row in batch.rows) == sorted(rows_batch(n).rows[1] for n in (1, 2))
    assert not {batch.fingerprint for batch in batches} & {rows_batch(n).fingerprint for n in (1, 2)}
    assert [view.sink for view in await asyncio.to_thread(lambda: list(spools.store().views()))] == ["pipeline"]


async def test_what_is_dropped_is_gone(spools: SpoolBench) -> None:
    """These, then all of a sink."""
    await refused(spools, 1, 2, 3)

    def drop() -> None:
        store = spools.store()
        first = next(store.views())
        assert store.drop([first.id], None) == 1
        assert store.drop(None, "a") == 2
        assert [view.sink for view in store.views()] == ["pipeline"]
        assert store.drop(None, None) == 1

    await asyncio.to_thread(drop)


async def test_some_of_those_that_are_chosen(spools: SpoolBench) -> None:
    """By sink, reason and time; and how many of them are left."""
    await refused(spools, 1, 2, 3, 5)

    def work() -> None:
        store = spools.store()
        cut = sorted(view.buried for view in store.views(sink="a"))[2]
        chosen = Chosen("a", "too long ünd ☃ 😀", cut)
        assert store.retry_some(chosen, 1) == Moved(1, 1, 1)
        assert store.drop_some(chosen, 5) == Moved(1, 1, 0)
        assert store.drop_some(chosen, 5) == Moved(0, 0, 0)
        assert [view.request_id for view in store.views()] == ["request-2", "request-5", "request-99"]

    await asyncio.to_thread(work)


async def test_one_row_is_replaced(spools: SpoolBench) -> None:
    """What is repaired goes to its sink; the others stay; what is not there is a `KeyError`."""
    spool = await spools.open()
    await append(spool, rows_batch(1), "a")
    failed = [FailedRow(0, row, "no") for row in range(3)]
    await spool.dead_letter(await leased(spool, "a"), failed, known_to_sink=True)

    def repair() -> None:
        store = spools.store()
        (view,) = store.views()
        for letter, position in ((view.id, 3), ("0-999999", 0), ("jetstream-999999", 0)):
            with pytest.raises(KeyError):
                store.replace_row(letter, position, FIXED)
        store.replace_row(view.id, 1, FIXED)
        (left,) = store.views()
        assert store.rows(left.id) == [rows_batch(1).rows[0], rows_batch(1).rows[2]]
        assert (left.sink, left.reason, left.buried) == (view.sink, view.reason, view.buried)
        store.replace_row(left.id, 0, None)
        (left,) = store.views()
        assert store.rows(left.id) == [rows_batch(1).rows[2]]

    await asyncio.to_thread(repair)
    assert (await leased(spool, "a")).batches[0].rows == [FIXED]


async def test_those_of_one_caller_do_not_push_out_those_of_another(spools: SpoolBench) -> None:
    """For want of room the oldest of whoever holds most go."""
    spool = await spools.open(dead_letters={"max_bytes": 12_000})
    for number in range(60):
        client = "quiet" if number == 0 else "noisy"
        await spool.keep_rejected(rows_batch(number, 1, client=client), ["no type"])
        spools.clock.now += 1.0
    await stats_once(spool, lambda stats: 2 < stats.dead_letters.batches < 50)
    names = await asyncio.to_thread(lambda: {view.request_id for view in spools.store().views()})
    assert {"request-0", "request-59"} <= names
    assert "request-1" not in names
