"""Many rows in one statement.

Between two steps of a statement, and so after each row of an `executemany`, the driver lets go of the interpreter's
lock, and while the event loop is busy it waits to get it back: for a row that takes microseconds up to milliseconds.
One statement is one step, however many rows it is about.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import orjson

ROWS_PER_STATEMENT_MAX = 128
"""A power of two: chunks are cut to powers of two, so that few statements have to be compiled."""


def insert(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows by a statement that ends with the values of one. Where it gives numbers, they follow each other."""
    at = 0
    while at < len(rows):
        count = min(ROWS_PER_STATEMENT_MAX, 1 << ((len(rows) - at).bit_length() - 1))
        connection.execute(_for_rows(statement, count), list(chain.from_iterable(rows[at : at + count])))
        at += count


def numbers(seqs: Iterable[int]) -> str:
    """As a statement takes them: `… IN (SELECT value FROM json_each(?))`."""
    return orjson.dumps(list(seqs)).decode()


def select(connection: sqlite3.Connection, statement: str, values: Sequence[Any]) -> list[list[Any]]:
    """The rows that a statement returns as one JSON value."""
    found: list[list[Any]] = orjson.loads(connection.execute(statement, values).fetchone()[0])
    return found


@lru_cache(maxsize=64)
def _for_rows(statement: str, count: int) -> str:
    head, _, values = statement.rpartition("VALUES")
    return f"{head}VALUES {', '.join([values.strip().rstrip(';')] * count)}"
