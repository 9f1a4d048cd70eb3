"""`mothership send` against a real server that answers, refuses, asks to wait, and cuts the line."""

import gzip
import http.server
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme
from click.testing import CliRunner, Result

from mothership.commands.send import send
from mothership.event import Event
from mothership.shipping import (
    Door,
    Manner,
    ShippingError,
    Summary,
    backoff_seconds,
    endpoint,
    retry_after_seconds,
    ship,
)
from mothership.shipping_files import count_lines, read_events


@dataclass
class Answer:
    """What the server says next; status 0 cuts the line."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    body: Any

    @property
    def messages(self) -> list[Any]:
        """Its events."""
        messages: list[Any] = self.body["messages"]
        return messages


class Server(http.server.ThreadingHTTPServer):
    """Answers from a script, then with success."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Answer] = []
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        self.scheme = "http"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def stored(self) -> list[Any]:
        """Every event that arrived, as often as it did."""
        return [event for seen in self.seen for event in seen.messages]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that left."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        """Take a batch."""
        raw = self.rfile.read(int(self.headers["content-length"]))
        body = orjson.loads(gzip.decompress(raw) if self.headers.get("content-encoding") == "gzip" else raw)
        with self.server.lock:
            answer = self.server.script.pop(0) if self.server.script else Answer()
            self.server.seen.append(Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if not answer.status:
            self.close_connection = True
            return
        said = orjson.dumps({"status": "success", "processed_events": 1} if answer.body is None else answer.body)
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(said))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


class Naps:
    """Remembers how long it was asked to sleep, and doesn't."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Nap."""
        self.seconds.append(seconds)

    def clock(self) -> float:
        """Tell a time in which nothing but naps passes."""
        return sum(self.seconds)


def events_of(count: int) -> list[Event]:
    return [{"type": "log", "message": f"m{n}"} for n in range(count)]


async def shipped(server: Server, events: list[Any], naps: Naps | None = None, **manner: Any) -> Summary:
    naps = naps or Naps()
    return await ship(
        events,
        Door(server.url),
        Manner(**{"concurrency": 1, **manner}),
        sleep=naps,
        clock=naps.clock,
        jitter=lambda: 1.0,
    )


async def test_batches_arrive_gzipped_in_the_nodes_own_form(server: Server) -> None:
    """The server can't tell it from an EdgeBot."""
    summary = await shipped(server, events_of(250), source="web01")
    assert server.stored() == events_of(250)
    assert [seen.body["batch_size"] for seen in server.seen] == [100, 100, 50]
    assert {seen.path for seen in server.seen} == {"/ingest"}
    first = server.seen[0]
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["content-type"] == "application/json"
    assert first.body["source"] == "web01"
    assert first.body["is_retry"] is False
    assert (summary.sent, summary.accepted, summary.rejected, summary.retries) == (250, 250, 0, 0)


async def test_it_can_do_without_compression(server: Server) -> None:
    """For a proxy in between that looks inside."""
    await shipped(server, events_of(3), compress=False)
    assert "content-encoding" not in server.seen[0].headers
    assert server.stored() == events_of(3)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 0])
async def test_a_batch_is_kept_and_sent_again(server: Server, status: int) -> None:
    """The same messages, marked as a retry."""
    server.script = [Answer(status), Answer(status)]
    naps = Naps()
    summary = await shipped(server, events_of(3), naps)
    assert [seen.messages for seen in server.seen] == [events_of(3)] * 3
    assert [seen.body["is_retry"] for seen in server.seen] == [False, True, True]
    assert (summary.sent, summary.retries) == (3, 2)
    assert naps.seconds == [0.25, 0.5]


async def test_it_waits_as_long_as_it_is_asked_to(server: Server) -> None:
    """`Retry-After` counts more than one's own backoff."""
    server.script = [Answer(503, headers={"Retry-After": "7"})]
    naps = Naps()
    await shipped(server, events_of(1), naps)
    assert naps.seconds == [7.0]


