"""What the service tells of itself that no event changes: room on its disk, what ends when, what is spent."""

import asyncio
import math
import os
import platform
from collections.abc import Callable
from pathlib import Path

from mothership import __version__, telemetry
from mothership.config import Settings
from mothership.edge.credentials import Credentials
from mothership.edge.expiry import certificate_expiries, token_expiries

LOOK_SECONDS = 15.0


class Gauges:
    """Looked at in each worker; files that nodes' events don't touch."""

    def __init__(
        self,
        settings: Settings,
        data_dir: Path,
        credentials: Credentials,
        budget_used: Callable[[], float] | None,
    ) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._credentials = credentials
        self._budget_used = budget_used
        self._known: set[str] = set()

    async def run(self) -> None:
        """Look again and again. Never returns."""
        telemetry.build_info.labels(__version__, platform.python_version()).set(1)
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Set the gauges to how things are now."""
        room = os.statvfs(self._data_dir)
        telemetry.data_dir_free_bytes.set(room.f_bavail * room.f_frsize)
        telemetry.data_dir_size_bytes.set(room.f_blocks * room.f_frsize)
        for certificate in certificate_expiries(self._settings.server.tls):
            telemetry.certificate_expiry.labels(certificate.name).set(certificate.at.timestamp())
        ends = {expiry.name: expiry.at.timestamp() for expiry in token_expiries(self._credentials.tokens())}
        self._known |= ends.keys()
        for name in self._known:
            telemetry.token_expiry.labels(name).set(ends.get(name, math.inf))
        if self._budget_used is not None:
            telemetry.llm_budget_used.set(self._budget_used())
