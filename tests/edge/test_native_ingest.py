"""Bytes become a batch; what can't costs its own event only; no reason quotes anything."""

import hashlib
import hmac
import json
from typing import Any

import orjson
import pytest
from tests.edge.servers import decoded

from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.limit_settings import LimitSettings
from mothership.errors import Refusal

CANARY = "canary-7d1f@example.org"
GOOD = b'{"type":"log","message":"good"}'


def envelope(*events: bytes, rest: bytes = b"") -> bytes:
    return b'{"messages":[' + b",".join(events) + b"]" + rest + b"}"


FLAWS: dict[str, tuple[bytes, Any]] = {
    "a lone surrogate becomes U+FFFD": (rb'"x\udc80y"', "x\ufffdy"),
    "a lone high surrogate becomes U+FFFD": (rb'"\ud800"', "\ufffd"),
    "a surrogate pair stays": (rb'"\ud83d\ude00"', "\U0001f600"),
    "NUL becomes U+FFFD": (rb'"a\u0000b"', "a\ufffdb"),
    "a raw NUL becomes U+FFFD": (b'"a\x00b"', "a\ufffdb"),
    "a raw control character stays": (b'"a\x1bb\tc"', "a\x1bb\tc"),
    "an escaped backslash before u0000 is not a NUL": (rb'"C:\\u0000"', "C:\\u0000"),
    "NaN becomes a string": (b"NaN", "NaN"),
    "Infinity becomes a string": (b"[Infinity,-Infinity]", ["Infinity", "-Infinity"]),
    "a number beyond a double becomes a string": (b"1e999", "1e999"),
    "a decimal with more digits than a double has": (b"123456789012345678.123", "123456789012345678.123"),
    "the same with an exponent": (b"9.223372036854775807e18", "9.223372036854775807e18"),
    "an integer written with a point": (b"9007199254740993.0", "9007199254740993.0"),
    "a decimal smaller than any double": (b"-1E-400", "-1E-400"),
    "a decimal with fewer digits in a double, being tiny": (b"1.23456e-320", "1.23456e-320"),
    "a decimal of 5,000 digits": (b"0." + b"1" * 5000, "0." + "1" * 5000),
    "every one in a list": (b"[1e-400,0.5]", ["1e-400", 0.5]),
    "an integer of 64 bits stays": (b"18446744073709551615", 2**64 - 1),
    "a negative integer of 64 bits stays": (b"-9223372036854775808", -(2**63)),
    "an integer beyond 64 bits becomes a string": (b"18446744073709551616", "18446744073709551616"),
    "an integer of 5,000 digits becomes a string": (b"9" * 5000, "9" * 5000),
    "a broken UTF-8 sequence becomes U+FFFD": (b'"a\xffb"', "a\ufffdb"),
    "an encoded surrogate becomes U+FFFD": (b'"\xed\xa0\x80"', "\ufffd\ufffd\ufffd"),
    "the last of two equal keys wins": (b'{"a":1,"a":2}', {"a": 2}),
    "a lone surrogate in a key": (rb'{"\udc80":1}', {"\ufffd": 1}),
}


@pytest.mark.parametrize(("written", "kept"), FLAWS.values(), ids=FLAWS.keys())
def test_a_flaw_is_mended_and_costs_nothing_else(written: bytes, kept: Any) -> None:
    """What a device or a Python node really sends is stored, visibly changed, and so are its neighbours."""
    batch = decoded(LimitSettings(), envelope(GOOD, b'{"type":"log","value":' + written + b"}", GOOD))
    assert batch.rejected == []
    assert [event.get("value", "good") for event in batch.events] == ["good", kept, "good"]
    assert orjson.loads(orjson.dumps(batch.events)) == batch.events


BAD_EVENTS: dict[str, tuple[bytes, str]] = {
    "a number": (b"7", "not an object"),
    "null": (b"null", "not an object"),
    "a list": (b'["type"]', "not an object"),
    "a string": (b'"type"', "not an object"),
    "no type": (b'{"message":"canary-7d1f@example.org"}', "`type` is missing"),
    "a type that is no string": (b'{"type":{"canary-7d1f@example.org":1}}', "`type` is not a string"),
    "an empty type": (b'{"type":""}', "`type` is empty"),
}


