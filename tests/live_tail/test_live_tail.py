"""Whoever follows sees what is stored, within bounds, and whoever can't keep up is told or dropped."""

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.relay.support import ToxicSink, rows_batch, settings, until

from mothership.errors import Refusal
from mothership.event import Row
from mothership.live_tail.follower import Follower
from mothership.live_tail.live_tail import LiveTail
from mothership.live_tail.messages import DATA_BYTES_MAX
from mothership.live_tail.settings import LiveTailSettings
from mothership.live_tail.tail_log import CHUNKS_MAX, TailLog
from mothership.relay.relay import Relay
from mothership.relay.sink_route import SinkRoute
from mothership.search.parameters import parse_query
from mothership.search.query import EventQuery

ALL = EventQuery()


@contextlib.asynccontextmanager
async def at_work(**changes: Any) -> AsyncIterator[LiveTail]:
    """A tail that looks at what it is given."""
    tail = LiveTail(LiveTailSettings(**changes))
    work = asyncio.create_task(tail.run())
    yield tail
    work.cancel()
    await asyncio.wait([work])


class Reader:
    """Reads all that a follower is sent."""

    def __init__(self, follower: Follower) -> None:
        self.events: list[Any] = []
        self.said: list[tuple[str, Any]] = []
        self.task = asyncio.create_task(self._read(follower))

    async def _read(self, follower: Follower) -> None:
        async for text in follower.messages():
            for message in text.decode().split("\n\n")[:-1]:
                *name, data = message.split("\n")
                content = json.loads(data.removeprefix("data: "))
                if name:
                    self.said.append((name[0].removeprefix("event: "), content))
                else:
                    self.events.append(content)

    @property
    def missed(self) -> int:
        """As it was told."""
        return sum(content["events"] for name, content in self.said if name == "missed")


def rows(number: int, kind: str = "log", **data: Any) -> list[Row]:
    return [Row(n, kind, "edge", json.dumps({"n": n, **data}).encode()) for n in range(number)]


async def test_what_a_sink_stored_is_seen_and_nothing_else(tmp_path: Path) -> None:
    """Not what it refused, and not what was there before."""
    sink = ToxicSink(poison=b'"2-1"')
    async with at_work() as tail:
        relay = await Relay.open(tmp_path, settings(), [SinkRoute(sink, watcher=tail)])
        work = asyncio.create_task(relay.run())
        with tail.following(ALL, "anna") as follower:
            reader = Reader(follower)
            await relay.keep(rows_batch(1))
            await relay.keep(rows_batch(2))
            again = dataclasses.replace(rows_batch(1), content=rows_batch(1).fingerprint)
            await relay.keep(again)
            await relay.keep(rows_batch(3))
            wanted = ["1-0", "1-1", "1-2", "2-0", "2-2", "3-0", "3-1", "3-2"]
            await until(lambda: len(reader.events) >= len(wanted))
            assert [event["data"]["n"] for event in reader.events] == wanted
            assert reader.events[0]["type"] == "log"
            assert reader.said == [("following", {})]
            reader.task.cancel()
        await relay.close(1.0)
        await work


async def test_while_nobody_follows_nothing_is_told(tmp_path: Path) -> None:
    """One look at an attribute is all that a write costs."""

    class Nobody:
        is_watched = False

        def stored(self, rows: Sequence[Row]) -> None:
            pytest.fail(f"there is nobody for {len(rows)} rows")

    relay = await Relay.open(tmp_path, settings(), [SinkRoute(ToxicSink(), watcher=Nobody())])
    work = asyncio.create_task(relay.run())
    await relay.keep(rows_batch(1))
    await relay.close(1.0)
    await work
    tail = LiveTail(LiveTailSettings())
    with tail.following(ALL, "anna"):
        assert tail.is_watched
    assert not tail.is_watched


async def test_each_sees_what_it_asks_for() -> None:
    """By type, severity, site, text; its times don't count: what is stored now is meant."""
    async with at_work() as tail, contextlib.AsyncExitStack() as stack:
        readers = {}
        for asked in ("type=web", "severity=error", "at-least=warning", "site=x", "q=needle", "since=1h&type=web"):
            query = parse_query([tuple(pair.split("=")) for pair in asked.split("&")], now=2e9)  # type: ignore[misc]
            readers[asked] = Reader(stack.enter_context(tail.following(query, "anna")))
        for row in (
            *rows(1, "web"),
            *rows(1, severity_num=3),
            *rows(1, tags={"site": "x"}),
            *rows(1, message="A Needle"),
        ):
            tail.stored([row])
        await until(lambda: all(reader.events for reader in readers.values()))
        assert {asked: len(reader.events) for asked, reader in readers.items()} == dict.fromkeys(readers, 1)
        for reader in readers.values():
            reader.task.cancel()


