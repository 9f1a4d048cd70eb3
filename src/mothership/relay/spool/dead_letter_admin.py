"""The dead letters of a data directory, for a person at a command line.

Works beside a live service: SQLite lets both in, and the service notices a retried letter within seconds.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NoReturn

from mothership.dead_letters import PIPELINE, Chosen, DeadLetter, DeadLetterGroup, DeadLetterSummary, Moved
from mothership.errors import CorruptRecord, SpoolUnreadable
from mothership.event import Row
from mothership.relay.spool import directory
from mothership.relay.spool.dead_letter_table import SQL, select_dead_letters
from mothership.relay.spool.record import unpack
from mothership.relay.spool.schema import connect
from mothership.relay.spool.sqlite_file import SpoolFile
from mothership.telemetry import log

GROUPS_MAX = 500
NUMBER_CHARACTERS = 19


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        raise SpoolUnreadable(f"{path.name}: {name}; see `mothership spool check`") from None


class DeadLetterAdmin:
    """`ports.DeadLetterStore` over every spool file of a data directory."""

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
        return unpack(self.letter(letter_id).packed).rows

    def letter(self, letter_id: str) -> DeadLetter:
        """One letter, as it is kept. Raises `KeyError`."""
        path, number = self._place(letter_id)
        with _readable(path), closing(_Reader(path)) as reader:
            if found := reader.one(SQL["by_id"], number):
                return DeadLetter(*found)
        raise KeyError(letter_id)

    def groups(self) -> list[DeadLetterGroup]:
        """How many there are of each sink and reason, most events first; of very many the largest."""
        found: dict[tuple[str, str], DeadLetterGroup] = {}
        for path in self._files:
            with _readable(path), closing(_Reader(path)) as reader:
                for row in reader.all(SQL["groups"], GROUPS_MAX):
                    group = DeadLetterGroup(*row)
                    known = found.get(group[:2])
                    found[group[:2]] = merged(known, group) if known else group
        return sorted(found.values(), key=lambda group: -group.events)[:GROUPS_MAX]

    def page(self, sink: str | None, reason: str | None, after: str, most: int) -> list[DeadLetterSummary]:
        """Letters in the order of their ids, from one on (empty: from the first)."""
        found: list[DeadLetterSummary] = []
        file, _, number = after.partition("-")
        for path in self._files:
            if after and _order(_number(path)) < _order(file):
                continue
            first = int(number) if after and _number(path) == file and _is_id(number) else 0
            with _readable(path), closing(_Reader(path)) as reader:
                rows = reader.all(SQL["summaries"], sink, reason, first, most - len(found))
                found += [DeadLetterSummary(f"{_number(path)}-{row[0]}", *row[1:]) for row in rows]
            if len(found) >= most:
                break
        return found

    def retry_some(self, chosen: Chosen, most: int) -> Moved:
        """As `retry`, so many letters at most."""
        return self._some(chosen, most, _again)

    def drop_some(self, chosen: Chosen, most: int) -> Moved:
        """As `drop`, so many letters at most."""
        return self._some(chosen, most, _forget)

    def replace_row(self, letter_id: str, position: int, row: Row | None) -> None:
        """Take one row out of a letter; with a new one, put that in line for the sink that refused the old one.

        Raises `KeyError` when the letter or the row is not there, or `CorruptRecord`.
        """
        path, number = self._place(letter_id)
        with _readable(path), closing(SpoolFile(path, cache_bytes=0)) as file:
            file.begin(durable=True)
            try:
                for found in file.connection.execute(SQL["by_id"], (number,)).fetchall() or [_none(letter_id)]:
                    file.split_dead_letter(DeadLetter(*found), position, row, int(time.time() * 1_000_000))
            except BaseException:
                file.rollback()
                raise
            file.commit()

    def retry(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Put letters back in line for the sink that refused them. Returns their events; rejected ones have no sink."""
        return self._each(ids, sink, _again)

    def drop(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Forget letters for good. Returns their events."""
        return self._each(ids, sink, _forget)

    def _some(self, chosen: Chosen, most: int, act: Callable[[SpoolFile, DeadLetter], int]) -> Moved:
        letters = events = left = 0
        for path in self._files:
            with _readable(path), closing(SpoolFile(path, cache_bytes=0)) as file:
                if letters < most:
                    file.begin(durable=True)
                    for row in file.connection.execute(SQL["chosen"], (*chosen, most - letters)).fetchall():
                        moved = act(file, DeadLetter(*row))
                        letters, events = letters + bool(moved), events + moved
                    file.commit()
                left += file.connection.execute(SQL["left"], chosen).fetchone()[0]
        return Moved(letters, events, left)

    def _place(self, letter_id: str) -> tuple[Path, int]:
        """The file and the number in it. Raises `KeyError`."""
        name, _, number = letter_id.partition("-")
        path = next((path for path in self._files if _number(path) == name), None)
        if path is None or not _is_id(number):
            raise KeyError(letter_id)
        return path, int(number)

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

    def all(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        return self._connection.execute(statement, values).fetchall()

    def one(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row that a statement finds."""
        return next(iter(self.all(statement, *values)), None)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _none(letter_id: str) -> NoReturn:
    raise KeyError(letter_id)


def _again(file: SpoolFile, letter: DeadLetter) -> int:
    if letter.sink == PIPELINE:
        return 0
    try:
        file.requeue_dead_letter(letter, unpack(letter.packed), int(time.time() * 1_000_000))
    except CorruptRecord:
        log.error("dead_letter_damaged", letter=letter.id)
        return 0
    return letter.events


def _forget(file: SpoolFile, letter: DeadLetter) -> int:
    return file.dead_letters.drop(letter.id)[0]


def merged(one: DeadLetterGroup, other: DeadLetterGroup) -> DeadLetterGroup:
    """Of the same sink and reason, from two places."""
    return DeadLetterGroup(
        one.sink,
        one.reason,
        one.letters + other.letters,
        one.events + other.events,
        min(one.oldest, other.oldest),
        max(one.newest, other.newest),
    )


def _is_id(number: str) -> bool:
    """Whether SQLite can have given it."""
    return number.isascii() and number.isdigit() and len(number) < NUMBER_CHARACTERS


def _order(number: str) -> tuple[int, str]:
    """Files are in the order of their numbers."""
    return len(number), number


def _number(path: Path) -> str:
    return path.stem.removeprefix("spool-")
