"""The live tail of the real service: over HTTP, on several workers, with revoked tokens and at the end."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import yaml
from tests.journey.conftest import Service, Start
from tests.journey.test_service import EVENT, a_batch
from tests.loopback import PLAIN
from tests.starvation import PATIENCE_SECONDS

from mothership.edge.auth_settings import hashed

TOKEN = "token-of-who-follows-live"


class Tail:
    """A program that follows."""

    def __init__(self, service: Service, asked: str = "", **headers: str) -> None:
        self.events: list[Any] = []
        self.said: list[tuple[str, Any]] = []
        self.status = 0
        self.body = b""
        self.ended = threading.Event()
        self._url = f"{service.url}/console/events{asked}"
        self._headers = {"accept": "text/event-stream", **headers}
        self._service = service
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        asked: dict[str, Any] = {"timeout": PATIENCE_SECONDS, "verify": PLAIN, "headers": self._headers}
        with contextlib.suppress(httpx.HTTPError), httpx.stream("GET", self._url, **asked) as answer:
            self.status = answer.status_code
            if answer.status_code != 200:
                self.body = answer.read()
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    content = json.loads(line.removeprefix("data: "))
                    if name:
                        self.said.append((name, content))
                    else:
                        self.events.append(content)
                    name = ""
        self.ended.set()

    def follows(self) -> "Tail":
        """Once all that is stored from now on is seen."""
        self._service.until(lambda: self.said or self.ended.is_set(), "a tail that follows")
        assert self.said == [("following", {})], (self.status, self.body)
        return self


@contextlib.contextmanager
def unread(service: Service) -> Iterator[socket.socket]:
    """A connection that follows and never reads."""
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as open_:
        open_.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        open_.sendall(b"GET /console/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        yield open_


def test_two_workers_are_one_tail(start: Start, database_dsn: str) -> None:
    """Whichever worker stores an event, and whichever a reader came to; also when one died and came back."""
    service = start(dsn=database_dsn, MOTHERSHIP_WORKERS="2")
    # The first that is ready answers. Of one that has yet to start it asks a second later, and misses what that stored.
    service.until(lambda: service.log.read_text().count('"service_started"') == 2, "both workers")
    sockets = service.data_dir / "metrics"
    service.until(lambda: len(list(sockets.glob("tail-*.sock"))) == 2, "both workers' sockets")
    tails = [Tail(service, "?type=" + EVENT["type"]).follows() for _ in range(12)]
    for number in range(20):
        assert service.post(a_batch(5, f"ann{number}@example.org")).status_code == 200
    service.until(lambda: all(len(tail.events) >= 100 for tail in tails), "all events at each tail")
    assert all(len(tail.events) == 100 for tail in tails)
    assert "example.org" not in json.dumps(tails[0].events)


def test_a_tail_sees_an_event_soon_and_only_what_it_asks_for(service: Service) -> None:
    everything, errors = Tail(service).follows(), Tail(service, "?at-least=error&source=edge-7").follows()
    events = [
        {"type": "syslog", "source": "edge-7", "message": "a\nb\n\nevent: end\ndata: {}", "severity": "error"},
        {"type": "syslog", "source": "edge-7", "message": "\u2028 \r fine", "severity": "info"},
        {"type": "syslog", "source": "edge-8", "message": "x" * 300_000, "severity": "error"},
    ]
    assert service.post({"messages": events}).status_code == 200
    service.until(lambda: len(everything.events) >= 3 and errors.events, "the events")
    assert [event["data"]["message"] for event in errors.events] == ["a\nb\n\nevent: end\ndata: {}"]
    assert [event["is_cut"] for event in everything.events] == [False, False, True]
    assert everything.said == [("following", {})]


def test_a_bad_question_and_a_crowd_are_answered_in_words(start: Start, database_dsn: str) -> None:
    """With a status that a program understands."""
    service = start(dsn=database_dsn, config={"live_tail": {"readers_per_caller": 3}})
    tails = [Tail(service).follows() for _ in range(3)]
    headers = {"accept": "text/event-stream"}
    full = service.get("/console/events", headers=headers)
    assert full.status_code == 503
    assert "live_tail.readers_per_caller" in full.json()["reason"]
    assert int(full.headers["retry-after"]) > 0
    assert service.get("/console/events?severity=loud", headers=headers).status_code == 400
    with httpx.Client(verify=PLAIN) as client:
        assert client.head(f"{service.url}/console/events", headers=headers).status_code == 200
    assert "mothership_tail_readers 3.0" in service.get("/metrics").text
    assert not any(tail.ended.is_set() for tail in tails)


def test_a_hundred_follow_a_slow_one_is_dropped_and_all_end_at_once_with_the_service(
    start: Start, database_dsn: str
) -> None:
    """The service does not wait for readers, neither at work nor at its end."""
    config = {
        "live_tail": {"stall_seconds": 2, "events_per_second": 10_000},
        "limits": {"connections_per_client": 400},
    }
    service = start(dsn=database_dsn, config=config)
    tails = [Tail(service, "?type=greeting") for _ in range(100)]
    for tail in tails:
        tail.follows()
    batch = {"messages": [{"type": "log", "message": f"{n} {'x' * 8_000}"} for n in range(500)]}
    with unread(service), unread(service):
        service.until(lambda: "mothership_tail_readers 102.0" in service.get("/metrics").text, "the readers")

        def is_dropped() -> bool:
            assert service.post(batch).status_code == 200
            return 'mothership_tails_ended_total{reason="stalled"} 2.0' in service.get("/metrics").text

        service.until(is_dropped, "the drop")
        service.until(lambda: "mothership_tail_readers 100.0" in service.get("/metrics").text, "their end")
    assert not any(tail.ended.is_set() for tail in tails)
    assert service.post({"messages": [{"type": "greeting", "message": "hello"}]}).status_code == 200
    service.until(lambda: all(len(tail.events) == 1 for tail in tails), "the greeting at all hundred")
    with unread(service):
        for _ in range(5):
            assert service.post(batch).status_code == 200
        began = time.monotonic()
        assert service.stop() == 0
    log = service.log.read_text()
    assert "timeout graceful shutdown" not in log.lower()
    assert "Traceback" not in log
    for tail in tails:
        assert tail.ended.wait(PATIENCE_SECONDS)
        assert tail.said[-1] == ("end", {"reason": "the service is stopping"})
    assert time.monotonic() - began < PATIENCE_SECONDS


def test_a_tail_ends_with_its_token_and_needs_one_that_may_read(
    start: Start, database_dsn: str, tmp_path: Path
) -> None:
    """While the connection lives, too."""
    tokens = tmp_path / "tokens.yaml"
    entries = [
        {"name": "reader", "hash": hashed(TOKEN), "scopes": ["read"]},
        {"name": "node", "hash": hashed(TOKEN + "-node"), "scopes": ["ingest"]},
    ]
    tokens.write_text(yaml.safe_dump(entries))
    service = start(
        dsn=database_dsn, config={"auth": {"tokens_file": str(tokens), "failure_pause_seconds": 0.1}}, wait=False
    )
    service.until(lambda: service.get("/readyz").status_code == 200, "readiness")
    assert Tail(service).ended.wait(PATIENCE_SECONDS)
    headers = {"accept": "text/event-stream"}
    assert service.get("/console/events", headers=headers).status_code == 401
    denied = service.get("/console/events", headers={**headers, "authorization": f"Bearer {TOKEN}-node"})
    assert denied.status_code == 403
    tail = Tail(service, authorization=f"Bearer {TOKEN}").follows()
    tokens.write_text(yaml.safe_dump(entries[1:]))
    assert tail.ended.wait(PATIENCE_SECONDS)
    assert tail.said[-1] == ("end", {"reason": "your credentials are no longer valid"})


def test_who_closes_the_page_gives_the_place_back_at_once(service: Service) -> None:
    """The end of what a client says ends its stream: no comment for the line's sake is waited for."""
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"GET /console/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        said = b""
        while b"event: following" not in said:
            said += connection.recv(65536)
        connection.shutdown(socket.SHUT_WR)
        rest = b""
        while data := connection.recv(65536):
            rest += data
            assert b": ping" not in rest
