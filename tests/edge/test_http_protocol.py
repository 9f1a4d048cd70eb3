"""On raw sockets: nothing a client does with its connection costs others theirs, or hides where a request ends."""

import asyncio
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.starvation import PATIENCE_SECONDS, unstarved_time

from mothership.edge.response_transport import ResponseTransport

BODY = json.dumps({"messages": [{"type": "log", "message": "good"}]}).encode()
HEAD = b"POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GOOD = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
LAST = GOOD.replace(b"Host:", b"Connection: close\r\nHost:")
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
Serve = Callable[..., Any]
VARYING = re.compile(
    rb'(?<=x-request-id: )[0-9a-f]{32}|(?<="request_id":")[0-9a-f]{32}|(?<="processing_time":)[0-9.e-]+'
    rb"|(?<=content-length: )\d+|(?<=date: ).*"
)
"""What two answers that say the same differ in. A processing time has so many digits or so many."""


def connect(server: Any) -> socket.socket:
    return socket.create_connection(server.address, timeout=PATIENCE_SECONDS)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    said = b""
    try:
        while data := connection.recv(65536):
            said += data
    except ConnectionResetError:
        said += b"<reset>"
    return said


def talk(server: Any, *pieces: bytes, half_close: bool = False) -> bytes:
    with connect(server) as connection:
        for piece in pieces:
            connection.sendall(piece)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def until(promise: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not promise() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert promise()


def one_answer(connection: socket.socket) -> bytes:
    """The next answer, whole."""
    said = b""
    while not said.endswith(b"}"):
        said += connection.recv(4096)
    return said


def status(said: bytes) -> int:
    assert said.startswith(b"HTTP/1.1 "), said[:80]
    return int(said[9:12])


def is_well(server: Any) -> bool:
    said = talk(server, LAST)
    return status(said) == 200 and b'"processed_events":1' in said


def request(*lines: bytes, first: bytes = b"POST /ingest HTTP/1.1", body: bytes = BODY) -> bytes:
    return b"\r\n".join([first, b"Host: localhost", *lines, b"", b""]) + body


LENGTH = b"Content-Length: %d" % len(BODY)
IN_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
REFUSED: dict[str, tuple[bytes, int]] = {
    "both lengths": (request(LENGTH, b"Transfer-Encoding: chunked", body=IN_CHUNKS), 400),
    "both lengths, the other way": (request(b"Transfer-Encoding: chunked", LENGTH, body=IN_CHUNKS), 400),
    "two equal lengths": (request(LENGTH, LENGTH), 400),
    "two lengths": (request(LENGTH, b"Content-Length: 0"), 400),
    "a list of lengths": (request(b"Content-Length: 5, 5"), 400),
    "a length with a sign": (request(b"Content-Length: +5"), 400),
    "a negative length": (request(b"Content-Length: -5"), 400),
    "a hexadecimal length": (request(b"Content-Length: 0x10"), 400),
    "a length beyond 64 bits": (request(b"Content-Length: 99999999999999999999999"), 400),
    "a huge length": (request(b"Content-Length: 999999999999999"), 413),
    "chunked twice": (request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=IN_CHUNKS), 400),
    "chunked, identity": (request(b"Transfer-Encoding: chunked, identity", body=IN_CHUNKS), 400),
    "identity, chunked": (request(b"Transfer-Encoding: identity, chunked", body=IN_CHUNKS), 501),
    "gzip, chunked": (request(b"Transfer-Encoding: gzip, chunked", body=IN_CHUNKS), 501),
    "xchunked": (request(b"Transfer-Encoding: xchunked", body=IN_CHUNKS), 501),
    "chunked with a vertical tab": (request(b"Transfer-Encoding: \x0bchunked", body=IN_CHUNKS), 400),
    "chunked in HTTP/1.0": (
        request(b"Transfer-Encoding: chunked", first=b"POST /ingest HTTP/1.0", body=IN_CHUNKS),
        501,
    ),
    "a space before the colon": (request(b"Transfer-Encoding : chunked", body=IN_CHUNKS), 400),
    "a folded header": (request(LENGTH, b"X-A: b\r\n c"), 400),
    "a header without a name": (request(b": x", LENGTH), 400),
    "a bare line feed": (b"POST /ingest HTTP/1.1\nHost: localhost\n" + LENGTH + b"\n\n" + BODY, 400),
    "a bare carriage return": (request(LENGTH, b"X-A: b\rTransfer-Encoding: chunked"), 400),
    "NUL in a header": (request(LENGTH, b"X-A: b\x00c"), 400),
    "two hosts": (request(b"Host: other", LENGTH), 400),
    "no host": (b"POST /ingest HTTP/1.1\r\n" + LENGTH + b"\r\n\r\n" + BODY, 400),
    "two content types": (request(b"Content-Type: text/plain", b"Content-Type: application/json", LENGTH), 400),
    "a bad chunk size": (CHUNKED + b"zz\r\n", 400),
    "a chunk size beyond 64 bits": (CHUNKED + b"fffffffffffffffff\r\n", 400),
    "a chunk longer than it says": (CHUNKED + b"3\r\n{}{}{}\r\n0\r\n\r\n", 400),
    "a chunk size with a sign": (CHUNKED + b"+5\r\n", 400),
    "a chunk size ended by a line feed": (CHUNKED + b"2\n{}\r\n0\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /livez\r\n\r\n", 505),
    "HTTP/2 without TLS": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/3.7": (request(LENGTH, first=b"POST /ingest HTTP/3.7"), 400),
    "a TLS hello": (bytes.fromhex("16030100c2010000be0303") + bytes(200), 400),
    "an unknown method": (request(LENGTH, first=b"STEAL /ingest HTTP/1.1"), 400),
    "CONNECT": (request(first=b"CONNECT other:443 HTTP/1.1", body=b""), 400),
    "Upgrade": (request(b"Connection: Upgrade", b"Upgrade: h2c", LENGTH), 501),
    "a websocket": (request(b"Connection: Upgrade", b"Upgrade: websocket", first=b"GET /ws HTTP/1.1", body=b""), 501),
    "100,000 headers": (request(*[b"X-%d: y" % number for number in range(100_000)], LENGTH), 431),
    "a large header": (request(b"X-A: " + b"y" * 100_000, LENGTH), 431),
    "a large header that does not end": (b"GET / HTTP/1.1\r\nX-A: " + b"y" * 1_000_000, 431),
    "a long path": (request(LENGTH, first=b"POST /" + b"a" * 100_000 + b" HTTP/1.1"), 414),
    "a path that is no ASCII": (request(LENGTH, first=b"POST /\xff\xfe HTTP/1.1"), 400),
    "a star": (request(LENGTH, b"Connection: close", first=b"OPTIONS * HTTP/1.1"), 404),
    "bytes of chance": (bytes(range(256)) * 20, 400),
}


