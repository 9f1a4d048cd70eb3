"""POST /v1/logs against the OTLP/HTTP part of the OpenTelemetry Protocol Specification 1.x, sentence by sentence."""

import gzip
import json
import math
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from tests.edge.hostile_inputs import framed
from tests.edge.servers import RecordingAcceptor, Served
from tests.starvation import PATIENCE_SECONDS

from mothership.edge.auth_settings import hashed
from mothership.errors import NotPersisted, Refusal
from mothership.event import Event

PROTOBUF = "application/x-protobuf"
NANOSECONDS = 1_764_464_523_123_456_789
MakeClient = Callable[..., httpx2.AsyncClient]


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def request(*bodies: str, nanoseconds: int = NANOSECONDS) -> ExportLogsServiceRequest:
    """A request with a record for each text."""
    made = ExportLogsServiceRequest()
    resource_logs = made.resource_logs.add()
    resource_logs.resource.attributes.extend(
        [
            text("service.name", "checkout"),
            text("service.namespace", "shop"),
            text("host.name", "web01"),
            text("deployment.environment.name", "prod"),
            KeyValue(key="process.pid", value=AnyValue(int_value=4711)),
        ]
    )
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name, scope_logs.scope.version = "app.orders", "1.2"
    for body in bodies:
        record = scope_logs.log_records.add(
            time_unix_nano=nanoseconds, severity_number=17, severity_text="ERROR", event_name="order.failed", flags=1
        )
        record.body.string_value = body
        record.trace_id, record.span_id = bytes.fromhex("5b8efff798038103d269b633813fc60c"), bytes(7) + b"\x1f"
        record.attributes.append(text("http.method", "GET"))
    return made


JSON_REQUEST: dict[str, Any] = {
    "resourceLogs": [
        {
            "resource": {
                "attributes": [
                    {"key": "service.name", "value": {"stringValue": "checkout"}},
                    {"key": "service.namespace", "value": {"stringValue": "shop"}},
                    {"key": "host.name", "value": {"stringValue": "web01"}},
                    {"key": "deployment.environment.name", "value": {"stringValue": "prod"}},
                    {"key": "process.pid", "value": {"intValue": "4711"}},
                ]
            },
            "scopeLogs": [
                {
                    "scope": {"name": "app.orders", "version": "1.2"},
                    "logRecords": [
                        {
                            "timeUnixNano": str(NANOSECONDS),
                            "severityNumber": "SEVERITY_NUMBER_ERROR",
                            "severityText": "ERROR",
                            "eventName": "order.failed",
                            "flags": 1,
                            "traceId": "5B8EFFF798038103D269B633813FC60C",
                            "spanId": "000000000000001f",
                            "body": {"stringValue": "order 12 failed"},
                            "attributes": [{"key": "http.method", "value": {"stringValue": "GET"}}],
                            "aFieldOfTomorrow": {"inner": [1]},
                        }
                    ],
                }
            ],
        }
    ]
}
EVENT: Event = {
    "type": "log",
    "service": "checkout",
    "service_namespace": "shop",
    "hostname": "web01",
    "pid": 4711,
    "tags": {"environment": "prod"},
    "timestamp": "2025-11-30T01:02:03.123456789Z",
    "severity": "ERROR",
    "severity_number": 17,
    "message": "order 12 failed",
    "attributes": {"http.method": "GET"},
    "trace_id": "5b8efff798038103d269b633813fc60c",
    "span_id": "000000000000001f",
    "trace_flags": 1,
    "event_name": "order.failed",
    "resource": {
        "service.name": "checkout",
        "service.namespace": "shop",
        "host.name": "web01",
        "deployment.environment.name": "prod",
        "process.pid": 4711,
    },
    "scope": {"name": "app.orders", "version": "1.2"},
}


async def post(client: httpx2.AsyncClient, body: bytes, kind: str = PROTOBUF, **headers: str) -> httpx2.Response:
    sent = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await client.post("/v1/logs", content=body, headers=sent)


