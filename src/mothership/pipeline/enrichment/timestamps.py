"""TimestampNormalizer: whatever spelling a node uses, `ts` is its own time in microseconds and `timestamp` is ISO UTC.

| what the node sent in `timestamp` | `timestamp` becomes | `ts` | and beside it |
| --- | --- | --- | --- |
| ISO 8601 that says UTC, up to microseconds | `2025-08-22T17:11:27.936809Z` | that time | |
| any other readable spelling | the same form | that time | `timestamp_original`, as sent |
| readable, out of bounds | the same form, own time | time of receipt | `timestamp_source` and `timestamp_reason` |
| readable, in bounds, but one new chunk too many | the same form, own time | time of receipt | the same two |
| unreadable | time of receipt | time of receipt | those two and `timestamp_original` |
| nothing | time of receipt | time of receipt | those two |

An event that says only when it was read (`observed_timestamp`) is stored at that time, and `timestamp_source` is
`observed`. Otherwise `timestamp_source` is `received`; `timestamp_reason` is `missing`, `unreadable`, `too_old`,
`in_the_future` or `too_many_chunks` (see `hypertable_chunk_budget`).

A reading depends on nothing but the value, except for a date without a year (RFC 3164), whose year is the one nearest
to the receipt. So a batch sent again gets the same times.
"""

from datetime import UTC, datetime

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt

from mothership.event import Batch, Event
from mothership.pipeline.enrichment.hypertable_chunk_budget import HypertableChunkBudget
from mothership.pipeline.enrichment.timestamp_forms import micros_of, text_of

_MARKS = {"+00:00": "T.0", "Z": "T."}
"""What stands at every ninth place from the tenth on, by what follows the microseconds."""
OBSERVED = "observed_timestamp"
"""When somebody read the event, which is not its own time."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimestampSettings(BaseModel, frozen=True, extra="forbid"):
    """Which field holds an event's own time, and which times are believed."""

    fields: tuple[str, ...] = Field(
        default=("timestamp", "@timestamp", "time", "ts", "observed_timestamp"),
        min_length=1,
        description="Fields that may hold the event's own time; the first that is there and can be read counts. "
        "`observed_timestamp` is when somebody read the event.",
    )
    max_past_days: PositiveFloat = Field(
        default=1826.0,
        description=(
            "How far back, in days before receipt, an event's own time is believed. An older event is stored at the "
            "time of receipt, because every day a node invents makes a chunk in the database."
        ),
    )
    max_future_seconds: PositiveFloat = Field(
        default=86400.0,
        description="How far ahead of receipt, in seconds, an event's own time is believed; a wrong zone is 14 hours.",
    )
    new_chunks_per_hour: PositiveInt = Field(
        default=200,
        le=100_000,
        description=(
            "How many spans of `database.chunk_interval`, more than a day from receipt, events may open in an hour and "
            "worker process; one caller has half of it. Beyond that an event is stored at the time of receipt. Raise "
            "it before history is shipped. Not with the embedded database, which has no chunks."
        ),
    )