async def test_it_gives_up_in_the_end_and_says_what_is_not_stored(server: Server) -> None:
    """A batch is not tried for ever."""
    server.script = [Answer(503, {"reason": "the spool is full"})] * 100
    with pytest.raises(ShippingError, match=r"gave up on a batch of 1 events after \d+ tries: 503 .*the spool is full"):
        await shipped(server, events_of(1), give_up_seconds=60)
    assert len(server.seen) > 5


async def test_a_server_that_is_not_there_is_tried_again(server: Server) -> None:
    """It may be starting."""
    url = server.url
    server.server_close()
    naps = Naps()
    with pytest.raises(ShippingError, match="no answer"):
        await ship(events_of(1), Door(url), Manner(give_up_seconds=5), sleep=naps, clock=naps.clock)
    assert len(naps.seconds) > 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 415])
async def test_a_refusal_ends_it_with_the_reason(server: Server, status: int) -> None:
    """Sending the same again would be refused again."""
    server.script = [Answer(status, {"reason": "a bearer token is needed"})]
    with pytest.raises(ShippingError, match=f"refused a batch of 2 events: {status} .*a bearer token is needed"):
        await shipped(server, events_of(2))
    assert len(server.seen) == 1


async def test_a_batch_that_is_too_large_is_halved(server: Server) -> None:
    """The bound is the server's; nothing is lost to it."""
    server.script = [Answer(413), Answer(413), Answer(), Answer(), Answer()]
    summary = await shipped(server, events_of(8))
    assert [len(seen.messages) for seen in server.seen] == [8, 4, 2, 2, 4]
    assert summary.sent == 8


async def test_rejections_and_duplicates_are_counted(server: Server) -> None:
    """One bad event is not a failure, and is not hidden."""
    server.script = [
        Answer(
            200, {"status": "partial", "rejected": 2, "errors": [{"index": n, "reason": "no type"} for n in (0, 4)]}
        ),
        Answer(200, {"status": "success", "rejected": 0, "errors": [], "duplicate": True}),
    ]
    summary = await shipped(server, events_of(150))
    assert (summary.sent, summary.accepted, summary.rejected, summary.duplicates) == (150, 148, 2, 50)
    assert summary.reasons == {"no type": 2}


async def test_several_requests_are_in_flight_and_nothing_is_lost(server: Server) -> None:
    """Far-away servers are slow to answer, not slow to take."""
    server.script = [Answer(503), Answer(0), Answer(429)]
    seen: list[int] = []
    summary = await ship(
        events_of(1_000),
        Door(server.url),
        Manner(batch=50, concurrency=8),
        sleep=Naps(),
        progress=lambda now: seen.append(now.sent),
    )
    taken = {event["message"] for event in server.stored()}
    assert taken == {f"m{n}" for n in range(1_000)}
    assert (summary.sent, summary.retries) == (1_000, 3)
    assert seen == sorted(seen)
    assert seen[-1] == 1_000


async def test_what_json_can_hardly_say_is_shipped_all_the_same(server: Server) -> None:
    """The server decides about surrogates and huge integers, not the sender."""
    await shipped(server, [b'{"type":"log","n":1.0e2}', {"type": "log", "n": 2**70}])
    assert [event["n"] for event in server.stored()] == [100.0, float(2**70)]


async def test_an_error_in_reading_is_raised(server: Server) -> None:
    """A file that ends early must not look like a short file."""

    def broken() -> Iterator[Event]:
        yield {"type": "log"}
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="the disk went away"):
        await ship(broken(), Door(server.url))


def test_the_backoff_grows_to_a_bound_and_half_of_it_is_chance() -> None:
    """A thousand nodes must not come back in step."""
    assert [backoff_seconds(n, jitter=1.0) for n in range(4)] == [0.25, 0.5, 1.0, 2.0]
    assert backoff_seconds(3, jitter=0.0) == 1.0
    assert backoff_seconds(1_000, jitter=1.0) == 30.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("5", 5.0), ("0", 0.0), ("Tue, 24 Nov 2026 21:12:37 GMT", 10.0), ("rubbish", None), ("", None), (None, None)],
)
def test_both_forms_of_retry_after_are_read(header: str | None, seconds: float | None) -> None:
    """Proxies write dates."""
    assert retry_after_seconds(header, now=1_795_554_747.0) == seconds


