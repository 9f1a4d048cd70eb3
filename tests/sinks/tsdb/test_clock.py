"""The database's clock, as far as it is known here: a span that holds it, whatever the looks took."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.starvation import PATIENCE_SECONDS

from mothership.event import UNKNOWN_ARRIVAL
from mothership.sinks.tsdb.clock_file import ClockFile
from mothership.sinks.tsdb.database_clock import DRIFT, DatabaseClock, Look, boot_ticks, ticks_of_this_boot
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

START = 1_767_225_600_000_000


def test_the_span_holds_the_databases_clock_and_is_narrow() -> None:
    """Slow looks and quick ones, long pauses, ticks that run a little wrong."""
    chance = random.Random(7)
    for wrong in (0.0, DRIFT, -DRIFT):
        true = here = 0.0
        clock = DatabaseClock(lambda: here)  # noqa: B023
        assert clock.now() == UNKNOWN_ARRIVAL

        def passes(seconds: float) -> None:
            nonlocal true, here
            true += seconds
            here += seconds * (1 + wrong * 0.99)  # noqa: B023

        for _ in range(500):
            asked = here
            passes(chance.choice((0.001, 0.5)) * chance.random())
            showed = START + int(true * 1e6)
            passes(chance.choice((0.001, 0.5)) * chance.random())
            clock.learn(showed, asked)
            passes(chance.choice((0.0, 5.0, 60.0)))
            span = clock.now()
            assert span.earliest <= START + true * 1e6 <= span.latest
            assert span.latest - span.earliest <= 1_100_000


def test_a_quick_look_is_kept_until_it_is_worse_than_a_slow_one() -> None:
    """A look that takes half a second says less than one a minute ago that took a millisecond."""
    here = 0.0
    clock = DatabaseClock(lambda: here)
    here = 0.001
    clock.learn(START, 0.0)
    here = 60.0
    clock.learn(START + 60_000_000, 59.5)
    assert clock.now().latest - clock.now().earliest < 70_000


def test_a_clock_that_was_set_is_believed_at_once() -> None:
    """The database moved to another machine."""
    here = 1.0
    clock = DatabaseClock(lambda: here)
    clock.learn(START, 1.0)
    here = 2.0
    clock.learn(START - 3_600_000_000, 1.5)
    assert clock.now().latest < START


def test_ticks_go_on() -> None:
    """Never back."""
    assert boot_ticks() <= boot_ticks()


def test_a_process_that_starts_while_the_database_is_away_goes_on_from_the_last_look(tmp_path: Path) -> None:
    """Otherwise it could not tell which of two transmissions came first, and both would be stored."""
    place, look = tmp_path / "clock.json", Look(START, 10.0, 10.5)
    assert ClockFile(place, "db/events", "boot").read(20.0) is None
    ClockFile(place, "db/events", "boot").write(look)
    clock = DatabaseClock(lambda: 20.0, ClockFile(place, "db/events", "boot").read(20.0))
    assert clock.now().earliest <= START + 10_000_000 <= clock.now().latest
    assert clock.now().latest - clock.now().earliest < 600_000


@pytest.mark.parametrize("other", ["database", "boot", "later", "damaged"])
def test_a_look_that_says_nothing_here_is_not_counted_from(tmp_path: Path, other: str) -> None:
    """Of another database's clock, or by another machine's ticks."""
    place = tmp_path / "clock.json"
    ClockFile(place, "db/events", "boot").write(Look(START, 10.0, 10.5))
    if other == "damaged":
        place.write_bytes(place.read_bytes()[:-9])
    now = 10.2 if other == "later" else 20.0
    clock_of, ticks_of = "other/events" if other == "database" else "db/events", "next" if other == "boot" else "boot"
    assert ClockFile(place, clock_of, ticks_of).read(now) is None


def test_where_the_system_names_no_boot_nothing_is_kept(tmp_path: Path) -> None:
    """It could be read after the next one."""
    ClockFile(tmp_path / "clock.json", "db/events", "").write(Look(START, 10.0, 10.5))
    assert ClockFile(tmp_path / "clock.json", "db/events", "").read(20.0) is None
    assert DatabaseClock(lambda: 1.0).machine_time() is None


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TRIED: only Linux names its boots")
def test_a_boot_has_one_name() -> None:
    """Of all processes of the machine."""
    asked = [
        sys.executable,
        "-c",
        "from mothership.sinks.tsdb import database_clock as c; print(c.ticks_of_this_boot())",
    ]
    assert (
        subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip() == ticks_of_this_boot() != ""
    )


def test_what_arrived_before_the_clock_was_seen_is_told_by_a_later_look() -> None:
    """By the same ticks only: the machine booted while the database was away."""
    true = 0.0
    clock = DatabaseClock(lambda: 7.0 + true, ticks_of="boot")
    true = 1000.0
    arrived, showed = clock.machine_time(), START + int(true * 1e6)
    assert arrived is not None
    assert clock.now() == clock.at(arrived) == UNKNOWN_ARRIVAL
    true += 600.0
    clock.learn(START + int(true * 1e6), 7.0 + true - 0.25)
    assert clock.at(arrived).earliest <= showed <= clock.at(arrived).latest
    assert clock.at(arrived).latest - clock.at(arrived).earliest < 900_000
    assert clock.at(arrived.before(5.0)).latest < showed - 4_000_000
    assert clock.at(arrived._replace(ticks_of="another boot")) == UNKNOWN_ARRIVAL


async def test_the_database_is_looked_at_and_the_next_process_knows(tmp_path: Path, database_dsn: str) -> None:
    """Before it has a connection."""
    made: dict[str, Any] = {"embedded_dsn": database_dsn, "clock_path": tmp_path / "clock.json"}
    before = TsdbSink(DatabaseSettings(), **made)
    assert before.clock.now() == UNKNOWN_ARRIVAL
    await before.open()
    await before.close()
    after = TsdbSink(DatabaseSettings(), **made)
    assert before.clock.look is not None
    assert after.clock.look == before.clock.look


async def test_after_a_slow_first_look_others_follow_at_once(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches come from the start on: those of the first seconds could not be told apart by a span that wide."""
    for pause in ("CLOCK_SECONDS", "RECHECK_SECONDS_MIN"):
        monkeypatch.setattr(f"mothership.sinks.tsdb.sink.{pause}", 3_600.0)
    ahead = iter([0.0])

    def ticks() -> float:
        return boot_ticks() + next(ahead, 30.0)  # the first look begins 30 seconds before it ends

    sink = TsdbSink(DatabaseSettings(), embedded_dsn=database_dsn, ticks=ticks)
    await sink.open()
    assert sink.clock.now().latest - sink.clock.now().earliest > 30_000_000
    keeping_time = asyncio.create_task(sink.run_maintenance())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while sink.clock.now().latest - sink.clock.now().earliest > 30_000_000:  # noqa: ASYNC110 - the sink's own
                await asyncio.sleep(0.01)
    finally:
        keeping_time.cancel()
        await asyncio.wait([keeping_time])
        await sink.close()
