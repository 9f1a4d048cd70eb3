"""Have these files changed? Asked on the way of a request, answered from the file system at most once a second."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from mothership.ports import Clock

LOOK_SECONDS = 1.0
_State: TypeAlias = tuple[tuple[int, int, int] | None, ...]


class Watched:
    """Remembers time, size and inode of each file. A file that is away for a moment has not changed yet."""

    def __init__(self, paths: Iterable[Path], *, clock: Clock) -> None:
        self._paths = tuple(paths)
        self._clock = clock
        self._looked = clock()
        self._known = self._look()

    def changed(self) -> bool:
        """Return true once after each change."""
        if not self._paths or 0 <= self._clock() - self._looked < LOOK_SECONDS:
            return False
        self._looked = self._clock()
        now = self._look()
        if None in now or now == self._known:
            return False
        self._known = now
        return True

    def _look(self) -> _State:
        return tuple(_state(path) for path in self._paths)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
