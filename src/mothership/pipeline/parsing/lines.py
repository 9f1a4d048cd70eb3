"""A line's format by its first characters, and what that format says: `read`.

A line costs the same however it is made: only its head is looked at (a JSON object is decoded as a whole), and every
expression has a bounded number of characters to try.
"""

from mothership.pipeline.parsing import layouts, structured, syslog
from mothership.pipeline.parsing.facts import HEAD_CHARACTERS, Facts
from mothership.pipeline.times_in_text import time_at

_KLOG_BEGINS = frozenset("IWEF")
_LEVEL_BEGINS = frozenset("TDVINWEFCAPS")


def read(text: str, now: int) -> Facts | None:
    """Tell what a line says about itself; None when it says nothing that is understood.

    A time without a zone is UTC, one without a year is in the year that brings it nearest to `now`.
    """
    head = text[:HEAD_CHARACTERS].lstrip(" \t\r\n\ufeff")
    first = head[:1]
    if first == "{":
        facts, inner = structured.json_line(text, now)
        return _with_inner(facts, inner, now)
    if first == "<":
        return syslog.with_priority(head, now) or structured.windows_event(head, now)
    if first == "[":
        return layouts.in_brackets(head, now) or layouts.time_inside(head, now)
    if found := time_at(head, 0, now=now, short=True):
        facts = layouts.behind_time(head, found)
        return _with_inner(facts, _cri_message(head, found.end), now) if facts.format == "cri" else facts
    return _without_time(head, first, now)


def _without_time(head: str, first: str, now: int) -> Facts | None:
    return (
        (layouts.klog(head, now) if first in _KLOG_BEGINS else None)
        or (layouts.level_first(head, now) if first in _LEVEL_BEGINS else None)
        or (layouts.clock_first(head) if first.isdecimal() else None)
        or (structured.journal_export(head, now) if first == "_" else None)
        or (structured.logfmt(head, now) if "=" in head else None)
        or (layouts.access_log(head, now) if '] "' in head else None)
        or (syslog.cisco(head, 0, now) if " %" in head else None)
        or structured.windows_event(head, now)
        or layouts.time_inside(head, now)
    )


def _cri_message(head: str, end: int) -> str:
    return head[end + 10 :]


def _with_inner(facts: Facts | None, inner: str | None, now: int) -> Facts | None:
    """What a container's line lacks, its own line inside may say; the time outside has a zone, and counts."""
    if facts is None or not inner:
        return facts
    own = read(inner, now)
    if own is None:
        return facts
    return Facts(facts.format, own.micros if facts.micros is None else facts.micros, *own[2:])
