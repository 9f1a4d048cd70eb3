"""What the node is told: 2xx when it may forget, 429 and 5xx when it must keep, 4xx only when nothing could be done."""

import asyncio
import gzip
import json
import threading
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
import zstandard
from tests.starvation import PATIENCE_SECONDS

from mothership.edge.limit_settings import LimitSettings
from mothership.errors import NotPersisted, Refusal
from mothership.event import Batch

EVENTS = [{"type": "log", "message": f"line {number}"} for number in range(3)]
BODY = json.dumps({"messages": EVENTS, "batch_size": 3, "source": "edgebot", "is_retry": False}).encode()
ClientFactory = Callable[..., httpx2.AsyncClient]


def raw_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


ENCODED = {
    "plain": (None, BODY),
    "identity": ("identity", BODY),
    "gzip": ("gzip", gzip.compress(BODY)),
    "GZIP": ("GZIP", gzip.compress(BODY)),
    "x-gzip": ("x-gzip", gzip.compress(BODY)),
    "gzip in two members": ("gzip", gzip.compress(BODY[:50]) + gzip.compress(BODY[50:])),
    "gzip unsaid": (None, gzip.compress(BODY)),
    "zlib": ("deflate", zlib.compress(BODY)),
    "raw deflate": ("deflate", raw_deflate(BODY)),
    "zstd": ("zstd", zstandard.compress(BODY)),
    "zstd in two frames": ("zstd", zstandard.compress(BODY[:50]) + zstandard.compress(BODY[50:])),
}


@pytest.mark.parametrize(("encoding", "body"), ENCODED.values(), ids=ENCODED.keys())
async def test_a_batch_is_taken_in_every_encoding(
    make_client: ClientFactory, acceptor: Any, encoding: str | None, body: bytes
) -> None:
    """A node compresses by default; what arrives is the same, and the answer has the specification's fields."""
    headers = {"content-type": "application/json"} | ({"content-encoding": encoding} if encoding else {})
    async with make_client() as client:
        answer = await client.post("/ingest", content=body, headers=headers)
    assert answer.status_code == 200
    said = answer.json()
    assert 0 <= said.pop("processing_time") < 5
    assert said.pop("request_id") == answer.headers["x-request-id"]
    assert said == {
        "status": "success",
        "processed_events": 3,
        "sink_results": {"tsdb": {"written": 3, "queued": 0, "errors": 0}},
        "duplicate": False,
        "rejected": 0,
        "errors": [],
    }
    batch: Batch = acceptor.batches[0]
    assert batch.events == EVENTS
    assert (batch.source, batch.client, batch.received) == ("edgebot", "anonymous", 1_000_000)


REFUSED: dict[str, tuple[bytes, dict[str, str], int]] = {
    "two encodings": (gzip.compress(gzip.compress(BODY)), {"content-encoding": "gzip, gzip"}, 415),
    "an unknown encoding": (BODY, {"content-encoding": "br"}, 415),
    "not gzip": (BODY, {"content-encoding": "gzip"}, 400),
    "gzip cut": (gzip.compress(BODY)[:-9], {"content-encoding": "gzip"}, 400),
    "gzip with a wrong sum": (gzip.compress(BODY)[:-8] + bytes(8), {"content-encoding": "gzip"}, 400),
    "gzip and rubbish": (gzip.compress(BODY) + b"rubbish", {"content-encoding": "gzip"}, 400),
    "zstd cut": (zstandard.compress(BODY)[:-4], {"content-encoding": "zstd"}, 400),
    "deflate twice": (zlib.compress(BODY) * 2, {"content-encoding": "deflate"}, 400),
    "an empty gzip": (b"", {"content-encoding": "gzip"}, 400),
    "a gzip of nothing": (gzip.compress(b""), {"content-encoding": "gzip"}, 400),
    "10,000 members": (gzip.compress(b" ") * 10_000, {"content-encoding": "gzip"}, 400),
    "a form": (BODY, {"content-type": "application/x-www-form-urlencoded"}, 415),
    "multipart": (b"--x\r\n\r\n{}\r\n--x--", {"content-type": "multipart/form-data; boundary=x"}, 415),
    "plain text of a web page": (BODY, {"content-type": "text/plain", "origin": "http://localhost"}, 415),
    "an empty key": (BODY, {"idempotency-key": ""}, 400),
    "a long key": (BODY, {"idempotency-key": "k" * 257}, 400),
    "a large body": (b" " * (LimitSettings().body_bytes + 1), {}, 413),
    "a gzip bomb": (gzip.compress(bytes(64 * 1024 * 1024), 9), {"content-encoding": "gzip"}, 413),
    "a zstd bomb": (zstandard.compress(bytes(512 * 1024 * 1024), 1), {"content-encoding": "zstd"}, 413),
}


