"""A Loki of the tests' own: a real HTTP server that is as strict as Loki, and forgetful in the same places.

Like Loki, it stores the valid lines of a push that it answers with 400, drops a line that it has, lets the ingester
speak of the last stream only (an earlier stream's faults vanish behind a 204), and lists ten faults at most.
It speaks as the version whose `words` it is given.
"""

import asyncio
import base64
import json
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs

from tests.sinks.loki.loki_ingester import NS, Bucket, Fault, Ingester, Limits, Stream, grouped, named, rfc3339
from tests.sinks.loki.loki_texts import V3_7, Words
from tests.sinks.loki.wire_check import BadPush, PushedEntry, PushedStream, read_json, read_protobuf, snappy_block


@dataclass
class Disturbance:
    """What the next push meets instead of an honest answer."""

    status: int = 0
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    stall_seconds: float = 0.0
    cut: bool = False
    """The connection closes without an answer…"""
    stored: bool = False
    """…after the lines were stored."""


@dataclass
class Pushed:
    """One request that arrived."""

    status: int
    headers: dict[str, str]
    body_bytes: int
    streams: list[PushedStream]


class StrictLoki:
    """`async with StrictLoki() as loki:` listens on a free port of the loopback."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        clock: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        words: Words = V3_7,
    ) -> None:
        self.limits = limits or Limits()
        self._turned_seconds = 0.0
        self.clock: Callable[[], float] = lambda: clock() + self._turned_seconds
        self.words = words
        self.ingester = Ingester(self.limits, self.clock, words)
        self.next: deque[Disturbance] = deque()
        self.poison: Callable[[PushedEntry], bool] | None = None
        self.poison_text = "this push offends"
        self.pushes: list[Pushed] = []
        self.answers: Counter[int] = Counter()
        self.ready: int = 200
        self.version: str | None = words.version
        self.credentials: str | None = None
        self.tenant_wanted = False
        self.readable = True
        self.retry_after: str | None = None
        self.decompress: Callable[[bytes], bytes] = snappy_block
        self.keep_pushes = True
        self.tenant: Bucket | None = None
        self._tls, self._port = tls, port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self._tls, limit=2**20)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut every connection and listen no more; what is stored stays."""
        if self._server:
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def streams(self) -> dict[frozenset[tuple[str, str]], Stream]:
        """Every stream at rest, by its labels."""
        return self.ingester.streams

    @property
    def counted(self) -> int:
        """Entries at rest, copies and all."""
        return sum(stream.counted for stream in self.streams.values())

    @property
    def lines(self) -> list[str]:
        """Every line at rest, in the order of time."""
        return [entry.line for entry in self.entries]

    def turn(self, seconds: float) -> None:
        """Turn the clock on."""
        self._turned_seconds += seconds

    @property
    def entries(self) -> list[PushedEntry]:
        """Every entry at rest, in the order of time."""
        found = [entry for stream in self.streams.values() for entry in stream.lines.values()]
        return sorted(found, key=lambda entry: entry.ns)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            while await self._one_request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split("\r\n", 1)[0].split(" ")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "POST" and path == "/loki/api/v1/push":
            return await self._push(headers, body, writer)
        status, text = self._get(path)
        await self._answer(writer, status, text)
        return True

    def _get(self, path: str) -> tuple[int, str]:
        if path == "/ready":
            return self.ready, "ready" if self.ready == 200 else "no"
        if path == "/loki/api/v1/status/buildinfo" and self.version:
            return 200, json.dumps({"version": self.version, "revision": "x"})
        if path.startswith("/loki/api/v1/series?") and self.readable:
            asked = {
                name: int(value[0]) for name, value in parse_qs(path.partition("?")[2]).items() if name != "match[]"
            }
            found = [
                stream.labels
                for stream in self.streams.values()
                if any(asked["start"] <= ns <= asked["end"] for ns, _ in stream.lines)
            ]
            return 200, json.dumps({"status": "success", "data": found})
        return 404, "404 page not found"

    async def _push(self, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> bool:
        odd = self.next.popleft() if self.next else None
        streams: list[PushedStream] = []
        status, text, extra = 204, "", {}
        if odd and odd.stall_seconds:
            await asyncio.sleep(odd.stall_seconds)
        try:
            if not odd or odd.stored or not (odd.status or odd.cut):
                streams = self._parse(headers, body)
                self._distribute(streams)
            if odd and odd.status:
                status, text = odd.status, odd.text
        except Fault as fault:
            status, text = fault.status, fault.text
        if odd:
            extra = dict(odd.headers)
        elif status == 429 and self.retry_after:
            extra = {"Retry-After": self.retry_after}
        self.answers[status] += 1
        if self.keep_pushes:
            self.pushes.append(Pushed(status, headers, len(body), streams))
        if odd and odd.cut:
            writer.transport.abort()
            return False
        await self._answer(writer, status, text, extra)
        return True

    async def _answer(
        self, writer: asyncio.StreamWriter, status: int, text: str, extra: dict[str, str] | None = None
    ) -> None:
        content = (text + "\n").encode() if text else b""
        head = [f"HTTP/1.1 {status} Whatever", "Content-Type: text/plain; charset=utf-8"]
        if status != 204:
            head.append(f"Content-Length: {len(content)}")
        head += [f"{name}: {value}" for name, value in (extra or {}).items()]
        writer.write("\r\n".join([*head, "", ""]).encode() + (content if status != 204 else b""))
        await writer.drain()

    def _parse(self, headers: dict[str, str], body: bytes) -> list[PushedStream]:
        if self.credentials and headers.get("authorization") != self.credentials:
            raise Fault(401, "invalid credentials")
        if self.tenant_wanted and not headers.get("x-scope-orgid"):
            raise Fault(401, "no org id")
        if len(body) > self.limits.body_bytes:
            raise Fault(
                self.words.too_large_status,
                self.words.message_too_large.format(size=len(body), limit=self.limits.body_bytes),
            )
        try:
            if headers.get("content-type") == "application/json":
                streams = read_json(body)
            elif headers.get("content-type") == "application/x-protobuf":
                streams = read_protobuf(body, self.decompress)
            else:
                raise Fault(415, "unsupported")
        except BadPush as error:
            raise Fault(400, str(error)) from None
        if not streams:
            raise Fault(422, self.words.no_stream)
        return streams

    def _distribute(self, streams: list[PushedStream]) -> None:
        """Validate like Loki's distributor, pass on what is valid, and say what was not."""
        faults: list[str] = []
        valid: list[PushedStream] = []
        for stream in streams:
            if fault := self._label_fault(stream):
                faults.append(fault)
                continue
            kept = []
            for entry in stream.entries:
                if self.poison and self.poison(entry):
                    raise Fault(400, self.poison_text)
                if fault := self._entry_fault(named(stream.labels), entry):
                    faults.append(fault)
                else:
                    kept.append(entry)
            if kept:
                valid.append(stream._replace(entries=kept))
        if valid:
            self._limit_rate(valid)
            self.ingester.push(valid)
        if faults:
            raise Fault(400, grouped(faults))

    def _label_fault(self, stream: PushedStream) -> str | None:
        limits, words, text = self.limits, self.words, stream.text
        if not stream.labels:
            return "error at least one label pair is required per stream"
        if len(stream.labels) > limits.max_labels:
            return words.label_count.format(stream=text, count=len(stream.labels), limit=limits.max_labels)
        for name, value in stream.labels.items():
            if len(name) > limits.max_label_name_bytes:
                return words.label_name_too_long.format(stream=text, name=name)
            if len(value.encode()) > limits.max_label_value_bytes:
                return words.label_value_too_long.format(stream=text, value=value)
        if missing := [name for name in limits.required_labels if name not in stream.labels]:
            return words.labels_missing.format(labels=",".join(missing), stream=named(stream.labels))
        return None

    def _entry_fault(self, stream: str, entry: PushedEntry) -> str | None:  # noqa: PLR0911 - one return a fault
        limits, words, now = self.limits, self.words, self.clock()
        seconds = entry.ns / NS
        if seconds < now - limits.oldest_seconds:
            cutoff = rfc3339(now - limits.oldest_seconds)
            return words.too_old.format(stream=stream, at=rfc3339(seconds), cutoff=cutoff)
        if seconds > now + limits.future_seconds:
            return words.too_new.format(stream=stream, at=rfc3339(seconds))
        length = len(entry.line.encode())
        if length > limits.max_line_bytes:
            return words.line_too_long.format(stream=stream, limit=limits.max_line_bytes, size=length)
        if entry.metadata and not limits.allow_metadata:
            return words.metadata_disallowed.format(stream=stream)
        size = sum(len(name.encode()) + len(value.encode()) for name, value in entry.metadata)
        if size > limits.metadata_bytes:
            return words.metadata_too_large.format(stream=stream, size=size, limit=limits.metadata_bytes)
        if len(entry.metadata) > limits.metadata_entries:
            return words.metadata_too_many.format(
                stream=stream, count=len(entry.metadata), limit=limits.metadata_entries
            )
        return None

    def _limit_rate(self, streams: list[PushedStream]) -> None:
        limits = self.limits
        self.tenant = self.tenant or Bucket(limits.rate_bytes, limits.burst_bytes, self.clock)
        lines = sum(len(stream.entries) for stream in streams)
        size = sum(len(entry.line.encode()) for stream in streams for entry in stream.entries)
        if not self.tenant.take(size):
            raise Fault(429, self.words.rate_limit.format(limit=int(limits.rate_bytes), lines=lines, size=size))


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
