"""A compressed body → bytes, bit by bit, so that a bomb costs neither memory nor seconds."""

import zlib

import zstandard

from mothership.edge.limits import LimitSettings
from mothership.errors import Refusal

ENCODINGS = "gzip, zstd, deflate"
GZIP_MAGIC = b"\x1f\x8b"
RATIO_FREE_BYTES = 1024 * 1024
"""Below this nothing is a bomb."""
MEMBERS_MAX = 64
"""Most gzip members (or zstd frames) in one body: each costs a start-up."""
STEP_BYTES = 256 * 1024
ZSTD_INPUT_BYTES = 256
"""Fed to zstd at a time: a block of 4 bytes may hold 128 KiB, so this bounds a step to 8 MiB."""
ZSTD_WINDOW_BYTES = 8 * 1024 * 1024

_GZIP, _ZLIB, _RAW = 31, 15, -15


class Body:
    """Collects a request body within bounds, decompressing as it comes."""

    def __init__(self, encoding: str, limits: LimitSettings) -> None:
        """Raises `Refusal` (415) for an encoding that is not known, or more than one."""
        self._encoding = _known(encoding)
        self._limits = limits
        self._parts: list[bytes] = []
        self._head = b""
        self._zlib: zlib._Decompress | None = None
        self._zstd: zstandard.ZstdDecompressionObj | None = None
        self._members = 0
        self.received_bytes = 0
        self.held_bytes = 0
        """What lies in memory by now."""

    def feed(self, chunk: bytes) -> None:
        """Take the next piece. Raises `Refusal` (400, 413)."""
        self.received_bytes += len(chunk)
        if self.received_bytes > self._limits.body_bytes:
            raise Refusal(413, f"the body is larger than {self._limits.body_bytes} bytes (limits.body_bytes)")
        if not chunk:
            return
        if self._encoding == "identity" and not self._parts and chunk.startswith(GZIP_MAGIC):
            self._encoding = (
                "gzip"  # a proxy lost the header: no JSON begins like this, and a 4xx would lose the events
            )
        try:
            if self._encoding == "identity":
                self._keep(chunk)
            elif self._encoding == "zstd":
                self._feed_zstd(chunk)
            else:
                self._feed_zlib(chunk)
        except (zlib.error, zstandard.ZstdError):
            raise Refusal(400, f"the body is not {self._encoding}, as Content-Encoding says") from None

    def finish(self) -> bytes:
        """Return the whole body. Raises `Refusal` (400) when it was cut short."""
        stream = self._zlib or self._zstd
        if self._encoding != "identity" and (stream is None or not stream.eof):
            raise Refusal(400, f"the {self._encoding} stream is cut short")
        body = b"".join(self._parts)
        self._parts.clear()
        return body

    def _feed_zlib(self, chunk: bytes) -> None:
        if self._zlib is None:
            self._head += chunk
            if len(self._head) < 2:  # noqa: PLR2004  # the two bytes that tell zlib from raw deflate
                return
            chunk, self._head = self._head, b""
            self._zlib = self._start_zlib(chunk)
        while chunk:
            if self._zlib.eof:
                self._zlib = self._start_zlib(chunk)
            self._keep(self._zlib.decompress(chunk, STEP_BYTES))
            chunk = self._zlib.unconsumed_tail or self._zlib.unused_data
        while not self._zlib.eof and (rest := self._zlib.decompress(b"", STEP_BYTES)):
            self._keep(rest)

    def _start_zlib(self, head: bytes) -> "zlib._Decompress":
        self._count_member()
        if self._encoding == "gzip":
            return zlib.decompressobj(_GZIP)
        is_zlib = head[0] & 0x0F == zlib.DEFLATED and int.from_bytes(head[:2]) % 31 == 0
        return zlib.decompressobj(_ZLIB if is_zlib else _RAW)

    def _feed_zstd(self, chunk: bytes) -> None:
        for start in range(0, len(chunk), ZSTD_INPUT_BYTES):
            piece = chunk[start : start + ZSTD_INPUT_BYTES]
            while piece:
                if self._zstd is None or self._zstd.eof:
                    self._count_member()
                    self._zstd = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES).decompressobj()
                self._keep(self._zstd.decompress(piece))
                piece = self._zstd.unused_data if self._zstd.eof else b""

    def _count_member(self) -> None:
        self._members += 1
        if self._members > MEMBERS_MAX or (self._members > 1 and self._encoding == "deflate"):
            raise Refusal(400, f"the body holds too many {self._encoding} streams")

    def _keep(self, data: bytes) -> None:
        self.held_bytes += len(data)
        if self.held_bytes > self._limits.inflated_bytes:
            raise Refusal(
                413, f"the body is larger than {self._limits.inflated_bytes} bytes decompressed (limits.inflated_bytes)"
            )
        if self.held_bytes > max(RATIO_FREE_BYTES, self.received_bytes * self._limits.inflation_ratio):
            raise Refusal(
                413, f"the body inflates more than {self._limits.inflation_ratio} times (limits.inflation_ratio)"
            )
        self._parts.append(data)


def _known(encoding: str) -> str:
    name = encoding.strip().lower() or "identity"
    name = {"x-gzip": "gzip"}.get(name, name)
    if name not in {"identity", "gzip", "deflate", "zstd"}:
        raise Refusal(415, f"Content-Encoding must be one of {ENCODINGS}, or none")
    return name
