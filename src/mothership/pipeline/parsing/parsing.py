"""ParseLines: what a log line says about itself becomes the event's own fields.

It runs after redaction, on redacted text, and adds nothing that redaction has not seen as what it becomes: each value
is redacted once more under the name of its field, so that `drop_fields: [hostname]` holds for hostnames in lines, too.
A value that a mask stands in is left alone, and the line itself is never changed.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from pydantic import BaseModel, Field

from mothership.event import Batch, Event, is_nil
from mothership.pipeline.enrichment.severity import severity_names
from mothership.pipeline.enrichment.timestamp_forms import text_of
from mothership.pipeline.enrichment.timestamps import OBSERVED
from mothership.pipeline.parsing.facts import WORDS, Facts
from mothership.pipeline.parsing.lines import read
from mothership.pipeline.parsing.structured import named

RedactField: TypeAlias = Callable[[str, str], str | None]
"""What redaction leaves of a value in a field of this name; None when nothing of it may be kept."""

FORMAT_FIELD = "log_format"
_VALUES_REMEMBERED = 20_000
_HOSTS = ("hostname", "host")
_PROGRAMS = ("program", "app_name", "tag", "process_name")
_PIDS = frozenset({"pid", "process_id", "proc_id"})
_OTHER_LEVELS = ("level", "log_level")
_MARK = re.compile(r"\[REDACTED|REDACTED:")


class ParseSettings(BaseModel, frozen=True, extra="forbid"):
    """Which lines are read for their time, host, program, process id and severity."""

    inputs: tuple[Literal["ingest", "otlp", "loki"], ...] = Field(
        default=("otlp", "loki"),
        description="Inputs whose lines are read unless a request says otherwise with `?parse=true` or `?parse=false`. "
        "`ingest` is what EdgeBot nodes send.",
    )
    types: tuple[str, ...] = Field(
        default=("log",),
        description="Types of the events whose lines are read. Empty: all. A request with `?parse=true` means all.",
    )
    fields: tuple[str, ...] = Field(
        default=("message",), min_length=1, description="Fields that may hold the line; the first that is text counts."
    )


class ParseLines:
    """Fills `timestamp`, `hostname`, `program`, `pid` and `severity`, and says the format in `log_format`.

    What a sender said itself stays, with one exception: the time of a `log` event from a file tail (it has a
    `file_path`) is when the line was read. It goes to `observed_timestamp` when the line has a time.
    """

    name = "ParseLines"

    def __init__(
        self, settings: ParseSettings, redact: RedactField, time_fields: Sequence[str], mask: str = "*"
    ) -> None:
        self._settings = settings
        self._types = frozenset(settings.types)
        self._mask = mask
        self._time_fields = tuple(name for name in time_fields if name != OBSERVED)
        self._redacted = lru_cache(maxsize=_VALUES_REMEMBERED)(redact)
        # Redaction may be told to drop or hash any field, these too.
        self._may_fill = {name: redact(name, sample) == sample for name, sample in _SAMPLES.items()}

    def __call__(self, batch: Batch) -> None:
        """Read every line of a batch that is to be read."""
        if not (batch.input in self._settings.inputs if batch.parse is None else batch.parse):
            return
        types = None if batch.parse or not self._types else self._types
        received, is_tail = batch.received, batch.input == "ingest"
        for event in batch.events:
            if types is not None and event.get("type") not in types:
                continue
            facts = self._facts(event, received)
            if facts and FORMAT_FIELD not in event:
                self._fill(event, facts, is_tail=is_tail)

    def _facts(self, event: Event, now: int) -> Facts | None:
        if "__REALTIME_TIMESTAMP" in event or event.get("stream").__class__ is str:
            facts, inner = named(event, now, "json")
            if inner and facts and (own := read(inner, now)):
                facts = Facts(facts.format, facts.micros, *own[2:])
            if facts and facts.format != "json":
                return facts
        for field in self._settings.fields:
            if (text := event.get(field)).__class__ is str and text:
                return read(text, now)
        # An event whose fields a logging library named in its own way.
        facts, _ = named(event, now, "json")
        return facts

    def _fill(self, event: Event, facts: Facts, *, is_tail: bool) -> None:
        _, micros, hostname, program, pid, severity = facts
        event[FORMAT_FIELD] = facts.format
        if micros is not None and self._may_fill["timestamp"]:
            self._set_time(event, micros, is_tail=is_tail)
        if hostname and not _says(event, _HOSTS):
            self._set(event, "hostname", hostname)
        if program and not _says(event, _PROGRAMS):
            self._set(event, "program", program)
        if pid and self._may_fill["pid"] and _PIDS.isdisjoint(event):
            event["pid"] = pid
        if severity and self._may_fill["severity"] and _is_open(event):
            event["severity"] = severity

    def _set_time(self, event: Event, micros: int, *, is_tail: bool) -> None:
        if (text := _text_of(micros)) is None:
            return
        for sent in self._time_fields:
            if event.get(sent) not in (None, ""):
                break
        else:
            event["timestamp"] = text
            return
        if sent == "timestamp" and is_tail and event.get("file_path") and event.get("type") == "log":
            if event.get(OBSERVED) is None and event["timestamp"] != text:
                event[OBSERVED] = event["timestamp"]
            event["timestamp"] = text

    def _set(self, event: Event, name: str, value: str) -> None:
        if self._mask in value or _MARK.search(value):
            return
        if kept := self._redacted(name, value):
            event[name] = kept


_SAMPLES = {"timestamp": "2026-11-29T10:00:00.000000Z", "pid": "311", "severity": "info"}


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str | None:
    text = text_of(seconds * 1_000_000)
    return text and text[:20]


def _text_of(micros: int) -> str | None:
    """As `text_of`; of the lines of one second only the first pays for it."""
    second = _second(micros // 1_000_000)
    return second and f"{second}{micros % 1_000_000:06d}Z"


def _says(event: Event, names: tuple[str, ...]) -> bool:
    for name in names:
        if (value := event.get(name)) is not None and not (value.__class__ is str and is_nil(value)):
            return True
    return False


def _is_open(event: Event) -> bool:
    """Whether the sender has said no severity."""
    unsaid = event.get("severity") in (None, "unknown")
    return unsaid and not any(_is_severity(event[name]) for name in _OTHER_LEVELS if name in event)


def _is_severity(value: object) -> bool:
    """Whether SeverityMap understands it: what a sender said in its own words stays."""
    if value.__class__ is str:
        word = str(value).strip().lower()
        return word in severity_names or word in WORDS or (len(word) == 1 and word in "01234567")
    return value.__class__ is int and 0 <= value <= 7  # noqa: PLR2004 - the last severity