@pytest.mark.parametrize(("body", "headers", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_cannot_be_a_batch_is_refused_with_its_reason(
    make_client: ClientFactory, acceptor: Any, body: bytes, headers: dict[str, str], status: int
) -> None:
    """A 4xx makes a node drop the batch, so it is kept for what no second try could mend."""
    async with make_client() as client:
        answer = await client.post("/ingest", content=body, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"status", "reason", "request_id"}
    assert answer.json()["status"] == "refused"
    assert not acceptor.batches
    if status == 415 and "content-encoding" in headers:
        assert answer.headers["accept-encoding"] == "gzip, zstd, deflate"


@pytest.mark.parametrize("body", [b"", b" \n"])
async def test_an_empty_body_is_called_empty(make_client: ClientFactory, body: bytes) -> None:
    """And not bad syntax at character 0 of 0."""
    async with make_client() as client:
        answer = await client.post("/ingest", content=body)
    assert (answer.status_code, answer.json()["reason"]) == (400, "the body is not JSON: it is empty")


async def test_bad_events_are_named_and_the_good_ones_taken(make_client: ClientFactory, acceptor: Any) -> None:
    """One malformed event must never turn a batch into a 4xx."""
    body = json.dumps({"messages": [1, {"type": "log"}, {}]}).encode()
    async with make_client() as client:
        answer = await client.post("/ingest", content=body)
    assert answer.status_code == 200
    said = answer.json()
    assert (said["status"], said["processed_events"], said["rejected"]) == ("partial", 1, 2)
    assert said["errors"] == [
        {"index": 0, "reason": "not an object"},
        {"index": 2, "reason": "`type` is missing"},
    ]
    assert acceptor.batches[0].events == [{"type": "log"}]


async def test_a_batch_of_only_bad_events_is_answered_with_a_2xx(make_client: ClientFactory, acceptor: Any) -> None:
    """A 5xx would bring the same batch for ever, a 4xx says less about it; nothing reaches the pipeline."""
    async with make_client() as client:
        answer = await client.post("/ingest", content=json.dumps({"messages": [None] * 500}).encode())
    said = answer.json()
    assert (answer.status_code, said["status"], said["processed_events"], said["rejected"]) == (200, "partial", 0, 500)
    assert len(said["errors"]) == 100
    assert said["sink_results"] == {"tsdb": {"written": 0, "queued": 0, "errors": 0}}
    assert not acceptor.batches


async def test_an_empty_batch_is_a_success_of_nothing(make_client: ClientFactory) -> None:
    """As the specification's users expect."""
    async with make_client() as client:
        answer = await client.post("/ingest", content=b'{"messages":[]}')
    assert (answer.status_code, answer.json()["status"], answer.json()["processed_events"]) == (200, "success", 0)


async def test_a_repeated_batch_is_said_to_be_one(make_client: ClientFactory, acceptor: Any) -> None:
    """The node may delete it; nothing was added."""
    async with make_client() as client:
        await client.post("/ingest", content=BODY)
        again = await client.post("/ingest", content=BODY.replace(b'"is_retry": false', b'"is_retry": true'))
    assert again.json()["duplicate"] is True
    assert len(acceptor.batches) == 1


@pytest.mark.parametrize(
    ("failure", "status", "retry_after"),
    [
        (NotPersisted("the spool is full", retry_after_seconds=0.2), 503, "1"),
        (NotPersisted("the disk is full", retry_after_seconds=29.1), 503, "30"),
        (Refusal(429, "too much in flight", retry_after_seconds=2), 429, "2"),
        (KeyError("canary-7d1f@example.org"), 500, None),
    ],
)
async def test_what_is_not_safe_is_never_acknowledged(
    make_client: ClientFactory, acceptor: Any, failure: Exception, status: int, retry_after: str | None
) -> None:
    """The node keeps its copy on 429 and 5xx, waits as long as it is told, and learns nothing of the fault."""
    acceptor.failures.append(failure)
    async with make_client() as client:
        answer = await client.post("/ingest", content=BODY)
        after = await client.post("/ingest", content=BODY)
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == retry_after
    assert "canary" not in answer.text
    assert after.status_code == 200


@pytest.mark.parametrize(
    ("given", "kept"), [("ship-7.2026_11", True), ("a b", False), ("x" * 65, False), ("a@b.c", False), ("", False)]
)
async def test_a_request_keeps_its_name_when_it_is_a_harmless_one(
    make_client: ClientFactory, given: str, kept: bool
) -> None:
    """It is repeated in logs and answers, so it can't be a place to put things."""
    async with make_client() as client:
        answer = await client.post("/ingest", content=BODY, headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_large_body_is_read_beside_the_loop_with_the_same_outcome(
    make_client: ClientFactory, acceptor: Any
) -> None:
    """Above a megabyte the decoding moves to a thread."""
    events = [{"type": "log", "message": "x" * 1000}] * 2000
    async with make_client() as client:
        answer = await client.post(
            "/ingest",
            content=gzip.compress(json.dumps({"messages": events}).encode()),
            headers={"content-encoding": "gzip"},
        )
    assert answer.json()["processed_events"] == 2000
    assert acceptor.batches[0].events == events


async def until(promise: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not promise():  # noqa: ASYNC110 - nobody signals it
            await asyncio.sleep(0.005)


async def test_work_and_memory_are_bounded_by_503(make_client: ClientFactory, acceptor: Any) -> None:
    """With a Retry-After; whoever is alone is served whatever the bound, and slow senders take nobody's place."""
    small = b'{"messages":[{"type":"x"}]}'
    async with make_client(concurrent_requests=1, wait_seconds_max=0.02) as client:
        sending = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield BODY[:10]
            await sending.wait()
            yield BODY[10:]

        slow_request = asyncio.create_task(client.post("/ingest", content=slow()))
        await asyncio.sleep(0.05)
        assert (await client.post("/ingest", content=BODY)).status_code == 200, "one sends, none is at work"
        acceptor.wait = threading.Event()
        busy = asyncio.create_task(client.post("/ingest", content=small))
        await until(lambda: acceptor.waiting == 1)
        refused = await client.post("/ingest", content=small)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["reason"] == "too many requests at a time (limits.concurrent_requests)"
        acceptor.wait.set()
        assert (await busy).status_code == 200
        sending.set()
        assert (await slow_request).status_code == 200
    async with make_client(in_flight_bytes=len(BODY), wait_seconds_max=0.02) as client:
        acceptor.wait = threading.Event()
        before = acceptor.waiting
        busy = asyncio.create_task(client.post("/ingest", content=small))
        await until(lambda: acceptor.waiting > before)
        refused = await client.post("/ingest", content=BODY)
        assert refused.json()["reason"] == "too many bytes at a time (limits.in_flight_bytes)"
        acceptor.wait.set()
        assert (await busy).status_code == 200
        assert (await client.post("/ingest", content=BODY + b" " * 1000)).status_code == 200, "alone"


async def test_a_batch_waits_for_its_turn_before_it_is_refused(make_client: ClientFactory, acceptor: Any) -> None:
    """A real node loses what is refused, so what can be taken a moment later is."""
    acceptor.wait = threading.Event()
    async with make_client(concurrent_requests=1, wait_seconds_max=20.0) as client:
        busy = [asyncio.create_task(client.post("/ingest", content=BODY)) for _ in range(2)]
        await until(lambda: acceptor.waiting == 1)
        acceptor.wait.set()
        assert [answer.status_code for answer in await asyncio.gather(*busy)] == [200, 200]
