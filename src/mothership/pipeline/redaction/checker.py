"""PIISafetyValidator: a second pair of eyes after redaction.

It shares nothing with the rules but the list of what the operator wants found: its own expressions, its own scan over
what the events have become, its own counts. It looks for fewer and plainer shapes than the rules, so that what it finds
is a failure of redaction and not a matter of taste.
"""
# ruff: noqa: E501 - an expression reads best in one piece

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

import orjson
import re2

from mothership.event import Batch, Event
from mothership.pipeline.redaction.ledger import Ledger
from mothership.pipeline.redaction.scan import chunk_size, expected_share
from mothership.telemetry import log, redaction_unsafe

SCRUBBED: Final = "[REDACTED:unsafe]"
CLEAN_REMEMBERED: Final = 4_096
CLEAN_CHARACTERS_MAX: Final = 24
_SHOWN = re2.compile(r"[A-Za-z0-9_.-]{1,40}")


class Shape(NamedTuple):
    """What an unsafe text looks like."""

    name: str
    rules: tuple[str, ...]
    """Built-in rules that should have taken it: the shape counts only while all of them are on everywhere."""
    signs: tuple[str, ...]
    """RE2 expressions over compact JSON, quotation marks inside strings being `\\"`."""
    pattern: str
    """RE2 expression over one string."""


_DOMAIN = (
    r"(?:[a-z0-9-]{1,63}\.){1,5}(?:com|org|net|edu|gov|io|info|de|fr|uk|nl|es|it|eu|us|ca|au|in|jp|cn|br|ch|at|se|no)"
)

SHAPES: Final = (
    Shape(
        "e-mail address",
        ("email",),
        (rf"(?i)[0-9a-z]@{_DOMAIN.replace('{1,63}', '+').replace('{1,5}', '+')}[\s<>\"'=,;)\]\\]",),
        rf"(?i)(?:^|[\s<>\"'=,;(\[])(?:[a-z0-9][a-z0-9._+-]{{0,63}})@{_DOMAIN}(?:$|[\s<>\"'=,;)\]])",
    ),
    Shape(
        "payment card",
        ("credit_card",),
        # What stands before matters for speed: beginning anywhere in a run of digits would make a huge automaton.
        (r"[\s\"'=:,;(\[](?:4[0-9]|5[1-5]|3[47]|60|65)[0-9]{2}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]",),
        r"(?:^|[\s\"'=:,;(\[])((?:4[0-9]{3}|5[1-5][0-9]{2}|6011|65[0-9]{2})(?:[0-9]{12}|(?: [0-9]{4}){3}|(?:-[0-9]{4}){3})"
        r"|3[47][0-9]{13})(?:$|[\s\"',;)\]])",
    ),
    Shape(
        "social security number",
        ("ssn",),
        (r"[0-9]{3}-[0-9]{2}-[0-9]{4}",),
        r"(?:^|[\s\"'=:,;(\[])(?:00[1-9]|0[1-9]\d|[1-578]\d\d|6[0-57-9]\d|66[0-57-9])-(?:0[1-9]|[1-9]\d)"
        r"-(?:000[1-9]|00[1-9]\d|0[1-9]\d\d|[1-9]\d{3})(?:$|[\s\"',;)\]])",
    ),
    Shape(
        "private key",
        ("private_key",),
        (r"PRIVATE KEY",),
        r"(?s)BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----\s*[0-9A-Za-z+/=]{32}",
    ),
    Shape(
        "JSON Web Token",
        ("jwt",),
        (r"eyJ[0-9A-Za-z_-]{8}",),
        r"(?:^|[^0-9A-Za-z])eyJhbGci[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{16}",
    ),
    Shape(
        "provider's key",
        (
            *("aws_key", "gcp_key", "github_token", "gitlab_token", "slack_token", "stripe_key", "sendgrid_key"),
            *("npm_token", "pypi_token", "mothership_token"),
        ),
        (
            r"AKIA[0-9A-Z]{4}|AIza[0-9A-Z]|gh[pousr]_[0-9A-Z]|glpat-|xox[bp]-|sk_live_|SG\.[0-9A-Za-z]|npm_[0-9A-Z]|pypi-AgE|ms_[0-9A-Za-z_-]{43}",
        ),
        r"(?:^|[\s\"'=:,;(\[])(?:AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|gh[pousr]_[0-9A-Za-z]{36}|glpat-[0-9A-Za-z_-]{20}"
        r"|xox[bp]-[0-9]{10,}-[0-9A-Za-z-]{10,}|sk_live_[0-9A-Za-z]{16,}|SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}"
        r"|npm_[0-9A-Za-z]{36}|pypi-AgE[0-9A-Za-z_-]{32,}|ms_[0-9A-Za-z_-]{43})(?:$|[\s\"',;)\]])",
    ),
    Shape(
        "bearer token",
        ("authorization",),
        (r"(?i)authorization[^0-9a-z]*bearer",),
        r"(?i)authorization\W{1,6}bearer [a-z0-9._~+/-]{20}",
    ),
    Shape(
        "URL with a password",
        ("url_credentials",),
        (r"://[0-9A-Za-z._-]+:[^/\s@\"]+@",),
        r"[a-z]://[0-9A-Za-z._-]{1,64}:[^/\s@:\"'<>\[\]*]{3,64}@[0-9A-Za-z.-]+",
    ),
    Shape(
        "password",
        ("assignment",),
        (r"(?i)passw(?:or)?d=[^*\[]",),
        r"(?i)(?:^|[\s&?;,])passw(?:or)?d=[a-z0-9!#%^+_-]*[0-9!#%^+][a-z0-9!#%^+_-]{5,}(?:$|[\s&;,])",
    ),
)

