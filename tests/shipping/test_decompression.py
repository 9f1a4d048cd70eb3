"""Packed files of every kind are read to their end, or as far as they go, and then it is said."""

import bz2
import gzip
import io
import lzma
import random
from collections.abc import Callable
from functools import partial

import pytest
import zstandard

from mothership.errors import DamagedError
from mothership.shipping.decompression import CHUNK_BYTES, packing_of, unpacked

TEXT = b"".join(b"line %d %d\n" % (n, random.Random(n).randrange(10**9)) for n in range(6_000))
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
    "xz": partial(lzma.compress, preset=0),
}
each_packing = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS.keys())


def unpack(data: bytes) -> tuple[bytes, str]:
    """What was read, and what was wrong."""
    packing = packing_of(data)
    assert packing
    read = b""
    try:
        for piece in unpacked(io.BytesIO(data), packing):
            assert len(piece) <= 128 * CHUNK_BYTES
            read += piece
    except DamagedError as error:
        return read, str(error)
    return read, ""


@each_packing
def test_several_members_are_one_file(pack: Callable[[bytes], bytes]) -> None:
    """`cat a.gz b.gz`, filled up with zeros or not."""
    assert unpack(pack(TEXT)) == (TEXT, "")
    assert unpack(pack(TEXT) + pack(b"more\n") + pack(b"") + pack(TEXT)) == (TEXT + b"more\n" + TEXT, "")
    assert unpack(pack(TEXT) + bytes(700_000)) == (TEXT, "")
    assert unpack(pack(b"")) == (b"", "")


@each_packing
def test_what_is_cut_off_is_read_as_far_as_it_goes(pack: Callable[[bytes], bytes]) -> None:
    """A disk that was full, a copy that broke."""
    read, fault = unpack(pack(TEXT) + pack(TEXT)[:-10])
    assert read.startswith(TEXT)
    assert TEXT.startswith(read[len(TEXT) :])
    assert "is cut off" in fault


@each_packing
def test_what_follows_is_said(pack: Callable[[bytes], bytes]) -> None:
    """It may have been lines."""
    read, fault = unpack(pack(TEXT) + b"plain lines\n")
    assert read == TEXT
    assert "something that is no" in fault


@each_packing
def test_what_is_damaged_is_said(pack: Callable[[bytes], bytes]) -> None:
    """In words, not in a traceback."""
    packed = bytearray(pack(TEXT))
    packed[len(packed) // 2] ^= 0x55
    packed[len(packed) // 2 + 1] ^= 0xAA
    read, fault = unpack(bytes(packed))
    assert fault
    assert len(read) <= len(TEXT)


def test_plain_text_is_not_packed() -> None:
    """By its first bytes, whatever its name."""
    assert packing_of(b"plain") is None
    assert packing_of(b"") is None
