"""An HTTP proxy: passes on requests in absolute form, and tunnels what asks with CONNECT."""

import asyncio
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit


class ForwardProxy:
    """`async with ForwardProxy() as proxy:` listens on a free port of the loopback."""

    def __init__(self, credentials: str | None = None) -> None:
        self.credentials = credentials
        """What `Proxy-Authorization` has to be."""
        self.asked: list[str] = []
        """Request lines."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        """Host and port."""
        assert self._server
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self._one_connection(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *headers = head.split("\r\n")
        self.asked.append(line)
        method, target, version = line.split(" ")
        if self.credentials and f"proxy-authorization: {self.credentials}".lower() not in map(str.lower, headers):
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            await writer.drain()
            return
        if method == "CONNECT":
            host, _, port = target.partition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            url = urlsplit(target)
            far_reader, far_writer = await asyncio.open_connection(url.hostname, url.port)
            passed = [header for header in headers if not header.lower().startswith("proxy-")]
            far_writer.write("\r\n".join([f"{method} {url.path} {version}", *passed]).encode("latin-1"))
        try:
            await asyncio.gather(_pump(reader, far_writer.write), _pump(far_reader, writer.write))
        finally:
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, write: Callable[[bytes], None]) -> None:
    while data := await reader.read(65_536):
        write(data)
