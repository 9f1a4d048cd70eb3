"""What is leased first: what arrives now, or the backlog of an outage, which may be bounded in its rate."""

from mothership.leases import SEQ_MAX, Lease


class LeaseOrder:
    """Of one sink. Live events and backlog take turns, unless the sink wants them in order."""

    def __init__(self, first_live_seq: int, *, drain_rate: float | None, in_order: bool) -> None:
        self._first_live_seq = first_live_seq
        self._drain_rate = drain_rate
        self._in_order = in_order
        self._is_backlogs_turn = False
        self._drain_paused_until = 0.0

    def ranges(self, now: float) -> list[tuple[int, int]]:
        """Where to look, in turn, as ranges of batch numbers."""
        live, backlog = (self._first_live_seq, SEQ_MAX), (0, self._first_live_seq)
        rests = now < self._drain_paused_until
        if self._in_order:
            return [] if rests else [(0, SEQ_MAX)]
        if rests:
            return [live]
        return [backlog, live] if self._is_backlogs_turn else [live, backlog]

    def record_lease(self, lease: Lease, now: float) -> None:
        """This one is next."""
        is_backlog = lease.seqs[0] < self._first_live_seq
        self._is_backlogs_turn = not is_backlog
        if is_backlog and self._drain_rate:
            self._drain_paused_until = max(now, self._drain_paused_until) + lease.events / self._drain_rate

    def record_recovery(self, last_seq: int) -> None:
        """An outage is over: all that waits is its backlog."""
        self._first_live_seq = last_seq + 1

    def due_in(self, now: float) -> float:
        """Seconds until the backlog may be leased from again; infinite where nothing holds it up."""
        left = self._drain_paused_until - now
        return left if left > 0 else float("inf")
