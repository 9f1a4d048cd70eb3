"""Records on their way into the two streams: batches in portions, what takes a batch's place, dead letters.

Everything here raises `NotPersisted` or `SpoolFull`, as `Publisher.publish` does.
"""

import asyncio
from collections.abc import Iterable, Sequence

from nats.aio.client import Client

from mothership import telemetry
from mothership.dead_letters import DeadLetter
from mothership.errors import FailedRow
from mothership.leases import Lease
from mothership.relay.spool.batch_splitting import dead_letters
from mothership.relay.spool.jetstream import dead_letter_messages
from mothership.relay.spool.jetstream.message_portions import portions
from mothership.relay.spool.jetstream.publisher import Message, Published, Publisher
from mothership.relay.spool.jetstream.sink_queue import waiting_message
from mothership.relay.spool.jetstream.subjects import Subjects
from mothership.relay.spool.record import SpoolRecord, pack, unpack

HEADER_BYTES_MAX = 8192
"""Room in a message for what is beside the record."""


class RecordPublisher:
    """Makes messages of records, and publishes them."""

    def __init__(self, client: Client, publisher: Publisher, subjects: Subjects, publish_seconds: float) -> None:
        self._client, self._publisher, self._subjects = client, publisher, subjects
        self._publish_seconds = publish_seconds

    def pieces(self, record: SpoolRecord) -> list[tuple[SpoolRecord, bytes]]:
        """The record packed, in as many portions as the cluster's largest message makes necessary."""
        return self._portions(record, pack(record))

    async def dead_letters(self, lease: Lease, failed: Sequence[FailedRow], now: int, *, known_to_sink: bool) -> None:
        """Set the named rows of a lease aside."""
        sealed = await asyncio.to_thread(lambda: list(dead_letters(lease, failed, now, known_to_sink=known_to_sink)))
        mark = f"{lease.seqs}" if any(lease.seqs) else f"{now}"
        await self._each(
            dead_letter_messages.message(self._subjects, lease.sink, reason, record, packed, now, mark=mark)
            for reason, record, packed in sealed
        )
        telemetry.dead_letters_total.labels(lease.sink).inc(len(failed))

    async def parts(self, lease: Lease, parts: Sequence[tuple[SpoolRecord, bytes]]) -> list[int]:
        """Put parts of a lease's batches in line for its sink. Returns their numbers."""
        mark = f".{lease.seqs[0]}" if lease.seqs else ""
        kept = await self._each(
            waiting_message(self._subjects, record, packed, lease.sink, record.batch(), mark)
            for record, packed in parts
        )
        return [one.last_seq for one in kept]

    async def take_in(self, records: Sequence[tuple[SpoolRecord, bytes]]) -> None:
        """Keep batches out of a spool file."""
        for record, packed in records:
            for piece, packed_piece in self._portions(record, packed):
                batch = piece.batch()
                messages = [waiting_message(self._subjects, piece, packed_piece, sink, batch) for sink in record.sinks]
                await self._publisher.publish(messages, self._publish_seconds)

    async def take_in_dead_letters(self, dead: Sequence[DeadLetter]) -> None:
        """Keep dead letters out of a spool file."""
        await self._each(
            dead_letter_messages.message(
                self._subjects, one.sink, one.reason, unpack(one.packed), one.packed, one.buried, mark=f"{one.buried}"
            )
            for one in dead
        )

    def _portions(self, record: SpoolRecord, packed: bytes) -> list[tuple[SpoolRecord, bytes]]:
        return list(portions(record, packed, self._client.max_payload - HEADER_BYTES_MAX))

    async def _each(self, messages: Iterable[Message]) -> list[Published]:
        """One by one, each by itself: what follows is the same again where one is not kept."""
        return [await self._publisher.publish([message], self._publish_seconds) for message in messages]