def test_the_path_is_added_to_a_bare_address() -> None:
    """And left alone when there is one."""
    assert endpoint("http://localhost:8443") == "http://localhost:8443/ingest"
    assert endpoint("https://m.example.com/") == "https://m.example.com/ingest"
    assert endpoint("https://m.example.com/edge/ingest") == "https://m.example.com/edge/ingest"
    with pytest.raises(ShippingError, match="is no address"):
        endpoint("localhost:8443")


def read(path: Path) -> list[Any]:
    """Decode with a decoder that takes what Python writes."""
    items = list(read_events(str(path)))
    return [json.loads(item, parse_constant=str.lower) if isinstance(item, bytes) else item for item in items]


def test_plain_lines_become_what_a_file_tail_sends(tmp_path: Path) -> None:
    """Whatever ends the line and whatever is in it; blank lines are no events."""
    path = tmp_path / "app.log"
    path.write_bytes(b"[Sun Dec 04 04:47:44 2005] [notice] ok\r\n\r\ncaf\xe9 \xff\n  indented\rstays\n\nlast")
    events = read(path)
    assert [event["message"] for event in events] == [
        "[Sun Dec 04 04:47:44 2005] [notice] ok",
        "caf\\xe9 \\xff",
        "  indented\rstays",
        "last",
    ]
    assert {event["file_path"] for event in events} == {str(path)}
    assert {event["type"] for event in events} == {"log"}
    assert all(event["timestamp"].endswith("Z") for event in events)
    assert count_lines([str(path)]) == 4


@pytest.mark.parametrize(
    ("content", "events"),
    [
        (b'{"type":"a","n":1}\n{"n":2}\n', [{"type": "a", "n": 1}, {"type": "log", "n": 2}]),
        (b'[{"type":"a"},{"n":2},7]', [{"type": "a"}, {"type": "log", "n": 2}, 7]),
        (b'{"messages":[{"type":"a"}],"batch_size":1,"source":"edgebot"}', [{"type": "a"}]),
        (b'{"messages":[{"type":"a"}]}\n{"messages":[{"type":"b"}]}\n', [{"type": "a"}, {"type": "b"}]),
        (b'{\n  "messages": [\n    {"type": "a"}\n  ]\n}\n', [{"type": "a"}]),
        (b'\n[\n{"type": "a"},\n{"type": "b"}\n]\n', [{"type": "a"}, {"type": "b"}]),
        (b'{"type":"a","m":"\xff"}\n', [{"type": "a", "m": "\ufffd"}]),
        (b'{"n":1e400}\n{"type":"a","n":NaN}\n', [{"type": "log", "n": float("inf")}, {"type": "a", "n": "nan"}]),
        (b'{"m":"\\ud800"}\n', [{"type": "log", "m": "\ud800"}]),
        (b"{}\n", [{"type": "log"}]),
        (b'{\n"type": "a",\n"n": 1\n}\n', [{"type": "a", "n": 1}]),
        (b"", []),
        (b"\n\n", []),
    ],
)
def test_json_files_of_every_shape_are_read(tmp_path: Path, content: bytes, events: list[Any]) -> None:
    """NDJSON, a list, an EdgeBot's payload, on one line or many, gzipped or not."""
    (tmp_path / "plain.json").write_bytes(content)
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(content))
    assert read(tmp_path / "plain.json") == events
    assert read(tmp_path / "packed.json.gz") == events


def test_lines_of_both_kinds_may_stand_in_one_file(tmp_path: Path) -> None:
    """A service logs JSON until it crashes in plain text."""
    path = tmp_path / "app.log"
    path.write_bytes(b'{"type":"a"}\nTraceback (most recent call last):\n{"broken\n')
    assert [event.get("message") for event in read(path)] == [None, "Traceback (most recent call last):", '{"broken']