async def test_both_encodings_become_the_same_event(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """What is documented in `otlp_events` is what happens."""
    async with make_client() as client:
        await post(client, request("order 12 failed").SerializeToString())
        await post(client, json.dumps(JSON_REQUEST).encode(), "application/json")
    first, second = acceptor.batches[0], acceptor.batches[1] if len(acceptor.batches) > 1 else acceptor.batches[0]
    assert first.events == second.events == [EVENT]
    assert first.input == "otlp"


@pytest.mark.parametrize("kind", [PROTOBUF, "application/x-protobuf; charset=utf-8", "application/protobuf"])
async def test_success_is_200_with_an_empty_message_in_protobuf(make_client: MakeClient, kind: str) -> None:
    """Not 204, and not JSON in answer to protobuf."""
    async with make_client() as client:
        answer = await post(client, gzip.compress(request("a").SerializeToString()), kind, content_encoding="gzip")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, PROTOBUF, b"")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
async def test_success_is_200_with_an_empty_object_in_json(make_client: MakeClient, kind: str) -> None:
    """The answer has the encoding of the request."""
    async with make_client() as client:
        answer = await post(client, json.dumps(JSON_REQUEST).encode(), kind)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {}


async def test_an_empty_request_is_a_success(make_client: MakeClient) -> None:
    """The server should respond with success to a request without data."""
    async with make_client() as client:
        assert (await post(client, b"")).status_code == 200
        assert (await post(client, b"{}", "application/json")).json() == {}


