"""May the spool take more: within its own bound and its caller's share, and on its disk?"""

import os
import time
from contextlib import suppress

from mothership.errors import NotPersisted, SpoolFull
from mothership.fairness import ADDRESS_SHARE
from mothership.relay.settings import SpoolSettings
from mothership.relay.spool.schema import ROW_OVERHEAD_BYTES
from mothership.relay.spool.sqlite_file import SpoolFile

DISK_LOOK_SECONDS = 0.02
"""For so long a look at the file system's free space holds, less what was written since."""


class Quota:
    """Asked before each append. Remembers why there was none, until there is."""

    def __init__(self, settings: SpoolSettings) -> None:
        self.full_reason = ""
        """Why the last batch that found no room found none; empty once there is room for it."""
        self._settings = settings
        self._wanted = ("", 0)
        self._disk_seen, self._disk_free = float("-inf"), 0
        self._callers: set[str] = set()
        """Up to two that have come: with more than one, each has a share."""

    def require(self, file: SpoolFile, client: str, record_bytes: int) -> None:
        """Raise `NotPersisted` when a record of this size would be too much."""
        if len(self._callers) < 2:  # noqa: PLR2004 - from two on there are shares
            self._callers.add(client)
        try:
            self._check(file, client, record_bytes)
        except NotPersisted as error:
            self.full_reason, self._wanted = error.reason, (client, record_bytes)
            raise

    def allows(self, file: SpoolFile, client: str, record_bytes: int) -> bool:
        """Whether there is room for what need not be kept."""
        try:
            self._check(file, client, record_bytes)
        except NotPersisted:
            return False
        return True

    def recheck(self, file: SpoolFile) -> None:
        """Is there room by now for what had to be refused?"""
        if self.full_reason:
            with suppress(NotPersisted):
                self._check(file, *self._wanted)
                self.full_reason = ""

    def _check(self, file: SpoolFile, client: str, record_bytes: int) -> None:
        size = record_bytes + ROW_OVERHEAD_BYTES
        free = self._settings.max_bytes - file.stored_bytes - file.dead_letters.totals.bytes
        pause = self._settings.retry_after_seconds
        if size > free:
            raise SpoolFull("the spool is full (relay.spool.max_bytes)", retry_after_seconds=pause)
        others = self._callers | file.bytes_by_client.keys() | file.dead_letters.bytes_by_client.keys()
        held = file.bytes_by_client[client] + file.dead_letters.bytes_by_client[client]
        if others - {client} and held and held + size > ADDRESS_SHARE * (free - size):
            raise SpoolFull("this client has its share of the spool (relay.spool.max_bytes)", retry_after_seconds=pause)
        if self._disk_free_bytes(file, record_bytes) < self._settings.reserve_bytes:
            raise NotPersisted("the spool's disk is nearly full (relay.spool.reserve_bytes)", retry_after_seconds=pause)

    def _disk_free_bytes(self, file: SpoolFile, record_bytes: int) -> int:
        """What is left with this record. Batches that come at once share a look at the disk."""
        now = time.monotonic()
        if not 0 <= now - self._disk_seen < DISK_LOOK_SECONDS:
            disk = os.statvfs(file.path.parent)
            self._disk_seen, self._disk_free = now, disk.f_bavail * disk.f_frsize
        self._disk_free -= record_bytes
        return self._disk_free
