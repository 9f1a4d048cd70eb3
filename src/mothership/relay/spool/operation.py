"""What the spool's thread is asked to do, one transaction for all that waits: keep batches, or act on the file."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from mothership.event import RowBatch
from mothership.leases import BatchStatus
from mothership.relay.spool.record import SpoolRecord, pack, spool_record
from mothership.relay.spool.sqlite_file import SpoolFile

OnDiskError: TypeAlias = Literal["refuse", "retry", "fall_back"]
"""What becomes of an operation when the disk refuses: an error; done again later; its `fallback`."""


@dataclass(slots=True, eq=False)
class Append:
    """A batch to be kept. Those of one transaction are kept together."""

    batch: RowBatch
    sinks: list[str]
    appended: int
    resolve: Callable[[BatchStatus | None, BaseException | None], None]
    """Told in the event loop what became of it, after the commit."""
    record: SpoolRecord = field(init=False)
    packed: bytes = field(init=False, default=b"")
    durable: bool = field(init=False, default=True)
    on_disk_error: OnDiskError = field(init=False, default="refuse")

    def prepare(self) -> None:
        """Encode it, once."""
        if not self.packed:
            self.record = spool_record(self.batch, self.sinks, self.appended)
            self.packed = pack(self.record)


@dataclass(slots=True, eq=False)
class Operation:
    """One thing to do in the next transaction."""

    future: asyncio.Future[Any]
    act: Callable[[SpoolFile], Any]
    durable: bool = True
    on_disk_error: OnDiskError = "refuse"
    prepare: Callable[[], None] | None = None
    """Work that needs no file: done before the transaction begins."""
    fallback: Callable[[SpoolFile], Any] | None = None

    def resolve(self, result: Any, error: BaseException | None) -> None:
        """In the event loop, after the commit."""
        if self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


Task: TypeAlias = Append | Operation
Outcome: TypeAlias = tuple[Task, Any, BaseException | None]