async def test_rejected_records_are_counted_and_explained(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """A partial success is a 200: the client must not send the request again."""
    made = json.loads(json.dumps(JSON_REQUEST))
    records = made["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    records += [7, {"timeUnixNano": "canary-7d1f"}, {"body": {"stringValue": "fine"}}]
    async with make_client() as client:
        answer = await post(client, json.dumps(made).encode(), "application/json")
    partial = answer.json()["partialSuccess"]
    assert answer.status_code == 200
    assert partial["rejectedLogRecords"] == "2"
    assert "record 1: " in partial["errorMessage"]
    assert "`timeUnixNano` is not an integer" in partial["errorMessage"]
    assert "canary" not in answer.text
    assert [event["message"] for event in acceptor.batches[0].events] == ["order 12 failed", "fine"]


async def test_rejected_records_are_counted_in_protobuf_too(make_client: MakeClient) -> None:
    """A record that is damaged costs only itself."""
    good = request("a").resource_logs[0].scope_logs[0].log_records[0].SerializeToString()
    damaged = framed(5, b"\x0a\x7fxx")  # a body that ends inside its text
    body = framed(1, framed(2, framed(2, good) + framed(2, damaged)))
    async with make_client() as client:
        answer = await post(client, body)
    response = ExportLogsServiceResponse.FromString(answer.content)
    assert response.partial_success.rejected_log_records == 1
    assert "record 1: no log record" in response.partial_success.error_message


async def test_an_answer_stays_small_however_much_is_rejected(make_client: MakeClient) -> None:
    """Clients read no more than 64 KiB of an answer."""
    made = {"resourceLogs": [{"scopeLogs": [{"logRecords": [7] * 9000}]}]}
    async with make_client() as client:
        answer = await post(client, json.dumps(made).encode(), "application/json")
    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "9000"
    assert len(answer.content) < 4096


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (NotPersisted("no disk", retry_after_seconds=7), 503, 14),
        (Refusal(429, "too fast", retry_after_seconds=7), 429, 8),
        (RuntimeError("canary-7d1f"), 503, 14),
    ],
)
async def test_what_may_succeed_later_says_when(
    acceptor: RecordingAcceptor, make_client: MakeClient, failure: Exception, status: int, code: int
) -> None:
    """Never a 500, which clients take for final. The body is a `Status` in the encoding of the request."""
    acceptor.failures = [failure, failure]
    async with make_client() as client:
        in_protobuf = await post(client, request("a").SerializeToString())
        in_json = await post(client, json.dumps(JSON_REQUEST).encode(), "application/json")
    assert in_protobuf.status_code == in_json.status_code == status
    assert int(in_protobuf.headers["retry-after"]) >= 1
    assert in_protobuf.headers["content-type"] == PROTOBUF
    assert Status.FromString(in_protobuf.content).code == in_json.json()["code"] == code
    assert "canary" not in in_json.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"\xff\xff", PROTOBUF, 400),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", PROTOBUF, 400),
        (b"\x0b", PROTOBUF, 400),
        (b"\x0a\x05ab", PROTOBUF, 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"resourceLogs": 7}', "application/json", 400),
        (b'{"resourceLogs": [7]}', "application/json", 400),
        (b'{"resourceLogs": [{"scopeLogs": [{"scope": 7}]}]}', "application/json", 400),
        (b"", "text/plain", 415),
        (b"", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_what_can_never_succeed_is_refused_for_good(
    make_client: MakeClient, body: bytes, kind: str, status: int
) -> None:
    """400 and 415, which are not sent again; never 429 or 503."""
    async with make_client() as client:
        answer = await post(client, body, kind)
    assert answer.status_code == status
    assert "retry-after" not in answer.headers


async def test_what_is_wrong_with_bad_data_is_in_the_details(make_client: MakeClient) -> None:
    """A 400 has a `BadRequest` there, in either encoding."""
    async with make_client() as client:
        in_protobuf = Status.FromString((await post(client, b"\xff\xff")).content)
        in_json = (await post(client, b'{"resourceLogs": 7}', "application/json")).json()
    bad = BadRequest()
    assert in_protobuf.details[0].Unpack(bad)
    assert bad.field_violations[0].description == in_protobuf.message
    read = ParseDict(in_json, Status())
    assert read.details[0].Unpack(bad)
    assert (
        bad.field_violations[0].description
        == in_json["message"]
        == "not the JSON that this path takes: `resourceLogs` is not a list"
    )


async def test_a_record_without_a_time_has_the_time_at_which_it_was_observed(
    acceptor: RecordingAcceptor, make_client: MakeClient
) -> None:
    """And a request of such records is known when it is sent again."""
    made = request("a", nanoseconds=0)
    made.resource_logs[0].scope_logs[0].log_records[0].observed_time_unix_nano = NANOSECONDS
    async with make_client() as client:
        for _ in range(2):
            await post(client, made.SerializeToString())
    (batch,) = acceptor.batches
    assert "timestamp" not in batch.events[0]
    assert batch.events[0]["observed_timestamp"] == EVENT["timestamp"]


@pytest.mark.parametrize("kind", [PROTOBUF, "application/json"])
async def test_an_id_of_zeros_is_none(acceptor: RecordingAcceptor, make_client: MakeClient, kind: str) -> None:
    """So clients say that there is no trace: all their records would be of one."""
    made = request("a")
    record = made.resource_logs[0].scope_logs[0].log_records[0]
    record.trace_id, record.span_id = bytes(16), bytes(8)
    written = MessageToDict(made)
    written["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0] |= {"traceId": "0" * 32, "spanId": "0" * 16}
    async with make_client() as client:
        await post(client, made.SerializeToString() if kind == PROTOBUF else json.dumps(written).encode(), kind)
    assert not {"trace_id", "span_id"} & acceptor.batches[0].events[0].keys()


async def test_too_much_is_refused_for_good(make_client: MakeClient) -> None:
    """More records than `limits.events` would be as many the next time."""
    async with make_client(events=2) as client:
        for body, kind in (
            (request("a", "b", "c").SerializeToString(), PROTOBUF),
            (json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{}] * 3}]}]}).encode(), "application/json"),
        ):
            assert (await post(client, body, kind)).status_code == 413


async def test_nothing_hostile_is_built(make_client: MakeClient) -> None:
    """Two bytes of an empty message would be forty in memory: they are counted first."""
    bombs = (
        b"\x0a\x00" * 200_000,
        framed(1, b"\x12\x00" * 200_000),
        framed(1, framed(2, b"\x18\x01" * 200_000)),
        framed(1, framed(2, framed(2, b"\x32\x00" * 200_000))),
        framed(1, framed(2, framed(2, framed(5, framed(5, b"\x0a\x00" * 200_000))))),
    )
    async with make_client(containers=100_000) as client:
        assert [(await post(client, body)).status_code for body in bombs] == [413] * len(bombs)


