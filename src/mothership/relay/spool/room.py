"""Is there room for more: within the spool's bound, and on its disk?"""

import os
from contextlib import suppress

from mothership.errors import Unsafe
from mothership.relay.settings import SpoolSettings
from mothership.relay.spool.file import SpoolFile
from mothership.relay.spool.schema import ROW_OVERHEAD_BYTES


class Room:
    """Asked before each append. Remembers why there was none, until there is."""

    def __init__(self, settings: SpoolSettings) -> None:
        self.trouble = ""
        """Why the last batch that found no room found none; empty once there is room for it."""
        self._settings = settings
        self._wanted_bytes = 0

    def need(self, file: SpoolFile, record_bytes: int) -> None:
        """Raise `Unsafe` when a record of this size would be too much."""
        try:
            self._check(file, record_bytes)
        except Unsafe as error:
            self.trouble, self._wanted_bytes = error.reason, record_bytes
            raise

    def look_again(self, file: SpoolFile) -> None:
        """Is there room by now for what had to be refused?"""
        if self.trouble:
            with suppress(Unsafe):
                self._check(file, self._wanted_bytes)
                self.trouble = ""

    def _check(self, file: SpoolFile, record_bytes: int) -> None:
        used = file.stored_bytes + file.shelf.totals.bytes + record_bytes + ROW_OVERHEAD_BYTES
        pause = self._settings.retry_after_seconds
        if used > self._settings.max_bytes:
            raise Unsafe("the spool is full (relay.spool.max_bytes)", retry_after_seconds=pause)
        disk = os.statvfs(file.path.parent)
        if disk.f_bavail * disk.f_frsize < self._settings.reserve_bytes + record_bytes:
            raise Unsafe("the spool's disk is nearly full (relay.spool.reserve_bytes)", retry_after_seconds=pause)
