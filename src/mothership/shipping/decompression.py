"""Unpacks .gz, .zst, .bz2 and .xz as they are read, whatever the file is called: several members, one after the other.

What is cut off or followed by something else is given as far as it goes, and then said: `DamagedError`.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

import zstandard

from mothership.errors import DamagedError

CHUNK_BYTES = 256 * 1024
"""As much is read, and unpacked, in one go."""


Step = Callable[[Any, bytes], tuple[bytes, bytes]]
"""Unpacks a bounded piece, for a small file may hold gigabytes: the piece, and what is not unpacked yet."""


class Packing(NamedTuple):
    """How a file is packed."""

    name: str
    magic: bytes
    begin: Callable[[], Any]
    step: Step


def _step_zlib(member: Any, data: bytes) -> tuple[bytes, bytes]:
    piece = member.decompress(data, CHUNK_BYTES)
    return piece, member.unused_data if member.eof else member.unconsumed_tail


def _step_keeping(member: Any, data: bytes) -> tuple[bytes, bytes]:
    """What it has not unpacked it keeps."""
    piece = member.decompress(data, CHUNK_BYTES)
    return piece, member.unused_data if member.eof else b""


def _step_zstd(member: Any, data: bytes) -> tuple[bytes, bytes]:
    piece = member.decompress(data[:_ZSTD_BYTES])
    return piece, (member.unused_data if member.eof else b"") + data[_ZSTD_BYTES:]


_ZSTD_BYTES = 1024
"""Its unpacker takes no bound: so many bytes are 32 MiB at most."""
PACKINGS = (
    Packing("gzip", b"\x1f\x8b", lambda: zlib.decompressobj(wbits=31), _step_zlib),
    Packing(
        "zstd",
        b"\x28\xb5\x2f\xfd",
        lambda: zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj(),
        _step_zstd,
    ),
    Packing("bzip2", b"BZh", bz2.BZ2Decompressor, _step_keeping),
    Packing("xz", b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ), _step_keeping),
)
_FAULTS = (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError, ValueError)


def packing_of(head: bytes) -> Packing | None:
    """Tell by its first bytes how a file is packed; None when it isn't."""
    return next((each for each in PACKINGS if head.startswith(each.magic)), None)


def unpacked(file: IO[bytes], packing: Packing) -> Iterator[bytes]:
    """Give what is in the file, in pieces. Raises `DamagedError` where it can't go on."""
    member, data, members, is_fresh = packing.begin(), b"", 0, True
    while True:
        if not data and getattr(member, "needs_input", True):
            data = file.read(CHUNK_BYTES)
            if is_fresh and members:
                data = _next_member(file, data, packing)
                if not data:
                    return
            elif not data:
                raise DamagedError(f"the {packing.name} data is cut off")
        is_fresh = False
        try:
            piece, data = packing.step(member, data)
        except _FAULTS:
            raise DamagedError(f"the {packing.name} data is damaged") from None
        if piece:
            yield piece
        if member.eof:
            member, is_fresh, members = packing.begin(), True, members + 1
            if data and not (data := _next_member(file, data, packing)):
                return


def _next_member(file: IO[bytes], data: bytes, packing: Packing) -> bytes:
    """What the next member begins with; nothing at the end. Zeros that tar and dd fill up with are skipped."""
    while not (data := data.lstrip(b"\0")):
        if not (data := file.read(CHUNK_BYTES)):
            return b""
    while len(data) < len(packing.magic) and (more := file.read(CHUNK_BYTES)):
        data += more
    if not data.startswith(packing.magic):
        raise DamagedError(f"something that is no {packing.name} data follows the {packing.name} data")
    return data
