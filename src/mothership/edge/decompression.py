"""A compressed body → bytes, bit by bit, so that a bomb costs neither memory nor seconds."""

import zlib

import cramjam
import zstandard

from mothership.edge.limit_settings import LimitSettings
from mothership.errors import Refusal

ENCODINGS = "gzip, zstd, deflate"
SNAPPY_BLOCK = "snappy-block"
"""Snappy without frames, which no Content-Encoding names: a protocol has to say that it is meant."""
GZIP_MAGIC = b"\x1f\x8b"
RATIO_FREE_BYTES = 1024 * 1024
"""Below this nothing is a bomb."""
MEMBERS_MAX = 64
"""Most gzip members (or zstd frames) in one body: each costs a start-up."""
SMALL_BYTES = 64 * 1024
"""What becomes no larger than this is decompressed in one step, below all bounds: see `RATIO_FREE_BYTES`."""
STEP_BYTES = 256 * 1024
ZSTD_INPUT_BYTES = 256
"""Fed to zstd at a time: a block of 4 bytes may hold 128 KiB, so this bounds a step to 8 MiB."""
ZSTD_WINDOW_BYTES = 8 * 1024 * 1024

_GZIP, _ZLIB, _RAW = 31, 15, -15


class RequestBody:
    """Collects a request body as it was sent. It is decompressed when it is whole: until then it takes that little."""

    def __init__(self, encoding: str, limits: LimitSettings) -> None:
        """Raises `Refusal` (415) for an encoding that is not known, or more than one."""
        self._encoding = _known(encoding)
        self._limits = limits
        self._sent = bytearray()

    @property
    def sent_bytes(self) -> int:
        """What has arrived."""
        return len(self._sent)

    @property
    def is_compressed(self) -> bool:
        """Whether it may become larger."""
        return self._encoding != "identity"

    def feed(self, chunk: bytes) -> None:
        """Take the next piece. Raises `Refusal` (413)."""
        self._sent += chunk
        if len(self._sent) > self._limits.body_bytes:
            raise Refusal(413, f"the body is larger than {self._limits.body_bytes} bytes (limits.body_bytes)")

    def end(self) -> None:
        """The body has come to its end. Raises `Refusal` for one whose encoding its headers did not name."""
        if not self.is_compressed and self._sent.startswith(GZIP_MAGIC):
            # A proxy lost the header: no JSON begins like this, and a 4xx would lose the events.
            self._encoding = "gzip"

    def read(self, bytes_max: int | None = None) -> bytes | None:
        """Return the whole body, decompressed; None when it is larger than that. Raises `Refusal` (400, 413)."""
        if bytes_max is not None and len(self._sent) > bytes_max:
            return None
        if not self.is_compressed:
            if len(self._sent) > self._limits.inflated_bytes:
                raise _too_large(self._limits)
            return bytes(self._sent)
        sent = bytes(self._sent)
        is_within = self._limits.inflated_bytes >= SMALL_BYTES and (bytes_max is None or bytes_max >= SMALL_BYTES)
        if is_within and self._encoding == "gzip" and (data := _small(sent)) is not None:
            return data
        inflation = _Decompression(self._encoding, self._limits, len(sent), bytes_max)
        try:
            return inflation.run(sent)
        except _LargerError:
            return None
        except (zlib.error, zstandard.ZstdError):
            raise Refusal(400, f"the body is not {self._encoding}, as Content-Encoding says") from None


def decompressed(data: bytes, encoding: str, limits: LimitSettings) -> bytes:
    """Return data that is there as a whole, decompressed. Raises `Refusal` (400, 413)."""
    body = RequestBody(encoding, limits)
    body.feed(data)
    return body.read() or b""


def _small(sent: bytes) -> bytes | None:
    """What most bodies are: one member of gzip, that becomes so little that no bound is near. None for all others."""
    if len(sent) > SMALL_BYTES:
        return None
    stream = zlib.decompressobj(_GZIP)
    try:
        data = stream.decompress(sent, SMALL_BYTES)
    except zlib.error:
        return None
    return data if stream.eof and not stream.unused_data else None


class _LargerError(Exception):
    """It becomes larger than was asked for."""