async def test_nothing_hostile_is_built_of_attributes_that_are_known(make_client: MakeClient) -> None:
    """One that a request has said before costs nothing to read, and counts all the same."""
    pair = framed(6, text("a", "b").SerializeToString())
    body = framed(1, framed(2, framed(2, pair * 20) * 2_000))
    async with make_client(containers=30_000) as client:
        assert (await post(client, body)).status_code == 413


async def test_a_record_with_a_tag_in_more_bytes_than_it_needs_is_a_record(
    acceptor: RecordingAcceptor, make_client: MakeClient
) -> None:
    """The library reads `0x92 0x00` for `0x12`: so it is counted, and kept."""
    record = request("a").resource_logs[0].scope_logs[0].log_records[0].SerializeToString()
    long_tag = b"\x92\x00" + framed(2, record)[1:]
    scope_logs = framed(2, record) + long_tag
    async with make_client() as client:
        answer = await post(client, framed(1, framed(2, scope_logs)))
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(acceptor.batches[0].events) == 2


@pytest.mark.parametrize("kind", [PROTOBUF, "application/json"])
@pytest.mark.parametrize("values", [(b"v" * 100_000,), (b"v",) * 20_000], ids=["long", "many"])
async def test_what_a_resource_says_is_not_copied_without_end(
    acceptor: RecordingAcceptor, make_client: MakeClient, kind: str, values: tuple[bytes, ...]
) -> None:
    """Every event carries it, so its copies are counted before there are any: a body of 200 KB would be gigabytes."""
    made = request(*["a"] * 2_000)
    made.resource_logs[0].resource.attributes.extend(text(f"k{at}", one.decode()) for at, one in enumerate(values))
    body = made.SerializeToString() if kind == PROTOBUF else json.dumps(_as_json(made)).encode()
    async with make_client() as client:
        answer = await post(client, body, kind)
    assert answer.status_code == 413
    assert b"resource" in answer.content
    assert not acceptor.batches


