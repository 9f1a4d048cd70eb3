"""Have these files changed? Asked on the way of a request, answered from the file system at most twice a second."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from mothership.ports import Clock

LOOK_SECONDS = 0.5
SETTLED_SECONDS = 1.0
"""A file that nobody wrote to for so long is whole."""
_State: TypeAlias = tuple[tuple[int, int, int] | None, ...]


class FileWatcher:
    """Remembers time, size and inode of each file. A file that is away for a moment has not changed yet.

    With `settle`, nor has one that somebody may still be writing: a change counts when two looks find the same, or one
    finds it old.
    """

    def __init__(self, paths: Iterable[Path], *, clock: Clock, settle: bool = False) -> None:
        self._paths = tuple(paths)
        self._clock = clock
        self._settle = settle
        self._looked = clock()
        self._known = self._last = self._look()

    def changed(self) -> bool:
        """Return true once after each change."""
        if not self._paths or 0 <= self._clock() - self._looked < LOOK_SECONDS:
            return False
        self._looked = self._clock()
        now, last = self._look(), self._last
        self._last = now
        if None in now or now == self._known:
            return False
        if self._settle and now != last and not self._is_old(now):
            return False
        self._known = now
        return True

    def _is_old(self, state: _State) -> bool:
        age_seconds = self._looked - max(found[0] for found in state if found) / 1e9
        return age_seconds >= SETTLED_SECONDS

    def _look(self) -> _State:
        return tuple(_state(path) for path in self._paths)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