_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_KINDS: Final = ("counter", "gauge", "integer", "unsigned", "timeticks")
_COUNTED: Final = re2.compile(
    r"(?i)(?:^|[^a-z])(?:order|bytes|octets|packets|offset|id|seq|sequence|epoch|rx|tx|ts|timestamp|serial|block|inode"
    r"|snowflake|tweet|request|req|txid|txnid|lsn|xid|zxid|cursor|nonce|hash|uptime|delta|size|count|counter(?:32|64)?|gauge(?:32)?)[\s:=#\"']{1,3}$"
)
_MEASURED_BESIDE: Final = frozenset(
    (
        "oid",
        "metric",
        "measurement",
        "unit",
        "units",
        "sensor",
        "register",
        "counter",
        "gauge",
        "__name__",
        "poll_interval",
    )
)
_COUNT_WORDS: Final = (
    *(
        "bytes",
        "octets",
        "packets",
        "pkts",
        "count",
        "counter",
        "duration",
        "numericvalue",
        "timestamp",
        "epoch",
        "time",
    ),
    *(
        "offset",
        "sequence",
        "seqno",
        "size",
        "nanos",
        "micros",
        "millis",
        "uptime",
        "total",
        "ts",
        "seq",
        "rx",
        "tx",
        "id",
    ),
    *("ns", "us", "ms", "sentbyte", "rcvdbyte"),
)
# As a whole word: `rx_bytes`, `ifHCOutOctets`, but not `account`.
_COUNTS: Final = re2.compile(
    rf"(?:(?:^|[^A-Za-z])(?i:{'|'.join(_COUNT_WORDS)})"
    rf"|[a-z0-9](?:{'|'.join(word.capitalize() for word in _COUNT_WORDS)}))[0-9]*$"
)

FIELDS: Final = ("password", "passwd", "secret", "api_key", "authorization", "private_key", "community")


class Finding(NamedTuple):
    """Where an event still looks unsafe."""

    path: tuple[str, ...]
    what: str


