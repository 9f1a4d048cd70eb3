"""What an answer of Loki means: stored, too large, refused, or an error that says what to do next.

Reasons are Mothership's own words: Loki's text quotes labels and times, so it is read here and goes no further.
"""

from enum import Enum, auto
from http import HTTPStatus
from typing import NamedTuple

from mothership.errors import Paused, Transient

BLOCKED_STATUS = 260
"""Loki's own: ingestion is blocked, and a client that takes every 2xx for success shall not notice."""
STORED_STATUSES = frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT})
"""Loki says 204, servers that speak its protocol 200; with a text it is a page of something else."""
SUCCESS, REDIRECT, SERVER_ERROR = 2, 3, 5
RETRIABLE_STATUSES = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
REJECTED_STATUSES = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


class PushOutcome(Enum):
    """The answers that are no error of the whole write."""

    STORED = auto()
    TOO_LARGE = auto()
    """Nothing is stored: send it in smaller parts."""
    REFUSED = auto()
    """Some entries are refused and the others, as a rule, stored: `rejections` finds out which."""
    NO_STREAM = auto()
    """The stream spoken of can't be had: the tenant has as many as it may. Other streams can."""


class LokiResponse(NamedTuple):
    """One HTTP answer, its text bounded."""

    status: int
    text: str = ""
    retry_after_seconds: float | None = None
    truncated: bool = False
    """The text is longer than what was read of it."""


PAUSE_REASONS = {
    401: "Loki answers 401: check sinks.loki.username and password, or bearer_token, and tenant_id",
    402: "Loki answers 402: the account's quota is used up or not paid",
    403: "Loki answers 403: these credentials may not push to this tenant",
    404: "Loki answers 404: there is no push endpoint at sinks.loki.url",
    405: "Loki answers 405: there is no push endpoint at sinks.loki.url",
    406: "Loki answers 406: what is at sinks.loki.url does not take this form: check sinks.loki.encoding",
    407: "a proxy answers 407: it wants credentials: check sinks.loki.proxy_url",
    415: "Loki answers 415: what is at sinks.loki.url does not take this form: check sinks.loki.encoding",
}
INGESTION_BLOCKED = "Loki's administrator blocks ingestion for this tenant: it answers, but stores nothing"
NOT_LOKI = (
    "what is at sinks.loki.url answers {}, but not as Loki does when it has stored a push: check the address, and "
    "whether a proxy or a login page answers in Loki's place"
)
ALWAYS_BAD_REQUEST = "400 to every push, even an empty one: what is at sinks.loki.url does not behave like Loki"


class Unreachable(Transient):
    """There is no connection: nothing was sent."""


class RateLimited(Transient):
    """Loki answers that it is asked too much: it is there, and was before."""


class StreamRateLimited(RateLimited):
    """One stream is over its own rate: it has to wait, others need not."""


def classify(response: LokiResponse) -> PushOutcome | Transient | Paused:
    """Tell what to do about an answer."""
    status, text = response.status, response.text
    if status == BLOCKED_STATUS or text.startswith("ingestion blocked for user"):
        return Paused(INGESTION_BLOCKED)
    if status // 100 == SUCCESS:
        return PushOutcome.STORED if status in STORED_STATUSES and not text else Paused(NOT_LOKI.format(status))
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or _is_too_large(text):
        return PushOutcome.TOO_LARGE
    if status in RETRIABLE_STATUSES or status // 100 >= SERVER_ERROR:
        return _classify_retriable(response)
    if status in REJECTED_STATUSES and "no org id" not in text:
        return PushOutcome.REFUSED
    return Paused(_pause_reason(status))


def is_rate_limit(response: LokiResponse) -> bool:
    """Tell a limit of bytes a second from other reasons to wait: one push may be more than it ever lets pass."""
    return response.status == HTTPStatus.TOO_MANY_REQUESTS and "rate limit" in response.text.lower()


def is_stream_rate_limit(response: LokiResponse) -> bool:
    """Tell a limit of one stream's bytes a second: other streams are not concerned."""
    return response.status == HTTPStatus.TOO_MANY_REQUESTS and "per stream rate limit" in response.text.lower()


def is_sharded(response: LokiResponse) -> bool:
    """Tell an answer about one shard of a stream: of the push's other entries it says nothing."""
    return "__stream_shard__" in response.text


def is_loki(empty_push: LokiResponse) -> bool:
    """Tell by the answer to an empty push: Loki takes it, or misses a stream in it; others call it a bad request."""
    return empty_push.status != HTTPStatus.BAD_REQUEST or "at least one" in empty_push.text


def reason(text: str) -> str | None:
    """Name the objection in a text whose form is not known, or None."""
    lower = text.lower()
    return next((why for words, why in REASON_KEYWORDS if words in lower), None)


NO_STREAM = "Loki is at its limit of active streams (max_global_streams_per_user): events of new streams wait"
TOO_FAR_BEHIND = "Loki: too far behind the newest line of its stream"
TOO_OLD = "Loki: older than it accepts"
TOO_NEW = "Loki: too far in the future"
LINE_TOO_LONG = "Loki: line too long"
STREAM_LIMIT = "Loki: too many active streams"
LABELS_REFUSED = "Loki: labels refused"
LABELS_MISSING = "Loki: a label that this tenant requires is missing"
METADATA_REFUSED = "Loki: structured metadata refused"
ALONE_TOO_LARGE = "Loki: too large even alone"
UNEXPLAINED = "Loki: refused without a known reason"
REASON_KEYWORDS: tuple[tuple[str, str], ...] = (
    ("too far behind", TOO_FAR_BEHIND),
    ("out of order", TOO_FAR_BEHIND),
    ("too old", TOO_OLD),
    ("too new", TOO_NEW),
    ("in the future", TOO_NEW),
    ("max entry size", LINE_TOO_LONG),
    ("line too long", LINE_TOO_LONG),
    ("stream limit", STREAM_LIMIT),
    ("structured metadata", METADATA_REFUSED),
    ("missing required labels", LABELS_MISSING),
    ("label", LABELS_REFUSED),
)


TOO_LARGE = ("larger than max", "body too large", "message size too large", "exceeds limit")


def _classify_retriable(response: LokiResponse) -> PushOutcome | Transient:
    if response.status == HTTPStatus.TOO_MANY_REQUESTS and "stream limit" in response.text.lower():
        return PushOutcome.NO_STREAM
    kind = Transient
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        kind = StreamRateLimited if is_stream_rate_limit(response) else RateLimited
    return kind(_retry_reason(response.status, response.text), retry_after_seconds=response.retry_after_seconds)


def _is_too_large(text: str) -> bool:
    return any(words in text.lower() for words in TOO_LARGE)


def _pause_reason(status: int) -> str:
    if status // 100 == REDIRECT:
        return f"Loki answers {status}, a redirect, which is not followed: set sinks.loki.url to where it leads"
    if status in REJECTED_STATUSES:
        return "Loki wants a tenant: set sinks.loki.tenant_id"
    return PAUSE_REASONS.get(status, f"Loki answers {status}")


def _retry_reason(status: int, text: str) -> str:
    if status != HTTPStatus.TOO_MANY_REQUESTS:
        return f"Loki answers {status}"
    kinds: tuple[tuple[str, str], ...] = (
        ("stream rate limit", "the rate limit of a stream (per_stream_rate_limit)"),
        ("ingestion rate limit", "the tenant's rate limit (ingestion_rate_mb)"),
    )
    lower = text.lower()
    return "Loki answers 429: " + next((name for words, name in kinds if words in lower), "too many requests")
