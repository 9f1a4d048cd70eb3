"""Inputs that mean harm, and what they may be answered."""

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cramjam

CLOSED = 0
"""Stands for a connection that ends without an answer."""
EVENT = b'{"type":"log","message":"good"}'
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Hostile:
    """One input."""

    name: str
    expected: frozenset[int]
    pieces: Callable[[], Iterator[bytes]]
    accepted: int | None = None
    """Events that must be taken, when it is answered 200."""
    pause_seconds: float = 0.0
    half_close: bool = False


def head(*lines: bytes, path: bytes = b"/ingest") -> bytes:
    """A request's head."""
    return b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"Host: localhost", b"Connection: close", *lines, b"", b""])


def posted(body: bytes, *lines: bytes) -> bytes:
    """A whole request."""
    return head(b"Content-Type: application/json", b"Content-Length: %d" % len(body), *lines) + body


def messages(*events: bytes) -> bytes:
    """A body with these events."""
    return b'{"messages":[' + b",".join(events) + b"]}"


def bomb(total_bytes: int) -> bytes:
    """A gzip file of zeros that grows a thousandfold, made without compressing them all: the flushed block repeats."""
    squeeze = zlib.compressobj(9, wbits=-15)
    once = squeeze.compress(bytes(MEGABYTE)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + once * (total_bytes // MEGABYTE)


def zstd_bomb(total_bytes: int) -> bytes:
    """A zstd frame of run-length blocks: 128 KiB for 4 bytes."""
    block = (128 * 1024 << 3 | 1 << 1).to_bytes(3, "little") + b" "
    return b"\x28\xb5\x2f\xfd\x00\x58" + block * (total_bytes // (128 * 1024))


def _cases() -> Iterator[Hostile]:
    yield from _compressed()
    yield from _json()
    yield from _otlp()
    yield from _loki_push()
    yield from _framing()
    yield from _slow()


def _case(
    name: str, expected: int | tuple[int, ...], data: Callable[[], bytes], accepted: int | None = None
) -> Hostile:
    wanted = frozenset((expected,) if isinstance(expected, int) else expected)
    return Hostile(name, wanted, lambda: iter((data(),)), accepted)


def _compressed() -> Iterator[Hostile]:
    packed, zstd, deflate = b"Content-Encoding: gzip", b"Content-Encoding: zstd", b"Content-Encoding: deflate"
    ten_gigabytes = 10 * 1024 * MEGABYTE
    yield _case("a gzip bomb: 10 GB in 10 MB", 413, lambda: posted(bomb(ten_gigabytes), packed))
    yield _case("a gzip bomb: 7 GB in 7 MB", 413, lambda: posted(bomb(7 * 1024 * MEGABYTE), packed))
    yield _case("a gzip bomb in chunks", 413, lambda: _chunked(bomb(ten_gigabytes), packed))
    yield _case("a zstd bomb: 10 GB in 320 KB", 413, lambda: posted(zstd_bomb(ten_gigabytes), zstd))
    yield _case("a deflate bomb", 413, lambda: posted(zlib.compress(bytes(64 * MEGABYTE), 9), deflate))
    yield _case("gzip in gzip", (400, 415), lambda: posted(gzip.compress(gzip.compress(messages(EVENT))), packed))
    yield _case("gzip, gzip", 415, lambda: posted(b"x", b"Content-Encoding: gzip, gzip"))
    yield _case("two Content-Encoding headers", 415, lambda: posted(b"x", packed, packed))
    yield _case("100,000 gzip members", 400, lambda: posted(gzip.compress(b"") * 100_000, packed))
    yield _case("gzip cut in the middle", 400, lambda: posted(gzip.compress(messages(EVENT))[:20], packed))
    yield _case("gzip with a wrong sum", 400, lambda: posted(gzip.compress(messages(EVENT))[:-8] + bytes(8), packed))
    yield _case("gzip with a name of 5 MB", 400, lambda: posted(b"\x1f\x8b\x08\x08" + b"n" * 5 * MEGABYTE, packed))
    yield _case("zstd with a window of 2 GB", 400, lambda: posted(b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(100), zstd))
    yield _case("random bytes as zstd", 400, lambda: posted(os.urandom(100_000), zstd))
    yield _case("brotli", 415, lambda: posted(b"x", b"Content-Encoding: br"))


def _json() -> Iterator[Hostile]:
    deep = b'{"type":"x","a":' + b"[" * 249_000 + b"]" * 249_000 + b"}"
    yield _case("arrays 10^6 deep", 413, lambda: posted(messages(b"[" * 1_000_000 + b"]" * 1_000_000)))
    yield _case("arrays 249,000 deep, between good ones", 200, lambda: posted(messages(EVENT, deep, EVENT)), 3)
    yield _case("objects 10^6 deep, open", (400, 413), lambda: posted(b'{"messages":[' + b'{"a":' * 1_000_000))
    yield _case("400,000 keys in an event", 200, lambda: posted(messages(EVENT, _keys(400_000))), 2)
    yield _case("10^6 keys in an event, in gzip", 200, lambda: posted(*_gzipped(messages(EVENT, _keys(1_000_000)))), 2)
    equal = b'"a":0,'
    yield _case(
        "10^6 equal keys in an event",
        200,
        lambda: posted(messages(EVENT, b'{"type":"x",%b"a":0}' % (equal * 999_999))),
        2,
    )
    yield _case("10^6 events", 413, lambda: posted(messages(*[b"0"] * 1_000_000)))
    yield _case("5 million empty arrays in gzip", 413, lambda: posted(*_gzipped(messages(*[b"[]"] * 5_000_000))))
    yield _case(
        "4 million numbers in an event", 200, lambda: posted(*_gzipped(messages(_list([b"1.5"] * 4_000_000)))), 1
    )
    yield _case("a string of 8 MB", 200, lambda: posted(messages(b'{"type":"x","a":"' + b"s" * 8_000_000 + b'"}')), 1)
    yield _case(
        "10^6 NULs", 200, lambda: posted(messages(b'{"type":"x","a":["' + b"\\u0000" * 200_000 + b'"]}', EVENT)), 2
    )
    yield _case("10^6 lone surrogates", 200, lambda: posted(messages(_list([b'"\\udc80"'] * 900_000), EVENT)), 2)
    yield _case("NaN and Infinity", 200, lambda: posted(messages(b'{"type":"x","a":[NaN,-Infinity]}', EVENT)), 2)
    yield _case("1e999", 200, lambda: posted(messages(b'{"type":"x","a":1e999}', EVENT)), 2)
    million = b"9" * 1_000_000
    digits = b'{"type":"x","a":' + b"9" * 200_000 + b"}"
    yield _case("an integer of 200,000 digits", 200, lambda: posted(messages(digits, EVENT)), 2)
    yield _case(
        "an integer of a million digits",
        200,
        lambda: posted(messages(b'{"type":"x","a":' + million + b"}", EVENT)),
        2,
    )
    yield _case(
        "an exponent of a million digits",
        200,
        lambda: posted(messages(b'{"type":"x","a":1e' + million + b"}", EVENT)),
        2,
    )
    yield _case(
        "a fraction of a million digits",
        200,
        lambda: posted(messages(b'{"type":"x","a":0.' + million + b"}", EVENT)),
        2,
    )
    yield _case("invalid UTF-8", 200, lambda: posted(messages(b'{"type":"x","a":"\xff\xc0\xaf\xf8"}', EVENT)), 2)
    yield _case("a byte order mark", 200, lambda: posted(b"\xef\xbb\xbf" + messages(EVENT)), 1)
    yield _case("UTF-16", 400, lambda: posted(messages(EVENT).decode().encode("utf-16")))
    yield _case("an EdgeBot batch cut in the middle", 400, lambda: posted(messages(*[EVENT] * 100)[:2000]))
    yield _case("brackets that don't match", 400, lambda: posted(messages(b'{"type":"x","a":[}]')))
    yield _case("an empty body", 400, lambda: posted(b""))
    yield _case("no messages", 400, lambda: posted(b"{}"))
    yield _case("events that are none", 200, lambda: posted(messages(b"0", b"null", b'"a"', b"[]", b"{}", EVENT)), 1)
    foreign = (b"Content-Type: text/plain", b"Origin: http://x.example", b"Content-Length: 2")
    yield _case("text/plain of a web page", 403, lambda: head(*foreign) + b"{}")
    form = b"--x\r\nContent-Disposition: form-data; name=messages\r\n\r\n[]\r\n--x--"
    kind = b"Content-Type: multipart/form-data; boundary=x"
    yield _case("multipart", 415, lambda: head(kind, b"Content-Length: %d" % len(form)) + form)


def _otlp() -> Iterator[Hostile]:
    """Protobuf becomes many times what it was: an empty message of two bytes is forty, and a resource is copied."""
    path, kind, packed = b"/v1/logs", b"Content-Type: application/x-protobuf", b"Content-Encoding: gzip"

    def posted_logs(body: bytes, *lines: bytes) -> bytes:
        return head(kind, b"Content-Length: %d" % len(body), *lines, path=path) + body

    def logs(resource: bytes, records: bytes) -> bytes:
        return framed(1, framed(1, resource) + framed(2, records))

    def in_gzip(body: bytes) -> bytes:
        return posted_logs(gzip.compress(body, 1), packed)

    many = b"".join(framed(1, framed(1, b"k%d" % number) + b"\x12\x02\x18\x01") for number in range(5_000))
    long = framed(1, framed(1, b"k") + framed(2, framed(1, b"v" * MEGABYTE)))
    empty = b"\x12\x00"
    yield _case("OTLP: a resource of 5,000 attributes, 5,000 records", 413, lambda: in_gzip(logs(many, empty * 5_000)))
    yield _case("OTLP: a resource of a megabyte, 1,000 records", 413, lambda: in_gzip(logs(long, empty * 1_000)))
    yield _case("OTLP: 10 million empty records", 413, lambda: in_gzip(logs(b"", empty * 10_000_000)))
    yield _case("OTLP: 10 million empty resources", 413, lambda: in_gzip(b"\x0a\x00" * 10_000_000))
    values = framed(2, framed(5, framed(5, b"\x0a\x00" * 1_900_000)))
    yield _case("OTLP: a record of 1.9 million values", 413, lambda: in_gzip(logs(b"", values)))
    yield _case(
        "OTLP: 10,000 values in one another", 200, lambda: posted_logs(logs(b"", framed(2, framed(5, _nested()))))
    )
    yield _case("OTLP: a length of 2^63", 400, lambda: posted_logs(b"\x0a" + b"\xff" * 8 + b"\x7f"))
    yield _case("OTLP: 100,000 random bytes", 400, lambda: posted_logs(b"\x0a" + os.urandom(100_000)))
    yield _case("OTLP: a gzip bomb", 413, lambda: posted_logs(bomb(1024 * MEGABYTE), packed))


def _nested() -> bytes:
    value = b""
    for _ in range(10_000):
        value = framed(5, framed(1, value))
    return value


def _loki_push() -> Iterator[Hostile]:
    """A snappy block says itself how large it becomes, and labels are copied to every line."""
    path = b"/loki/api/v1/push"

    def pushed(body: bytes) -> bytes:
        packed = bytes(cramjam.snappy.compress_raw(body))
        return head(b"Content-Length: %d" % len(packed), path=path) + packed

    def stream(labels: bytes, entries: bytes) -> bytes:
        return framed(1, framed(1, labels) + entries)

    empty = b"\x12\x00"
    many = b"{" + b",".join(b'k%d="v"' % number for number in range(5_000)) + b"}"
    long = b'{a="' + b"v" * MEGABYTE + b'"}'
    says = b"\xff\xff\xff\x7f" + bytes(100)
    yield _case("Loki: 5,000 labels, 5,000 lines", 413, lambda: pushed(stream(many, empty * 5_000)))
    yield _case("Loki: a label of a megabyte, 1,000 lines", 413, lambda: pushed(stream(long, empty * 1_000)))
    yield _case("Loki: 9 million empty lines", 413, lambda: pushed(stream(b"{}", empty * 9_000_000)))
    yield _case("Loki: 9 million empty streams", 413, lambda: pushed(b"\x0a\x00" * 9_000_000))
    yield _case("Loki: labels without an end", 400, lambda: pushed(stream(b'{a="' + b"\\" * 5_000_000, empty)))
    yield _case(
        "Loki: a block that says it is 256 MB", 413, lambda: head(b"Content-Length: %d" % len(says), path=path) + says
    )
    junk = os.urandom(100_000)
    yield _case("Loki: 100,000 random bytes", (400, 413), lambda: head(b"Content-Length: 100000", path=path) + junk)


def framed(number: int, data: bytes) -> bytes:
    """A protobuf field that holds a text or a message."""
    size, length = len(data), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


def _framing() -> Iterator[Hostile]:
    body = messages(EVENT)
    length, chunked = b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked"
    in_chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    smuggled = b"GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield _case("Content-Length and Transfer-Encoding", 400, lambda: head(length, chunked) + in_chunks + smuggled)
    yield _case("Transfer-Encoding and Content-Length", 400, lambda: head(chunked, length) + in_chunks + smuggled)
    yield _case("two Content-Lengths", 400, lambda: head(length, b"Content-Length: 0") + body + smuggled)
    yield _case("Transfer-Encoding: xchunked", 501, lambda: head(b"Transfer-Encoding: xchunked") + in_chunks)
    yield _case("Transfer-Encoding : chunked", 400, lambda: head(b"Transfer-Encoding : chunked", length) + body)
    yield _case("a chunk longer than it says", 400, lambda: head(chunked) + b"3\r\n" + body + b"\r\n0\r\n\r\n")
    yield _case("a chunk shorter than it says", 503, lambda: head(chunked) + b"fff\r\n" + body + b"\r\n0\r\n\r\n")
    yield _case("a chunk of 2^64 bytes", 400, lambda: head(chunked) + b"10000000000000000\r\n")
    yield _case(
        "8 million chunks of one byte", (503, 413), lambda: head(chunked) + b"1\r\n \r\n" * 8_400_000 + b"0\r\n\r\n"
    )
    yield _case("a chunk extension of 5 MB", (400, 503), lambda: head(chunked) + b"1;" + b"x" * 5_000_000)
    yield _case("a Content-Length of 999 TB", 413, lambda: head(b"Content-Length: 999999999999999") + b"x" * 100_000)
    yield _case(
        "100,000 headers", 431, lambda: head(*[b"X-%d: y" % number for number in range(100_000)], length) + body
    )
    yield _case("a header of 10 MB", 431, lambda: head(b"X: " + b"y" * 10_000_000, length) + body)
    yield _case("a path of 10 MB", 414, lambda: head(length, path=b"/" + b"a" * 10_000_000) + body)
    yield _case("NUL in a header", 400, lambda: head(b"X: a\x00b", length) + body)
    yield _case("a folded header", 400, lambda: head(b"X: a\r\n b", length) + body)
    yield _case("two hosts", 400, lambda: head(b"Host: other", length) + body)
    yield _case("a TLS hello", 400, lambda: bytes.fromhex("16030100c2010000be0303") + bytes(200))
    yield _case("HTTP/2 without TLS", (400, 505), lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    yield _case("Upgrade: h2c", 501, lambda: posted(body, b"Upgrade: h2c").replace(b": close", b": Upgrade"))
    pipelined = posted(body).replace(b"Connection: close\r\n", b"")
    yield _case("10,000 pipelined requests", (200, 429), lambda: pipelined * 10_000)
    yield _case("100,000 random bytes", (400, 505), lambda: os.urandom(100_000))
    good = posted(body)
    yield Hostile("a socket closed for writing", frozenset({200}), lambda: iter((good,)), 1, half_close=True)
    yield Hostile("a socket closed inside the body", frozenset({CLOSED}), lambda: iter((good[:-5],)), half_close=True)


def _slow() -> Iterator[Hostile]:
    def drops(first: bytes, drop: bytes) -> Callable[[], Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            yield first
            while True:
                yield drop

        return pieces

    late = frozenset({503, CLOSED})
    start = b"POST /ingest HTTP/1.1\r\nHost: localhost\r\n"
    yield Hostile("slowloris: a header now and then", late, drops(start, b"X: y\r\n"), pause_seconds=0.1)
    target = b"POST /ingest"
    yield Hostile("slowloris: a letter now and then", late, drops(target, b"t"), pause_seconds=0.1)
    yield Hostile("slowloris: nothing at all", late, lambda: iter(()))
    sized = head(b"Content-Length: 100000")
    yield Hostile("slowloris: a byte of the body now and then", late, drops(sized, b" "), pause_seconds=0.1)
    chunked = head(b"Transfer-Encoding: chunked")
    yield Hostile("slowloris: a chunk now and then", late, drops(chunked, b"1\r\n \r\n"), pause_seconds=0.1)


def _gzipped(body: bytes) -> tuple[bytes, bytes]:
    return gzip.compress(body, 1), b"Content-Encoding: gzip"


def _keys(count: int) -> bytes:
    """An event with so many keys."""
    return b'{"type":"x",' + b",".join(b'"k%d":0' % number for number in range(count)) + b"}"


def _list(values: list[bytes]) -> bytes:
    return b'{"type":"x","a":[' + b",".join(values) + b"]}"


def _chunked(body: bytes, *lines: bytes) -> bytes:
    pieces = [body[at : at + 65536] for at in range(0, len(body), 65536)]
    return (
        head(b"Transfer-Encoding: chunked", *lines)
        + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces)
        + b"0\r\n\r\n"
    )


CASES = tuple(_cases())