@pytest.mark.parametrize(("sent", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_whose_end_or_meaning_is_in_doubt_is_refused(
    served: Serve, acceptor: Any, sent: bytes, expected: int
) -> None:
    """Two readers of one byte stream must not see two requests; the answer says why, the connection ends."""
    server = served()
    said = talk(server, sent)
    assert status(said) == expected
    assert said.count(b"\r\n\r\n") == 1
    assert b"uvicorn" not in said
    assert b"Traceback" not in said
    assert acceptor.batches == []
    assert is_well(server)


def test_a_trailer_never_becomes_a_header(served: Serve, acceptor: Any) -> None:
    """Neither of its own request nor of the next one on the connection."""
    server = served(auth={"tokens": "node=a-secret-of-20-letters"})
    trailer = b"%x\r\n%s\r\n0\r\nAuthorization: Bearer a-secret-of-20-letters\r\n\r\n" % (len(BODY), BODY)
    said = talk(server, CHUNKED + trailer + LAST)
    assert said.count(b"HTTP/1.1 401") == 2
    assert acceptor.batches == []


def test_chunks_are_put_together(served: Serve, acceptor: Any) -> None:
    """Byte by byte, with extensions and a trailer."""
    pieces = b"".join(b"1;x=y\r\n%c\r\n" % code for code in BODY) + b"0\r\nX-Sum: 1\r\n\r\n"
    said = talk(served(), CHUNKED.replace(b"Host:", b"Connection: close\r\nHost:") + pieces)
    assert status(said) == 200
    assert acceptor.batches[0].events == [{"type": "log", "message": "good"}]


def test_pipelined_requests_are_answered_in_order(served: Serve) -> None:
    """Up to a bound; more than that ends the connection."""
    server = served()
    assert talk(server, GOOD * 9 + LAST).count(b"HTTP/1.1 200") == 10
    assert talk(server, GOOD * 500).count(b"HTTP/1.1 200") < 500
    assert is_well(server)


@pytest.mark.parametrize("sent", [
    GOOD,
    GOOD + GOOD,
    LAST,
    request(LENGTH, b"Expect: 100-continue"),
    request(b"Content-Type: image/png", LENGTH),
    request(b"X-Request-ID: mine", LENGTH),
    request(LENGTH, first=b"HEAD /ingest HTTP/1.1"),
    request(LENGTH, first=b"HEAD /stats HTTP/1.1"),
    request(b"Origin: http://example.org", LENGTH, first=b"HEAD /stats HTTP/1.1"),
    request(b"Origin: http://example.org", LENGTH),
    request(LENGTH, first=b"POST /ingest HTTP/1.0"),
    request(b"Connection: keep-alive", LENGTH, first=b"POST /ingest HTTP/1.0"),
    request(b"Content-Length: 99999999", body=b"{"),
], ids=["good", "pipelined", "last", "expect", "kind", "named", "head", "head elsewhere", "refused head",
        "foreign page", "1.0", "1.0 kept", "refused before its end"])  # fmt: skip
def test_the_short_way_of_an_answer_says_what_the_long_one_does(
    served: Serve, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """The server's own, by ASGI's messages, is the standard."""

    def said() -> tuple[list[bytes], list[bytes]]:
        server = served()
        with connect(server) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            heads: list[bytes] = []
            bodies: list[bytes] = []
            for answer in read_all(connection).split(b"HTTP/1.1 ")[1:]:
                head, _, body = answer.partition(b"\r\n\r\n")
                heads += sorted(head.split(b"\r\n"))
                bodies.append(body)
        return [VARYING.sub(b"", line) for line in heads], [VARYING.sub(b"", body) for body in bodies]

    short = said()
    monkeypatch.setattr(ResponseTransport, "answer", lambda *_: False)
    monkeypatch.setattr(ResponseTransport, "whole_body", lambda _: None)
    assert short == said()


def test_an_answer_is_not_split_by_a_header() -> None:
    """A line break in a value is left to the server, which refuses it."""
    transport = ResponseTransport(asyncio.Transport(), _Cycle(), _Ends())  # type: ignore[arg-type]  # what it looks at
    assert not transport.answer(200, [(b"x", b"1\r\nset-cookie: a=b")], b"")


class _Flow:
    write_paused = False


class _Cycle:
    response_started = disconnected = False
    keep_alive = True
    flow = _Flow()
    scope = {"method": "POST"}  # noqa: RUF012 - it is not changed
    default_headers = ()


class _Ends:
    def ends_connection(self) -> bool:
        return False


def test_a_half_closed_client_gets_its_answer(served: Serve) -> None:
    """It has said all that it had to say, and listens."""
    said = talk(served(), GOOD, half_close=True)
    assert status(said) == 200


def test_a_batch_cut_in_the_middle_is_not_taken(served: Serve, acceptor: Any) -> None:
    """The rest never comes, so there is nobody to answer."""
    server = served()
    assert talk(server, GOOD[:-10], half_close=True) == b""
    assert talk(server, CHUNKED + b"%x\r\n" % len(BODY) + BODY, half_close=True) == b""
    assert acceptor.batches == []
    assert is_well(server)


@pytest.mark.parametrize("head", [b"", b"G", b"POST /ingest HT", HEAD, b"\r\n", HEAD + b"X-A: "])
def test_a_slow_head_is_not_waited_for(served: Serve, head: bytes) -> None:
    """Slowloris: a line now and then; the time is counted from the first byte, whatever comes."""
    server = served(head_seconds=0.4)
    start = unstarved_time()
    with connect(server) as connection:
        connection.settimeout(0.1)
        connection.sendall(head)
        said = b""
        while unstarved_time() - start < 5:
            try:
                if not (data := connection.recv(4096)):
                    break
                said += data
            except TimeoutError:
                connection.sendall(b"\r\n" if head in (b"", b"\r\n") else b"a")
            except ConnectionError:
                break
    assert unstarved_time() - start < 3
    assert said == b"" or status(said) in (400, 503)
    assert is_well(server)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_slow_body_is_not_waited_for(served: Serve, acceptor: Any, chunked: bool) -> None:
    """A byte now and then."""
    server = served(body_seconds=0.4)
    start = unstarved_time()
    with connect(server) as connection:
        connection.sendall(CHUNKED if chunked else HEAD + b"Content-Length: 10000\r\n\r\n")
        connection.settimeout(0.1)
        said = b""
        while unstarved_time() - start < 5 and not said:
            try:
                said += connection.recv(4096)
            except TimeoutError:
                connection.sendall(b"1\r\n \r\n" if chunked else b" ")
        said += read_all(connection)
    assert status(said) == 503, "a node drops its batch on 408"
    assert b"connection: close" in said.lower()
    assert b"retry-after: 1" in said.lower()
    assert unstarved_time() - start < 6
    assert acceptor.batches == []
    assert is_well(server)


def test_a_body_nobody_asked_for_does_not_keep_a_connection(served: Serve) -> None:
    """After the answer, bytes of the body are thrown away for a moment, then the connection ends."""
    server = served()
    start = unstarved_time()
    with connect(server) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        connection.settimeout(0.2)
        said = b""
        ended = False
        while unstarved_time() - start < 8 and not ended:
            try:
                data = connection.recv(4096)
                said += data
                if not data:
                    time.sleep(0.2)
                connection.sendall(b"x")
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
    assert status(said) == 200
    assert ended
    assert is_well(server)


def test_a_refused_upload_gets_its_answer_and_not_a_reset(served: Serve) -> None:
    """A node that sees a reset sends the same again for ever; one that sees 413 knows."""
    server = served(body_bytes=1000)
    said = talk(server, HEAD + b"Content-Length: 3000000\r\n\r\n", b"x" * 3_000_000)
    assert status(said) == 413
    assert b"limits.body_bytes" in said


def test_a_resting_connection_is_closed(served: Serve) -> None:
    """Keep-alive has an end."""
    server = served(keep_alive_seconds=1)
    with connect(server) as connection:
        start, waited = unstarved_time(), time.monotonic()
        connection.sendall(GOOD)
        said = read_all(connection)
    assert status(said) == 200
    assert time.monotonic() - waited > 0.5
    assert unstarved_time() - start < 4


def test_a_client_opens_only_so_many_connections(served: Serve, acceptor: Any) -> None:
    """The next one is told so while all are at work; when one is through there is room again."""
    acceptor.wait = threading.Event()
    server = served(connections_per_client=3)
    held = [connect(server) for _ in range(3)]
    for connection in held:
        connection.sendall(GOOD)
    until(lambda: acceptor.waiting == 3)
    said = talk(server)
    assert status(said) == 503
    assert b"retry-after: 1" in said
    acceptor.wait.set()
    assert [status(connection.recv(4096)) for connection in held] == [200] * 3
    assert is_well(server)
    for connection in held:
        connection.close()


def test_connections_have_a_bound_in_all(served: Serve, acceptor: Any) -> None:
    """Past it the next one is told so and closed at once."""
    acceptor.wait = threading.Event()
    server = served(connections=2)
    with connect(server) as first, connect(server) as second:
        for held in (first, second):
            held.sendall(GOOD)
        until(lambda: acceptor.waiting == 2)
        assert status(talk(server)) == 503
        acceptor.wait.set()
        assert [status(held.recv(4096)) for held in (first, second)] == [200, 200]


def test_a_connection_that_rests_gives_way_to_a_new_one(served: Serve) -> None:
    """Nobody loses anything with it, and the new one may bring a batch."""
    server = served(connections_per_client=2)
    with connect(server) as oldest, connect(server) as other:
        for held in (oldest, other):
            held.sendall(GOOD)
            assert status(one_answer(held)) == 200
        assert is_well(server)
        assert oldest.recv(4096) == b""
        other.sendall(GOOD)
        assert status(one_answer(other)) == 200


def test_connections_fit_into_what_the_system_allows() -> None:
    """Or accept() would fail for everybody, and so would the database's and the spool's files."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 1000));"
        "from mothership.edge.limit_settings import LimitSettings;"
        " from mothership.edge.server import fit_to_open_files;"
        "few, many = (fit_to_open_files(LimitSettings(connections=most)) for most in (500, 4000));"
        "print(few.connections, many.connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "500 800 1000"


def test_a_path_that_is_not_there_is_refused_like_everything_else(served: Serve) -> None:
    """One form for every refusal."""
    for line, expected in ((b"GET /canary-7d1f HTTP/1.1", 404), (b"GET /ingest HTTP/1.1", 405)):
        said = talk(served(), line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert status(said) == expected
        assert b'"status":"refused"' in said
        assert b"canary" not in said


def test_a_client_that_does_not_read_is_not_waited_for(served: Serve) -> None:
    """Its answer would stay in memory."""
    server = served(body_seconds=0.5)
    with connect(server) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: not server.server.server_state.connections)
    assert is_well(server)


def test_an_answer_names_no_software(served: Serve) -> None:
    """Neither server nor version."""
    said = talk(served(), LAST).lower()
    assert b"\r\nserver:" not in said
    assert b"x-content-type-options: nosniff" in said


@pytest.mark.parametrize(
    "sent", [b"no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000]
)
def test_an_answer_of_the_protocol_can_not_be_framed_either(served: Serve, sent: bytes) -> None:
    """What never reached the application is answered with the headers that every answer has."""
    answer = talk(served(), sent)
    assert status(answer) in (400, 431)
    said = answer.lower()
    assert b"\r\nx-content-type-options: nosniff\r\n" in said
    assert b"\r\ncontent-security-policy: default-src 'none'; frame-ancestors 'none'\r\n" in said


def test_a_fault_of_an_endpoint_shows_nothing(served: Serve) -> None:
    """No stack trace, no text of the error."""
    server = served()
    said = talk(server, b"GET /broken HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert status(said) == 500
    assert b"canary" not in said
    assert b"File" not in said
    assert is_well(server)


def test_expect_continue_is_answered_before_the_body(served: Serve) -> None:
    """As curl asks before a larger upload."""
    with connect(served()) as connection:
        connection.sendall(
            HEAD + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(BODY)
        assert status(read_all(connection)) == 200
