"""What needs a person: in words, the worst first, each with the page of the documentation that helps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from mothership.activity.sources import SourceActivity
from mothership.plurals import counted
from mothership.ports import Health
from mothership.status import RelayStatus

Severity: TypeAlias = Literal["bad", "warn"]
ORDER: tuple[Severity, ...] = ("bad", "warn")
OLD_SECONDS = 300.0
"""What waits for longer than that is no matter of moments."""
FULL_SHARE = 0.8
AHEAD_SECONDS = 5.0
BEHIND_SECONDS = 600.0
NAMED_MAX = 3


class Notice(NamedTuple):
    """One matter."""

    severity: Severity
    text: str
    page: str
    """Of the console, for a closer look; empty: none."""
    docs: str
    """Of the documentation, below `docs/`, without its suffix."""


def notices(
    ready: Health,
    parts: Mapping[str, Health],
    relay: RelayStatus,
    counts: Mapping[str, float],
    sources: Sequence[SourceActivity],
    now: float,
) -> list[Notice]:
    """All of them. `counts` are totals since the service started."""
    found = [
        *_delivery(ready, parts, relay),
        *_set_aside(relay, counts),
        *_senders(sources, now),
    ]
    return sorted(found, key=lambda notice: ORDER.index(notice.severity))


def _delivery(ready: Health, parts: Mapping[str, Health], relay: RelayStatus) -> Iterator[Notice]:
    if not ready.healthy:
        yield Notice("bad", f"No event can be taken: {ready.reason}", "", "how-to/watch")
    for name, health in parts.items():
        if not health.healthy and name != "spool":
            kept = (
                "Events are kept in the spool until it is back." if name != "llm" else "Events are stored without it."
            )
            yield Notice("bad" if name != "llm" else "warn", f"{name}: {health.reason}. {kept}", "", _HELP[name])
    if not parts["spool"].healthy and ready.healthy:
        yield Notice("bad", f"spool: {parts['spool'].reason}", "", "how-to/watch")
    for name, sink in relay.sinks.items():
        if sink.oldest_seconds > OLD_SECONDS:
            minutes = counted(round(sink.oldest_seconds / 60), "minute")
            waits = f"{counted(sink.queued_events, 'event')} for {name}, the oldest for {minutes}"
            yield Notice("warn", f"Waiting: {waits}.", "", "explanation/delivery")
    spool = relay.spool
    if spool.max_bytes and spool.bytes > FULL_SHARE * spool.max_bytes:
        share = f"{100 * spool.bytes / spool.max_bytes:.0f} %"
        yield Notice("bad", f"The spool is {share} full. When it is full, events are refused.", "", "how-to/watch")


def _set_aside(relay: RelayStatus, counts: Mapping[str, float]) -> Iterator[Notice]:
    if events := relay.dead_letters.events:
        text = f"{counted(events, 'event')} could not be delivered or taken, and {_are(events)} kept for you to decide."
        yield Notice("warn", text, "/console/dead-letters", "how-to/dead-letters")
    if events := int(counts.get("dead_letters_dropped", 0)):
        text = f"{counted(events, 'event')} {_were(events)} deleted from the dead letters, past their age or size."
        yield Notice("bad", text, "", "how-to/dead-letters")
    if events := int(counts.get("damaged", 0)):
        yield Notice("bad", f"{counted(events, 'event')} could not be read back from the disk.", "", "how-to/watch")
    if places := int(counts.get("audit_missed", 0)):
        text = (
            f"The audit found {counted(places, 'secret')} that redaction had missed. Report it: it is a fault of ours."
        )
        yield Notice("bad", text, "", "reference/redaction")


def _senders(sources: Sequence[SourceActivity], now: float) -> Iterator[Notice]:
    if quiet := [each.source for each in sources if each.is_quiet(now)]:
        verb = "has" if len(quiet) == 1 else "have"
        yield Notice("warn", f"{_named(quiet)} {verb} gone quiet.", "/console/sources", "how-to/let-nodes-in")
    if ahead := [each.source for each in sources if each.lag_seconds < -AHEAD_SECONDS]:
        clock = "clock is" if len(ahead) == 1 else "clocks are"
        yield Notice("warn", f"{_named(ahead)}: the {clock} ahead.", "/console/sources", "reference/enrichment")


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _are(events: int) -> str:
    return "is" if events == 1 else "are"


def _were(events: int) -> str:
    return "was" if events == 1 else "were"


_HELP = {"tsdb": "how-to/run-the-database", "loki": "how-to/loki", "llm": "how-to/llm"}
