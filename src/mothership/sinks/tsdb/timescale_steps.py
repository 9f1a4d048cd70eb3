"""Statements that make the server do with the table what is configured: a few at a time, in one transaction each."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg

from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.database_state import DatabaseState, interval
from mothership.sinks.tsdb.failures import is_transient
from mothership.sinks.tsdb.sql_files import SCHEMA, TIMESCALE, WRITE

SCHEMA_LOCK_ID = 0x6D6F7468_00000001
"""Advisory lock of whoever changes the schema."""
INTERNAL_STEPS = ("record_", "forget_")
"""Statements about `mothership_policies`, which a person need not run."""

Step = tuple[str, tuple[Any, ...]]
"""A statement of `timescale.sql`, and its arguments."""


def statement(name: str, state: DatabaseState) -> str:
    """The statement of this name, for the schema that the extension is in: it need not be in the search path."""
    return TIMESCALE[name].replace("{extension}", state.extension_schema)


class TimescaleSteps:
    """Runs steps on one connection. What the server refuses is noted, and the rest goes on."""

    def __init__(self, connection: Connection, state: DatabaseState, *, license_name: str) -> None:
        self.connection, self.state, self.license = connection, state, license_name

    async def fetchval(self, name: str) -> Any:
        """What a statement of `timescale.sql` answers."""
        return await self.connection.fetchval(statement(name, self.state))

    async def attempt(
        self, what: str, decide: Callable[[], Awaitable[Sequence[Step]]], *, is_needed: bool = True
    ) -> bool:
        """Run the steps that are decided on, together; when the server can't, note it and go on.

        Decided again when it is this instance's turn: another may have been first.
        """
        noted = len(self.state.unsupported)
        steps = await decide()
        if not steps:
            return True
        del self.state.unsupported[noted:]
        try:
            async with self.connection.transaction():
                await self.connection.fetchval(WRITE["advisory_lock"], SCHEMA_LOCK_ID)
                await self.connection.execute(SCHEMA["limit_locks"])
                steps = await decide()
                for name, arguments in steps:
                    await self.connection.fetch(statement(name, self.state), *arguments)
        except asyncpg.PostgresConnectionError:
            raise
        except asyncpg.PostgresError as error:
            if is_transient(error):
                self.state.needs_recheck = True
                self.state.note_unsupported(
                    f"{what}: the server was busy (SQLSTATE {error.sqlstate}); it is tried again soon"
                )
            elif is_needed:
                self.state.note_unsupported(f"{what}: {self.remedy(error, steps)}")
            return False
        return True

    def remedy(self, error: asyncpg.PostgresError, steps: Sequence[Step]) -> str:
        """Why the server refuses these steps, and what to do."""
        if isinstance(error, asyncpg.InsufficientPrivilegeError):
            told = [_readable(step, self.state) for step in steps if not step[0].startswith(INTERNAL_STEPS)]
            return f"the role may not; as the owner of events run: {'; '.join(told)}"
        if isinstance(error, asyncpg.FeatureNotSupportedError) and self.license == "apache":
            return "the server's TimescaleDB has the Apache license, which does not have it"
        if error.sqlstate == "TS103":
            return "a unique index or primary key without the column ts is in the way; drop it"
        return f"the server refuses it (SQLSTATE {error.sqlstate})"


def _readable(step: Step, state: DatabaseState) -> str:
    """The statement with its arguments in it, for a person to run."""
    name, arguments = step
    text = " ".join(statement(name, state).rstrip(";").split())
    for number, value in enumerate(arguments, 1):
        text = text.replace(f"${number}::INTERVAL", "NULL" if value is None else interval(value))
    return text