def _as_json(made: ExportLogsServiceRequest) -> Any:
    written = MessageToDict(made)
    for record in written["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        record |= {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "000000000000001f"}
    return written


async def test_a_batch_of_a_collector_is_taken(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """20,000 records of a pod with the attributes that Kubernetes gives it: more than the Collector's 8,192."""
    made = request(*["request served"] * 20_000)
    names = ("k8s.pod.uid", "k8s.pod.start_time", "k8s.namespace.name", "k8s.node.name", "container.image.name")
    made.resource_logs[0].resource.attributes.extend(text(name, "x" * 60) for name in names)
    async with make_client() as client:
        answer = await post(client, gzip.compress(made.SerializeToString()), content_encoding="gzip")
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(acceptor.batches[0].events) == 20_000


async def test_a_body_of_20_mib_is_taken_and_no_larger_one(make_client: MakeClient) -> None:
    """The limit that the specification recommends, as sent and decompressed."""
    size = 20 * 1024 * 1024
    made = request()
    empty = len(made.SerializeToString())
    fields = made.resource_logs[0].scope_logs[0]
    while made.ByteSize() < size - 1_000_000:
        fields.log_records.add().body.string_value = "x" * 250_000
    fields.log_records.add().body.string_value = "x" * (size - made.ByteSize() - 30)
    body = made.SerializeToString()
    assert empty < size - 100 < len(body) <= size
    async with make_client() as client:
        assert (await post(client, body)).status_code == 200
        assert (await post(client, gzip.compress(body, 1), content_encoding="gzip")).status_code == 200
        larger = body + b"\x12\x00" * 100
        assert (await post(client, larger)).status_code == 413
        assert (await post(client, gzip.compress(larger, 1), content_encoding="gzip")).status_code == 413


async def test_a_record_nested_without_end_costs_itself(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """Protobuf's own bound on depth, and ours for JSON."""
    deep = AnyValue(string_value="end").SerializeToString()
    for _ in range(200):
        deep = framed(5, framed(1, deep))
    good = request("a").resource_logs[0].scope_logs[0].log_records[0].SerializeToString()
    body = framed(1, framed(2, framed(2, good) + framed(2, framed(5, deep))))
    nested: Any = {"stringValue": "end"}
    for _ in range(200):
        nested = {"arrayValue": {"values": [nested]}}
    in_json = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": nested}, {"body": {"stringValue": "b"}}]}]}]}
    async with make_client() as client:
        answer = await post(client, body)
        assert ExportLogsServiceResponse.FromString(answer.content).partial_success.rejected_log_records == 1
        assert (await post(client, json.dumps(in_json).encode(), "application/json")).status_code == 200
    assert acceptor.batches[1].events[1]["message"] == "b"


async def test_text_that_is_no_utf8_is_kept(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """Senders in C and Go put into a text what they have read."""
    body = request("order 12 failed").SerializeToString().replace(b"order 12", b"ord\xe9r 12")
    async with make_client() as client:
        answer = await post(client, body)
    assert answer.content == b""
    assert acceptor.batches[0].events[0]["message"] == "ord\ufffdr 12 failed"


async def test_every_kind_of_value_is_kept(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """In both encodings alike."""
    record = request("a")
    record.resource_logs[0].scope_logs[0].log_records[0].body.CopyFrom(
        AnyValue(
            kvlist_value=KeyValueList(
                values=[
                    KeyValue(key="message", value=AnyValue(string_value="inner")),
                    KeyValue(key="int", value=AnyValue(int_value=-(2**63))),
                    KeyValue(key="double", value=AnyValue(double_value=1.5)),
                    KeyValue(key="infinite", value=AnyValue(double_value=-math.inf)),
                    KeyValue(key="bool", value=AnyValue(bool_value=True)),
                    KeyValue(key="bytes", value=AnyValue(bytes_value=b"\x00\xff")),
                    KeyValue(
                        key="list", value=AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1), AnyValue()]))
                    ),
                ]
            )
        )
    )
    made = json.loads(json.dumps(JSON_REQUEST))
    made["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"] = {
        "kvlistValue": {
            "values": [
                {"key": "message", "value": {"stringValue": "inner"}},
                {"key": "int", "value": {"intValue": "-9223372036854775808"}},
                {"key": "double", "value": {"doubleValue": 1.5}},
                {"key": "infinite", "value": {"doubleValue": "-Infinity"}},
                {"key": "bool", "value": {"boolValue": True}},
                {"key": "bytes", "value": {"bytesValue": "AP8="}},
                {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}, {}]}}},
            ]
        }
    }
    async with make_client() as client:
        await post(client, record.SerializeToString(), idempotency_key="a")
        await post(client, json.dumps(made).encode(), "application/json", idempotency_key="b")
    first, second = (batch.events[0] for batch in acceptor.batches)
    assert first["body"] == second["body"] == {
        "message": "inner", "int": -(2**63), "double": 1.5, "infinite": "-Infinity", "bool": True, "bytes": "AP8=",
        "list": [1, None],
    }  # fmt: skip
    assert first["message"] == "inner"


async def test_attributes_of_every_kind_are_each_records_own(
    acceptor: RecordingAcceptor, make_client: MakeClient
) -> None:
    """The same attributes in several records are read once where nothing in them can be changed."""
    made = request("a", "b", "c")
    for record in made.resource_logs[0].scope_logs[0].log_records:
        record.attributes.extend(
            [
                KeyValue(key="none"),
                KeyValue(key="empty", value=AnyValue(string_value="")),
                KeyValue(key="int", value=AnyValue(int_value=7)),
                KeyValue(key="list", value=AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1)]))),
                KeyValue(key="object", value=AnyValue(kvlist_value=KeyValueList(values=[text("x", "y")]))),
                text("twice", "first"),
                text("twice", "last"),
            ]
        )
    async with make_client() as client:
        await post(client, made.SerializeToString())
    first, *others = (event["attributes"] for event in acceptor.batches[0].events)
    expected = {
        "http.method": "GET", "none": None, "empty": "", "int": 7, "list": [1], "object": {"x": "y"}, "twice": "last",
    }  # fmt: skip
    assert first == expected
    first["list"].append(2)
    first["object"]["x"] = "z"
    assert others == [expected] * 2


