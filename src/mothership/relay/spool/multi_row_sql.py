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

ROWS_PER_STATEMENT_MAX = 64
"""Each number of rows is a statement that has to be compiled: see `STATEMENTS_CACHED`."""
STATEMENTS_CACHED = 4 * ROWS_PER_STATEMENT_MAX
"""Statements that a connection keeps compiled: those for every number of rows, and all others."""


def insert(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> int:
    """Insert rows by a statement that ends with the values of one; returns the number of the last, if it has one.

    Where it gives numbers, they follow each other.
    """
    last = 0
    for at in range(0, len(rows), ROWS_PER_STATEMENT_MAX):
        chunk = rows[at : at + ROWS_PER_STATEMENT_MAX]
        done = connection.execute(_for_rows(statement, len(chunk)), list(chain.from_iterable(chunk)))
        last = done.lastrowid or 0
    return last


def numbers(seqs: Iterable[int]) -> str:
    """As a statement takes them: `… IN (SELECT value FROM json_each(?))`."""
    return orjson.dumps(list(seqs)).decode()


def select(connection: sqlite3.Connection, statement: str, values: Sequence[Any]) -> list[list[Any]]:
    """The rows that a statement returns as one JSON value."""
    found: list[list[Any]] = orjson.loads(connection.execute(statement, values).fetchone()[0])
    return found


@lru_cache(maxsize=STATEMENTS_CACHED)
def _for_rows(statement: str, count: int) -> str:
    head, _, values = statement.rpartition("VALUES")
    return f"{head}VALUES {', '.join([values.strip().rstrip(';')] * count)}"
