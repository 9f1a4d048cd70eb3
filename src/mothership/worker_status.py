"""What each of several workers says about itself, where the others can read it: whoever is asked answers for all.

Any worker can answer a status request. Their counters are in shared files already (`telemetry`); the rest of its status
each worker writes to a file of its own every second, and again whenever it is asked.
"""

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the directory of the shared files; set for the workers by their supervisor."""
BEGAN = "began"
SILENT_SECONDS = 10.0
"""A worker whose status is older than this hangs."""
HIGHEST = frozenset({"oldest_seconds", "confidence_threshold", "tokens_today", "cost_today"})
"""Numbers that are no sums: each worker knows the whole, or the oldest counts."""
BREAKERS = ("closed", "half_open", "open", "paused")


class StatusDirectory:
    """The status files of the workers that live. Times are of a clock that all processes of a machine share."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @classmethod
    def of_this_process(cls) -> "StatusDirectory | None":
        """The directory that the supervisor made; None for a worker that is alone."""
        directory = Path(os.environ.get(VARIABLE, os.devnull))
        return cls(directory) if (directory / BEGAN).exists() else None

    @classmethod
    def create(cls, directory: Path) -> "StatusDirectory":
        """By the supervisor: an empty directory, and the time from which the service counts."""
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        (directory / BEGAN).write_text(f"{time.monotonic()}")
        return cls(directory)

    def uptime_seconds(self) -> float:
        """Since the supervisor began, whenever the workers did."""
        return time.monotonic() - float((self._directory / BEGAN).read_text())

    def publish(self, status: dict[str, Any], pid: int | None = None) -> None:
        """Replace this process's status. The supervisor begins with an empty one for each."""
        path = self._path(pid or os.getpid())
        draft = path.with_suffix(".draft")
        draft.write_bytes(orjson.dumps({"posted": time.monotonic(), "status": status}))
        draft.replace(path)

    def read(self) -> list[tuple[float, dict[str, Any]]]:
        """The status of each worker that lives, and how many seconds old it is."""
        found = []
        for path in sorted(self._directory.glob("status-*.json")):
            with suppress(FileNotFoundError):  # its worker has just died
                posted = orjson.loads(path.read_bytes())
                found.append((time.monotonic() - posted["posted"], posted["status"]))
        return found

    def remove(self, pid: int) -> None:
        """By the supervisor: this worker is dead."""
        self._path(pid).unlink(missing_ok=True)

    def _path(self, pid: int) -> Path:
        return self._directory / f"status-{pid}.json"


def merge(statuses: Sequence[Any], name: str = "") -> Any:
    """Several statuses as one: numbers are added, all must be healthy, the worst word counts."""
    first = statuses[0]
    if isinstance(first, dict):
        keys = dict.fromkeys(key for status in statuses for key in status)
        return {key: merge([status[key] for status in statuses if key in status], key) for key in keys}
    if isinstance(first, bool):
        return all(statuses)
    if isinstance(first, str):
        if name.endswith("breaker"):
            return max(statuses, key=lambda word: BREAKERS.index(word) if word in BREAKERS else len(BREAKERS))
        return next((word for word in statuses if word), "")
    return max(statuses) if name in HIGHEST else round(sum(statuses), 6)