class TimestampNormalizer:
    """Standardizes `timestamp` and fills `batch.times`. Running it again on an event changes nothing."""

    name = "TimestampNormalizer"

    def __init__(self, settings: TimestampSettings, budget: HypertableChunkBudget | None = None) -> None:
        self._budget = budget
        self._fields = settings.fields
        self._past = int(settings.max_past_days * 86_400_000_000)
        self._future = int(settings.max_future_seconds * 1_000_000)

    def __call__(self, batch: Batch) -> None:
        """Give every event its time."""
        batch.times = self._times(batch, write=True)

    def times(self, batch: Batch) -> list[int]:
        """Each event's time by the same rule, leaving the events alone."""
        return self._times(batch, write=False)

    def _times(self, batch: Batch, *, write: bool) -> list[int]:  # noqa: C901 - run for every event
        events, received, client, budget = batch.events, batch.received, batch.client, self._budget
        if self._fields[0] != "timestamp":
            return [self._slowly(event, received, client, write=write) for event in events]
        times: list[int] = []
        append = times.append
        oldest, newest = received - self._past, received + self._future
        parse, epoch = datetime.fromisoformat, _EPOCH
        last_raw, last_micros, last_text = None, 0, ""
        day, day_micros, wholly_within = 10**9, 0, False  # no such day
        for event in events:
            raw = event.get("timestamp")
            if raw.__class__ is str:
                if raw == last_raw:
                    append(last_micros)
                    if write:
                        event["timestamp"] = last_text
                    continue
                # An EdgeBot's spellings, told by slices: 2025-08-22T17:11:27.936809(+00:00|Z), not 2025-W34-5T….
                text = raw[:26] + "Z" if _MARKS.get(raw[26:]) == raw[10::9] and raw[5] != "W" else _spelled(raw)
                if text:
                    try:
                        age = parse(raw) - epoch
                    except ValueError:
                        append(self._slowly(event, received, client, write=write))
                        continue
                    if age.days != day:
                        day = age.days
                        day_micros = day * 86_400_000_000
                        wholly_within = (
                            oldest <= day_micros
                            and day_micros + 86_400_000_000 <= newest
                            and (budget is None or budget.knows_day(day_micros, received))
                        )
                    micros = day_micros + age.seconds * 1_000_000 + age.microseconds
                    if wholly_within or (
                        oldest <= micros <= newest and (budget is None or budget.admits(micros, received, client))
                    ):
                        append(micros)
                        if write:
                            event["timestamp"] = text
                        last_raw, last_micros, last_text = raw, micros, text
                        continue
            append(self._slowly(event, received, client, write=write))
        return times

    def _slowly(self, event: Event, received: int, client: str, *, write: bool) -> int:
        sent = {name: value for name in self._fields if (value := event.get(name)) not in (None, "")}
        for name, raw in sent.items():
            micros = micros_of(raw, now=received)
            text = None if micros is None else text_of(micros)
            if micros is not None and text is not None:
                doubt = self._doubt(micros, received, client)
                if write:
                    self._write(event, raw, text)
                    if name == OBSERVED and event.get("timestamp_source") is None:
                        event["timestamp_source"] = "observed"
                    if doubt:
                        _mark(event, doubt)
                return received if doubt else micros
        if write:
            self._write(event, next(iter(sent.values()), None), text_of(received) or "")
            _mark(event, "unreadable" if sent else "missing")
        return received

    def _doubt(self, micros: int, received: int, client: str) -> str:
        """Why an event is not stored at this time; empty when it is."""
        if micros < received - self._past:
            return "too_old"
        if micros > received + self._future:
            return "in_the_future"
        if self._budget and not self._budget.admits(micros, received, client):
            return "too_many_chunks"
        return ""

    def _write(self, event: Event, raw: object, text: str) -> None:
        before = event.get("timestamp")
        # Kept when the new text says less than the old, and not only says it otherwise.
        if before not in (None, "", text) and not (before is raw and isinstance(raw, str) and _spelled(raw) == text):
            for name in ("timestamp_original", "timestamp_sent"):  # the first may be the node's own
                if event.get(name) in (None, before):
                    event[name] = before
                    break
        event["timestamp"] = text


def _spelled(raw: str) -> str:
    """Return the standard spelling of a full ISO date and time that says UTC, by cutting alone; else nothing."""
    if raw[10:11] != "T" or raw[5] == "W":
        return ""
    size = len(raw)
    if raw[-1] == "Z":
        digits = size - 1
    elif raw[-6:] == "+00:00":
        digits = size - 6
    else:
        return ""
    if digits == 26:  # noqa: PLR2004 - the length of 2025-08-22T17:11:27.936809
        return raw[:26] + "Z" if raw[19] == "." else ""
    if digits == 19:  # noqa: PLR2004 - without a fraction
        return raw[:19] + ".000000Z"
    if digits == 23:  # noqa: PLR2004 - to the millisecond
        return raw[:23] + "000Z" if raw[19] == "." else ""
    return ""


def _mark(event: Event, reason: str) -> None:
    for name, value in (("timestamp_source", "received"), ("timestamp_reason", reason)):
        if event.get(name) is None:
            event[name] = value
