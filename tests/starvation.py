"""How long processes were ready to run while others had the processor: what a busy machine adds to every answer.

A bound on a time is a promise about the service, and not about what else runs beside it: tests take this off.
"""

import contextlib
import os
import time
from collections import Counter
from pathlib import Path
from typing import Final

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
