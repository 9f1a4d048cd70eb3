"""A stop costs no client an error: connections end with an answer that says so, and never under a request."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import aiohttp
import httpx2
import pytest
import uvloop
from tests.edge.servers import RecordingAcceptor, Served, application, serving
from tests.faults.balancer import Balancer
from tests.loopback import PLAIN
from tests.starvation import PATIENCE_SECONDS

from mothership.edge.auth_settings import AuthSettings
from mothership.edge.http_protocol import BoundedProtocol
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.server import Server, uvicorn_config
from mothership.edge.tls import TLSSettings

SECONDS = 10.0
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
BODY = json.dumps({"messages": [{"type": "log", "message": "here"}]}).encode()
JSON = {"content-type": "application/json"}
REQUEST = b"POST /ingest HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)


@contextmanager
def served(loop: Callable[[], Any], acceptor: RecordingAcceptor | None = None) -> Iterator[Served]:
    """A server."""
    with serving(
        acceptor or RecordingAcceptor(), auth=AuthSettings(), tls=TLSSettings(), limits=LimitSettings(),
        loop_factory=loop,
    ) as at:  # fmt: skip
        yield at


def only_connection(at: Served) -> BoundedProtocol:
    """The server's side of the one that there is."""
    [connection] = at.server.server_state.connections
    assert isinstance(connection, BoundedProtocol)
    return connection


@contextmanager
def kept_connection(at: Served) -> Iterator[HTTPConnection]:
    """That has had an answer."""
    connection = HTTPConnection(*at.address, timeout=SECONDS)
    try:
        assert post(connection).getheader("connection") is None
        yield connection
    finally:
        connection.close()


def post(connection: HTTPConnection) -> HTTPResponse:
    """A batch; the answer, read to its end."""
    connection.request("POST", "/ingest", BODY)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["sink_results"]["tsdb"]["written"]) == (200, 1)
    return answer


def in_loop(at: Served, what: Callable[[], None]) -> None:
    """Done by the server, between two looks at its sockets."""
    done = threading.Event()

    def run() -> None:
        what()
        done.set()

    at.loop.call_soon_threadsafe(run)
    assert done.wait(SECONDS)


def shut_down_connections(at: Served) -> None:
    """As a server does that ends."""
    for each in list(at.server.server_state.connections):
        each.shutdown()


@LOOPS
def test_a_kept_connection_ends_with_its_next_answer(loop: Callable[[], Any]) -> None:
    """And not before, however long that takes; a new one is served, too, once."""
    with served(loop) as at, kept_connection(at) as one, kept_connection(at) as other:
        in_loop(at, lambda: at.server.drain(3600.0))
        assert post(one).getheader("connection") == "close"
        assert one.sock is None
        assert post(HTTPConnection(*at.address, timeout=SECONDS)).getheader("connection") == "close"
        assert post(other).getheader("connection") == "close"


@LOOPS
def test_the_answer_to_a_request_at_work_is_the_last_one(loop: Callable[[], Any]) -> None:
    """It began before the stop was asked for."""
    acceptor = RecordingAcceptor(wait=threading.Event())
    with served(loop, acceptor) as at:
        connection = HTTPConnection(*at.address, timeout=SECONDS)
        connection.request("POST", "/ingest", BODY)
        while not acceptor.waiting:
            threading.Event().wait(0.005)
        in_loop(at, lambda: at.server.drain(3600.0))
        assert acceptor.wait
        acceptor.wait.set()
        assert connection.getresponse().getheader("connection") == "close"


@LOOPS
def test_requests_in_a_row_are_all_answered(loop: Callable[[], Any]) -> None:
    """Sent without waiting for answers: only the last answer ends the connection."""
    acceptor = RecordingAcceptor(wait=threading.Event())
    with served(loop, acceptor) as at, socket.create_connection(at.address, SECONDS) as client:
        client.sendall(REQUEST)
        while not acceptor.waiting:
            threading.Event().wait(0.005)
        in_loop(at, lambda: at.server.drain(3600.0))
        client.sendall(REQUEST * 2)
        while acceptor.waiting < 1 or len(only_connection(at).pipeline) < 2:
            threading.Event().wait(0.005)
        assert acceptor.wait
        acceptor.wait.set()
        answers = read_all(client)
    assert answers.count(b"HTTP/1.1 200 ") == 3
    assert answers.count(b"connection: close") == 1


@LOOPS
@pytest.mark.parametrize("sent", [REQUEST, REQUEST[:20]], ids=["whole", "begun"])
def test_a_request_that_nobody_has_read_yet_is_answered(loop: Callable[[], Any], sent: bytes) -> None:
    """It came in the moment in which the server ends the connection."""
    with served(loop) as at, socket.create_connection(at.address, SECONDS) as client:
        client.sendall(REQUEST)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        in_loop(at, lambda: at.server.drain(3600.0))

        def send_and_shut_down() -> None:
            client.sendall(sent)
            shut_down_connections(at)

        in_loop(at, send_and_shut_down)
        client.sendall(REQUEST[len(sent) :])
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer


@LOOPS
def test_a_head_that_has_begun_is_waited_for(loop: Callable[[], Any]) -> None:
    """The server has read a part of it when it ends."""
    with served(loop) as at, socket.create_connection(at.address, SECONDS) as client:
        client.sendall(REQUEST)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(REQUEST[:20])
        connection = only_connection(at)
        while not connection._in_message:
            threading.Event().wait(0.005)
        in_loop(at, lambda: at.server.drain(3600.0))
        in_loop(at, lambda: shut_down_connections(at))
        client.sendall(REQUEST[20:])
        assert read_all(client).startswith(b"HTTP/1.1 200 ")


@LOOPS
def test_a_connection_that_has_rested_long_does_not_end_under_a_request(loop: Callable[[], Any]) -> None:
    """Its time is over in the moment in which the next one comes; and over when none does."""
    with served(loop) as at, socket.create_connection(at.address, SECONDS) as client:
        client.sendall(REQUEST)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection = only_connection(at)

        def send_and_end_the_rest() -> None:
            client.sendall(REQUEST)
            connection.timeout_keep_alive_handler()

        in_loop(at, send_and_end_the_rest)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        in_loop(at, connection.timeout_keep_alive_handler)
        assert read_all(client) == b""


@LOOPS
def test_a_connection_that_rests_ends_with_the_server(loop: Callable[[], Any]) -> None:
    """Who asks nothing is told nothing."""
    with served(loop) as at, kept_connection(at) as connection:
        in_loop(at, lambda: at.server.drain(0.0))
        assert connection.sock.recv(1) == b""


@LOOPS
def test_a_stop_that_comes_before_the_server_listens_ends_it_at_once(loop: Callable[[], Any]) -> None:
    """The database may be waited for first. Nobody has asked anything yet."""
    limits = LimitSettings()
    app = application(RecordingAcceptor(), limits)
    server = Server(
        uvicorn_config(app, AuthSettings(), TLSSettings(), limits, host="127.0.0.1", port=0), limits
    )  # fmt: skip

    async def main() -> None:
        server.drain(3600.0)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            await server.serve([listening])

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())


async def post_by_aiohttp(url: str, over: asyncio.Event, statuses: list[int]) -> None:
    """On one connection for as long as it lasts."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as client:
        while not over.is_set():
            async with client.post(f"{url}/ingest", data=BODY, headers=JSON) as answer:
                await answer.read()
                statuses.append(answer.status)


async def post_by_httpx2(url: str, over: asyncio.Event, statuses: list[int]) -> None:
    """The same."""
    async with httpx2.AsyncClient(verify=PLAIN, timeout=SECONDS) as client:
        while not over.is_set():
            statuses.append((await client.post(f"{url}/ingest", content=BODY, headers=JSON)).status_code)


async def post_by_standard_library(url: str, over: asyncio.Event, statuses: list[int]) -> None:
    """The same, in a thread."""

    def post_until_over() -> None:
        connection = HTTPConnection(url.removeprefix("http://"), timeout=SECONDS)
        while not over.is_set():
            statuses.append(post(connection).status)
        connection.close()

    await asyncio.to_thread(post_until_over)


CLIENTS = [post_by_aiohttp, post_by_httpx2, post_by_standard_library]


@LOOPS
async def test_clients_that_keep_their_connections_see_no_error_when_an_instance_stops(loop: Callable[[], Any]) -> None:
    """Behind a load balancer that has heard of it: each connection ends with an answer, the next is to the other."""
    with served(loop) as stops, served(loop) as stays:
        async with Balancer([stops.port]) as balancer:
            over, statuses = asyncio.Event(), [list[int]() for _ in CLIENTS]
            tasks = [
                asyncio.create_task(client(balancer.url, over, told))
                for client, told in zip(CLIENTS, statuses, strict=True)
            ]
            await answered_more(statuses)
            balancer.in_turn[:] = [stays.port]
            stops.loop.call_soon_threadsafe(stops.server.drain, 3600.0)
            while stops.server.server_state.connections:  # noqa: ASYNC110 - another thread's has no event
                await asyncio.sleep(0.01)
            stops.loop.call_soon_threadsafe(stops.server.drain, 0.0)
            await answered_more(statuses)
            over.set()
            await asyncio.gather(*tasks)
    assert {status for told in statuses for status in told} == {200}


async def answered_more(statuses: Sequence[list[int]]) -> None:
    """Until each client was, some times."""
    before = [len(told) for told in statuses]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while min(len(told) - was for told, was in zip(statuses, before, strict=True)) < 20:  # noqa: ASYNC110 - nor has this
            await asyncio.sleep(0.01)


def read_all(client: socket.socket) -> bytes:
    """Until the server closes."""
    found = b""
    while chunk := client.recv(65536):
        found += chunk
    return found
