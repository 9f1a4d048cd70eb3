"""The dead letters of a data directory, for a person at a command line.

Works beside a live service: SQLite lets both in, and the service notices a retried letter within seconds.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from mothership.event import Row
from mothership.relay.spool import directory
from mothership.relay.spool.dead_letters import PIPELINE, DeadLetter, select_dead_letters
from mothership.relay.spool.record import CorruptRecord, unpack
from mothership.relay.spool.schema import connect
from mothership.relay.spool.spool_file import SpoolFile
from mothership.telemetry import log


class DeadLetterSummary(NamedTuple):
    """A dead letter as it is shown."""

    id: str
    """Number of the spool file and of the letter in it: `0-17`."""
    sink: str
    reason: str
    buried: int
    request_id: str
    events: int


class SpoolUnreadable(Exception):
    """A spool file can't be read or written now. The text names file and reason."""


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        raise SpoolUnreadable(f"{path.name}: {name}; see `mothership spool check`") from None


class DeadLetterStore:
    """Every dead letter under a data directory. Each method raises `SpoolUnreadable` when a file can't be used."""

    def __init__(self, data_dir: Path) -> None:
        self._files = directory.spool_files(directory.spool_directory(data_dir))

    def views(self, ids: Collection[str] | None = None, sink: str | None = None) -> Iterator[DeadLetterSummary]:
        """All letters, or these, or a sink's."""
        for path in self._files:
            with _readable(path), closing(_Reader(path)) as reader:
                for letter in reader.dead_letters(sink):
                    name = f"{_number(path)}-{letter.id}"
                    if ids is None or name in ids:
                        yield DeadLetterSummary(
                            name, letter.sink, letter.reason, letter.buried, letter.request_id, letter.events
                        )

    def rows(self, letter_id: str) -> list[Row]:
        """The redacted rows of one letter. Raises `KeyError` (no such letter) or `CorruptRecord`."""
        for path in self._files:
            with _readable(path), closing(_Reader(path)) as reader:
                for letter in reader.dead_letters(None):
                    if f"{_number(path)}-{letter.id}" == letter_id:
                        return unpack(letter.packed).rows
        raise KeyError(letter_id)

    def retry(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Put letters back in line for the sink that refused them. Returns their events; rejected ones have no sink."""

        def again(file: SpoolFile, letter: DeadLetter) -> int:
            if letter.sink == PIPELINE:
                return 0
            try:
                file.requeue_dead_letter(letter, unpack(letter.packed), int(time.time() * 1_000_000))
            except CorruptRecord:
                log.error("dead_letter_damaged", letter=letter.id)
                return 0
            return letter.events

        return self._each(ids, sink, again)

    def drop(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Forget letters for good. Returns their events."""
        return self._each(ids, sink, lambda file, letter: file.dead_letters.drop(letter.id))

    def _each(self, ids: Collection[str] | None, sink: str | None, act: Callable[[SpoolFile, DeadLetter], int]) -> int:
        events = 0
        for path in self._files:
            with _readable(path), closing(SpoolFile(path, cache_bytes=0)) as file:
                file.begin(durable=True)
                for letter in list(select_dead_letters(file.connection, sink)):
                    if ids is None or f"{_number(path)}-{letter.id}" in ids:
                        events += act(file, letter)
                file.commit()
        return events


class _Reader:
    """A spool file, opened to be read."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, read_only=True)

    def dead_letters(self, sink: str | None) -> Iterator[DeadLetter]:
        """Oldest first."""
        return select_dead_letters(self._connection, sink)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _number(path: Path) -> str:
    return path.stem.removeprefix("spool-")
