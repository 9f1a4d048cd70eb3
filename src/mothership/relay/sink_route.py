"""Between a courier and its neighbours: the sink it serves, and who hears what became of a batch."""

from dataclasses import KW_ONLY, dataclass
from typing import Protocol

from mothership.leases import DeliveryResult
from mothership.ports import Sink, StoredWatcher


@dataclass(frozen=True, slots=True)
class SinkRoute:
    """A sink and how it likes to be written to."""

    sink: Sink
    _: KW_ONLY  # most are numbers: one in another's place would be a number, too
    batch_size: int = 5000
    """Most rows of one write (a larger batch goes alone)."""
    linger_seconds: float = 0.0
    """Longest a row waits for company while the sink is idle."""
    gather_seconds: float = 0.0
    """Least time between the beginnings of two writes: what comes within goes together. An idle one waits for none."""
    full_rows: int = 0
    """So many rows are worth a write of their own: company is not waited for any more. 0: `batch_size`."""
    writers: int = 1
    """Writes under way at one time. With more than one, order is no longer kept."""
    in_order: bool = False
    """Deliver the backlog of an outage before what arrives meanwhile, for a sink that refuses what is late."""
    watcher: StoredWatcher | None = None
    """Whoever is shown what this sink has stored."""


class DeliveryListener(Protocol):
    """Whoever is told what becomes of batches: the relay."""

    def on_result(self, result: DeliveryResult) -> None:
        """A sink is through with a batch."""

    def on_change(self) -> None:
        """A sink is waited for, or no longer."""
