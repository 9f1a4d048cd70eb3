"""/ingest without an envelope: what other shippers send to an address."""

import json
from collections.abc import Callable

import httpx2
import pytest
from tests.edge.servers import RecordingAcceptor

from mothership.event import Event

MakeClient = Callable[..., httpx2.AsyncClient]
TWO: list[Event] = [{"type": "log", "message": "a"}, {"type": "syslog", "message": "b"}]


@pytest.mark.parametrize(
    ("body", "kind", "events"),
    [
        (b'[{"message": "a"}, {"type": "syslog", "message": "b"}]', "application/json", TWO),
        (b'{"message": "a"}', "application/json", TWO[:1]),
        (b'{"type": "syslog", "message": "b"}', None, TWO[1:]),
        (b'{"message": "a"}\n\r\n{"type": "syslog", "message": "b"}\r\n', "application/x-ndjson", TWO),
        (b'\xef\xbb\xbf{"message": "a"}', "application/ndjson; charset=utf-8", TWO[:1]),
        (b"a\r\n\n", "text/plain; charset=utf-8", TWO[:1]),
        (b"", "text/plain", []),
        (b"[]", "application/json", []),
    ],
)
async def test_events_need_no_envelope(
    acceptor: RecordingAcceptor, make_client: MakeClient, body: bytes, kind: str | None, events: list[Event]
) -> None:
    """The answer is that of an envelope. What does not say its type is a log line."""
    async with make_client() as client:
        answer = await client.post("/ingest", content=body, headers={"content-type": kind} if kind else {})
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["processed_events"]) == ("success", len(events))
    assert [event for batch in acceptor.batches for event in batch.events] == events


async def test_a_line_that_is_no_json_costs_only_itself(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """Its place is named, and what is left of it is kept for the dead letters."""
    async with make_client() as client:
        body = b'{"message": "a"}\ncanary-7d1f {\n[1]\n{"message": NaN}\n'
        answer = await client.post("/ingest", content=body, headers={"content-type": "application/x-ndjson"})
    assert answer.json()["rejected"] == 2
    assert answer.json()["errors"] == [
        {"index": 1, "reason": "not an object"},
        {"index": 2, "reason": "not an object"},
    ]
    assert "canary" not in answer.text
    assert [event["message"] for event in acceptor.batches[0].events] == ["a", "NaN"]
    assert acceptor.batches[0].remains[1] == {"value": "canary-7d1f {"}


@pytest.mark.parametrize("body", [b"{}", b'{"source": "x"}', b"7", b'"text"', b"null", b'{"messages": {}}'])
async def test_what_is_no_event_is_refused(make_client: MakeClient, body: bytes) -> None:
    """An object says by `messages`, `type` or `message` what it is."""
    async with make_client() as client:
        answer = await client.post("/ingest", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("header", ["origin", "sec-fetch-site"])
async def test_no_web_page_sends_lines(make_client: MakeClient, header: str) -> None:
    """Text is what a page may send to any address without asking."""
    async with make_client() as client:
        headers = {"content-type": "text/plain", header: "http://edge"}
        answer = await client.post("/ingest", content=b"a", headers=headers)
    assert answer.status_code in {403, 415}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-ndjson", "application/json"])
async def test_lists_have_the_bounds_of_an_envelope(make_client: MakeClient, kind: str) -> None:
    """`limits.events` and `limits.containers`."""
    many = [{"message": "a"}] * 50
    body = json.dumps(many).encode() if kind == "application/json" else b"{}\n" * 50
    async with make_client(events=49) as client:
        answer = await client.post("/ingest", content=body, headers={"content-type": kind})
    assert answer.status_code == 413
    if kind != "text/plain":
        async with make_client(containers=10) as client:
            answer = await client.post("/ingest", content=body, headers={"content-type": kind})
        assert answer.status_code == 413


async def test_a_key_names_a_list_too(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """Without one equal lists are two, as for first transmissions."""
    async with make_client() as client:
        for key in ("k", "k", None, None):
            headers = {"content-type": "text/plain", **({"idempotency-key": key} if key else {})}
            await client.post("/ingest", content=b"a", headers=headers)
    assert len(acceptor.batches) == 3
