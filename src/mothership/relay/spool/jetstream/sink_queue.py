"""What waits for one sink, as far as this instance has a part in it: pulled, held, acknowledged, counted."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from secrets import token_hex

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from mothership.errors import NotPersisted
from mothership.event import RowBatch
from mothership.relay.settings import SpoolSettings
from mothership.relay.spool.jetstream.cluster import ensure_consumer
from mothership.relay.spool.jetstream.connection import LOST, cancellable
from mothership.relay.spool.jetstream.held import HeldBatch, HeldBatches
from mothership.relay.spool.jetstream.publisher import ID, Message, Publisher
from mothership.relay.spool.jetstream.puller import Puller
from mothership.relay.spool.jetstream.subjects import Subjects, events_of
from mothership.relay.spool.record import SpoolRecord, weight

APPENDED, WEIGHT = "Appended", "Weight"
ACK_SECONDS = 2.0
ACK_PAUSE_SECONDS = 0.2
ACK_TRIES_MAX = 150
ALIVE_PER_WAIT = 3
"""Signs of life within the time after which a batch goes to another instance."""


def waiting_message(
    subjects: Subjects, record: SpoolRecord, packed: bytes, sink: str, batch: RowBatch, mark: str = ""
) -> Message:
    """A batch as it waits for a sink. `mark` tells an occasion from others on which the same batch was put in line."""
    headers = {
        ID: f"{record.fingerprint.hex()}.{sink}{mark}",
        APPENDED: str(record.appended),
        WEIGHT: str(weight(batch)),
    }
    return Message(subjects.batch(sink, record.client, len(record.rows), len(packed)), packed, headers)


class SinkQueue:
    """One durable consumer, shared with all other instances."""

    def __init__(
        self,
        client: Client,
        js: JetStreamContext,
        publisher: Publisher,
        subjects: Subjects,
        sink: str,
        settings: SpoolSettings,
        *,
        on_arrival: Callable[[], None],
    ) -> None:
        self.held = HeldBatches()
        self.excluded = 0
        """How many of those held a courier keeps back: they take no room from the others."""
        self._client, self._js, self._publisher = client, js, publisher
        self._subjects, self._sink = subjects, sink
        self._settings, self._to = settings, settings.jetstream
        self._on_arrival = on_arrival
        self._ack_pending = 0
        self._puller = Puller(
            client,
            f"{subjects.stream}.{sink}",
            room=self._room,
            ensure=lambda: ensure_consumer(js, self._to, subjects, sink),
            on_batch=self._on_batch,
        )
        self._tasks = [asyncio.create_task(self._puller.run()), asyncio.create_task(self._keep_alive())]

    def restart(self) -> None:
        """The connection was lost, and is back."""
        self._puller.restart()

    def freed(self) -> None:
        """There is more room than before."""
        self._puller.may_have_room.set()

    def _room(self) -> tuple[int, int]:
        size = self._settings.cache_bytes - self.held.bytes
        batches = self._to.prefetch_batches - max(0, self.held.count - self.excluded)
        return (batches if size > 0 or not self.held.count else 0), max(size, self._client.max_payload)

    async def _on_batch(self, message: Msg) -> None:
        about = message.metadata
        seq = about.sequence.stream
        if self.held.is_finished(seq):  # the acknowledgement was lost
            await message.ack()
        elif seq in self.held:
            self.held.renew(seq, message)
        else:
            again = about.num_delivered > 1
            crashes = await self._crashes(seq) if again else 0
            headers = message.headers or {}
            self.held.add(
                HeldBatch(
                    seq, message, events_of(message.subject), int(headers.get(WEIGHT, len(message.data))),
                    int(headers.get(APPENDED, 0)), crashes, about.num_delivered - 1, is_suspect=again,
                )
            )  # fmt: skip
            self._on_arrival()

    # --- attempts ------------------------------------------------------------------------------------------------

    async def _crashes(self, seq: int) -> int:
        """How often a process died with it: as noted before each attempt but the first, which the server counts."""
        try:
            noted = await cancellable(
                self._js.get_last_msg(self._subjects.stream, self._subjects.attempts(self._sink, seq))
            )
            return int(noted.data or b"1")
        except NotFoundError:
            return 1
        except LOST:
            return 1

    async def note_attempts(self, batches: Sequence[HeldBatch], *, begun: bool) -> None:
        """Before a write, and after one that ended badly with the process alive. No cluster, no note, no harm."""
        suspects = [batch for batch in batches if batch.is_suspect]
        with suppress(NotPersisted):
            await asyncio.gather(*(self._note(batch, batch.crashes + begun) for batch in suspects))

    async def _note(self, batch: HeldBatch, attempts: int) -> None:
        subject = self._subjects.attempts(self._sink, batch.seq)
        await self._publisher.publish([Message(subject, b"%d" % attempts, {ID: token_hex(12)})], ACK_SECONDS)

    # --- acknowledgements ----------------------------------------------------------------------------------------

    async def finish(self, seqs: Sequence[int]) -> None:
        """These are through: returns once the cluster knows, or has not for a long time. Never raises."""
        batches = self.held.finish(seqs)
        self.freed()
        await asyncio.gather(*(self._acknowledge(batch) for batch in batches))

    async def _acknowledge(self, batch: HeldBatch) -> None:
        for _ in range(ACK_TRIES_MAX):
            try:
                await cancellable(self._client.request(batch.message.reply, b"+ACK", timeout=ACK_SECONDS))
                if batch.is_suspect:
                    subject = self._subjects.attempts(self._sink, batch.seq)
                    await cancellable(self._js.purge_stream(self._subjects.stream, subject=subject))
            except LOST:
                await asyncio.sleep(ACK_PAUSE_SECONDS)
            else:
                self.held.forget_finished(batch.seq)
                return

    async def _keep_alive(self) -> None:
        """What is held stays here as long as this process lives."""
        while True:
            await asyncio.sleep(self._to.ack_wait_seconds / ALIVE_PER_WAIT)
            for batch in self.held.all():
                with suppress(*LOST):
                    await self._client.publish(batch.message.reply, b"+WPI")

    async def ack_pending(self) -> int:
        """Batches that all instances together hold; where nobody says, as it was."""
        with suppress(*LOST):
            info = await cancellable(self._js.consumer_info(self._subjects.stream, self._sink))
            self._ack_pending = info.num_ack_pending or 0
        return self._ack_pending

    async def stop(self) -> None:
        """Pull no more. What is held is held still."""
        self._tasks[0].cancel()
        await asyncio.gather(self._tasks[0], return_exceptions=True)

    async def close(self) -> None:
        """Give everything back that is held: another instance gets it at once."""
        await self.stop()
        self._tasks[1].cancel()
        await asyncio.gather(self._tasks[1], return_exceptions=True)
        if self._client.is_connected:
            with suppress(*LOST):
                for batch in self.held.all():
                    await self._client.publish(batch.message.reply, b"-NAK")
