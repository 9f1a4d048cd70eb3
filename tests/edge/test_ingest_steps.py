"""`Ingest` step by step: receive, decode, accept, answer; and what another protocol has to say."""

import asyncio
import gzip
from collections.abc import Callable
from typing import Any

import httpx2
import orjson
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive
from tests.edge.servers import RecordingAcceptor

from mothership.batch_log import BatchLog
from mothership.edge.application import EdgeApplication
from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.caller import ANONYMOUS, Permission
from mothership.edge.ingest import Ingest
from mothership.edge.ingest_protocol import IngestProtocol, IngestRequest, IngestResponse
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.native_ingest import NativeIngest
from mothership.errors import Refusal
from mothership.event import Batch, Receipt, Tally
from mothership.fairness import WaitBudget

LIMITS = LimitSettings()
BODY = b'{"messages":[{"type":"log"},1]}'


LINES: dict[str, Any] = {"summary": "Take lines", "responses": {"204": {"description": "Kept."}}}


class Lines:
    """A protocol of lines, answered without a body."""

    name = "lines"
    path = "/lines"
    scope: Permission = "ingest"
    operation = LINES

    def __init__(self, builder: BatchBuilder) -> None:
        self._builder = builder

    def check(self, request: IngestRequest) -> None:
        """Lines only."""
        if request.media_type != "text/plain":
            raise Refusal(415, "Content-Type must be text/plain")

    def encoding(self, request: IngestRequest) -> str:
        """As sent."""
        return request.header(b"content-encoding") or ""

    def decode(self, body: bytes, request: IngestRequest) -> Batch:
        """An event a line."""
        events = [{"type": "log", "message": line} for line in body.decode().splitlines()]
        return self._builder.build(events, request, input=self.name)

    def answer(self, request: IngestRequest, batch: Batch, receipt: Receipt, seconds: float) -> IngestResponse:  # noqa: ARG002
        """Nothing to say."""
        return IngestResponse(204)

    def refuse(self, request: IngestRequest, refusal: Refusal) -> IngestResponse:  # noqa: ARG002
        """In a line."""
        return IngestResponse(refusal.status, refusal.reason.encode(), [(b"content-type", b"text/plain")])


def ingest(acceptor: RecordingAcceptor) -> Ingest:
    builder = BatchBuilder(LIMITS, key=b"test")
    protocols: list[IngestProtocol] = [NativeIngest(builder, LIMITS), Lines(builder)]
    return Ingest(acceptor, protocols, limits=LIMITS, batch_log=BatchLog("none"), sinks=["tsdb"])


def request(**headers: str) -> IngestRequest:
    sent = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return IngestRequest("r", ANONYMOUS, "192.0.2.7", sent, b"", 1)


def body(*chunks: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b""})

    async def receive() -> Message:
        return messages.pop(0)

    return receive


async def test_each_step_hands_the_next_what_it_needs(acceptor: RecordingAcceptor) -> None:
    """A body in two pieces becomes a batch with one rejection, a receipt, and an answer that says both."""
    edge, asked = ingest(acceptor), request()
    protocol = edge.protocols["/ingest"]
    with await edge.receive(asked, protocol, body(BODY[:9], BODY[9:]), WaitBudget(1.0)) as received:
        batch = await edge.decode(asked, protocol, received)
    assert (batch.events, batch.address, batch.input) == ([{"type": "log"}], "192.0.2.7", "ingest")
    batch, receipt = await edge.accept(batch)
    assert receipt.sinks == {"tsdb": Tally(1, 0, 0)}
    answer = edge.answer(asked, protocol, batch, receipt)
    assert (answer.status, orjson.loads(answer.body)["rejected"]) == (200, 1)


async def test_a_step_that_fails_gives_back_what_the_body_held(acceptor: RecordingAcceptor) -> None:
    """A place at work that stayed taken would be one less for ever."""
    edge, protocol = ingest(acceptor), ingest(acceptor).protocols["/ingest"]
    for sent in (BODY[:-2], b"[]", BODY):
        await edge.respond(request(), protocol, body(sent))
    assert edge._admission._working.count.used == edge._admission._arriving.size.used == 0