async def test_a_flood_is_shown_in_part_and_the_rest_is_counted() -> None:
    """To each who asks, by the same look at each event."""
    async with at_work(events_per_second=10) as tail:
        with tail.following(ALL, "anna") as one, tail.following(ALL, "ben") as other:
            readers = [Reader(one), Reader(other)]
            for _ in range(3):
                tail.stored(rows(1000))
            await until(lambda: all(len(it.events) + it.missed == 3000 for it in readers))
            assert 50 <= len(readers[0].events) < 1000
            assert readers[0].events == readers[1].events
            for reader in readers:
                reader.task.cancel()


async def test_more_than_can_wait_is_counted_and_never_kept() -> None:
    """Whatever the courier hands over, it comes back at once, and memory is bounded."""
    async with at_work() as tail:
        with tail.following(ALL, "anna") as follower:
            reader = Reader(follower)
            big = rows(10, message="x" * 1_000_000)
            for _ in range(20):
                tail.stored(big)
            assert tail._waiting_bytes < 20_000_000
            await until(lambda: len(reader.events) + reader.missed == 200)
            assert reader.events[0]["is_cut"]
            assert reader.events[0]["data"]["_cut"] > DATA_BYTES_MAX
            reader.task.cancel()


async def test_a_reader_that_takes_nothing_is_dropped_and_others_go_on() -> None:
    """It holds nothing but a place in the log that all read."""
    dropped = asyncio.Event()
    async with at_work(stall_seconds=0.1) as tail:
        with tail.following(ALL, "slow", drop=dropped.set) as slow, tail.following(ALL, "anna") as quick:
            stalled = slow.messages()
            assert await anext(stalled)  # and now it is being sent, for ever
            reader = Reader(quick)
            tail.stored(rows(5))
            async with asyncio.timeout(30):
                await dropped.wait()
            await until(lambda: len(reader.events) == 5)
            reader.task.cancel()
        await stalled.aclose()  # type: ignore[attr-defined]


async def test_a_tail_ends_with_its_credentials_and_is_told_why() -> None:
    """Within seconds."""
    allowed = [True]
    async with at_work() as tail:
        with tail.following(ALL, "anna", is_allowed=lambda: allowed[0]) as follower:
            reader = Reader(follower)
            allowed[0] = False
            async with asyncio.timeout(30):
                await reader.task
        assert reader.said[-1] == ("end", {"reason": "your credentials are no longer valid"})


async def test_there_is_room_for_so_many_and_so_many_of_each() -> None:
    """Whoever finds none is told what to do; whoever leaves makes room."""
    tail = LiveTail(LiveTailSettings(readers=3, readers_per_caller=2))
    with tail.following(ALL, "anna"), tail.following(ALL, "anna"):
        with pytest.raises(Refusal, match=r"live_tail\.readers_per_caller") as mine, tail.following(ALL, "anna"):
            pass
        assert mine.value.status == 503
        words = r"3 live tails are open here"
        with tail.following(ALL, "ben"), pytest.raises(Refusal, match=words), tail.following(ALL, "cleo"):
            pass
        with tail.following(ALL, "cleo"):
            pass
    tail.close()
    with pytest.raises(Refusal, match="stopping"), tail.following(ALL, "anna"):
        pass


def test_a_log_is_bounded_and_tells_each_reader_what_it_missed() -> None:
    """However far behind it is."""
    log = TailLog()
    begin = log.end
    assert log.read(begin) is None
    log.append([b"a", b"b"])
    behind = log.read(begin)
    assert behind is not None
    assert (behind.text, behind.missed) == (b"ab", 0)
    for _ in range(CHUNKS_MAX + 10):
        log.append([b"c", b"d"])
    log.leave_out(7)
    place, seen, missed = begin, 0, 0
    while read := log.read(place):
        place, seen, missed = read.place, seen + len(read.text), missed + read.missed
    assert seen == 2 * CHUNKS_MAX
    assert seen + missed == 2 * (CHUNKS_MAX + 11) + 7
    for _ in range(10):
        log.append([b"x" * 1_000_000])
    assert log._bytes <= 5_000_000
