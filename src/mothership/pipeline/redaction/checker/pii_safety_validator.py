"""PIISafetyValidator: a second pair of eyes after redaction.

It shares nothing with the rules but the list of what the operator wants found, where, and their examples: its own
expressions, its own scan over what the events have become, its own counts. It looks for fewer and plainer shapes than
the rules, so that what it finds is a failure of redaction and not a matter of taste.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import re2

from mothership.event import Batch, Event
from mothership.fairness import Holder
from mothership.log_limiter import LogLimiter
from mothership.pipeline.redaction.batch_scan import Scan
from mothership.pipeline.redaction.checker.shape_scanner import ShapeScanner
from mothership.pipeline.redaction.counters import RedactionCounters
from mothership.pipeline.redaction.field_names import fold
from mothership.pipeline.redaction.measurement_fields import READING_KEYS
from mothership.pipeline.redaction.text import ActiveRule
from mothership.telemetry import redaction_unsafe

SCRUBBED = "[REDACTED:unsafe]"
CLEAN_REMEMBERED = 4_096
CLEAN_CHARACTERS_MAX = 24
PLACES_REMEMBERED = 4_096
NUMBER_MIN = 10**11
"""No shape wants a shorter number."""
NAMED_CHARACTERS_MAX = 64
"""A value up to this length is looked at with its field's name before it, too."""
_PLACEHOLDER = re2.compile(r"[$<{%]|\[REDACTED")
_SHOWN = re2.compile(r"[A-Za-z0-9_.-]{1,40}")


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_KINDS = ("counter", "gauge", "integer", "unsigned", "timeticks")
_COUNT_WORDS = (
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
_COUNTS = re2.compile(
    rf"(?:(?:^|[^A-Za-z])(?i:{'|'.join(_COUNT_WORDS)})"
    rf"|[a-z0-9](?:{'|'.join(word.capitalize() for word in _COUNT_WORDS)}))[0-9]*$"
)

FIELDS = ("password", "passwd", "secret", "api_key", "authorization", "private_key", "community")


class UnsafeFinding(NamedTuple):
    """Where an event still looks unsafe."""

    path: tuple[str, ...]
    what: str


class PIISafetyValidator:
    """Looks at every event after redaction; one that still looks unsafe is scrubbed, refused, or flagged."""

    name = "PIISafetyValidator"

    def __init__(
        self,
        action: Literal["reject", "scrub", "flag"],
        counters: RedactionCounters,
        *,
        shapes: ShapeScanner,
        scan: Scan,
        rules: Iterable[ActiveRule],
        fields: Collection[str],
        binary: Collection[str] = (),
        audit: Callable[[Sequence[Event]], Sequence[Event]],
    ) -> None:
        self._action = action
        self._log_unsafe = LogLimiter("warning", "event_still_unsafe")
        self._counters = counters
        self._audit = audit
        self._rules = {rule.name: rule for rule in rules}
        self._everywhere = frozenset(name for name, rule in self._rules.items() if not rule.is_scoped)
        self._numbers = frozenset(name for name, rule in self._rules.items() if rule.numbers)
        self._fields = frozenset(fields)
        self._binary = frozenset(binary)
        self._shapes = shapes
        self._behind_names = shapes.only(self._numbers)
        self._scan = scan
        self._clean: set[str] = set()  # short texts that look like nothing: most keys, and words such as `info`
        self._allowed: dict[tuple[str, ...], frozenset[str]] = {}
        self._found: Counter[str] = Counter()

    def __call__(self, batch: Batch) -> None:
        """Check every event, act on those that look unsafe, and close the counters on the batch."""
        try:
            if self._audit(batch.events):
                batch.scanned = None  # what was found in them is not true of them any more
            self._check(batch)
        finally:
            batch.scanned = None
            self._counters.settle(batch)

    def counts(self) -> dict[str, int]:
        """Return what was found since the start, by kind."""
        return dict(sorted(self._found.items()))

    def findings(self, event: Event) -> list[UnsafeFinding]:
        """Return where an event looks unsafe."""
        return list(self._walk(event, (), ()))

    def _check(self, batch: Batch) -> None:
        faults: dict[int, str] = {}
        found = self._scan.of(batch)
        anew = iter(self._scan.signs_in([each.event for each in found if each.signs is None]))
        for each in found:
            items = next(anew) if each.signs is None else each.items(each.signs)
            reason = self._judge(batch, each.event, items) if items else None
            if reason:
                faults[each.position] = reason
        batch.reject(faults)

    def _judge(self, batch: Batch, event: Event, items: Iterable[tuple[str, Any]]) -> str | None:
        """Act on one event of which these items may look unsafe; return the reason when it is refused."""
        try:
            found = list(self._walk_items(event, items, (), ()))
        except RecursionError:
            return "redaction check: nested too deeply; flatten the event"
        if not found:
            return None
        for finding in found:
            self._found[finding.what] += 1
        redaction_unsafe.labels(action=self._action).inc()
        who = Holder(batch.client, batch.address)
        self._log_unsafe(who, None, request_id=batch.request_id, action=self._action, findings=len(found))
        reason = self.act(event, found)
        if reason is None:
            batch.unsafe.add(id(event))
        return reason

    def act(self, event: Event, found: Sequence[UnsafeFinding]) -> str | None:
        """Do to an event that looks unsafe what the settings say; return the reason when it is to be refused."""
        if self._action == "scrub":
            self._scrub(event, ())
            found = self.findings(event)
        if found and self._action != "flag":
            return (
                f"redaction check: field `{_shown(found[0].path)}` still looks like a {found[0].what}; send it without"
            )
        return None

    def _unsafe(self, text: str, here: tuple[str, ...]) -> str | None:
        if text in self._clean:
            return None
        allowed = self._rules_at(here)
        what = self._shapes.unsafe(text, allowed)
        if what is None and len(text) <= CLEAN_CHARACTERS_MAX and len(allowed) == len(self._rules):
            if len(self._clean) >= CLEAN_REMEMBERED:
                self._clean.clear()
            self._clean.add(text)
        return what

    def _rules_at(self, here: tuple[str, ...]) -> frozenset[str]:
        """Return the rules that look at this place, a folded path."""
        if len(self._everywhere) == len(self._rules):
            return self._everywhere
        allowed = self._allowed.get(here)
        if allowed is None:
            if len(self._allowed) >= PLACES_REMEMBERED:
                self._allowed.clear()
            allowed = frozenset(name for name, rule in self._rules.items() if rule.looks_at(here))
            self._allowed[here] = allowed
        return allowed

    def _value(self, value: Any, name: str, here: tuple[str, ...]) -> str | None:
        """Return what a string or number looks like, alone or behind its field's name."""
        if isinstance(value, str):
            what = self._unsafe(value, here)
            if what is None and name and len(value) <= NAMED_CHARACTERS_MAX and any(map(str.isdigit, value)):
                what = self._behind_names.unsafe(f"{name}={value}", self._rules_at(here))
            return what
        if isinstance(value, int) and not isinstance(value, bool) and value >= NUMBER_MIN:
            return self._behind_names.unsafe(f"{name}={value}", self._rules_at(here))
        return None

    def _counted_or_binary(self, key: str, inner: Any, beside: dict[str, Any]) -> bool:
        """Tell whether a value is a machine's count, or a payload in base64, and can't be judged by its looks."""
        name = key.lower().replace("-", "").replace("_", "")
        text = str(inner) if type(inner) in (str, int, float) else ""
        if name in self._binary:
            return type(inner) is str and not text.isdigit() and set(text.rstrip("=")) <= _BASE64
        kind = beside.get("type")
        counted = name == "value" and (
            not READING_KEYS.isdisjoint(beside) or (type(kind) is str and kind.lower().startswith(_KINDS))
        )
        return (counted or _COUNTS.search(key) is not None) and text.replace(".", "").isdigit()

    def _walk(
        self, value: Any, path: tuple[str, ...], here: tuple[str, ...], name: str = ""
    ) -> Iterator[UnsafeFinding]:
        """Yield what looks unsafe below; `path` is shown, `here` is folded and decides which rules look."""
        if isinstance(value, dict):
            yield from self._walk_items(value, value.items(), path, here)
        elif isinstance(value, list):
            for inner in value:
                yield from self._walk(inner, path, here, name)
        else:
            what = self._value(value, name, here)
            if what:
                yield UnsafeFinding(path, what)

    def _walk_items(
        self, value: dict[str, Any], items: Iterable[tuple[str, Any]], path: tuple[str, ...], here: tuple[str, ...]
    ) -> Iterator[UnsafeFinding]:
        for key, inner in items:
            if key in self._fields and _holds(inner):
                yield UnsafeFinding((*path, key), "credential field")
            what = self._unsafe(key, here)
            if what:
                yield UnsafeFinding((*path, "(key)"), what)
            if not self._counted_or_binary(key, inner, value):
                yield from self._walk(inner, (*path, key), (*here, fold(key)), key)

    def _scrub(self, value: Any, here: tuple[str, ...], name: str = "") -> Any:
        """Replace everything below that looks unsafe, the whole of each string."""
        if isinstance(value, dict):
            old = dict(value)
            value.clear()
            for key, inner in old.items():
                if key not in self._fields or not _holds(inner):
                    kept = SCRUBBED if self._unsafe(key, here) else key
                    passed = self._counted_or_binary(key, inner, old)
                    value[kept] = inner if passed else self._scrub(inner, (*here, fold(key)), key)
        elif isinstance(value, list):
            value[:] = [self._scrub(inner, here, name) for inner in value]
        elif self._value(value, name, here):
            self._counters.add("unsafe")
            return SCRUBBED
        return value


def key_signs(fields: Collection[str]) -> list[str]:
    """Return what tells that a field has one of these names, in JSON."""
    return [rf'"(?:{"|".join(map(re2.escape, sorted(fields)))})":'] if fields else []


def _holds(value: Any) -> bool:
    """Tell whether a field named for a credential has one: not nothing, a description of it, or what stands for it."""
    if isinstance(value, str):
        return value.strip("*") != "" and not _PLACEHOLDER.match(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(part if _SHOWN.fullmatch(part) else "(key)" for part in path)
