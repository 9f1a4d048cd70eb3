"""Numbers come to rest as they were sent: as numbers, or as their digits."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from mothership.event import Row, RowBatch
from mothership.lossless_decimals import decode
from mothership.sinks.tsdb.sink import TsdbSink

NOW = 1_767_225_600_000_000


@pytest.mark.parametrize(
    "sent",
    [
        "0.1",
        "-12.5",
        "1e23",
        "1784558400.123456",
        "123456789012345678.123",
        "9.223372036854775807e18",
        "1e-400",
        "1e400",
    ],
)
async def test_one_cast_reads_every_number_exactly(
    make_sink: Callable[..., TsdbSink], sql: Callable[..., Awaitable[Any]], sent: str
) -> None:
    """`(data->>'n')::numeric`, as docs/reference/security.md says, whether it is a number or a text."""
    event = decode(b'{"n":%s}' % sent.encode()) if sent != "1e400" else {"n": sent}
    await make_sink().write([RowBatch(b"f" * 32, "r", NOW, [Row(NOW, "log", "host", orjson.dumps(event))])])
    assert await sql("SELECT (data->>'n')::numeric = $1::text::numeric FROM events", sent)