class PIISafetyValidator:
    """Looks at every event after redaction; one that still looks unsafe is scrubbed, refused, or flagged."""

    name = "PIISafetyValidator"

    def __init__(
        self,
        action: Literal["reject", "scrub", "flag"],
        ledger: Ledger,
        *,
        shapes: Sequence[Shape],
        fields: Collection[str],
        skipped: Collection[str],
        only: Collection[str] = (),
        binary: Collection[str] = (),
    ) -> None:
        self._action = action
        self._ledger = ledger
        self._shapes = [(shape.name, re2.compile(shape.pattern)) for shape in shapes]
        self._any = _set_of([shape.pattern for shape in shapes])
        self._fields = frozenset(fields)
        self._skipped = frozenset(skipped)
        self._only = frozenset(only)
        self._binary = frozenset(binary)
        self._signs = _set_of([sign for shape in shapes for sign in shape.signs] + _key_signs(self._fields))
        self._clean: set[str] = set()  # short texts that look like nothing: most keys, and words such as `info`
        self._found: Counter[str] = Counter()
        self._share = 0.0

    def __call__(self, batch: Batch) -> None:
        """Check every event, act on those that look unsafe, and close the ledger on the batch."""
        try:
            self._check(batch)
        finally:
            self._ledger.settle(batch)

    def counts(self) -> dict[str, int]:
        """Return what was found since the start, by kind."""
        return dict(sorted(self._found.items()))

    def findings(self, event: Event) -> list[Finding]:
        """Return where an event looks unsafe."""
        return list(self._walk(event, (), inside=not self._only))

    def _check(self, batch: Batch) -> None:
        faults: dict[int, str] = {}
        events = batch.events
        size = chunk_size(self._share)
        suspicious = 0
        for start in range(0, len(events), size):
            part = events[start : start + size]
            if not self._suspicious(part):
                continue
            for position, event in enumerate(part, start):
                if len(part) > 1 and not self._suspicious(event):
                    continue
                suspicious += 1
                reason = self._judge(batch, event)
                if reason:
                    faults[position] = reason
        self._share = expected_share(self._share, suspicious, len(events))
        batch.reject(faults)

    def _suspicious(self, value: Any) -> bool:
        if self._signs is None:
            return False
        try:
            return self._signs.Match(orjson.dumps(value)) is not None
        except (orjson.JSONEncodeError, RecursionError):
            return True

    def _judge(self, batch: Batch, event: Event) -> str | None:
        """Act on one suspicious event; return the reason when it is refused."""
        try:
            found = self.findings(event)
        except RecursionError:
            return "redaction check: nested too deeply; flatten the event"
        if not found:
            return None
        for finding in found:
            self._found[finding.what] += 1
        redaction_unsafe.labels(action=self._action).inc()
        log.warning("event_still_unsafe", request_id=batch.request_id, action=self._action, findings=len(found))
        batch.unsafe.add(id(event))
        if self._action == "scrub":
            self._scrub(event, inside=not self._only)
            found = self.findings(event)
        if found and self._action != "flag":
            batch.unsafe.discard(id(event))
            return (
                f"redaction check: field `{_shown(found[0].path)}` still looks like a {found[0].what}; send it without"
            )
        return None

    def _unsafe(self, text: str) -> str | None:
        if text in self._clean:
            return None
        numbers = self._any.Match(text.encode("utf-8", "replace")) if self._any else None
        if not numbers:
            if len(text) <= CLEAN_CHARACTERS_MAX:
                if len(self._clean) >= CLEAN_REMEMBERED:
                    self._clean.clear()
                self._clean.add(text)
            return None
        named = (self._shapes[number] for number in sorted(numbers))
        return next((name for name, pattern in named if _confirmed(name, pattern, text)), None)

    def _enters(self, key: str, *, inside: bool) -> bool | None:
        """Tell whether the check looks below a key; None for a field that it skips."""
        name = key.lower().replace("-", "_")
        return None if name in self._skipped else inside or name in self._only

    def _counted_or_binary(self, key: str, inner: Any, beside: dict[str, Any]) -> bool:
        """Tell whether a value is a machine's count, or a payload in base64, and can't be judged by its looks."""
        name = key.lower().replace("-", "").replace("_", "")
        text = str(inner) if type(inner) in (str, int, float) else ""
        if name in self._binary:
            return type(inner) is str and not text.isdigit() and set(text.rstrip("=")) <= _BASE64
        kind = beside.get("type")
        counted = name == "value" and (
            not _MEASURED_BESIDE.isdisjoint(beside) or (type(kind) is str and kind.lower().startswith(_KINDS))
        )
        return (counted or _COUNTS.search(key) is not None) and text.replace(".", "").isdigit()

    def _walk(self, value: Any, path: tuple[str, ...], *, inside: bool) -> Iterator[Finding]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in self._fields:
                    yield Finding((*path, key), "credential field")
                what = self._unsafe(key) if inside else None
                if what:
                    yield Finding((*path, "(key)"), what)
                below = self._enters(key, inside=inside)
                if below is not None and not self._counted_or_binary(key, inner, value):
                    yield from self._walk(inner, (*path, key), inside=below)
        elif isinstance(value, list):
            for inner in value:
                yield from self._walk(inner, path, inside=inside)
        elif inside and isinstance(value, str | int) and not isinstance(value, bool):
            what = self._unsafe(str(value))
            if what:
                yield Finding(path, what)

    def _scrub(self, value: Any, *, inside: bool) -> Any:
        """Replace everything below that looks unsafe, the whole of each string."""
        if isinstance(value, dict):
            old = dict(value)
            value.clear()
            for key, inner in old.items():
                if key not in self._fields:
                    below = self._enters(key, inside=inside)
                    name = SCRUBBED if inside and self._unsafe(key) else key
                    passed = below is None or self._counted_or_binary(key, inner, old)
                    value[name] = inner if passed else self._scrub(inner, inside=bool(below))
        elif isinstance(value, list):
            value[:] = [self._scrub(inner, inside=inside) for inner in value]
        elif inside and isinstance(value, str | int) and not isinstance(value, bool) and self._unsafe(str(value)):
            self._ledger.add("unsafe")
            return SCRUBBED
        return value


def _confirmed(name: str, pattern: Any, text: str) -> bool:
    if name != "payment card":
        return True
    return any(
        _check_digit(match.group(1)) and not _COUNTED.search(text[max(0, match.start(1) - 24) : match.start(1)])
        for match in pattern.finditer(text)
    )


def _check_digit(number: str) -> bool:
    """Luhn's sum, written another way than the rules have it."""
    total = 0
    double = False
    for char in reversed(number):
        if char.isdigit():
            total += sum(divmod(int(char) * (1 + double), 10))
            double = not double
    return total % 10 == 0


def _set_of(signs: Sequence[str]) -> Any:
    if not signs:
        return None
    options = re2.Options()
    options.max_mem = 64 * 1024 * 1024
    options.log_errors = False
    found = re2.Set.SearchSet(options)
    for sign in signs:
        found.Add(sign)
    found.Compile()
    return found


def _key_signs(fields: Collection[str]) -> list[str]:
    return [rf'"(?:{"|".join(map(re2.escape, sorted(fields)))})":'] if fields else []


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(part if _SHOWN.fullmatch(part) else "(key)" for part in path)
