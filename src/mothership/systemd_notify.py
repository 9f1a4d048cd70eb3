"""What the service tells systemd: that it is ready, that it is alive, that it stops.

The protocol is a datagram of `NAME=value` lines to the socket in `NOTIFY_SOCKET` (sd_notify(3)). The packages for it on
PyPI are older than the Pythons that this runs on, and longer than the protocol.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """Where to tell it; without an address nobody listens, and nothing is done."""

    address: str = ""
    watchdog_seconds: float | None = None
    """How long it may hear nothing before it takes the service for dead."""

    @classmethod
    def taken_from(cls, environ: MutableMapping[str, str]) -> "ServiceManager":
        """As the environment says, which no child inherits: what they said would count as this process's words."""
        address = environ.pop("NOTIFY_SOCKET", "")
        watched = environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environ.pop("WATCHDOG_USEC", "")
        patience = int(microseconds) / 1e6 if watched and microseconds.isdecimal() else None
        return cls(address, patience or None)

    def tell(self, words: str) -> None:
        """Send it. That nobody listens any more is no reason to end."""
        if not self.address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            sender.sendto(words.encode(), "\0" + self.address[1:] if self.address[0] == "@" else self.address)

    @asynccontextmanager
    async def informed(self, sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
        """Tell that the service is ready once all of these listen, from then on that it lives, and that it ends."""
        if not self.address:
            yield
            return
        task = asyncio.create_task(self._keep_informed(sockets), name="service-manager")
        try:
            yield
        finally:
            task.cancel()
            self.tell("STOPPING=1")

    async def _keep_informed(self, sockets: Sequence[socket.socket]) -> None:
        # A worker that listens on its copy listens on this one.
        while not all(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) for one in sockets):  # noqa: ASYNC110 - nobody tells when a socket listens
            await asyncio.sleep(LOOK_SECONDS)
        self.tell("READY=1")
        while self.watchdog_seconds is not None:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_seconds / 3)