@pytest.mark.parametrize("flaw", [b"", rb',"x":"\udc80"', b',"x":NaN'], ids=["strict", "surrogate", "nan"])
@pytest.mark.parametrize(("written", "reason"), BAD_EVENTS.values(), ids=BAD_EVENTS.keys())
def test_a_bad_event_is_rejected_by_itself(written: bytes, reason: str, flaw: bytes) -> None:
    """One bad event, beside good ones and one that needs mending, is the only one that is lost."""
    mended = b'{"type":"log","message":"good"' + flaw + b"}"
    batch = decoded(LimitSettings(keys=10_000), envelope(GOOD, written, mended))
    assert [(rejection.index, rejection.reason) for rejection in batch.rejected] == [(1, reason)]
    assert [event["message"] for event in batch.events] == ["good", "good"]
    assert batch.indices == [0, 2]


OVERSIZED: dict[str, bytes] = {
    "65 levels": (b'{"type":"x","a":' + b"[" * 64 + b"]" * 64 + b"}"),
    "300 levels": (b'{"type":"x","a":' + b"[" * 300 + b"]" * 300 + b"}"),
    "2,000 levels": (b'{"type":"x","a":' + b'{"a":[' * 1000 + b"]}" * 1000 + b"}"),
    "250,000 levels": (b'{"type":"x","a":' + b"[" * 250_000 + b"]" * 250_000 + b"}"),
    "too many keys": (json.dumps({"type": "x", **{f"k{number}": 0 for number in range(10_000)}}).encode()),
    "too many elements": (b'{"type":"x","a":[' + b",".join([b"0"] * 10_001) + b"]}"),
    "a long string": (b'{"type":"x","a":"' + b"s" * 262_145 + b'"}'),
    "a long key": (b'{"type":"x","' + b"s" * 262_145 + b'":0}'),
    "many bytes": (b'{"type":"x","a":["' + b'","'.join([b"s" * 200_000] * 6) + b'"]}'),
}


@pytest.mark.parametrize("flaw", [b"", rb',"x":"\udc80"', b',"x":NaN'], ids=["strict", "surrogate", "nan"])
@pytest.mark.parametrize("written", OVERSIZED.values(), ids=OVERSIZED.keys())
def test_an_event_beyond_a_bound_is_taken_to_be_cut(written: bytes, flaw: bytes) -> None:
    """Redaction sees it first. Its neighbours are not concerned."""
    mended = b'{"type":"log","message":"good"' + flaw + b"}"
    batch = decoded(LimitSettings(keys=10_000), envelope(GOOD, written, mended))
    assert batch.rejected == []
    assert set(batch.oversized) == {1}
    assert [event["type"] for event in batch.events] == ["log", "x", "log"]
    orjson.dumps(batch.events)


def test_what_is_far_beyond_a_bound_of_structure_goes_whole_before_redaction() -> None:
    """Its work grows with them. What the upper levels say is kept."""
    deep = b'{"type":"x","a":' + b"[" * 5000 + b"]" * 5000 + b',"message":"said"}'
    wide = b'{"type":"x","a":[' + b",".join([b"[1]"] * 5_000) + b'],"message":"said"}'
    batch = decoded(LimitSettings(keys=1_000), envelope(deep, wide))
    assert batch.oversized == {0: {"limits.depth"}, 1: {"limits.keys"}}
    assert [event["message"] for event in batch.events] == ["said", "said"]
    assert len(orjson.dumps(batch.events[1]["a"])) < 2_000 * 4


def test_exactly_at_a_bound_is_within_it() -> None:
    """The figures in the configuration reference mean what they say."""
    deep = b'{"type":"x","a":' + b"[" * 63 + b"]" * 63 + b"}"
    wide = json.dumps({"type": "x", **{f"k{number}": 0 for number in range(9_999)}}).encode()
    long = b'{"type":"x","a":"' + b"s" * 262_144 + b'"}'
    bracketed = b'{"type":"x","a":"' + b"[{" * 100 + b'"}'
    batch = decoded(LimitSettings(keys=10_000), envelope(deep, wide, long, bracketed))
    assert batch.rejected == []
    assert batch.oversized == {}


