"""`inputs.duplicate_minutes`: how long a request of OTLP or Loki that equals another is taken for it, sent again."""

import json

import pytest
from tests.edge.test_otlp import NANOSECONDS, request

from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.caller import Caller
from mothership.edge.ingest_protocol import IngestRequest
from mothership.edge.input_settings import InputSettings
from mothership.edge.inputs import protocols
from mothership.edge.limit_settings import LimitSettings
from mothership.event import Batch

MINUTE = 60_000_000
RECORDED = NANOSECONDS // 1000
QUARTER = RECORDED // (15 * MINUTE) * (15 * MINUTE) + 15 * MINUTE
"""When a quarter of an hour begins."""
DAY = 24 * 60 * MINUTE
BODIES = {
    "/v1/logs": ("application/x-protobuf", request("started").SerializeToString()),
    "/loki/api/v1/push": (
        "application/json",
        json.dumps({"streams": [{"stream": {}, "values": [[str(NANOSECONDS), "started"]]}]}).encode(),
    ),
}


def received_at(path: str, received: int, minutes: float = 15.0, body: bytes = b"", key: str = "") -> Batch:
    limits = LimitSettings()
    settings = InputSettings(duplicate_minutes=minutes)
    spoken = {one.path: one for one in protocols(BatchBuilder(limits, key=b"test"), limits, settings)}
    kind, own = BODIES[path]
    caller = Caller("node", frozenset({"ingest"}))
    headers = {b"content-type": kind.encode(), **({b"idempotency-key": key.encode()} if key else {})}
    asked = IngestRequest("r", caller, "192.0.2.7", headers, b"", received)
    return spoken[path].decode(body or own, asked)


def is_repeat(first: Batch, second: Batch) -> bool:
    """Whether spool, database and JetStream take the second for the first: they only compare these."""
    return second.fingerprint in (first.fingerprint, first.content)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("first", "after", "repeat"),
    [
        pytest.param(RECORDED, 5_000_000, True, id="live: its answer was lost"),
        pytest.param(RECORDED, 14 * MINUTE, True, id="live: sent again for a quarter of an hour"),
        pytest.param(RECORDED - MINUTE // 2, MINUTE, True, id="the sender's clock is ahead"),
        pytest.param(RECORDED, 16 * MINUTE, False, id="live: later it is new"),
        pytest.param(RECORDED + DAY, 5_000_000, True, id="waited through an outage"),
        pytest.param(QUARTER + DAY, 15 * MINUTE - 1, True, id="late: to the end of its quarter of an hour"),
        pytest.param(QUARTER + DAY, 15 * MINUTE, False, id="late: later it is new"),
        pytest.param(RECORDED + 20_000 * DAY, DAY, False, id="a clock that begins anew at each start"),
        pytest.param(RECORDED + DAY, DAY, False, id="a file that is replayed"),
        pytest.param(RECORDED - DAY, DAY // 2, False, id="a clock that is ahead by a day"),
    ],
)
def test_an_equal_request_is_a_repeat_for_minutes_only(path: str, first: int, after: int, *, repeat: bool) -> None:
    assert is_repeat(received_at(path, first), received_at(path, first + after)) is repeat


@pytest.mark.parametrize("path", BODIES)
def test_the_window_is_a_setting(path: str) -> None:
    late = RECORDED + 5 * 60 * MINUTE
    assert is_repeat(received_at(path, RECORDED, minutes=360), received_at(path, late, minutes=360))
    assert not is_repeat(received_at(path, RECORDED, minutes=240), received_at(path, late, minutes=240))


@pytest.mark.parametrize("path", BODIES)
def test_a_key_alone_decides(path: str) -> None:
    """However equal the records are, and however late they come."""
    first = received_at(path, RECORDED, key="a")
    assert is_repeat(first, received_at(path, RECORDED + DAY, key="a"))
    assert not is_repeat(first, received_at(path, RECORDED, key="b"))


def test_whole_seconds_tell_no_repeat() -> None:
    body = request("started", nanoseconds=NANOSECONDS // 10**9 * 10**9).SerializeToString()
    first, second = (received_at("/v1/logs", RECORDED, body=body) for _ in range(2))
    assert not is_repeat(first, second)
