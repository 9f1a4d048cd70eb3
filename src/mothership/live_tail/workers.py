"""Joins the tails of several workers: each asks the others what its readers ask, over a Unix socket of theirs.

reader ─▶ worker ──question──▶ other worker's socket
             ◀──── the server-sent events that a reader gets, of what that worker stored ────
"""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import msgspec
import orjson

from mothership.live_tail.live_tail import LiveTail
from mothership.live_tail.messages import END, EVENT_BEGIN, MessageReader, parsed
from mothership.search.query import EventQuery
from mothership.status_directory import StatusDirectory, socket_address
from mothership.telemetry import log

SCAN_SECONDS = 1.0
"""How soon a worker that has started is asked, too."""
JOIN_SECONDS = 1.0
"""Longest a reader waits until the others know what it asks."""
QUESTION_BYTES_MAX = 1024 * 1024
READ_BYTES = 64 * 1024
_decode = msgspec.json.Decoder(EventQuery).decode
_encode = msgspec.json.Encoder().encode


class JoinedWorkers:
    """The other workers' tails. `run` serves them and asks them."""

    def __init__(self, tail: LiveTail, statuses: StatusDirectory) -> None:
        self._tail = tail
        self._statuses = statuses
        self._links: dict[tuple[EventQuery, Path], asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._ready: dict[asyncio.Task[None], asyncio.Event] = {}
        tail.join = self.join

    async def run(self) -> None:
        """Until it is cancelled."""
        path = self._statuses.socket("tail")
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening, socket_address(path) as address:
            listening.bind(address)
            listening.setblocking(False)
            server = await asyncio.start_unix_server(self._serve, sock=listening, limit=QUESTION_BYTES_MAX)
            try:
                async with asyncio.TaskGroup() as self._group:
                    while True:
                        self._scan()
                        await asyncio.sleep(SCAN_SECONDS)
            finally:
                server.close()
                path.unlink(missing_ok=True)

    async def join(self, query: EventQuery) -> None:
        """Return when the other workers tell what they store that is meant, or don't answer."""
        links = self._ask(query)
        with suppress(TimeoutError):
            async with asyncio.timeout(JOIN_SECONDS):
                for link in links:
                    if ready := self._ready.get(link):
                        await ready.wait()

    # --- asking --------------------------------------------------------------------------------------------------

    def _scan(self) -> None:
        wanted = self._tail.questions()
        for query in wanted:
            self._ask(query)
        for (query, _), link in list(self._links.items()):
            if query not in wanted:
                link.cancel()

    def _ask(self, query: EventQuery) -> list[asyncio.Task[None]]:
        links = []
        for path in self._statuses.other_sockets("tail"):
            link = self._links.get((query, path))
            if link is None and self._group is not None:
                ready = asyncio.Event()
                link = self._group.create_task(self._follow(query, path, ready), name="live-tail-link")
                self._links[query, path] = link
                self._ready[link] = ready
            if link is not None:
                links.append(link)
        return links

    async def _follow(self, query: EventQuery, path: Path, ready: asyncio.Event) -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connecting, socket_address(path) as address:
                connecting.setblocking(False)
                await asyncio.get_running_loop().sock_connect(connecting, address)
                reader, writer = await asyncio.open_unix_connection(sock=connecting.dup())
            writer.write(_encode(query) + b"\n")
            await self._read(query, reader, ready)
        except OSError as error:
            log.debug("live_tail_worker_gone", error=type(error).__name__)
        finally:
            ready.set()
            if writer is not None:
                writer.close()
            task = self._links.pop((query, path), None)
            if task is not None:
                self._ready.pop(task, None)

    async def _read(self, query: EventQuery, reader: asyncio.StreamReader, ready: asyncio.Event) -> None:
        messages = MessageReader()
        while received := await reader.read(READ_BYTES):
            whole = messages.feed(received)
            ready.set()  # its first word is that it follows
            events = [message + END for message in whole if message.startswith(EVENT_BEGIN)]
            told = [orjson.loads(data) for name, data in map(parsed, whole) if name == "missed"]
            if events or told:
                self._tail.stored_elsewhere(query, events, sum(each["events"] for each in told))

    # --- answering -----------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Another worker asks. It ends by closing the connection."""
        try:
            query = _decode(await reader.readuntil(b"\n"))
            with self._tail.following(query, drop=writer.transport.abort) as follower:
                gone = asyncio.ensure_future(reader.read())
                gone.add_done_callback(lambda _: follower.end(""))
                async for text in follower.messages():
                    writer.write(text)
                    await writer.drain()
                gone.cancel()
        except (OSError, EOFError, asyncio.LimitOverrunError, msgspec.DecodeError) as error:
            log.debug("live_tail_worker_gone", error=type(error).__name__)
        finally:
            writer.close()