BAD_BODIES: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "white space": (b"  \n", 400),
    "text": (b"canary-7d1f@example.org", 400),
    "cut in the middle": (envelope(GOOD, GOOD)[:40], 400),
    "null": (b"null", 400),
    "no messages": (b'{"canary-7d1f@example.org":[]}', 400),
    "messages is an object": (b'{"messages":{}}', 400),
    "messages is null": (b'{"messages":null}', 400),
    "two bodies": (envelope(GOOD) * 2, 400),
    "a trailing comma": (b'{"messages":[' + GOOD + b",]}", 400),
    "single quotes": (b"{'messages':[]}", 400),
    "UTF-16": (envelope(GOOD).decode().encode("utf-16"), 400),
    "400,000 brackets": (b"[" * 400_000, 400),
    "400,000 braces": (b'{"messages":' * 400_000, 400),
    "more brackets than a body may hold": (b"[" * (LimitSettings().containers + 1), 413),
    "deep, then cut": (b'{"messages":[{"type":"x","a":' + b"[" * 5000 + b"]" * 4999, 400),
    "deep, then rubbish": (b'{"messages":[{"type":"x","a":' + b"[" * 5000 + b"]" * 5000 + b"}]} x", 400),
    "deep messages": (b'{"messages":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}", 400),
    "too many events": (envelope(*[b'{"type":"x"}'] * (LimitSettings().events + 1)), 413),
}


