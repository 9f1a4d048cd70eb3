"""At the edge: what one client does takes nothing from the others, and each refusal says how to go on."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.edge.test_http_protocol import BODY, CHUNKED, GOOD, connect, is_well, one_answer, read_all, status, until
from tests.starvation import PATIENCE_SECONDS

from mothership.edge.admission import UploadDeadline
from mothership.edge.auth_settings import hashed
from mothership.edge.limit_settings import LimitSettings
from mothership.log_limiter import KEY_SECONDS
from mothership.metric_registry import CounterSnapshot

Serve = Callable[..., Any]
RIGHT = "right-" + "r" * 26


def sent_by(secret: str, *, body: bytes = BODY, path: bytes = b"/ingest") -> bytes:
    lines = (b"POST %s HTTP/1.1" % path, b"Host: localhost", b"Authorization: Bearer " + secret.encode())
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", b""]) + body


def from_another_address(server: Any) -> socket.socket:
    """A connection as of another machine."""
    return socket.create_connection(server.address, timeout=PATIENCE_SECONDS, source_address=("127.0.0.2", 0))


def until_read(server: Any) -> None:
    """What was sent before has been read: the server's loop came round several times to answer these."""
    for _ in range(3):
        with from_another_address(server) as another:
            another.sendall(sent_by(RIGHT))
            one_answer(another)


def tokens(**more: Any) -> list[dict[str, Any]]:
    return [{"name": "node", "hash": hashed(RIGHT), **more}]


def test_a_right_token_finds_room_beside_wrong_ones_from_its_address(served: Serve) -> None:
    """Behind one NAT: answers to wrong logins are held back, and their connections give way."""
    server = served(auth={"tokens": tokens(), "failure_pause_seconds": 30}, connections_per_client=4)
    before = CounterSnapshot().total("mothership_auth_failures_total")
    guesses = [connect(server) for _ in range(4)]
    for _ in range(10):
        for guess in guesses[:]:
            guess.sendall(sent_by("wrong"))
    until(lambda: CounterSnapshot().total("mothership_auth_failures_total") >= before + 4)  # each is held back
    for number in range(4):
        with connect(server) as node:
            node.sendall(sent_by(RIGHT))
            assert status(one_answer(node)) == 200, number
    for guess in guesses:
        guess.close()


def test_whoever_opens_connections_without_end_displaces_its_own(served: Serve) -> None:
    """Not those of a neighbour whose request is being answered, or arrives."""
    server = served(auth={"tokens": tokens()}, connections_per_client=4)
    with connect(server) as node:
        request = sent_by(RIGHT)
        node.sendall(request[:-1])
        until_read(server)
        flood = [connect(server) for _ in range(20)]
        node.sendall(request[-1:])
        assert status(one_answer(node)) == 200
    for each in flood:
        each.close()


TOO_LARGE = b"POST /ingest HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: 99999999\r\n\r\n"
ENDING = {
    "wrong login": (sent_by("wrong")[:-1], 401),
    "scope": (sent_by(RIGHT, path=b"/stats")[:-1], 403),
    "too large": (TOO_LARGE % RIGHT.encode(), 413),
    "too fast": (sent_by(RIGHT)[:-1], 429),
}


@pytest.mark.parametrize(("sent", "expected"), ENDING.values(), ids=ENDING.keys())
def test_an_answer_that_ends_the_connection_says_so(served: Serve, sent: bytes, expected: int) -> None:
    """Sent before the body was read; or the client's next request meets the end of the connection."""
    rate = {"requests_per_second": 0.001} if expected == 429 else {}
    server = served(auth={"tokens": tokens(**rate), "failure_pause_seconds": 0})
    if rate:
        with connect(server) as first:
            first.sendall(sent_by(RIGHT))
            assert status(one_answer(first)) == 200
    with connect(server) as node:
        node.sendall(sent)
        said = read_all(node)
    assert status(said) == expected
    assert said.lower().count(b"connection: close") == 1


def test_a_connection_goes_on_after_a_refusal_that_was_read_to_its_end(served: Serve) -> None:
    """A refused batch is no reason to connect anew."""
    server = served(auth={"tokens": tokens()})
    with connect(server) as node:
        node.sendall(sent_by(RIGHT, body=b"{}"))
        said = one_answer(node)
        assert status(said) == 400
        assert b"connection: close" not in said.lower()
        node.sendall(sent_by(RIGHT))
        assert status(one_answer(node)) == 200


def test_a_request_whose_head_arrives_with_an_answer_is_not_thrown_away(served: Serve) -> None:
    """The first half of the next head is there when an answer ends: that is no body which nobody read."""
    with connect(served()) as node:
        node.sendall(GOOD + GOOD[:10])
        assert status(one_answer(node)) == 200
        node.sendall(GOOD[10:])
        assert status(one_answer(node)) == 200


