"""A look at a share of the events with every rule's finder, so that a prefilter that misses is noticed in production.

First all strings of an event are looked at as lines of one text, which is a tenth of the work: every rule's matches
may begin and end at a line break. Only when a finder finds something there each string is looked at, where and as
redaction itself looks, and that decides. A finder whose expression holds literals is asked only of texts that have one:
that is read off the expression itself, and neither what derives prefilters nor what matches them has a part in it.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from mothership.event import Event
from mothership.pipeline.redaction.literal_index import LiteralIndex
from mothership.pipeline.redaction.mask_patterns import MaskPatterns
from mothership.pipeline.redaction.rules import CompiledWhenAsked
from mothership.pipeline.redaction.text import ActiveRule
from mothership.pipeline.redaction.text_normalization import normalized_texts
from mothership.telemetry import log, redaction_audit_missed, redaction_audited

CHARACTERS_MAX = 16_384
"""An event with more text than this is passed over: it would keep others waiting."""


class PrefilterAudit:
    """Redacts some events once more, without asking any prefilter what may be in them: nothing should be left."""

    def __init__(
        self,
        share: float,
        masks: MaskPatterns,
        rules: Sequence[ActiveRule],
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._share = share
        self._masks = masks
        self._chance = chance
        self._finders = tuple(rule.find for rule in rules)
        self._index: LiteralIndex | None = None
        self._missed: Counter[str] = Counter()
        self._events_until_next = self._gap()
        for rule in rules if share else ():
            redaction_audit_missed.labels(rule=rule.name)  # is there, and 0, from the start

    def __call__(self, events: Sequence[Event]) -> list[Event]:
        """Look at those events whose turn it is; what was missed in them goes now. Return those that had any."""
        mended: list[Event] = []
        for event in self._drawn(events):
            try:
                if self._look(event):
                    mended.append(event)
            except RecursionError:
                continue  # the check refuses it, with the reason
        return mended

    def counts(self) -> dict[str, int]:
        """Return what prefilters have missed since the start, by rule."""
        return dict(sorted(self._missed.items()))

    def _look(self, event: Event) -> bool:
        text = "\n".join(_strings(event))
        if len(text) > CHARACTERS_MAX:
            return False
        redaction_audited.inc()
        if not (self._finds(text) or any(self._finds(each.text) for each in normalized_texts(text))):
            return False
        missed: Counter[str] = Counter()
        copy = deepcopy(event)
        self._masks.apply(copy, lambda rule, _path, _start, _end: missed.update((rule,)))
        if not missed:
            return False
        self._missed += missed
        for rule, count in missed.items():
            redaction_audit_missed.labels(rule=rule).inc(count)
        reason = "these rules' prefilters missed what their finders find: report it, with the version"
        log.error("redaction_audit_missed", by_rule=dict(sorted(missed.items())), reason=reason)
        event.clear()
        event.update(copy)
        return True

    def _finds(self, text: str) -> bool:
        if self._index is None:  # not before it is asked: every finder is compiled for it
            needs = [each.needs if isinstance(each, CompiledWhenAsked) else () for each in self._finders]
            self._index = LiteralIndex(needs)
        return any(any(self._finders[number](text, 0, len(text))) for number in self._index.found_in(text))

    def _drawn(self, events: Sequence[Event]) -> Iterator[Event]:
        """Yield each event with the chance of the share, at the cost of the drawn ones alone."""
        while self._events_until_next < len(events):
            yield events[int(self._events_until_next)]
            self._events_until_next += 1 + self._gap()
        self._events_until_next -= len(events)

    def _gap(self) -> float:
        """Return how many events to pass over: as many as come before the next of independent draws."""
        if self._share <= 0:
            return math.inf
        if self._share >= 1:
            return 0
        return float(int(math.log(1 - self._chance()) / math.log1p(-self._share)))


def _strings(value: Any) -> Iterator[str]:
    """Yield every key, string and number, and the values that may say something only behind their keys with these."""
    if type(value) is dict:
        for key, inner in value.items():
            yield key
            if type(inner) is int or type(inner) is str:
                yield f"{key}={inner}"
            yield from _strings(inner)
    elif type(value) is list:
        for inner in value:
            yield from _strings(inner)
    elif type(value) in (str, int, float):
        yield str(value)
