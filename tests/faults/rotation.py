"""`mothership send --follow` through rotations, with `kill -9` of either side in between: every line once. No tests.

python -m tests.faults.rotation [--lines 1000000] [--rotations 10]
"""

import argparse
import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tests.faults.database import Database, database
from tests.faults.service import Service

TICK_EVERY = 10
"""One line in so many is the same as all others of its kind, but for its time to the second."""
STALL_SECONDS = 90.0
"""Without any progress for so long it is lost."""


class Outcome(NamedTuple):
    """What is at rest."""

    lines: int
    rows: int
    numbers: int
    """Different numbers among the rows."""
    ticks: int
    kills: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Every line once."""
        ticks = self.lines // TICK_EVERY
        return (self.rows, self.numbers, self.ticks) == (self.lines, self.lines - ticks, ticks)


class Sender:
    """`mothership send --follow` as a process."""

    def __init__(self, log: Path, url: str, home: Path) -> None:
        self._command = [
            *(sys.executable, "-m", "mothership", "send", "--follow", str(log), "--url", url),
            *("--state", str(home / "state.json"), "--batch", "1000"),
        ]
        self._said = home / "send.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """A life."""
        with self._said.open("ab") as out:
            self._process = subprocess.Popen(self._command, stdout=out, stderr=out)

    def kill(self) -> None:
        """`kill -9`."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """In good order."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def said(self) -> str:
        """Its words."""
        return self._said.read_text()


class Writer:
    """Writes a log as a program does that opens it anew after each rotation."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._number = 0

    def write(self, lines: int) -> None:
        """So many lines, the last of them cut into two writes."""
        text = "".join(self._line() for _ in range(lines)).encode()
        with self._log.open("ab", buffering=0) as file:
            file.write(text[:-7])
            file.write(text[-7:])

    def rotate(self) -> None:
        """As logrotate does: `app.log.1`, `app.log.2`, …; the oldest goes."""
        for number in range(3, 0, -1):
            older = self._log.with_name(f"{self._log.name}.{number}")
            if older.exists() and number < 3:
                older.rename(self._log.with_name(f"{self._log.name}.{number + 1}"))
        self._log.rename(self._log.with_name(f"{self._log.name}.1"))

    def _line(self) -> str:
        self._number += 1
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return f"{now} INFO app: " + (f"line {self._number}\n" if self._number % TICK_EVERY else "tick\n")


async def run(server: Database, home: Path, *, lines: int, rotations: int) -> Outcome:
    """Write, rotate and kill, and count what is at rest in the end."""
    started = time.monotonic()
    log = home / "app.log"
    service = Service(home, server.dsn)
    sender, writer = Sender(log, service.url, home), Writer(log)
    kills = 0
    try:
        await service.start()
        sender.start()
        part = lines // (rotations + 1)
        for number in range(rotations + 1):
            writer.write(part if number < rotations else lines - part * rotations)
            await _until_rows(server, sender, part * number + 1)  # it is in the middle of it
            if number % 2:
                service.kill()
                await service.start()
            else:
                sender.kill()
                sender.start()
            kills += 1
            if number < rotations:
                # A file that is rotated four times before it was read is gone: no follower can help it.
                if number >= 3:
                    await _until_rows(server, sender, part * (number - 2))
                writer.rotate()
        await _until_rows(server, sender, lines)
        assert sender.stop() == 0, sender.said()
        return await _outcome(server, lines, kills, time.monotonic() - started)
    finally:
        sender.kill()
        service.end()


async def _until_rows(server: Database, sender: Sender, rows: int) -> None:
    best, moved = -1, time.monotonic()
    while True:
        async with server.session() as link:
            there = await link.fetchval("SELECT to_regclass('events') IS NOT NULL")
            count = await link.fetchval("SELECT count(*) FROM events") if there else 0
        if count >= rows:
            return
        if count > best:
            best, moved = count, time.monotonic()
        if time.monotonic() - moved > STALL_SECONDS:
            raise AssertionError(f"{count} of {rows} rows, and no more: {sender.said()[-2000:]}")
        await asyncio.sleep(0.1)


async def _outcome(server: Database, lines: int, kills: int, seconds: float) -> Outcome:
    async with server.session() as link:
        rows, numbers, ticks = await link.fetchrow(
            "SELECT count(*), count(DISTINCT substring(data->>'message' FROM 'line (\\d+)$')),"
            " count(*) FILTER (WHERE data->>'message' LIKE '%tick') FROM events"
        )
    return Outcome(lines, rows, numbers, ticks, kills, seconds)


def main() -> int:
    """Print what became of the lines."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--rotations", type=int, default=10)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="mothership-rotation-") as home, database() as server:

        async def once() -> Outcome:
            await server.renew()
            return await run(server, Path(home), lines=chosen.lines, rotations=chosen.rotations)

        outcome = asyncio.run(once())
    print(outcome, "every line once" if outcome.holds else "BROKEN")  # noqa: T201
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