async def test_a_request_sent_again_is_known(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """Clients send again what lost its answer, and do not say so: equal records with fine times are the same."""
    body = request("a", "b").SerializeToString()
    coarse = request("a", nanoseconds=NANOSECONDS // 10**9 * 10**9).SerializeToString()
    async with make_client() as client:
        for _ in range(2):
            await post(client, body)
            await post(client, coarse)
    assert [len(batch.events) for batch in acceptor.batches] == [2, 1, 1]


async def test_events_share_nothing(acceptor: RecordingAcceptor, make_client: MakeClient) -> None:
    """Processors change events in place: what is shared would be changed twice."""
    made = request("a", "b")
    nested = AnyValue(kvlist_value=KeyValueList(values=[text("inner", "x")]))
    made.resource_logs[0].resource.attributes.append(KeyValue(key="nested", value=nested))
    async with make_client() as client:
        await post(client, made.SerializeToString())
    first, second = acceptor.batches[0].events
    for name in ("resource", "scope", "tags"):
        assert first[name] == second[name]
        assert first[name] is not second[name]
    assert first["resource"]["nested"] is not second["resource"]["nested"]


@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/traces", "/v1development/profiles"])
async def test_metrics_and_traces_are_told_apart(make_client: MakeClient, path: str) -> None:
    """A clear 404, not silence."""
    async with make_client() as client:
        answer = await client.post(path, content=b"", headers={"content-type": PROTOBUF})
    assert answer.status_code == 404
    assert "only logs are taken here (POST /v1/logs)" in Status.FromString(answer.content).message


@pytest.mark.parametrize(("path", "status"), [("/v1/logs", 503), ("/loki/api/v1/push", 503), ("/ingest", 500)])
def test_a_fault_before_the_input_is_passing_too(served: Callable[..., Served], path: str, status: int) -> None:
    """In the protocol's words: a fault where callers are told apart is no reason to lose records."""
    faults: list[Exception] = []

    def clock() -> float:
        if faults:
            raise faults[0]
        return 1.0

    token = "a-token-of-twenty-characters"
    server = served(auth={"tokens": [{"name": "x", "hash": hashed(token), "scopes": ["ingest"]}]}, clock=clock)
    faults.append(KeyError("canary-7d1f"))
    headers = {"content-type": PROTOBUF, "authorization": f"Bearer {token}"}
    url = f"http://127.0.0.1:{server.port}{path}"
    answer = httpx2.post(url, content=b"", headers=headers, timeout=PATIENCE_SECONDS)
    faults.clear()
    assert (answer.status_code, "retry-after" in answer.headers) == (status, status == 503)
    assert b"canary" not in answer.content
    if path == "/v1/logs":
        assert Status.FromString(answer.content).code == 14


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [("ingest", [200, 204, 200]), ("otlp", [200, 403, 403]), ("loki", [403, 204, 403]), ("read", [403, 403, 403])],
)
def test_each_input_has_a_scope(served: Callable[..., Served], scopes: str, statuses: list[int]) -> None:
    """`ingest` opens every input; the words of a refusal are the protocol's."""
    token = "a-token-of-twenty-characters"
    server = served(auth={"tokens": [{"name": "x", "hash": hashed(token), "scopes": [scopes]}]})
    got = []
    for path, kind, body in (
        ("/v1/logs", PROTOBUF, b""),
        ("/loki/api/v1/push", "application/json", b'{"streams": []}'),
        ("/ingest", "application/json", b'{"messages": []}'),
    ):
        answer = httpx2.post(
            f"http://127.0.0.1:{server.port}{path}",
            content=body,
            headers={"content-type": kind, "authorization": f"Bearer {token}"},
        )
        got.append(answer.status_code)
        if answer.status_code == 403 and path == "/v1/logs":
            assert Status.FromString(answer.content).code == 7
    assert got == statuses
