"""POST /loki/api/v1/push against what Loki's own distributor does with it."""

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import cramjam
import httpx2
import pytest
from tests.edge.hostile_inputs import framed
from tests.edge.servers import RecordingAcceptor

from mothership.edge.loki_push_events import parsed_labels
from mothership.errors import NotPersisted, Refusal
from mothership.event import Event, Row
from mothership.sinks.loki.fields import decoder, label_values
from mothership.sinks.loki.push_encoding import selector
from mothership.sinks.loki.settings import LABELS as LABELS_OUT
from mothership.sinks.loki.settings import LokiSettings

PROTOBUF = "application/x-protobuf"
NANOSECONDS = 1_764_464_523_123_456_789
LABELS = {"service_name": "shop", "host": "web01", "env": "prod", "level": "warn", "filename": "/var/log/a", "pod": "p"}
EVENT: Event = {
    "type": "log",
    "service": "shop",
    "hostname": "web01",
    "severity": "warn",
    "file_path": "/var/log/a",
    "tags": {"environment": "prod"},
    "labels": {"pod": "p"},
    "message": "order 12 failed",
    "timestamp": "2025-11-30T01:02:03.123456789Z",
    "trace_id": "5b8efff798038103d269b633813fc60c",
    "metadata": {"color": "red"},
}
METADATA = {"trace_id": "5b8efff798038103d269b633813fc60c", "color": "red"}
MakeClient = Callable[..., httpx2.AsyncClient]


def varint(number: int, value: int) -> bytes:
    written = b""
    while value > 0x7F:
        written += bytes([value & 0x7F | 0x80])
        value >>= 7
    return bytes([number << 3]) + written + bytes([value])