async def test_a_client_that_leaves_inside_the_body_is_no_fault(acceptor: RecordingAcceptor) -> None:
    """Nothing is taken of what it sent."""
    left: list[Message] = [
        {"type": "http.request", "body": BODY[:9], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return left.pop(0)

    edge = ingest(acceptor)
    assert (await edge.respond(request(), edge.protocols["/ingest"], receive)).status == 499
    assert acceptor.batches == []


@pytest.mark.parametrize("events", [10, 200_000], ids=["small", "decoded in a thread"])
async def test_another_protocol_only_says_how_bytes_become_a_batch(acceptor: RecordingAcceptor, events: int) -> None:
    """Limits, decompression, callers and receipts are there for it, and the OpenAPI document names it."""
    limits = LimitSettings(events=events)
    builder = BatchBuilder(limits, key=b"test")
    edge = Ingest(acceptor, [Lines(builder)], limits=limits, batch_log=BatchLog("none"))
    app = EdgeApplication(edge, FastAPI())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://edge") as client:
        kept = await client.post("/lines", content=b"a line\n" * events, headers={"Content-Type": "text/plain"})
        many = await client.post("/lines", content=b"a line\n" * (events + 1), headers={"Content-Type": "text/plain"})
        kind = await client.post("/lines", content=b"a", headers={"Content-Type": "application/json"})
        read = await client.get("/lines")
        document = (await client.get("/openapi.json")).json()
    assert (kept.status_code, kept.content, kept.headers.get("content-length")) == (204, b"", None)
    assert [(batch.input, len(batch.events)) for batch in acceptor.batches] == [("lines", events)]
    assert (many.status_code, many.text) == (413, f"more than {events} events: send fewer at a time (limits.events)")
    assert (kind.status_code, read.status_code, read.headers["allow"]) == (415, 405, "POST")
    assert document["paths"]["/lines"]["post"]["summary"] == "Take lines"


async def test_a_small_body_that_becomes_a_large_one_is_taken_once(
    acceptor: RecordingAcceptor, make_client: Callable[..., httpx2.AsyncClient]
) -> None:
    """The short way for small bodies finds out late, and leaves it to the other as it was."""
    large = b'{"messages":[' + b",".join([b'{"type":"log"}'] * 100_000) + b"]}"
    headers = {"Content-Encoding": "gzip"}
    async with make_client(events=10**6) as client:
        answer = await client.post("/ingest", content=gzip.compress(large), headers=headers)
    assert answer.json()["processed_events"] == len(acceptor.batches[0].events) == 100_000


async def test_a_large_body_gives_its_turn_back_when_it_can_not_be_decoded(
    acceptor: RecordingAcceptor, make_client: Callable[..., httpx2.AsyncClient]
) -> None:
    """There is one such turn: without it no large body would ever be decoded again."""
    large = b'{"messages":[' + b'{"type":"log"},' * 100_000
    async with make_client(events=10**6) as client:
        answers = await asyncio.gather(*(client.post("/ingest", content=large) for _ in range(3)))
        good = await client.post("/ingest", content=large[:-1] + b"]}")
    assert [answer.status_code for answer in answers] == [400] * 3
    assert (good.status_code, len(acceptor.batches)) == (200, 1)


async def test_a_body_that_never_begins_is_not_waited_for(acceptor: RecordingAcceptor) -> None:
    """A head, and then a chunk extension without end: no piece of the body is ever there."""
    limits = LimitSettings(body_seconds=0.05)
    builder = BatchBuilder(limits, key=b"test")
    edge = Ingest(acceptor, [NativeIngest(builder, limits)], limits=limits, batch_log=BatchLog("none"))

    async def never() -> Message:
        await asyncio.Event().wait()
        return {}

    with pytest.raises(Refusal) as refusal:
        await edge.receive(request(), edge.protocols["/ingest"], never, WaitBudget(1.0))
    assert refusal.value.status == 503
    assert "limits.body_seconds" in refusal.value.reason
