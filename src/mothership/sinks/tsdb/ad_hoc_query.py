"""One SQL statement of a person's: read-only unless more is meant, with a time and no more rows than are asked for."""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from mothership.errors import StatementFailed
from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.failures import DRIVER_ERRORS, classify, sqlstate

FETCH_ROWS = 500
AS_THEY_COME = frozenset(
    {"bool", "int2", "int4", "int8", "oid", "float4", "float8", "text", "varchar", "bpchar", "name", "json", "jsonb"}
)
"""Types that the driver reads without loss. All other simple ones come as the server writes them."""
JSON_TYPES = frozenset({"json", "jsonb"})
NUMBER_TYPES = frozenset({"int2", "int4", "int8", "oid", "float4", "float8", "numeric"})
_COMMENT = re.compile(r"\s+|--[^\n]*(?:\n|$)|/\*.*?\*/", re.DOTALL)
_COPY = re.compile(r"copy\b.*\b(?:stdin|stdout)\b", re.IGNORECASE | re.DOTALL)
_READ_ONLY, _IN_TRANSACTION, _CANCELED = "25006", "25001", "57014"
_MULTIPLE = "cannot insert multiple commands"


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """A column of the result."""

    name: str
    type: str

    @property
    def is_json(self) -> bool:
        """Whether its texts are JSON."""
        return self.type in JSON_TYPES

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers; a text that came for one is exact."""
        return self.type in NUMBER_TYPES


class SqlStatement:
    """Run it with `batches`; afterwards `status` and `has_more` say what became of it.

    In the mode for reading, the transaction is read-only from its first query on, which no statement can undo, and
    the protocol takes one statement alone.
    """

    def __init__(self, text: str, *, writes: bool, seconds: float | None, rows_max: int | None) -> None:
        self._text = text
        self._writes = writes
        self._seconds = seconds
        self._rows_max = rows_max
        self.columns: Sequence[SqlColumn] = ()
        self.status = ""
        """What the server says of a statement that has no result: `UPDATE 3`."""
        self.has_more = False
        """Whether there were more rows than were asked for."""

    async def batches(self, connection: Connection) -> AsyncGenerator[list[tuple[Any, ...]], None]:
        """The rows, some at a time. What was written is committed after the last. Raises `StatementFailed`."""
        begun = _COMMENT.sub(" ", self._text).strip()
        if not begun:
            raise StatementFailed("there is no statement")
        if _COPY.match(begun):
            raise StatementFailed("COPY from STDIN or to STDOUT needs `mothership psql`")
        try:
            async with aclosing(self._in_transaction(connection)) as batches:
                async for rows in batches:
                    yield rows
        except asyncpg.PostgresError as error:
            if not (self._writes and sqlstate(error) == _IN_TRANSACTION):
                raise self._failed(error) from None
            try:
                self.status = await connection.execute(self._text)  # VACUUM and the like
            except asyncpg.PostgresError as own:
                raise self._failed(own) from None
        except (UnicodeDecodeError, OverflowError, ValueError, asyncpg.InternalClientError):
            raise StatementFailed("a value can't be read here", hints=["cast its column to text"]) from None
        except DRIVER_ERRORS as error:
            raise StatementFailed(_of_driver(error)) from None

    async def _in_transaction(self, connection: Connection) -> AsyncGenerator[list[tuple[Any, ...]], None]:
        async with connection.transaction(readonly=not self._writes):
            # Also the first query of the transaction: its mode is fixed by it.
            await connection.execute(f"SELECT set_config('statement_timeout', '{self._milliseconds}', true)")
            statement = await connection.prepare(self._text)
            if await _take_as_text(connection, statement.get_attributes()):
                statement = await connection.prepare(self._text)
            attributes = statement.get_attributes()
            self.columns = [SqlColumn(each.name, each.type.name) for each in attributes]
            if not attributes:
                await statement.fetch()
                self.status = statement.get_statusmsg() or ""
                return
            cursor, left = await statement.cursor(), self._rows_max
            while rows := await cursor.fetch(FETCH_ROWS if left is None else min(FETCH_ROWS, left + 1)):
                if left is not None and len(rows) > left:
                    self.has_more = True
                    yield [tuple(row.values()) for row in rows[:left]]
                    return
                yield [tuple(row.values()) for row in rows]
                left = None if left is None else left - len(rows)

    @property
    def _milliseconds(self) -> int:
        return 0 if self._seconds is None else max(1, int(self._seconds * 1000))

    def _failed(self, error: asyncpg.PostgresError) -> StatementFailed:
        told: Any = error
        reason, state = str(told.message or told), sqlstate(error)
        hints = [text for text in (told.detail, told.hint) if text]
        if state == _CANCELED and self._seconds is not None:
            hints.append(f"it may take {self._seconds:g} s: --timeout-seconds gives it more")
        if state == _READ_ONLY and not self._writes:
            hints.append("--write lets it change something")
        if reason.startswith(_MULTIPLE):
            reason, hints = "there is more than one statement", ["give one at a time, or use `mothership psql`"]
        place = str(told.position or "")
        return StatementFailed(reason, hints=hints, position=int(place) - 1 if place.isdigit() else None)


def notices(connection: Connection, say: Callable[[str], None]) -> None:
    """Have what the server says beside the result told."""
    connection.add_log_listener(lambda _connection, message: say(f"{message.severity}: {message.message}"))


async def _take_as_text(connection: Connection, attributes: Sequence[Any]) -> bool:
    """Have the server write what the driver would read with loss, or not at all; whether there is such a thing."""
    found = False
    for kind in {attribute.type for attribute in attributes}:
        name = kind.name.removesuffix("[]")
        if kind.kind in {"scalar", "array"} and name not in AS_THEY_COME and name != "record":
            with suppress(asyncpg.InterfaceError):  # an array of rows, which it reads
                await connection.set_type_codec(name, schema=kind.schema, encoder=str, decoder=str, format="text")
                found = True
    return found


def _of_driver(error: BaseException) -> str:
    if isinstance(error, asyncpg.InterfaceError) and "expects" in str(error):
        return "the statement has parameters ($1): write the values themselves"
    return classify(error).reason
