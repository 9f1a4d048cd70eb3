"""The binary rows are what PostgreSQL itself would write."""

import asyncpg
from hypothesis import given
from hypothesis import strategies as st

from mothership.event import Row
from mothership.sinks.tsdb import binary_copy

ROWS = [
    Row(0, "log", "host", b'{"a": 1}'),
    Row(1_767_225_600_123_456, "syslog", "", '{"ä": ["\U0001f6a2", null, 1.50]}'.encode()),
    Row(-1, "", "хост", b"[]"),
]


async def test_rows_are_what_the_server_would_write(database_dsn: str) -> None:
    """Byte for byte, as COPY TO of the same rows gives them."""
    connection = await asyncpg.connect(database_dsn)
    await connection.execute("CREATE TABLE events (ts TIMESTAMPTZ, type TEXT, source TEXT, data JSONB)")
    await connection.copy_to_table(
        "events", source=binary_copy.stream(ROWS), columns=binary_copy.COLUMNS, format="binary"
    )
    written = bytearray()

    async def take(data: bytes) -> None:
        written.extend(data)

    await connection.copy_from_query("SELECT * FROM events", output=take, format="binary")
    await connection.close()
    own = b"".join([chunk async for chunk in binary_copy.stream(ROWS)])
    assert bytes(written) == own


@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.text(), st.text(), st.binary()), max_size=20))
def test_cutting_into_chunks_changes_nothing(values: list[tuple[int, str, str, bytes]]) -> None:
    """The rows of two parts are the rows of the whole."""
    rows = [Row(*value) for value in values]
    half = len(rows) // 2
    assert binary_copy.encode(rows) == binary_copy.encode(rows[:half]) + binary_copy.encode(rows[half:])
