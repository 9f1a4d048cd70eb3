"""What a configuration may say and had better not."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from mothership.config.settings import Settings
from mothership.edge.exposure import is_loopback

EDGEBOT_SECONDS = 5.0
"""After so long an EdgeBot gives up, and sends again or drops."""
CHUNK_MIN, CHUNK_MAX = timedelta(hours=1), timedelta(days=31)
PASSING = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/run"))  # noqa: S108 - named, not used
WIDE_BITS = 8
"""A network of so short a prefix is the whole world or a large part of it."""


class Unwise(NamedTuple):
    """A setting that is legal, what it costs, and what would be better."""

    key: str
    what: str
    cost: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}: {self.cost}; {self.remedy}"


def unwise(settings: Settings) -> Iterator[Unwise]:
    """Everything of the kind, in the order of the file."""
    yield from _server(settings)
    yield from _auth(settings)
    yield from _database(settings)
    yield from _redaction(settings)
    yield from _relay(settings)
    yield from _others(settings)


def _server(settings: Settings) -> Iterator[Unwise]:
    data_dir = settings.server.data_dir
    if any(data_dir.absolute().is_relative_to(place) for place in PASSING):
        cost = "what waits in the spool, the keys and an embedded database go with the next clean-up or start"
        yield Unwise("server.data_dir", f"{data_dir} does not last", cost, "use a directory below /var/lib")
    if not data_dir.is_absolute():
        cost = "a start in another directory finds none of its data"
        yield Unwise("server.data_dir", f"{data_dir} is relative", cost, "write it from the root")


def _auth(settings: Settings) -> Iterator[Unwise]:
    auth = settings.auth
    if auth.anonymous and not is_loopback(settings.server.host):
        cost = "whoever reaches the port may send events and read counts and health"
        yield Unwise("auth.anonymous", "no credentials are asked for", cost, "give each node a token")
    if auth.anonymous and (auth.tokens or auth.tokens_file):
        cost = "a wrong or expired token enters all the same"
        yield Unwise("auth.anonymous", "is set beside tokens", cost, "take one of both away")
    for network in auth.trusted_proxies:
        if ip_network(network).prefixlen < WIDE_BITS:
            cost = "anybody can give any address as his own, past the limits by address"
            yield Unwise("auth.trusted_proxies", f"{network} is nearly everybody", cost, "name the proxies")


def _database(settings: Settings) -> Iterator[Unwise]:
    database = settings.database
    if not settings.sinks.timescaledb.enabled:
        return
    if database.is_external:
        target = database.target()
        near = target.is_local or all(is_loopback(host) for host in target.hosts)
        if not near and target.ssl_mode in {"disable", "allow", "prefer"}:
            cost = "whoever is between may read events and the login, or answer in the database's place"
            yield Unwise("database.dsn", f"sslmode is {target.ssl_mode}", cost, "set sslmode=verify-full")
        for parameter, reason in target.ignored:
            yield Unwise("database.dsn", f"{parameter} is ignored", reason, "leave it out")
    if not CHUNK_MIN <= database.chunk_interval <= CHUNK_MAX:
        cost = "too many small chunks, or ones that are too large to drop and compress in time"
        yield Unwise("database.chunk_interval", "is far from a day", cost, "choose between an hour and a month")
    if database.fingerprint_days * 86_400 < settings.relay.spool.max_age_seconds:
        cost = "a batch that waited longer may be stored twice after a lost answer"
        remedy = "make it as long as relay.spool.max_age_seconds at least"
        yield Unwise("database.fingerprint_days", "is shorter than a batch may wait", cost, remedy)


def _redaction(settings: Settings) -> Iterator[Unwise]:
    redaction = settings.pipeline.processors.redaction
    key = "pipeline.processors.redaction.checker"
    if redaction.checker.action == "flag":
        cost = "an event that still looks unsafe is stored as it is, with a mark"
        yield Unwise(f"{key}.action", "is `flag`", cost, "choose `scrub` or `reject`")
    if redaction.checker.audit_share == 0:
        cost = "nobody notices when a rule misses what it should find"
        yield Unwise(f"{key}.audit_share", "is 0", cost, "leave it at one event in a thousand")


def _relay(settings: Settings) -> Iterator[Unwise]:
    relay = settings.relay
    if relay.answer_seconds + relay.room_seconds >= EDGEBOT_SECONDS:
        what = f"with relay.room_seconds it makes {relay.answer_seconds + relay.room_seconds:g} s"
        cost = f"an EdgeBot gives up after {EDGEBOT_SECONDS:g} s, and sends again what was taken"
        yield Unwise("relay.answer_seconds", what, cost, "keep both together below that")


def _others(settings: Settings) -> Iterator[Unwise]:
    loki, llm = settings.sinks.loki, settings.llm
    if loki.enabled and _is_far_and_plain(loki.url) and (loki.password or loki.bearer_token):
        yield Unwise("sinks.loki.url", "is plain HTTP", "the credentials cross the network in the clear", "use https")
    if llm.enabled and _is_far_and_plain(llm.endpoint) and llm.api_key:
        yield Unwise("llm.endpoint", "is plain HTTP", "the key crosses the network in the clear", "use https")
    if settings.log.batches == "each" or settings.log.level == "DEBUG":
        key = "log.level" if settings.log.level == "DEBUG" else "log.batches"
        yield Unwise(key, "every batch has a line", "the log grows with the traffic", "use it to look for a fault")


def _is_far_and_plain(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        return False
    try:
        return not ip_address(parts.hostname).is_private
    except ValueError:
        return "." in parts.hostname  # a bare name is a container's or this machine's
