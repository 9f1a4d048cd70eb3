"""What has waited too long: batches become dead letters, dead letters go. Both loudly."""

import time

from mothership import telemetry
from mothership.errors import CorruptRecord
from mothership.fairness import Holder
from mothership.log_limiter import LogLimiter
from mothership.ports import Clock
from mothership.relay.settings import DeadLetterSettings
from mothership.relay.spool.record import unpack
from mothership.relay.spool.sqlite_file import SpoolFile

EXPIRE_BATCHES_MAX = 64


class ExpiryLog:
    """Tells of what expires, in lines of which each client has its share."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._log_batch = LogLimiter("error", "events_expired", key_seconds=0.0, clock=clock)
        self._log_dead_letters = LogLimiter("error", "dead_letters_expired", key_seconds=0.0, clock=clock)

    def batch(self, sink: str, client: str, events: int, request_id: str) -> None:
        """A batch became a dead letter."""
        self._log_batch(Holder(client), sink, sink=sink, client=client, events=events, request_id=request_id)

    def dead_letters(self, client: str, letters: int, events: int) -> None:
        """Dead letters went for good."""
        telemetry.dead_letters_dropped.inc(events)
        self._log_dead_letters(
            Holder(client), None, client=client, letters=letters, events=events, reason="past relay.dead_letters bounds"
        )


def expiry_reason(max_age_seconds: float) -> str:
    """Why a batch became a dead letter."""
    return f"waited longer than relay.spool.max_age_seconds ({max_age_seconds:g} s)"


def expire_batches(file: SpoolFile, max_age_seconds: float, now: int, log: ExpiryLog) -> None:
    """Set aside some of those that have waited longer."""
    for sink, seq in file.deliveries.expired(now - int(max_age_seconds * 1e6), EXPIRE_BATCHES_MAX):
        packed = file.packed(seq)
        try:
            record = unpack(packed)
        except CorruptRecord:
            continue  # found and set aside when it is leased
        file.dead_letters.add(sink, expiry_reason(max_age_seconds), record, packed, now)
        file.finish(sink, [seq], now)
        telemetry.dead_letters_total.labels(sink).inc(len(record.rows))
        log.batch(sink, record.client, len(record.rows), record.request_id)


def drop_dead_letters(file: SpoolFile, settings: DeadLetterSettings, now: int, log: ExpiryLog) -> None:
    """Drop dead letters past their bounds of age and bytes, and tell each client's together."""
    dropped: dict[str, list[int]] = {}
    for letter_id in file.dead_letters.expired(now - int(settings.max_age_seconds * 1e6), settings.max_bytes):
        events, client = file.dead_letters.drop(letter_id)
        dropped.setdefault(client, []).append(events)
    for client, each in dropped.items():
        log.dead_letters(client, len(each), sum(each))
