"""The one thread that writes a spool file: whatever waits goes into one transaction and one fsync."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeAlias

from mothership import telemetry
from mothership.errors import NotPersisted
from mothership.relay.spool.operation import Append, OnDiskError, Operation, Outcome, Task
from mothership.relay.spool.schema import is_corruption
from mothership.relay.spool.sqlite_file import SpoolFile
from mothership.telemetry import log

GROUP_OPERATIONS_MAX = 512

Keep: TypeAlias = Callable[[SpoolFile, Sequence[Append]], list[Outcome]]
"""Keeps batches in the transaction that is open, or says of each why not."""


class SpoolWriter:
    """Owns the `SpoolFile` while it runs. `rebuild` makes a sound file out of a damaged one."""

    def __init__(
        self,
        file: SpoolFile,
        loop: asyncio.AbstractEventLoop,
        *,
        keep: Keep,
        rebuild: Callable[[SpoolFile], SpoolFile],
        retry_after_seconds: float,
    ) -> None:
        self.file = file
        self.generation = 0
        """Goes up when the file was rebuilt: leases from before it mean nothing any more."""
        self.failed: asyncio.Future[None] = loop.create_future()
        """Holds the error if the thread dies of one."""
        self.disk_error = ""
        """Why the disk refuses; empty while it does not."""
        self.shrink_requested = False
        """Set by an operation: the file is to be made small after the transaction."""
        self._loop = loop
        self._keep = keep
        self._rebuild = rebuild
        self._retry_after_seconds = retry_after_seconds
        self._queue: SimpleQueue[list[Task] | None] = SimpleQueue()
        self._to_hand_over: list[Task] = []
        self._to_retry: list[Operation] = []
        self._thread = Thread(target=self._run, name=f"spool-{file.path.stem}", daemon=True)
        self._thread.start()

    def append(self, append: Append) -> None:
        """Keep a batch with the next transaction."""
        self._hand_over_soon(append)

    def submit(
        self,
        act: Callable[[SpoolFile], Any],
        *,
        durable: bool = True,
        on_disk_error: OnDiskError = "refuse",
        prepare: Callable[[], None] | None = None,
        fallback: Callable[[SpoolFile], Any] | None = None,
    ) -> asyncio.Future[Any]:
        """Do this in the next transaction. The future resolves after its commit."""
        operation = Operation(self._loop.create_future(), act, durable, on_disk_error, prepare, fallback)
        self._hand_over_soon(operation)
        return operation.future

    def _hand_over_soon(self, task: Task) -> None:
        # All that comes in a round of the event loop goes in one transaction, and wakes the thread once: for each by
        # itself the loop would wait for the interpreter's lock, and the first would have a transaction for itself.
        if not self._to_hand_over:
            self._loop.call_soon(self._hand_over)
        self._to_hand_over.append(task)

    def _hand_over(self) -> None:
        if self._to_hand_over:
            tasks, self._to_hand_over = self._to_hand_over, []
            self._queue.put(tasks)

    async def stop(self) -> None:
        """End after what was submitted, and close the file."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            while (group := self._take()) is not None:
                self._resolve(self._perform(group))
                if self.shrink_requested:
                    self._shrink()
            if self._to_retry:
                self._perform([])
        except BaseException as error:  # noqa: BLE001 - the owner of the TaskGroup must learn of any end
            self._call_in_loop(partial(_set_failed, self.failed, error))
        finally:
            try:
                self.file.close()
            except sqlite3.Error as error:
                log.warning("spool_not_closed", error=_error_name(error))

    def _shrink(self) -> None:
        self.shrink_requested = False
        try:
            self.file.shrink()
        except sqlite3.Error as error:  # it can wait
            log.warning("spool_not_shrunk", file=self.file.path.name, error=_error_name(error))

    def _take(self) -> list[Task] | None:
        first = self._queue.get()
        if first is None:
            return None
        group = first
        while len(group) < GROUP_OPERATIONS_MAX:
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
            if following is None:
                self._queue.put(None)
                break
            group += following
        return group

    def _perform(self, group: list[Task]) -> list[Outcome]:
        ready, outcomes = self._prepared(group)
        try:
            return outcomes + self._transact(ready)
        except sqlite3.Error as error:
            self._roll_back()
            if not is_corruption(error):
                return outcomes + self._degraded(ready, error)
            log.error("spool_damaged", file=self.file.path.name, error=_error_name(error))
        self.file = self._rebuild(self.file)
        self.generation += 1
        self._to_retry.clear()
        try:
            return outcomes + self._transact(ready)
        except sqlite3.Error as error:
            self._roll_back()
            return outcomes + self._degraded(ready, error)

    def _prepared(self, group: list[Task]) -> tuple[list[Task], list[Outcome]]:
        ready: list[Task] = []
        outcomes: list[Outcome] = []
        for operation in group:
            try:
                if operation.prepare is not None:
                    operation.prepare()
            except Exception as error:  # noqa: BLE001 - belongs to the one who asked
                outcomes.append((operation, None, error))
            else:
                ready.append(operation)
        return ready, outcomes

    def _transact(self, group: list[Task]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        durable = any(operation.durable for operation in group)
        self.file.begin(durable=durable)
        appends = [one for one in group if isinstance(one, Append)]
        for operation in (*self._to_retry, *group):
            if isinstance(operation, Append):
                continue
            try:
                outcomes.append((operation, operation.act(self.file), None))
            except NotPersisted as error:
                outcomes.append((operation, None, error))
        outcomes += self._keep(self.file, appends)
        began = time.perf_counter()
        self.file.commit()
        if durable:
            telemetry.spool_fsync_seconds.observe(time.perf_counter() - began)
            telemetry.spool_group_size.observe(len(group))
        self._to_retry.clear()
        if self.disk_error and any(operation.durable and operation.on_disk_error == "refuse" for operation in group):
            log.info("spool_recovered", file=self.file.path.name)
            self.disk_error = ""
        return outcomes

    def _degraded(self, group: list[Task], error: sqlite3.Error) -> list[Outcome]:
        """The disk refuses: nothing is acknowledged, and deliveries go on without being recorded."""
        name = _error_name(error)
        if self.disk_error != name:
            log.error("spool_refused", file=self.file.path.name, error=name)
        self.disk_error = name
        if (bookkeeping := [one for one in group if one.on_disk_error != "refuse"]) and len(bookkeeping) < len(group):
            # Room is made by recording deliveries: not to be held up by appends that find none.
            refused = [(one, None, self._not_persisted(name)) for one in group if one.on_disk_error == "refuse"]
            return refused + self._without_appends(bookkeeping)
        return [self._degraded_outcome(operation, name) for operation in group]

    def _without_appends(self, group: list[Task]) -> list[Outcome]:
        try:
            return self._transact(group)
        except sqlite3.Error as error:
            self._roll_back()
            return [self._degraded_outcome(operation, _error_name(error)) for operation in group]

    def _degraded_outcome(self, operation: Task, name: str) -> Outcome:
        if isinstance(operation, Append):
            return operation, None, self._not_persisted(name)
        if operation.on_disk_error == "retry":
            self._to_retry.append(operation)
            return operation, None, None
        if operation.on_disk_error == "fall_back" and operation.fallback:
            return self._fall_back(operation)
        return operation, None, self._not_persisted(name)

    def _fall_back(self, operation: Operation) -> Outcome:
        try:
            return operation, operation.fallback(self.file) if operation.fallback else None, None
        except sqlite3.Error as error:
            return operation, None, self._not_persisted(_error_name(error))

    def _not_persisted(self, name: str) -> NotPersisted:
        return NotPersisted(f"the spool can't be written ({name})", retry_after_seconds=self._retry_after_seconds)

    def _roll_back(self) -> None:
        try:
            self.file.rollback()
        except sqlite3.Error as error:
            log.warning("spool_not_rolled_back", error=_error_name(error))

    def _resolve(self, outcomes: list[Outcome]) -> None:
        self._call_in_loop(lambda: _resolve_all(outcomes))

    def _call_in_loop(self, call: Callable[[], Any]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return


def _resolve_all(outcomes: list[Outcome]) -> None:
    for task, result, error in outcomes:
        task.resolve(result, error)


def _set_failed(future: asyncio.Future[None], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _error_name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
