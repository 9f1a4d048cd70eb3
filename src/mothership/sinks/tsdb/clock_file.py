"""The last look at the database's clock, in a file: a process that starts while the database is away goes on from it.

Ticks are the machine's, from its boot to its end, and so the file is worth nothing after that or on another machine.
"""

from pathlib import Path

import msgspec

from mothership.data_directory import write_atomically
from mothership.sinks.tsdb.database_clock import Look


class _Kept(msgspec.Struct, frozen=True):
    ticks_of: str
    """Machine, boot and time namespace."""
    clock_of: str
    """The database's place and name."""
    look: Look


_decoder = msgspec.json.Decoder(_Kept)


class ClockFile:
    """Written by one process at a time."""

    def __init__(self, path: Path, clock_of: str, ticks_of: str) -> None:
        self._path, self._clock_of = path, clock_of
        self._ticks_of = ticks_of

    def read(self, now: float) -> Look | None:
        """What an earlier process saw of the same clock, by the same ticks."""
        if not self._ticks_of:
            return None
        try:
            kept = _decoder.decode(self._path.read_bytes())
        except (OSError, msgspec.MsgspecError):
            return None
        is_ours = (kept.ticks_of, kept.clock_of) == (self._ticks_of, self._clock_of)
        return kept.look if is_ours and kept.look.asked <= kept.look.answered <= now else None

    def write(self, look: Look) -> None:
        """Keep it as long as the machine runs. Raises `OSError`."""
        if self._ticks_of:
            kept = _Kept(self._ticks_of, self._clock_of, look)
            write_atomically(self._path, msgspec.json.encode(kept), durable=False)
