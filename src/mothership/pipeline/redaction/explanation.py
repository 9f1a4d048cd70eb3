"""What redaction does to one event, told by rule and place: never by the value.

Each step tells places in the strings as they are when it works on them. Here they become places in the event as it
came, so that whoever has that event can see them in it.
"""

from collections import defaultdict
from typing import NamedTuple

from mothership.event import Event
from mothership.pipeline.redaction.checker.pii_safety_validator import PIISafetyValidator
from mothership.pipeline.redaction.fields import TOO_DEEP, DropFields, HashFields
from mothership.pipeline.redaction.mask_patterns import MaskPatterns
from mothership.pipeline.redaction.propagation import MARK
from mothership.pipeline.redaction.propagation import NAME as PROPAGATED

UNSAFE = "unsafe"
Path = tuple[str, ...]


class RuleHit(NamedTuple):
    """A place that a rule hit."""

    step: str
    rule: str
    path: Path
    """Keys and numbers of elements, each redacted itself; `(key)` for a key."""
    start: int
    """In the string as it came, in characters; -1: the whole field, or nobody can tell."""
    end: int


class Explanation(NamedTuple):
    """What became of an event."""

    hits: list[RuleHit]
    refused: str
    """Why, when it is; else empty."""


def explain(
    event: Event, *, drop: DropFields, mask: MaskPatterns, hashed: HashFields, check: PIISafetyValidator
) -> Explanation:
    """Redact an event in place, as the four steps do one after the other."""
    places = _Places(mask)
    try:
        for step in (drop, mask, hashed):
            places.step = step.name
            step.apply(event, places.note)
        found = check.findings(event)
        places.step = check.name
        for finding in found:
            places.note(UNSAFE, finding.path, -1, -1)
        refused = check.act(event, found) if found else None
    except RecursionError:
        refused = TOO_DEEP
    return Explanation(places.hits, refused or "")


class _Places:
    """Collects hits, and brings their places back to the strings as they came."""

    def __init__(self, mask: MaskPatterns) -> None:
        self.hits: list[RuleHit] = []
        self.step = ""
        self._mask = mask
        self._marked: dict[Path, list[tuple[int, int]]] = defaultdict(list)
        """What stands in a string for a value that a dropped field gave away: all of them of one length."""
        self._masked: set[Path] = set()
        """Strings that are no longer as long as they were."""

    def note(self, rule: str, path: Path, start: int, end: int) -> None:
        """Take a hit down."""
        if self.step == DropFields.name:
            if rule == PROPAGATED:
                self._marked[path].append((start, end))
        elif path in self._masked and self.step != MaskPatterns.name:
            start = end = -1
        elif start >= 0:
            start, end = self._came(path, start), self._came(path, end)
            self._masked.add(path)
        shown = tuple(self._mask.text(part) for part in path)
        self.hits.append(RuleHit(self.step, rule, shown, start, end))

    def _came(self, path: Path, at: int) -> int:
        """Where a place was before values gave way to marks."""
        marked = self._marked.get(path)
        if not marked:
            return at
        grown = 0
        for start, end in marked:
            now = start + grown
            if at <= now:
                break
            if at < now + len(MARK):
                return end
            grown += len(MARK) - (end - start)
        return at - grown
