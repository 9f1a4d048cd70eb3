"""Joins the samples of several workers: the one that is asked asks the others, over a Unix socket of theirs.

browser ─▶ worker ──question──▶ other worker's socket
             ◀──── a line of JSON for each event that it took, as the page shows it; at the end how many came by ────

The sockets lie in the data directory, where nobody but the service's user and root can open them.
"""

import asyncio
import socket
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson

from mothership.console.event_traces import SAMPLED_MAX, WAIT_SECONDS, Traces
from mothership.console.trace_sample import TraceQuestion, TraceSample
from mothership.errors import Refusal
from mothership.status_directory import StatusDirectory, socket_address
from mothership.telemetry import log

LINE_BYTES_MAX = 64 * 1024 * 1024
"""Longest trace: a step may show 200 values of 4,000 characters, before and after."""
GRACE_SECONDS = 2.0
"""Longer than a worker waits for events: for its answer."""
_decode = msgspec.json.Decoder(TraceQuestion).decode
_encode = msgspec.json.Encoder().encode


class JoinedTraces:
    """The other workers' samples. `run` serves them this one's."""

    def __init__(self, traces: Traces, statuses: StatusDirectory) -> None:
        self._traces = traces
        self._statuses = statuses
        traces.others = self.others

    async def run(self) -> None:
        """Until it is cancelled."""
        path = self._statuses.socket("trace")
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening, socket_address(path) as address:
            listening.bind(address)
            listening.setblocking(False)
            server = await asyncio.start_unix_server(self._serve, sock=listening, limit=LINE_BYTES_MAX)
            try:
                await asyncio.Event().wait()
            finally:
                server.close()
                path.unlink(missing_ok=True)

    def others(self, asked: TraceQuestion, sample: TraceSample) -> Sequence[Coroutine[Any, Any, None]]:
        """One look for each of the other workers."""
        return [self._ask(path, asked, sample) for path in self._statuses.other_sockets("trace")]

    async def _ask(self, path: Path, asked: TraceQuestion, sample: TraceSample) -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(asked.seconds + GRACE_SECONDS):
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connecting, socket_address(path) as address:
                    connecting.setblocking(False)
                    await asyncio.get_running_loop().sock_connect(connecting, address)
                    reader, writer = await asyncio.open_unix_connection(sock=connecting.dup(), limit=LINE_BYTES_MAX)
                writer.write(_encode(asked) + b"\n")
                while line := await reader.readline():
                    told = orjson.loads(line)
                    if "trace" in told:
                        sample.add(told["trace"])
                    sample.examined += told.get("examined", 0)
                    sample.missed += told.get("missed", 0)
        except (OSError, ValueError, KeyError) as error:  # a time-out is an OSError
            sample.missed += 1
            log.debug("trace_worker_gone", error=type(error).__name__)
        finally:
            if writer is not None:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Another worker asks. It ends by closing the connection, or when there is enough."""
        try:
            given = _decode(await reader.readline())
            asked = TraceQuestion(given.query, min(given.count, SAMPLED_MAX), min(given.seconds, WAIT_SECONDS))
            sample = _Lines(asked.count, writer)
            look = asyncio.create_task(self._look(asked, sample), name="trace-for-another")
            gone = asyncio.create_task(reader.read(), name="trace-asker")
            try:
                await asyncio.wait({look, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                look.cancel()
                gone.cancel()
                await asyncio.wait({look, gone})
            sample.tell({"examined": sample.examined, "missed": sample.missed})
            await writer.drain()
        except (OSError, ValueError, msgspec.DecodeError) as error:
            log.debug("trace_worker_gone", error=type(error).__name__)
        finally:
            writer.close()

    async def _look(self, asked: TraceQuestion, sample: TraceSample) -> None:
        try:
            await self._traces.sample_here(asked, sample)
        except Refusal:
            sample.missed += 1


class _Lines(TraceSample):
    """Passes on what is found, as it is found."""

    def __init__(self, wanted: int, writer: asyncio.StreamWriter) -> None:
        super().__init__(wanted)
        self._writer = writer

    def add(self, trace: Mapping[str, Any]) -> None:
        """A line more."""
        self.tell({"trace": trace})

    def tell(self, told: Mapping[str, Any]) -> None:
        """Anything as a line."""
        self._writer.write(orjson.dumps(told) + b"\n")
