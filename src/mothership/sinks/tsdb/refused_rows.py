"""Finding the rows that the database refuses among those it takes."""

import re
from collections.abc import Awaitable, Callable, Sequence

import asyncpg

from mothership.event import Row
from mothership.sinks.tsdb.failures import DRIVER_ERRORS, may_be_row_error, refusal_reason

LINE = re.compile(r"COPY \S+, \D*(\d+)")
STEP_ROWS_MAX = 1_000

Attempt = Callable[[Sequence[Row]], Awaitable[None]]
"""Stores rows, or raises and leaves everything as it was before."""


async def store_all_but_refused(rows: Sequence[Row], attempt: Attempt) -> dict[int, str]:
    """Store every row that the database takes; returns position and reason of the others.

    Goes forward in steps. Where one fails, the server mostly says at which line: the rows before it are stored, the
    row itself is tried alone, and the way goes on behind it. Where it doesn't say, the step is halved. Steps shrink
    at a refusal and grow again after, so a write full of bad rows is not sent over and over.
    """
    refused: dict[int, str] = {}
    position, step = 0, STEP_ROWS_MAX
    while position < len(rows):
        part = rows[position : position + step]
        try:
            await attempt(part)
        except DRIVER_ERRORS as error:
            if not may_be_row_error(error):
                raise
            if len(part) == 1:
                refused[position] = refusal_reason(error)
                position += 1
            else:
                line = _line(error)
                # A failure at the first line puts that row alone; at line n, the n - 1 before it.
                step = max(1, line - 1) if line is not None and line <= len(part) else len(part) // 2
        else:
            position += len(part)
            step = min(STEP_ROWS_MAX, step * 2)
    return refused


def _line(error: BaseException) -> int | None:
    """The line that the server's context names, counted from 1."""
    if not isinstance(error, asyncpg.PostgresError):
        return None
    match = LINE.search(getattr(error, "context", None) or "")
    return int(match[1]) if match else None