@pytest.mark.parametrize(("body", "status"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_body_without_a_list_of_messages_is_refused_with_a_reason(body: bytes, status: int) -> None:
    """The caller learns what is wrong, and nothing is quoted back at it."""
    with pytest.raises(Refusal) as caught:
        decoded(LimitSettings(), body)
    assert caught.value.status == status
    assert "canary" not in caught.value.reason
    assert caught.value.__cause__ is None


def test_deep_nesting_outside_the_messages_is_ignored() -> None:
    """Unknown envelope fields are ignored, whatever they hold."""
    junk = b',"junk":' + b"[" * 5000 + b"]" * 5000 + b',"source":"ship-7" , "n":1.5e3,"t":true'
    batch = decoded(LimitSettings(), envelope(GOOD, b'{"type":"]}","message":"\\"[{"}', rest=junk))
    assert len(batch.events) == 2
    assert batch.source == "ship-7"


def test_a_byte_order_mark_is_skipped() -> None:
    """Windows tools write one."""
    assert len(decoded(LimitSettings(), b"\xef\xbb\xbf" + envelope(GOOD)).events) == 1


def test_an_empty_list_is_a_batch_of_nothing() -> None:
    """A node with nothing to say is no fault."""
    batch = decoded(LimitSettings(), b'{"messages": []}')
    assert (batch.events, batch.rejected) == ([], [])


@pytest.mark.parametrize(
    ("written", "source"),
    [
        (b'"edgebot"', "edgebot"),
        (b"7", "unknown"),
        (b'""', "unknown"),
        (rb'"a\u0000"', "a\ufffd"),
        (b'"' + b"s" * 999 + b'"', "unknown"),
    ],
)
def test_the_envelope_names_a_source(written: bytes, source: str) -> None:
    """It becomes a column with an index, so it is bounded and storable."""
    assert decoded(LimitSettings(), envelope(GOOD, rest=b',"source":' + written)).source == source


EVENTS: list[dict[str, Any]] = [
    {"type": "log", "message": "ä €", "n": 1, "deep": {"b": 2, "a": [1, 2.5, None, True]}},
    {"type": "x"},
]


def test_the_same_messages_in_another_envelope_are_known_by_their_content() -> None:
    """A retried batch carries a new time stamp and `is_retry`, and may pass something that writes JSON anew."""
    first = decoded(LimitSettings(), json.dumps({"messages": EVENTS, "timestamp": "1", "is_retry": False}).encode())
    reordered = [dict(reversed(event.items())) for event in EVENTS]
    again = decoded(
        LimitSettings(),
        json.dumps({"is_retry": True, "messages": reordered}, ensure_ascii=False, indent=2).encode(),
        received=9,
    )
    assert first.content == again.content == again.fingerprint
    assert len(first.content) == len(first.fingerprint) == 32


def test_contents_and_keys_tell_callers_and_messages_apart() -> None:
    """Two nodes may send equal batches, and a node may send two that differ in the order of events."""
    body = json.dumps({"messages": EVENTS}).encode()
    prints = {
        decoded(LimitSettings(), body).content,
        decoded(LimitSettings(), body, client="other").content,
        decoded(LimitSettings(), body, idempotency_key="1").fingerprint,
        decoded(LimitSettings(), body, idempotency_key="1", client="other").fingerprint,
        decoded(LimitSettings(), json.dumps({"messages": EVENTS[::-1]}).encode()).content,
        decoded(LimitSettings(), json.dumps({"messages": EVENTS * 2}).encode()).content,
        decoded(LimitSettings(), json.dumps({"messages": [{"type": "x", "n": 1}]}).encode()).content,
        decoded(LimitSettings(), json.dumps({"messages": [{"type": "x", "n": 1.0}]}).encode()).content,
        decoded(LimitSettings(), json.dumps({"messages": [{"type": "x", "n": "1"}]}).encode()).content,
    }
    assert len(prints) == 9


def test_an_idempotency_key_stands_for_the_messages() -> None:
    """Whoever names a batch decides what is the same."""
    assert (
        decoded(LimitSettings(), envelope(GOOD), idempotency_key="k").fingerprint
        == decoded(LimitSettings(), envelope(GOOD, GOOD), idempotency_key="k").fingerprint
    )


def test_a_mended_batch_has_the_same_content_again() -> None:
    """Or every retry of it would be stored once more."""
    body = envelope(rb'{"type":"x","a":"\udc80","n":NaN,"i":99999999999999999999}')
    assert decoded(LimitSettings(), body).content == decoded(LimitSettings(), body + b" ").content


@pytest.mark.parametrize(
    "value", [rb'"C:\\u0000 %d"', rb'"\u0000 %d"', rb'"\udc80 %d"', rb"[NaN,%d]", b"9999999999999999999%d"]
)
def test_flawed_batches_that_differ_have_different_contents(value: bytes) -> None:
    """Or the second would be taken for the first, and lost."""
    prints = {decoded(LimitSettings(), envelope(b'{"type":"x","a":' + value % n + b"}")).content for n in range(30)}
    assert len(prints) == 30


@pytest.mark.parametrize("position", [0, 15, 16, 17, 99])
def test_a_difference_anywhere_is_a_different_batch(position: int) -> None:
    """Also where the events are written in groups."""
    events = [b'{"type":"x"}'] * 100
    other = [*events[:position], b'{"type":"y"}', *events[position + 1 :]]
    assert decoded(LimitSettings(), envelope(*events)).content != decoded(LimitSettings(), envelope(*other)).content
    assert (
        decoded(LimitSettings(), envelope(*events)).content != decoded(LimitSettings(), envelope(*events[1:])).content
    )


def test_equal_events_of_a_batch_are_all_kept() -> None:
    """Two failed logins in one second are two."""
    assert len(decoded(LimitSettings(), envelope(GOOD, GOOD)).events) == 2


@pytest.mark.parametrize(
    "parts", [[], [b""], [b"a", b"", b"bc"], [bytes(1000), b"d"]], ids=["none", "empty", "few", "long"]
)
def test_a_batch_is_named_by_an_hmac(parts: list[bytes]) -> None:
    """As the library makes it: a batch that was named by an earlier version is known."""
    key = hashlib.sha256(b"key").digest()
    builder = BatchBuilder(LimitSettings(), key=b"key")
    assert builder._digest(*parts) == hmac.digest(key, b"".join(parts), "sha256")
