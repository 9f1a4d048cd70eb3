"""What a stranger puts into a request is in no answer and no line of the service's log, wherever it stood."""

import json
import socket
from urllib.parse import urlsplit

import pytest
from tests.journey.conftest import Service, Start, start
from tests.starvation import PATIENCE_SECONDS

from mothership.edge.auth_settings import hashed

__all__ = ["start"]
CANARY = b"canary-7d1f"
BODIES = [
    b'{"canary-7d1f": [',
    b'{"messages": {"canary-7d1f": "canary-7d1f"}}',
    b'{"messages": ["canary-7d1f", {"type": "canary-7d1f"}]} canary-7d1f',
    b'{"messages": ["canary-7d1f", {"canary-7d1f": 1}, {"type": {"canary-7d1f": 1}}]}',
    json.dumps({"messages": [{"type": "x", "canary-7d1f": "canary-7d1f" * 30_000}]}).encode(),
    b"canary-7d1f",
    b"\xffcanary-7d1f",
    b"[" * 3000 + b'"canary-7d1f"',
]
HEADERS = [
    b"Authorization: Bearer canary-7d1f",
    b"Authorization: canary-7d1f",
    b"Content-Encoding: canary-7d1f",
    b"Content-Type: canary/canary-7d1f",
    b"X-Request-ID: canary-7d1f@example.org",
    b"Idempotency-Key: " + b"canary-7d1f" * 30,
    b"X-Forwarded-For: canary-7d1f",
    b"User-Agent: canary-7d1f",
    b"canary-7d1f\x00: x",
    b"Transfer-Encoding: canary-7d1f",
    b"Origin: http://canary-7d1f",
    b"Expect: canary-7d1f",
]
FIRST_LINES = [
    b"GET /canary-7d1f?canary-7d1f HTTP/1.1",
    b"canary-7d1f / HTTP/1.1",
    b"GET / HTTP/canary-7d1f",
    b"DELETE /ingest?canary-7d1f HTTP/1.1",
]


def send(service: Service, first: bytes, header: bytes, body: bytes) -> bytes:
    """One raw request; everything that is said in return."""
    parts = urlsplit(service.url)
    standard = [b"Host: localhost", b"Connection: close"]
    if not header.startswith(b"Authorization"):
        standard.append(b"Authorization: Bearer right")
    if not header.startswith(b"Transfer-Encoding"):
        standard.append(b"Content-Length: %d" % len(body))
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"\r\n".join([first, *standard, header, b"", b""]) + body)
        said = b""
        while data := connection.recv(65536):
            said += data
    return said


@pytest.fixture
def service(start: Start, database_dsn: str) -> Service:
    auth = {"tokens": [{"name": "node", "hash": hashed("right"), "scopes": ["ingest", "read"]}]}
    return start(dsn=database_dsn, config={"log": {"level": "DEBUG"}, "auth": {**auth, "failure_pause_seconds": 0}})


def test_what_a_stranger_writes_is_repeated_nowhere(service: Service) -> None:
    """Neither headers, nor paths, nor what stands where the JSON is wrong."""
    post = b"POST /ingest HTTP/1.1"
    answers = [send(service, post, b"X: y", body) for body in BODIES]
    answers += [send(service, post, header, b'{"messages":[]}') for header in HEADERS]
    answers += [send(service, first, b"X: y", b"") for first in FIRST_LINES]
    assert all(answers)
    assert not [answer for answer in answers if CANARY in answer]
    assert CANARY.decode() not in service.log.read_text()
    assert "login_failed" in service.log.read_text()
