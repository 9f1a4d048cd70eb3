"""The LLM's verdicts and spending in the database: `ports.VerdictStore`."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime

from mothership.named_sql import statements
from mothership.sinks.tsdb.connection_pool import Connection

VERDICTS = statements("mothership.sinks", "sql/verdicts.sql")


class TsdbVerdictStore:
    """Small statements over the sink's side connections, so that they never take a writer's place."""

    def __init__(self, session: Callable[[], AbstractAsyncContextManager[Connection]]) -> None:
        self._session = session

    async def get(self, key: bytes) -> bytes | None:
        """See `ports.VerdictStore`."""
        async with self._session() as connection:
            record = await connection.fetchval(VERDICTS["get_verdict"], key)
        return record.encode() if isinstance(record, str) else None

    async def put(self, key: bytes, record: bytes, *, expires: float) -> None:
        """See `ports.VerdictStore`."""
        async with self._session() as connection:
            until = datetime.fromtimestamp(expires, UTC)
            await connection.execute(VERDICTS["put_verdict"], key, record.decode(), until)
            await connection.execute(VERDICTS["forget_verdicts"])

    async def spend(self, day: date, tokens: int, micros: int) -> tuple[int, int]:
        """See `ports.VerdictStore`."""
        async with self._session() as connection:
            row = await connection.fetchrow(VERDICTS["spend"], day, tokens, micros)
        return (row["tokens"], row["micros"]) if row else (tokens, micros)
