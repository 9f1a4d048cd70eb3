"""A small gzip body is decompressed in one step; what it becomes, or is refused for, is what the long way says."""

import gzip
import random
import zlib
from collections.abc import Iterator

import pytest

from mothership.edge import decompression
from mothership.edge.decompression import SMALL_BYTES, RequestBody
from mothership.edge.limit_settings import LimitSettings
from mothership.errors import Refusal

SIZES = (0, 1, 50, 300, SMALL_BYTES - 1, SMALL_BYTES, SMALL_BYTES + 1, 200_000, 3_000_000)


def bodies() -> Iterator[bytes]:
    """Whole ones and damaged ones: cut, with a bit turned, with bytes or another member behind, and not gzip at all."""
    chance = random.Random(3)
    for size in SIZES:
        for raw in (chance.randbytes(min(size, 100_000)), b"a" * size):
            whole = gzip.compress(raw, 1)
            at = chance.randrange(len(whole))
            yield whole
            yield from (whole[:at], whole[:-1], whole[:10])
            yield from (whole + gzip.compress(b"more"), whole + gzip.compress(b""), whole + b"\0", whole + b"rest")
            for _ in range(8):
                at = chance.randrange(len(whole))
                yield whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :]
            yield zlib.compress(raw)


def outcome(body: bytes, bytes_max: int | None, limits: LimitSettings) -> object:
    """What it becomes, or what it is refused for."""
    received = RequestBody("gzip", limits)
    received.feed(body)
    try:
        return received.read(bytes_max)
    except Refusal as refusal:
        return refusal.status, refusal.reason


@pytest.mark.parametrize("bytes_max", [None, 1024 * 1024, SMALL_BYTES, SMALL_BYTES - 1, 100])
@pytest.mark.parametrize("inflated_bytes", [LimitSettings().inflated_bytes, SMALL_BYTES, 200])
def test_both_ways_say_the_same(monkeypatch: pytest.MonkeyPatch, bytes_max: int | None, inflated_bytes: int) -> None:
    """Whatever the bounds."""
    limits = LimitSettings().model_copy(update={"inflated_bytes": inflated_bytes})
    sent = list(bodies())
    short = [outcome(body, bytes_max, limits) for body in sent]
    monkeypatch.setattr(decompression, "_small", lambda _sent: None)
    assert short == [outcome(body, bytes_max, limits) for body in sent]