def test_bodies_that_do_not_end_hold_no_room(served: Serve) -> None:
    """Many uploads with their last bytes withheld: a node beside them is answered at once."""
    server = served(arriving_bytes=400_000, body_bytes=200_000, body_seconds=30)
    withheld = []
    for _ in range(6):
        upload = connect(server)
        upload.sendall(CHUNKED + b"186a0\r\n" + b" " * 100_000)
        withheld.append(upload)
    until_read(server)
    with connect(server) as node:
        node.sendall(GOOD)
        assert status(one_answer(node)) == 200
    for upload in withheld:
        upload.close()


def test_an_upload_that_holds_most_gives_way_to_others(served: Serve) -> None:
    """Its answer makes it try again: 503, a time, and the end of the connection."""
    server = served(arriving_bytes=150_000, body_seconds=30)
    with connect(server) as large:
        large.sendall(CHUNKED + b"1adb0\r\n" + b" " * 110_000)
        until_read(server)
        with socket.create_connection(
            server.address, timeout=PATIENCE_SECONDS, source_address=("127.0.0.2", 0)
        ) as other:
            other.sendall(CHUNKED + b"15f90\r\n" + b" " * 90_000)
            said = read_all(large)
    assert status(said) == 503
    assert b"limits.arriving_bytes" in said
    assert b"retry-after: 1" in said.lower()
    assert b"connection: close" in said.lower()
    assert is_well(server)


def test_an_upload_below_the_slowest_pace_ends() -> None:
    """Long before the longest time, and whatever it has sent before; one that goes on has all of the time."""
    limits = LimitSettings(body_bytes_per_second=100, body_seconds=60)
    slow, steady = UploadDeadline(limits, 0.0), UploadDeadline(limits, 0.0)
    assert slow.progress(5_000_000, 1.0) == 11.0
    assert slow.progress(5_000_999, 10.9) == 11.0
    assert [steady.progress(1000 * second, float(second)) for second in range(1, 60)][-1] == 60.0


def test_a_tokens_rate_is_smoothed_before_it_refuses(served: Serve) -> None:
    """What comes too early waits for a second at most; beyond that 429, a log line, a count."""
    before = CounterSnapshot().total("mothership_load_refused_total", stage="rate")
    server = served(auth={"tokens": tokens(requests_per_second=2)})
    codes: list[int] = []

    def send() -> None:
        with connect(server) as node:
            node.sendall(sent_by(RIGHT))
            codes.append(status(one_answer(node)))

    with capture_logs() as lines:
        threads = [threading.Thread(target=send) for _ in range(80)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    # A burst of 4, then what a second brings; some of them have waited for it.
    assert 5 <= codes.count(200) < 80
    assert set(codes) == {200, 429}
    assert CounterSnapshot().total("mothership_load_refused_total", stage="rate") - before == codes.count(429)
    told = [line for line in lines if line["event"] == "rate_limited"]
    assert 1 <= len(told) < codes.count(429)
    assert (told[0]["client"], told[0]["address"]) == ("node", "127.0.0.1")


def test_an_address_does_not_use_up_the_rate_that_others_share_with_it(served: Serve) -> None:
    """One token, two addresses: however fast one comes, the other finds a place among those that wait."""
    server = served(auth={"tokens": tokens(requests_per_second=20)})
    stop = threading.Event()

    def flood() -> None:
        while not stop.is_set():
            with connect(server) as node:
                node.sendall(sent_by(RIGHT))
                one_answer(node)

    threads = [threading.Thread(target=flood) for _ in range(30)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    codes = []
    for _ in range(3):
        with socket.create_connection(
            server.address, timeout=PATIENCE_SECONDS, source_address=("127.0.0.2", 0)
        ) as node:
            node.sendall(sent_by(RIGHT))
            codes.append(status(one_answer(node)))
    stop.set()
    for thread in threads:
        thread.join()
    assert codes == [200] * 3


def test_a_flood_of_refusals_is_no_flood_of_lines(served: Serve) -> None:
    """Failed logins, and everything else that whoever reaches the port can cause."""
    server = served(auth={"tokens": tokens(name="flood"), "failure_pause_seconds": 0, "failures_per_minute": 1000})
    began = time.monotonic()
    with capture_logs() as lines:
        for _ in range(60):
            with connect(server) as guess:
                guess.sendall(sent_by("wrong"))
                assert status(one_answer(guess)) == 401
            with connect(server) as node:
                node.sendall(sent_by(RIGHT, body=b"{}"))
                assert status(one_answer(node)) == 400
            with connect(server) as other:
                other.sendall(b"\x16\x03\x01 TLS on the wrong port")
                assert status(one_answer(other)) == 400
    until(lambda: any(line["event"] == "connections_refused" for line in lines))
    names = [line["event"] for line in lines]
    most = 1 + (time.monotonic() - began) / KEY_SECONDS
    for name in ("login_failed", "ingest_refused", "connections_refused"):
        assert 1 <= names.count(name) <= most, name
    assert next(line for line in lines if line["event"] == "connections_refused")["cause"] == "tls_on_plain_port"


def test_the_bounds_of_what_arrives_fit_one_another() -> None:
    """The largest body finds room for itself among those that arrive."""
    limits = LimitSettings()
    assert limits.body_bytes * 4 <= limits.arriving_bytes
    assert limits.inflated_bytes * 4 <= limits.in_flight_bytes
