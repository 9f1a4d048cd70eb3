"""What each of several workers says about itself, where the others can read it: whoever is asked answers for all.

The connection of a question ends at any of the workers. Their counters are in shared files already (`telemetry`); how
they stand is in a note that each puts up every second, and anew whenever it is asked.
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
"""A worker whose note is older than this hangs."""
HIGHEST = frozenset({"oldest_seconds", "confidence_threshold", "tokens_today", "cost_today"})
"""Numbers that are no sums: each worker knows the whole, or the oldest counts."""
BREAKERS = ("closed", "half_open", "half-open", "open", "paused")


class Board:
    """The notes of the workers that live. Times are of a clock that all processes of a machine share."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @classmethod
    def of_this_process(cls) -> "Board | None":
        """The board that the supervisor set up; None for a worker that is alone."""
        directory = Path(os.environ.get(VARIABLE, os.devnull))
        return cls(directory) if (directory / BEGAN).exists() else None

    @classmethod
    def set_up(cls, directory: Path) -> "Board":
        """By the supervisor: an empty directory, and the time from which the service counts."""
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        (directory / BEGAN).write_text(f"{time.monotonic()}")
        return cls(directory)

    def uptime_seconds(self) -> float:
        """Since the supervisor began, whenever the workers did."""
        return time.monotonic() - float((self._directory / BEGAN).read_text())

    def post(self, note: dict[str, Any], pid: int | None = None) -> None:
        """Put up this process's note in place of its last one. The supervisor begins with an empty one for each."""
        place = self._place(pid or os.getpid())
        draft = place.with_suffix(".draft")
        draft.write_bytes(orjson.dumps({"posted": time.monotonic(), "note": note}))
        draft.replace(place)

    def notes(self) -> list[tuple[float, dict[str, Any]]]:
        """What each worker that lives has put up, and how many seconds ago."""
        found = []
        for path in sorted(self._directory.glob("note-*.json")):
            with suppress(FileNotFoundError):  # its worker has just died
                posted = orjson.loads(path.read_bytes())
                found.append((time.monotonic() - posted["posted"], posted["note"]))
        return found

    def take_down(self, pid: int) -> None:
        """By the supervisor: this worker is dead."""
        self._place(pid).unlink(missing_ok=True)

    def _place(self, pid: int) -> Path:
        return self._directory / f"note-{pid}.json"


def together(notes: Sequence[Any], name: str = "") -> Any:
    """Several notes as one: numbers are added, all must be healthy, the worst word counts."""
    first = notes[0]
    if isinstance(first, dict):
        keys = dict.fromkeys(key for note in notes for key in note)
        return {key: together([note[key] for note in notes if key in note], key) for key in keys}
    if isinstance(first, bool):
        return all(notes)
    if isinstance(first, str):
        if name.endswith("breaker"):
            return max(notes, key=lambda word: BREAKERS.index(word) if word in BREAKERS else len(BREAKERS))
        return next((word for word in notes if word), "")
    return max(notes) if name in HIGHEST else round(sum(notes), 6)
