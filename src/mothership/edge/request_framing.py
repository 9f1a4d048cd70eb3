"""Where a request ends, beyond doubt, or what is answered instead.

A proxy in front of the service reads the same bytes: it must not see one request where the service sees two.
"""

from collections.abc import Sequence

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mothership.edge.answer_headers import NO_CONTENT_LOADED, NO_SNIFFING

TLS_HELLO = b"\x16\x03"
"""What a client begins with that takes this port for one of HTTPS."""
ONCE_HEADERS = frozenset({b"host", b"content-length", b"transfer-encoding", b"content-type", b"authorization"})
_UNAVAILABLE = 503
_LATER = (429, _UNAVAILABLE)


class RequestRefused(Exception):
    """No request that the application sees. The parser is left with it, and the connection ends."""

    def __init__(self, status: int, reason: str, cause: str = "head") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.cause = cause
        """How it is counted."""

    def answer(self) -> bytes:
        """Return all of the response."""
        kind = "unavailable" if self.status == _UNAVAILABLE else "refused"
        content = orjson.dumps({"status": kind, "reason": self.reason})
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n" % len(content)
        head += b"".join(b"%s: %s\r\n" % pair for pair in (NO_CONTENT_LOADED, NO_SNIFFING))
        retry = b"retry-after: 1\r\n" if self.status in _LATER else b""
        return STATUS_LINE[self.status] + head + retry + b"\r\n" + content


def check_framing(headers: Sequence[tuple[bytes, bytes]], version: str) -> None:
    """Raise `RequestRefused` for a head that two programs could read as two requests."""
    names = [name for name, _ in headers if name in ONCE_HEADERS]
    if len(names) != len(set(names)):
        raise RequestRefused(400, "a header that may appear only once appears twice")
    if b"transfer-encoding" in names:
        encoding = next(value for name, value in headers if name == b"transfer-encoding")
        if b"content-length" in names:
            raise RequestRefused(400, "Content-Length and Transfer-Encoding contradict each other")
        if encoding.lower() != b"chunked" or version != "1.1":
            raise RequestRefused(501, "Transfer-Encoding may only be chunked, in HTTP/1.1")
    if version == "1.1" and b"host" not in names:
        raise RequestRefused(400, "HTTP/1.1 needs a Host header")
    if version not in {"1.0", "1.1"}:
        raise RequestRefused(505, "only HTTP/1.0 and HTTP/1.1 are supported")


def not_parsed(error: Exception, data: bytes) -> RequestRefused:
    """Say why the parser stopped: what a callback of ours raised in it, or what the bytes look like."""
    if isinstance(error.__context__, RequestRefused):
        return error.__context__
    if data.startswith(TLS_HELLO):
        reason = "this port does not speak TLS: server.tls.cert_file is not set"
        return RequestRefused(400, reason, "tls_on_plain_port")
    return RequestRefused(400, "not a valid HTTP/1.1 request", "syntax")
