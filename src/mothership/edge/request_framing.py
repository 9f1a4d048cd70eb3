"""Where a request ends, beyond doubt, or what is answered instead.

A proxy in front of the service reads the same bytes: it must not see one request where the service sees two.
"""

from collections.abc import Sequence

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mothership.edge.answer_headers import NO_CONTENT_LOADED, NO_SNIFFING
from mothership.errors import HeadRefused

TLS_HELLO = b"\x16\x03"
"""What a client begins with that takes this port for one of HTTPS."""
ONCE_HEADERS = frozenset({b"host", b"content-length", b"transfer-encoding", b"content-type", b"authorization"})
_UNAVAILABLE = 503
_LATER = (429, _UNAVAILABLE)


def refusal_response(status: int, reason: str) -> bytes:
    """Return all of the response, which ends the connection."""
    kind = "unavailable" if status == _UNAVAILABLE else "refused"
    content = orjson.dumps({"status": kind, "reason": reason})
    head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n" % len(content)
    head += b"".join(b"%s: %s\r\n" % pair for pair in (NO_CONTENT_LOADED, NO_SNIFFING))
    retry = b"retry-after: 1\r\n" if status in _LATER else b""
    return STATUS_LINE[status] + head + retry + b"\r\n" + content


def check_framing(headers: Sequence[tuple[bytes, bytes]], version: str) -> None:
    """Raise `HeadRefused` for a head that two programs could read as two requests."""
    names = [name for name, _ in headers if name in ONCE_HEADERS]
    if len(names) != len(set(names)):
        raise HeadRefused(400, "a header that may appear only once appears twice")
    if b"transfer-encoding" in names:
        encoding = next(value for name, value in headers if name == b"transfer-encoding")
        if b"content-length" in names:
            raise HeadRefused(400, "Content-Length and Transfer-Encoding contradict each other")
        if encoding.lower() != b"chunked" or version != "1.1":
            raise HeadRefused(501, "Transfer-Encoding may only be chunked, in HTTP/1.1")
    if version == "1.1" and b"host" not in names:
        raise HeadRefused(400, "HTTP/1.1 needs a Host header")
    if version not in {"1.0", "1.1"}:
        raise HeadRefused(505, "only HTTP/1.0 and HTTP/1.1 are supported")


def not_parsed(error: Exception, data: bytes) -> HeadRefused:
    """Say why the parser stopped: what a callback of ours raised in it, or what the bytes look like."""
    if isinstance(error.__context__, HeadRefused):
        return error.__context__
    if data.startswith(TLS_HELLO):
        reason = "this port does not speak TLS: server.tls.cert_file is not set"
        return HeadRefused(400, reason, "tls_on_plain_port")
    return HeadRefused(400, "not a valid HTTP/1.1 request", "syntax")