def protobuf(*lines: bytes, labels: str = selector(tuple(LABELS.items()))) -> bytes:
    """`logproto.PushRequest`, as Loki's push.proto has it."""
    metadata = b"".join(
        framed(3, framed(1, name.encode()) + framed(2, value.encode())) for name, value in METADATA.items()
    )
    time = framed(1, varint(1, NANOSECONDS // 10**9) + varint(2, NANOSECONDS % 10**9))
    entries = b"".join(framed(2, time + framed(2, line) + metadata) for line in lines)
    return framed(1, framed(1, labels.encode()) + entries + varint(3, 12345))


def in_json(*lines: Any) -> bytes:
    values = [[str(NANOSECONDS), line, METADATA] for line in lines]
    return json.dumps({"streams": [{"stream": LABELS, "values": values}]}).encode()


def snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


async def push(client: httpx2.AsyncClient, body: bytes, kind: str | None = PROTOBUF, **more: str) -> httpx2.Response:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    if kind:
        headers["content-type"] = kind
    return await client.post("/loki/api/v1/push", content=body, headers=headers)


DOORS: Sequence[tuple[bytes, str | None, dict[str, str]]] = (
    (snappy(protobuf(b"order 12 failed")), PROTOBUF, {}),
    (snappy(protobuf(b"order 12 failed")), None, {}),
    (snappy(protobuf(b"order 12 failed")), "application/octet-stream", {}),
    (snappy(protobuf(b"order 12 failed")), PROTOBUF, {"content_encoding": "snappy"}),
    (gzip.compress(snappy(protobuf(b"order 12 failed")), mtime=0), PROTOBUF, {"content_encoding": "gzip"}),
    (in_json("order 12 failed"), "application/json", {}),
    (in_json("order 12 failed"), "application/json; charset=utf-8", {}),
    (gzip.compress(in_json("order 12 failed"), mtime=0), "application/json", {"content_encoding": "gzip"}),
    (zlib.compress(in_json("order 12 failed")), "application/json", {"content_encoding": "deflate"}),
    (in_json("order 12 failed"), "application/json", {"content_encoding": "snappy"}),
)


@pytest.mark.parametrize(("body", "kind", "headers"), DOORS)
async def test_every_way_to_push_becomes_the_same_event(
    acceptor: RecordingAcceptor, make_client: MakeClient, body: bytes, kind: str | None, headers: dict[str, str]
) -> None:
    """Anything but JSON is snappy protobuf, whatever the headers say; the answer is 204 without a body."""
    async with make_client() as client:
        answer = await push(client, body, kind, **headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert acceptor.batches[0].events == [EVENT]
    assert acceptor.batches[0].input == "loki"


async def test_what_came_from_loki_goes_back_under_the_same_labels(
    acceptor: RecordingAcceptor, make_client: MakeClient
) -> None:
    """The names are the sink's, and it reads them off the event again."""
    labels = {"type": "syslog", "service": "shop", "host": "web01", "site": "hh", "env": "prod", "severity": "error"}
    async with make_client() as client:
        await push(client, snappy(protobuf(b"a", labels=selector(tuple(labels.items())))))
    event = acceptor.batches[0].events[0]
    assert {name: event[name] for name in ("type", "service", "hostname", "severity", "tags")} == {
        "type": "syslog", "service": "shop", "hostname": "web01", "severity": "error",
        "tags": {"site": "hh", "environment": "prod"},
    }  # fmt: skip
    assert "labels" not in event
    data = json.dumps(event).encode()
    fields = decoder(LokiSettings())[1](data)
    assert dict(zip(LABELS_OUT, label_values(fields, Row(0, event["type"], "node", data)), strict=True)) == labels


async def test_lines_that_are_no_utf8_are_kept(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """Promtail ships what a file holds."""
    async with make_client() as client:
        await push(client, snappy(protobuf(b"caf\xe9")))
    assert acceptor.batches[0].events[0]["message"] == "caf\ufffd"


async def test_rejected_lines_are_a_400_and_the_others_are_kept(
    acceptor: RecordingAcceptor, make_client: MakeClient
) -> None:
    """As Loki answers when it has stored some lines of a push."""
    body = json.dumps(
        {
            "streams": [
                {"stream": LABELS, "values": [[str(NANOSECONDS), "good"], ["canary-7d1f", "bad"], ["1"]]},
            ]
        }
    )
    async with make_client() as client:
        answer = await push(client, body.encode(), "application/json")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("2 lines were rejected, the others are kept: record 1: no entry")
    assert "canary" not in answer.text
    assert [event["message"] for event in acceptor.batches[0].events] == ["good"]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (NotPersisted("no disk", retry_after_seconds=3), 503),
        (Refusal(429, "too fast", retry_after_seconds=7), 429),
        (RuntimeError("canary"), 503),
    ],
)
async def test_what_may_succeed_later_is_no_4xx(
    acceptor: RecordingAcceptor, make_client: MakeClient, failure: Exception, status: int
) -> None:
    """A client gives up what is answered 400, and tries again after 429 and 5xx."""
    acceptor.failures = [failure]
    async with make_client() as client:
        answer = await push(client, in_json("a"), "application/json")
    assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (status, True)
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status"),
    [
        (b"not snappy", PROTOBUF, {}, 400),
        (snappy(b"\xff\xff"), PROTOBUF, {}, 400),
        (b"{", "application/json", {}, 400),
        (b'{"streams": 7}', "application/json", {}, 400),
        (b'{"streams": [7]}', "application/json", {}, 400),
        (b'{"streams": [{"stream": 7, "values": []}]}', "application/json", {}, 400),
        (b'{"streams": [{"stream": {"a": 1}, "values": []}]}', "application/json", {}, 400),
        (b"", "application/json", {"content_encoding": "br"}, 415),
        (b"a=b", "application/x-www-form-urlencoded", {"origin": "http://elsewhere.example"}, 403),
    ],
)
async def test_what_can_never_succeed_is_refused_for_good(
    make_client: MakeClient, body: bytes, kind: str, headers: dict[str, str], status: int
) -> None:
    """400 and its like are final."""
    async with make_client() as client:
        answer = await push(client, body, kind, **headers)
    assert answer.status_code in {status, 415}
    assert "retry-after" not in answer.headers


async def test_bombs_cost_nothing(make_client: MakeClient) -> None:
    """A snappy block says how large it becomes, and empty messages are counted before they are built."""
    huge = b"\xff\xff\xff\x7f" + b"\x00" * 64
    many = snappy(framed(1, b"\x12\x00" * 200_000))
    streams = snappy(b"\x0a\x00" * 200_000)
    async with make_client(containers=100_000) as client:
        assert [(await push(client, body)).status_code for body in (huge, many, streams)] == [413, 413, 413]


@pytest.mark.parametrize(
    "labels", [{"a": "v" * 100_000}, {f"k{at}": "v" for at in range(20_000)}], ids=["long", "many"]
)
async def test_the_labels_of_a_stream_are_not_copied_without_end(
    acceptor: RecordingAcceptor, make_client: MakeClient, labels: dict[str, str]
) -> None:
    """Every line of it carries them, so their copies are counted before there are any."""
    lines = [b"a"] * 2_000
    values = [[str(NANOSECONDS), "a"]] * 2_000
    in_text = json.dumps({"streams": [{"stream": labels, "values": values}]}).encode()
    async with make_client() as client:
        answers = [
            await push(client, snappy(protobuf(*lines, labels=selector(tuple(labels.items()))))),
            await push(client, in_text, "application/json"),
        ]
    assert [answer.status_code for answer in answers] == [413, 413]
    assert "stream" in answers[0].text
    assert not acceptor.batches


async def test_a_full_batch_of_promtail_is_taken(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """A mebibyte of lines, be they ever so short: a 413 would lose them."""
    lines = [b"20 bytes, 52,428 of."] * 52_428
    async with make_client() as client:
        assert (await push(client, snappy(protobuf(*lines)))).status_code == 204
    assert len(acceptor.batches[0].events) == 52_428


async def test_a_push_sent_again_is_known(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """Its lines have times of nanoseconds: equal ones are the same."""
    async with make_client() as client:
        for _ in range(2):
            await push(client, snappy(protobuf(b"a", b"a")))
    assert [len(batch.events) for batch in acceptor.batches] == [2]


async def test_the_tenant_is_kept_where_it_is_asked_for(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """`inputs.tenant_field`."""
    async with make_client() as client:
        await push(client, in_json("a"), "application/json", x_scope_orgid="ship-7")
        await push(client, in_json("b"), "application/json", x_scope_orgid="x" * 5000)
    assert [batch.events[0].get("tenant") for batch in acceptor.batches] == ["ship-7", None]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("{}", {}),
        ('{a="b"}', {"a": "b"}),
        (' { a = "b" , c="d", } ', {"a": "b", "c": "d"}),
        (r'{a="q\"uo\\te\n\x41\u00e9\U0001F600\101"}', {"a": 'q"uo\\te\nAé😀A'}),
        ('{a="b}, {"}', {"a": "b}, {"}),
        ('{a="b"', None),
        ('{a="b" c="d"}', None),
        ("{a=b}", None),
        ('{="b"}', None),
        ("", None),
        ('{a="b"} x', None),
        ('{a="' + "\\" * 100_001, None),
    ],
)
def test_labels_are_read_as_loki_writes_them(text: str, labels: dict[str, str] | None) -> None:
    """With Go's escapes."""
    assert parsed_labels(text) == labels
