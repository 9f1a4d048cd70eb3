"""`ports.StoredWatcher`: who is shown what a sink has stored, over the live tail and a double."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import pytest

from mothership.event import Row
from mothership.live_tail.live_tail import WAITING_ROWS_MAX, LiveTail
from mothership.live_tail.settings import LiveTailSettings
from mothership.ports import StoredWatcher
from mothership.search.query import EventQuery

HOSTILE = [
    Row(0, "", "", b"{}"),
    Row(-(2**62), "log", "\ud800", b"no JSON"),
    Row(2**62, "x" * 1000, "\x00", b"\xff\xfe"),
    Row(1, "log", "edge", b'{"message":' + b'"' + b"x" * 100_000 + b'"}'),
]


class KeepsTheLast:
    """A double: it keeps one row."""

    def __init__(self) -> None:
        self.is_watched = False
        self.last: Row | None = None

    def stored(self, rows: Sequence[Row]) -> None:
        """Keep the last."""
        self.last = rows[-1] if rows else self.last


class Bench(NamedTuple):
    """A watcher, what makes somebody watch, and how much it keeps."""

    watcher: StoredWatcher
    watching: Callable[[], AbstractContextManager[object]]
    kept: Callable[[], int]


def _double() -> Bench:
    watcher = KeepsTheLast()

    @contextlib.contextmanager
    def watching() -> Iterator[None]:
        watcher.is_watched = True
        yield
        watcher.is_watched, watcher.last = False, None

    return Bench(watcher, watching, lambda: int(watcher.last is not None))


def _live_tail() -> Bench:
    tail = LiveTail(LiveTailSettings())
    return Bench(tail, lambda: tail.following(EventQuery(), "anna"), lambda: tail._waiting_rows)


@pytest.fixture(params=[_double, _live_tail], ids=["double", "live tail"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """One watcher after the other."""
    make: Callable[[], Bench] = request.param
    return make()


def test_it_says_whether_anybody_watches(bench: Bench) -> None:
    """That is all that a write costs while nobody does."""
    assert not bench.watcher.is_watched
    with bench.watching():
        assert bench.watcher.is_watched
    assert not bench.watcher.is_watched


@pytest.mark.parametrize("rows", [[], HOSTILE, HOSTILE * 1000], ids=["none", "some", "many"])
def test_it_takes_whatever_was_stored(bench: Bench, rows: list[Row]) -> None:
    """It never raises: what a sink has stored is stored, and a courier goes on."""
    with bench.watching():
        bench.watcher.stored(rows)
    bench.watcher.stored(rows)  # it came late: nobody watches any more


def test_it_keeps_little_however_much_is_stored(bench: Bench) -> None:
    """Nobody reads meanwhile, ingestion goes on for ever, and it waits for nothing: no event loop runs here."""
    rows = [Row(n, "log", "edge", b'{"message":"disk failed"}') for n in range(1000)]
    with bench.watching():
        for _ in range(100):
            bench.watcher.stored(rows)
        assert 0 < bench.kept() <= WAITING_ROWS_MAX
    assert bench.kept() == 0
