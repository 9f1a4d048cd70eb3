"""A Loki of the tests' own: a real HTTP server that is as strict as Loki, and forgetful in the same places.

Like Loki, it stores the valid lines of a push that it answers with 400, drops a line that it has, lets the ingester
speak of the last stream only (an earlier stream's faults vanish behind a 204), and lists ten faults at most.
"""

import asyncio
import base64
import json
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from tests.sinks.loki.wire_check import BadPush, PushedEntry, PushedStream, read_json, read_protobuf, snappy_block

NS = 1_000_000_000
RATE_FAULT = (
    "Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '{}' totaling 1B, consider "
    "splitting a stream via additional labels or contact your Loki administrator to see if the limit can be increased"
)
BEHIND_FAULT = "entry too far behind, entry timestamp is: {}, oldest acceptable timestamp is: {}"


@dataclass
class Limits:
    """Loki's defaults."""

    max_line_bytes: int = 262_144
    max_labels: int = 15
    max_label_name_bytes: int = 1024
    max_label_value_bytes: int = 2048
    max_streams: int = 5000
    metadata_entries: int = 128
    metadata_bytes: int = 65_536
    allow_metadata: bool = True
    oldest_seconds: float = 7 * 86400
    future_seconds: float = 600
    window_seconds: float = 3600
    body_bytes: int = 4_000_000
    rate_bytes: float = 4e6
    burst_bytes: float = 6e6
    stream_rate_bytes: float = 3e6
    stream_burst_bytes: float = 15e6
    listed_errors: int = 10
    required_labels: tuple[str, ...] = ()


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
class Stream:
    """One stream at rest."""

    labels: dict[str, str]
    lines: dict[tuple[int, str], PushedEntry] = field(default_factory=dict)
    highest: int | None = None
    bucket: "Bucket | None" = None


