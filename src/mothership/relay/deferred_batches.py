"""Batches that a sink can't take yet while it takes others: each waits for its time, and holds nobody up."""

from collections.abc import Iterable

from mothership.plurals import counted
from mothership.relay.settings import RetrySettings
from mothership.retry import backoff_seconds

PAUSE_SECONDS_MAX = 300.0


class DeferredBatches:
    """Which batches wait, until when, and why. Forgotten with the process: then they are simply tried again."""

    def __init__(self, settings: RetrySettings) -> None:
        self._first_seconds = settings.deferred_seconds
        self._max = settings.deferred_batches
        self._until: dict[int, float] = {}
        self._reason = ""

    @property
    def reason(self) -> str:
        """Why they wait, and how many; empty when none do."""
        return f"{self._reason} ({counted(len(self._until), 'batch')} waiting)" if self._until else ""

    @property
    def full(self) -> bool:
        """May no further batch wait?"""
        return len(self._until) >= self._max

    def defer(self, seqs: Iterable[int], attempts: int, now: float, reason: str) -> None:
        """Keep these out of writes for a while: longer each time they were tried in vain."""
        pause = backoff_seconds(attempts, first=self._first_seconds, longest=PAUSE_SECONDS_MAX)
        self._until.update(dict.fromkeys(seqs, now + pause))
        self._reason = reason

    def not_due(self, now: float) -> set[int]:
        """The batches to be kept out of a write that begins now."""
        return {seq for seq, until in self._until.items() if until > now}

    def discard(self, seqs: Iterable[int]) -> None:
        """Forget these: they are delivered, or among the dead letters."""
        for seq in seqs:
            self._until.pop(seq, None)

    def forget_due(self, now: float) -> None:
        """The spool has none that may be written now: those that were due have expired there."""
        self._until = {seq: until for seq, until in self._until.items() if until > now}

    def due_in(self, now: float) -> float:
        """Seconds until the next may be tried."""
        return max(0.0, min(self._until.values(), default=float("inf")) - now)