def test_a_first_line_that_only_looks_like_json_is_a_line(tmp_path: Path) -> None:
    """Carriage returns inside don't make more lines of it."""
    path = tmp_path / "app.log"
    path.write_bytes(b"{not json\rat all\n[nor] this\r\n")
    assert [event["message"] for event in read(path)] == ["{not json\rat all", "[nor] this"]


def run(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(send, list(arguments), catch_exceptions=False, **more)


def test_the_command_ends_with_one_line_that_says_it_all(server: Server, tmp_path: Path) -> None:
    """And with the reasons for what was rejected."""
    path = tmp_path / "app.log"
    path.write_text("".join(f"line {n}\n" for n in range(230)))
    server.script = [
        Answer(200, {"rejected": 1, "errors": [{"index": 3, "reason": "the event is larger than allowed"}]})
    ]
    result = run(str(path), "--url", server.url, "--token", "t0ken", "--batch", "50", "--source", "web01")
    assert result.exit_code == 0
    assert "sent 230, accepted 229, rejected 1, duplicates 0, retries 0" in result.output
    assert "rejected 1: the event is larger than allowed" in result.output
    assert {seen.headers["authorization"] for seen in server.seen} == {"Bearer t0ken"}
    assert sorted(event["message"] for event in server.stored()) == sorted(f"line {n}" for n in range(230))


def test_the_command_reads_standard_input(server: Server) -> None:
    """`journalctl -o json | mothership send -`."""
    result = run("-", "--url", server.url, "--type", "journal", input='{"n":1}\nplain\n')
    assert result.exit_code == 0
    assert [event["type"] for event in server.stored()] == ["journal", "journal"]
    assert server.stored()[1]["file_path"] == "/dev/stdin"


def test_a_refused_batch_is_exit_status_1_and_the_reason(server: Server, tmp_path: Path) -> None:
    """A script must notice."""
    path = tmp_path / "app.log"
    path.write_text("line\n")
    server.script = [Answer(401, {"reason": "a bearer token is needed"})]
    result = run(str(path), "--url", server.url)
    assert result.exit_code == 1
    assert "401 Unauthorized: a bearer token is needed" in result.output
    assert "sent 0" in result.output


def test_a_damaged_archive_is_exit_status_1(server: Server, tmp_path: Path) -> None:
    """What could be read is shipped; that it was not all is said."""
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(b"line\n" * 10_000)[:-20])
    result = run(str(path), "--url", server.url)
    assert result.exit_code == 1
    assert "error: " in result.output


def test_a_wrong_address_is_exit_status_1(tmp_path: Path) -> None:
    """In words, not in a traceback."""
    path = tmp_path / "app.log"
    path.write_text("line\n")
    result = run(str(path), "--url", "localhost")
    assert result.exit_code == 1
    assert "is no address" in result.output


def test_it_shows_its_own_certificate_and_checks_the_servers(tmp_path: Path) -> None:
    """Mutual TLS, with a private authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own = authority.issue_cert("node-7")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "node.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    path = tmp_path / "app.log"
    path.write_text("line\n")
    with Server() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.scheme = "https"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        ca, cert = ("--ca", str(tmp_path / "ca.pem")), ("--client-cert", str(tmp_path / "node.pem"))
        good = run(str(path), "--url", server.url, *ca, *cert)
        without = run(str(path), "--url", server.url, *ca, "--give-up-seconds", "0.1")
        server.shutdown()
        thread.join()
    assert good.exit_code == 0, good.output
    assert len(server.seen) == 1
    assert without.exit_code == 1
    assert "no answer" in without.output


async def test_a_quiet_pipe_does_not_hold_up_the_network(server: Server) -> None:
    """What was read is shipped while the next line is waited for."""
    go_on = threading.Event()

    def slowly() -> Iterator[Event]:
        yield from events_of(2)
        assert go_on.wait(10)
        yield from events_of(2)

    arrived: list[float] = []

    def progress(_summary: Summary) -> None:
        arrived.append(time.monotonic())
        go_on.set()

    summary = await ship(slowly(), Door(server.url), Manner(batch=2), progress=progress)
    assert summary.sent == 4
    assert len(arrived) == 2