class Bucket:
    """A token bucket."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self.tokens, self.at = burst, clock()

    def take(self, amount: float) -> bool:
        """Take so much, or say no."""
        now = self.clock()
        self.tokens, self.at = min(self.burst, self.tokens + (now - self.at) * self.rate), now
        if amount > self.tokens:
            return False
        self.tokens -= amount
        return True


@dataclass
class Pushed:
    """One request that arrived."""

    status: int
    headers: dict[str, str]
    body_bytes: int
    streams: list[PushedStream]


class Fault(Exception):
    """An HTTP answer that is not 2xx."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class StrictLoki:
    """`async with StrictLoki() as loki:` listens on a free port of the loopback."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        clock: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.limits = limits or Limits()
        self.clock = clock
        self.streams: dict[frozenset[tuple[str, str]], Stream] = {}
        self.next: deque[Disturbance] = deque()
        self.poison: Callable[[PushedEntry], bool] | None = None
        self.poison_text = "this push offends"
        self.pushes: list[Pushed] = []
        self.answers: Counter[int] = Counter()
        self.ready: int = 200
        self.version: str | None = "3.5.7"
        self.credentials: str | None = None
        self.tenant_wanted = False
        self.readable = True
        self.retry_after: str | None = None
        self.decompress = snappy_block
        self.keep_pushes = True
        self.tenant: Bucket | None = None
        self._tls, self._port = tls, port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

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
        return f"{'https' if self._tls else 'http'}://{'localhost' if self._tls else '127.0.0.1'}:{self._port}"

    @property
    def lines(self) -> list[str]:
        """Every line at rest, in the order of time."""
        return [entry.line for entry in self.entries]

    @property
    def entries(self) -> list[PushedEntry]:
        """Every entry at rest, in the order of time."""
        found = [entry for stream in self.streams.values() for entry in stream.lines.values()]
        return sorted(found, key=lambda entry: entry.ns)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
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
            return 200, json.dumps({"status": "success", "data": [stream.labels for stream in self.streams.values()]})
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
            raise Fault(413, "request body too large")
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
            raise Fault(422, "error at least one valid stream is required for ingestion")
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
            self._ingest(valid)
        if faults:
            raise Fault(400, grouped(faults))

    def _label_fault(self, stream: PushedStream) -> str | None:
        limits, text = self.limits, stream.text
        if not stream.labels:
            return "error at least one label pair is required per stream"
        if len(stream.labels) > limits.max_labels:
            return f"entry for stream '{text}' has {len(stream.labels)} label names; limit {limits.max_labels}"
        for name, value in stream.labels.items():
            if len(name) > limits.max_label_name_bytes:
                return f"stream '{text}' has label name too long: '{name}'"
            if len(value.encode()) > limits.max_label_value_bytes:
                return f"stream '{text}' has label value too long: '{value}'"
        if missing := [name for name in limits.required_labels if name not in stream.labels]:
            return f"missing required labels {','.join(missing)} for user fake for stream {named(stream.labels)}"
        return None

    def _entry_fault(self, stream: str, entry: PushedEntry) -> str | None:  # noqa: PLR0911 - one return a fault
        limits, now = self.limits, self.clock()
        seconds = entry.ns / NS
        if seconds < now - limits.oldest_seconds:
            return (
                f"entry for stream '{stream}' has timestamp too old: {rfc3339(seconds)}, "
                f"oldest acceptable timestamp is: {rfc3339(now - limits.oldest_seconds)}"
            )
        if seconds > now + limits.future_seconds:
            return f"entry for stream '{stream}' has timestamp too new: {rfc3339(seconds)}"
        length = len(entry.line.encode())
        if length > limits.max_line_bytes:
            return (
                f"Max entry size '{limits.max_line_bytes}' bytes exceeded for stream '{stream}' "
                f"while adding an entry with length '{length}' bytes"
            )
        if entry.metadata and not limits.allow_metadata:
            return (
                f"stream '{stream}' includes structured metadata, but this feature is disallowed. Please see "
                "`limits_config.allow_structured_metadata` or contact your Loki administrator to enable it."
            )
        size = sum(len(name.encode()) + len(value.encode()) for name, value in entry.metadata)
        if size > limits.metadata_bytes:
            return (
                f"stream '{stream}' has structured metadata too large: '{size}' bytes, limit: "
                f"'{limits.metadata_bytes}' bytes. Please see `limits_config.max_structured_metadata_size` "
                "or contact your Loki administrator to increase it."
            )
        if len(entry.metadata) > limits.metadata_entries:
            return (
                f"stream '{stream}' has too many structured metadata labels: '{len(entry.metadata)}', limit: "
                f"'{limits.metadata_entries}'. Please see `limits_config.max_structured_metadata_entries_count` "
                "or contact your Loki administrator to increase it."
            )
        return None

    def _limit_rate(self, streams: list[PushedStream]) -> None:
        limits = self.limits
        self.tenant = self.tenant or Bucket(limits.rate_bytes, limits.burst_bytes, self.clock)
        lines = sum(len(stream.entries) for stream in streams)
        size = sum(len(entry.line.encode()) for stream in streams for entry in stream.entries)
        if not self.tenant.take(size):
            raise Fault(
                429,
                f"Ingestion rate limit exceeded for user fake (limit: {int(limits.rate_bytes)} bytes/sec) while "
                f"attempting to ingest '{lines}' lines totaling '{size}' bytes, reduce log volume or contact your "
                "Loki administrator to see if the limit can be increased",
            )

    def _ingest(self, streams: list[PushedStream]) -> None:
        """Store like Loki's ingester: what is said in the end is about the last stream."""
        last: Fault | None = None
        for stream in streams:
            last = self._ingest_one(stream)
        if last:
            raise last

    def _ingest_one(self, pushed: PushedStream) -> Fault | None:
        limits = self.limits
        labels = dict(pushed.labels)
        labels.setdefault("service_name", labels.get("service", "unknown_service"))
        key = frozenset(labels.items())
        stream = self.streams.get(key)
        if stream is None:
            if len(self.streams) >= limits.max_streams:
                return Fault(
                    429,
                    f"Maximum active stream limit exceeded when trying to create stream {named(labels)}, reduce the "
                    "number of active streams (reduce labels or reduce label values), or contact your Loki "
                    "administrator to see if the limit can be increased, user: 'fake'",
                )
            stream = self.streams[key] = Stream(labels)
            stream.bucket = Bucket(limits.stream_rate_bytes, limits.stream_burst_bytes, self.clock)
        faults: list[tuple[PushedEntry, str]] = []
        limited = False
        for entry in pushed.entries:
            if (entry.ns, entry.line) in stream.lines:
                continue
            if not stream.bucket.take(len(entry.line)):
                limited = True
                faults.append((entry, RATE_FAULT.format(named(labels))))
                continue
            cutoff = None if stream.highest is None else stream.highest - int(limits.window_seconds * NS)
            if cutoff is not None and entry.ns < cutoff:
                limited = False
                faults.append((entry, BEHIND_FAULT.format(rfc3339(entry.ns / NS), rfc3339(cutoff / NS))))
                continue
            stream.highest = entry.ns if stream.highest is None else max(stream.highest, entry.ns)
            stream.lines[entry.ns, entry.line] = entry
        if not faults:
            return None
        listed = "".join(
            f"entry with timestamp {go_time(entry.ns)} ignored, reason: '{why}',\n"
            for entry, why in faults[: limits.listed_errors]
        )
        text = (
            f"{listed}user 'fake', total ignored: {len(faults)} out of {len(pushed.entries)} "
            f"for stream: {named(labels)}"
        )
        return Fault(429 if limited else 400, text)


def named(labels: dict[str, str]) -> str:
    """Print labels as Loki does: sorted, Go-quoted."""
    return "{" + ", ".join(f"{name}={json.dumps(labels[name], ensure_ascii=False)}" for name in sorted(labels)) + "}"


def grouped(faults: list[str]) -> str:
    """Join faults as Loki's distributor does."""
    counts = Counter(faults)
    if len(counts) == 1 and len(faults) == 1:
        return faults[0]
    return "; ".join(f"{count} errors like: {fault}" for fault, count in counts.items())


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds // 1), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def go_time(ns: int) -> str:
    """Print a time as Go's `time.Time.String` does."""
    seconds, fraction = divmod(ns, NS)
    date = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return date + (f".{fraction:09d}".rstrip("0") if fraction else "") + " +0000 UTC"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
