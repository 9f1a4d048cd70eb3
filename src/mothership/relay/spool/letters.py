"""The dead letters of a data directory, and a look at its spool files, for a person at a command line.

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
from mothership.relay.spool.file import SpoolFile
from mothership.relay.spool.record import Damaged, unpack
from mothership.relay.spool.schema import connect
from mothership.relay.spool.shelf import PIPELINE, Letter, letters_of
from mothership.telemetry import log


class LetterView(NamedTuple):
    """A dead letter as it is shown."""

    id: str
    """Number of the spool file and of the letter in it: `0-17`."""
    sink: str
    reason: str
    buried: int
    request_id: str
    events: int


class Findings(NamedTuple):
    """What a look at one spool file found."""

    file: str
    batches: int
    events: int
    bytes: int
    dead_letters: int
    damaged: int
    """Records that can't be read."""
    fault: str
    """Why the file itself can't be read; empty when it can."""


class Unreadable(Exception):
    """A spool file can't be read or written now. The text names file and reason."""


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        raise Unreadable(f"{path.name}: {name}; see `mothership spool check`") from None


class LetterBox:
    """Every dead letter under a data directory. Each method raises `Unreadable` when a file can't be used."""

    def __init__(self, data_dir: Path) -> None:
        self._files = directory.files(directory.spool_directory(data_dir))

    def views(self, ids: Collection[str] | None = None, sink: str | None = None) -> Iterator[LetterView]:
        """All letters, or these, or a sink's."""
        for path in self._files:
            with _readable(path), closing(_Reader(path)) as reader:
                for letter in reader.letters(sink):
                    name = f"{_number(path)}-{letter.id}"
                    if ids is None or name in ids:
                        yield LetterView(
                            name, letter.sink, letter.reason, letter.buried, letter.request_id, letter.events
                        )

    def rows(self, letter_id: str) -> list[Row]:
        """The redacted rows of one letter. Raises `KeyError` (no such letter) or `Damaged`."""
        for path in self._files:
            with _readable(path), closing(_Reader(path)) as reader:
                for letter in reader.letters(None):
                    if f"{_number(path)}-{letter.id}" == letter_id:
                        return unpack(letter.record).rows
        raise KeyError(letter_id)

    def retry(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Put letters back in line for the sink that refused them. Returns their events; rejected ones have no sink."""

        def again(file: SpoolFile, letter: Letter) -> int:
            if letter.sink == PIPELINE:
                return 0
            try:
                file.requeue_letter(letter, unpack(letter.record), int(time.time() * 1_000_000))
            except Damaged:
                log.error("dead_letter_damaged", letter=letter.id)
                return 0
            return letter.events

        return self._each(ids, sink, again)

    def drop(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Forget letters for good. Returns their events."""
        return self._each(ids, sink, lambda file, letter: file.shelf.drop(letter.id))

    def _each(self, ids: Collection[str] | None, sink: str | None, act: Callable[[SpoolFile, Letter], int]) -> int:
        events = 0
        for path in self._files:
            with _readable(path), closing(SpoolFile(path, memory_bytes=0)) as file:
                file.begin(durable=True)
                for letter in list(letters_of(file.link, sink)):
                    if ids is None or f"{_number(path)}-{letter.id}" in ids:
                        events += act(file, letter)
                file.commit()
        return events


def check(data_dir: Path) -> list[Findings]:
    """Look at every spool file and every record in it, changing nothing."""
    return [_findings(path) for path in directory.files(directory.spool_directory(data_dir))]


class _Reader:
    """A spool file, opened to be read."""

    def __init__(self, path: Path) -> None:
        self._link = connect(path, read_only=True)

    def letters(self, sink: str | None) -> Iterator[Letter]:
        """Oldest first."""
        return letters_of(self._link, sink)

    def close(self) -> None:
        """Let go of the file."""
        self._link.close()


def _findings(path: Path) -> Findings:
    batches = events = size = letters = damaged = 0
    fault = ""
    try:
        with closing(connect(path, read_only=True)) as link:
            answer = link.execute("PRAGMA quick_check(1)").fetchone()[0]
            fault = "" if answer == "ok" else "the database is malformed"
            for table in ("batches", "letters"):
                for count, length, record in link.execute(f"SELECT events, size, record FROM {table}"):  # noqa: S608
                    batches, letters = batches + (table == "batches"), letters + (table == "letters")
                    events, size = events + count, size + length
                    try:
                        unpack(record)
                    except Damaged:
                        damaged += 1
    except sqlite3.Error as error:
        fault = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return Findings(path.name, batches, events, size, letters, damaged, fault)


def _number(path: Path) -> str:
    return path.stem.removeprefix("spool-")
