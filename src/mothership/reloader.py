"""Reads the configuration again when it is asked to, or when its file changes, and tells what became of it."""

import asyncio
import time
from pathlib import Path

from mothership.app import Mothership
from mothership.config import file, load_all
from mothership.edge.file_watcher import FileWatcher
from mothership.errors import ConfigurationError
from mothership.log_format import configure_logging
from mothership.startup_checks import faults
from mothership.telemetry import log

LOOK_SECONDS = 1.0
"""Between two looks at the file, where a change of it counts."""


class Reloader:
    """One for each worker."""

    def __init__(self, worker: Mothership, config: Path | None) -> None:
        self._worker = worker
        self._config = config
        self._asked = asyncio.Event()
        found = file(config)
        watched = [found] if found and worker.settings.server.reload_on_change else []
        self._watcher = FileWatcher(watched, clock=time.time, settle=True)
        self._pause_seconds = LOOK_SECONDS if watched else None

    def ask(self) -> None:
        """Reload soon. Asked while it is at it, it does it once more."""
        self._asked.set()

    async def run(self) -> None:
        """Wait, and reload. Never returns."""
        while True:
            try:
                await asyncio.wait_for(self._asked.wait(), self._pause_seconds)
            except TimeoutError:
                if not self._watcher.changed():
                    continue
            self._asked.clear()
            await self._reload()

    async def _reload(self) -> None:
        try:
            loaded = await asyncio.to_thread(load_all, self._config, look=faults)
            reload = await self._worker.reload(loaded.settings)
        except ConfigurationError as error:
            log.error("reload_refused", faults=error.faults, kept="the configuration that was there before")
            return
        except Exception as error:  # noqa: BLE001 - a service that works goes on working
            log.error("reload_failed", exc_info=error, kept="the configuration that was there before")
            return
        if any(key.startswith("log.") for key in reload.changed):
            configure_logging(reload.settings.log)
        say = log.warning if reload.needs_restart else log.info
        say("configuration_reloaded", changed=reload.changed, needs_restart=reload.needs_restart)
        for line in loaded.warnings:
            log.warning("configuration_warning", reason=line)
