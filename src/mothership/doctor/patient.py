"""What every examination may look at: the settings, and whether a service runs on them now."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mothership.config import Settings
from mothership.data_directory_lock import is_in_use
from mothership.ports import Clock


@dataclass(frozen=True)
class Patient:
    """A configuration, and the file that it came from."""

    settings: Settings
    file: Path | None = None
    clock: Clock = time.time

    @property
    def data_dir(self) -> Path:
        """Where the service keeps its files."""
        return self.settings.server.data_dir

    @cached_property
    def is_running(self) -> bool:
        """Whether a service works in the data directory now."""
        return is_in_use(self.data_dir)