class _Decompression:
    """Decompresses one body within bounds."""

    def __init__(self, encoding: str, limits: LimitSettings, sent_bytes: int, bytes_max: int | None) -> None:
        self._encoding = encoding
        self._limits = limits
        self._bytes_max = limits.inflated_bytes if bytes_max is None else bytes_max
        self._ratio_bytes_max = max(RATIO_FREE_BYTES, sent_bytes * limits.inflation_ratio)
        self._parts: list[bytes] = []
        self._bytes = 0
        self._members = 0

    def run(self, sent: bytes) -> bytes:
        """Raises `Refusal`, or the decompressor's error, or `_LargerError`."""
        if self._encoding == SNAPPY_BLOCK:
            self._snappy(sent)
        elif not (self._zstd(sent) if self._encoding == "zstd" else self._zlib(sent)):
            raise Refusal(400, f"the {self._encoding} stream is cut short")
        return b"".join(self._parts)

    def _zlib(self, sent: bytes) -> bool:
        """Whether the stream came to its end."""
        stream: zlib._Decompress | None = None
        while sent:
            if stream is None or stream.eof:
                stream = self._start_zlib(sent)
            self._keep(stream.decompress(sent, STEP_BYTES))
            sent = stream.unconsumed_tail or stream.unused_data
        while stream is not None and not stream.eof and (rest := stream.decompress(b"", STEP_BYTES)):
            self._keep(rest)
        return stream is not None and stream.eof

    def _start_zlib(self, head: bytes) -> "zlib._Decompress":
        self._count_member()
        if self._encoding == "gzip":
            return zlib.decompressobj(_GZIP)
        is_zlib = head[0] & 0x0F == zlib.DEFLATED and int.from_bytes(head[:2]) % 31 == 0
        return zlib.decompressobj(_ZLIB if is_zlib else _RAW)

    def _zstd(self, sent: bytes) -> bool:
        """Whether the stream came to its end."""
        stream: zstandard.ZstdDecompressionObj | None = None
        for start in range(0, len(sent), ZSTD_INPUT_BYTES):
            piece = sent[start : start + ZSTD_INPUT_BYTES]
            while piece:
                if stream is None or stream.eof:
                    self._count_member()
                    stream = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES).decompressobj()
                self._keep(stream.decompress(piece))
                piece = stream.unused_data if stream.eof else b""
        return stream is not None and stream.eof

    def _snappy(self, sent: bytes) -> None:
        """A block says first how large it becomes, so it is judged before any room is taken."""
        try:
            size = cramjam.snappy.decompress_raw_len(sent)
            self._count_bytes(size)
            self._parts.append(bytes(cramjam.snappy.decompress_raw(sent)))
        except cramjam.DecompressionError:
            raise Refusal(400, "the body is not a snappy block, as this protocol has it") from None

    def _count_member(self) -> None:
        self._members += 1
        if self._members > MEMBERS_MAX or (self._members > 1 and self._encoding == "deflate"):
            raise Refusal(400, f"the body holds too many {self._encoding} streams")

    def _keep(self, data: bytes) -> None:
        self._count_bytes(len(data))
        self._parts.append(data)

    def _count_bytes(self, size: int) -> None:
        self._bytes += size
        if self._bytes > self._limits.inflated_bytes:
            raise _too_large(self._limits)
        if self._bytes > self._ratio_bytes_max:
            raise Refusal(
                413, f"the body inflates more than {self._limits.inflation_ratio} times (limits.inflation_ratio)"
            )
        if self._bytes > self._bytes_max:
            raise _LargerError


def _too_large(limits: LimitSettings) -> Refusal:
    return Refusal(413, f"the body is larger than {limits.inflated_bytes} bytes decompressed (limits.inflated_bytes)")


def _known(encoding: str) -> str:
    name = encoding.strip().lower() or "identity"
    name = {"x-gzip": "gzip"}.get(name, name)
    if name not in {"identity", "gzip", "deflate", "zstd", SNAPPY_BLOCK}:
        raise Refusal(415, f"Content-Encoding must be one of {ENCODINGS}, or none")
    return name
