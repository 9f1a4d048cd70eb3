"""What has waited too long: batches become dead letters, dead letters go. Both loudly."""

from mothership import telemetry
from mothership.relay.settings import DeadLetterSettings
from mothership.relay.spool.record import CorruptRecord, unpack
from mothership.relay.spool.spool_file import SpoolFile
from mothership.telemetry import log

EXPIRE_BATCHES_MAX = 64


def expire_batches(file: SpoolFile, max_age_seconds: float, now: int) -> None:
    """Set aside some of those that have waited longer."""
    reason = f"waited longer than relay.spool.max_age_seconds ({max_age_seconds:g} s)"
    for sink, seq in file.deliveries.expired(now - int(max_age_seconds * 1e6), EXPIRE_BATCHES_MAX):
        packed = file.packed(seq)
        try:
            record = unpack(packed)
        except CorruptRecord:
            continue  # found and set aside when it is leased
        file.dead_letters.add(sink, reason, record, packed, now)
        file.finish(sink, [seq], now)
        telemetry.dead_letters_total.labels(sink).inc(len(record.rows))
        log.error("events_expired", sink=sink, events=len(record.rows), request_id=record.request_id)


def drop_dead_letters(file: SpoolFile, settings: DeadLetterSettings, now: int) -> None:
    """Drop dead letters past their bounds of age and bytes, with a line for each client that has lost some."""
    dropped: dict[str, list[int]] = {}
    for letter_id in file.dead_letters.expired(now - int(settings.max_age_seconds * 1e6), settings.max_bytes):
        events, client = file.dead_letters.drop(letter_id)
        telemetry.dead_letters_dropped.inc(events)
        dropped.setdefault(client, []).append(events)
    for client, each in dropped.items():
        log.error(
            "dead_letters_expired", client=client, letters=len(each), events=sum(each),
            reason="past relay.dead_letters bounds",
        )  # fmt: skip
