"""How long processes were ready to run while others had the processor: what a busy machine adds to every answer.

A bound on a time is a promise about the service, and not about what else runs beside it: tests take this off.
"""

import contextlib
import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final, Self

PATIENCE_SECONDS: Final = 300.0
"""When to stop waiting for what a busy machine makes late: nothing is asked of how long it takes."""


def starved_seconds(*processes: int) -> float:
    """Return for how long so far the threads of these processes, and of this one, have waited for a processor.

    Linux counts it; where nobody does it is 0, and the bounds are those of an idle machine.
    """
    return sum(map(_waited, (os.getpid(), *processes)))


def unstarved_time(*processes: int) -> float:
    """Return the time of a clock that stands still while these processes and this one wait for a processor."""
    return time.monotonic() - starved_seconds(*processes)


LOOK_SECONDS: Final = 0.05
STALL_SECONDS: Final = 0.25
"""What a look may take beyond that on a machine that is merely busy: no stall."""


class Stalls:
    """How long a disk, or the whole machine, stood still while the block ran: no scheduler counts that.

    A thread sleeps and syncs a byte to a file, again and again. What takes it long takes a spool as long.
    """

    def __init__(self, home: Path) -> None:
        self._file = home / "stalls"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seconds = 0.0
        """Of all stalls so far."""

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        with self._file.open("wb", buffering=0) as out:
            before = time.monotonic()
            while not self._stop.wait(LOOK_SECONDS):
                out.write(b".")
                os.fsync(out.fileno())
                now = time.monotonic()
                took, before = now - before - LOOK_SECONDS, now
                self.seconds += took if took > STALL_SECONDS else 0.0


_seen: dict[int, dict[str, int]] = {}
_ended: Counter[int] = Counter()


def _waited(process: int) -> float:
    """Of its threads, and of those that have ended since: else the clock would take back what it gave for them."""
    now: dict[str, int] = {}
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            with contextlib.suppress(OSError, IndexError):
                now[thread.name] = int((thread / "schedstat").read_text().split()[1])
    before = _seen.get(process, {})
    _ended[process] += sum(waited for thread, waited in before.items() if now.get(thread, -1) < waited)
    _seen[process] = now
    return (_ended[process] + sum(now.values())) / 1e9
