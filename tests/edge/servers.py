"""The edge with nothing behind it but a list: as an application, or on a real socket in a thread."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Response

from mothership.batch_log import BatchLog
from mothership.edge.application import EdgeApplication
from mothership.edge.auth_settings import AuthSettings
from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.caller import Caller
from mothership.edge.ingest import Ingest
from mothership.edge.ingest_protocol import IngestRequest
from mothership.edge.input_settings import InputSettings
from mothership.edge.inputs import protocols
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.native_ingest import NativeIngest
from mothership.edge.server import Server, uvicorn_config, with_access_control
from mothership.edge.tls import TLSSettings
from mothership.event import Batch, Receipt, Tally
from mothership.log_format import LogSettings, configure_logging


@dataclass
class RecordingAcceptor:
    """Stands for pipeline and relay: keeps batches in a list, or raises what it is told to."""

    batches: list[Batch] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    wait: threading.Event | asyncio.Event | None = None
    """Until it is set, nothing is kept."""
    waiting: int = 0
    """How many have come to wait for it."""

    async def __call__(self, batch: Batch) -> tuple[Batch, Receipt]:
        """Keep it, once."""
        if self.wait:
            self.waiting += 1
            while not self.wait.is_set():  # noqa: ASYNC110 - it may be set from another thread
                await asyncio.sleep(0.005)
        if self.failures:
            raise self.failures.pop(0)
        duplicate = any(batch.fingerprint in (known.fingerprint, known.content) for known in self.batches)
        if not duplicate:
            self.batches.append(batch)
        return batch, Receipt({"tsdb": Tally(len(batch.events), 0, 0)}, duplicate)


def application(acceptor: Any, limits: LimitSettings, *, wait_seconds_max: float = 1.0) -> EdgeApplication:
    ingest = Ingest(
        acceptor,
        protocols(BatchBuilder(limits, key=b"test"), limits, InputSettings(tenant_field="tenant")),
        limits=limits,
        batch_log=BatchLog("each"),
        sinks=["tsdb"],
        wait_seconds_max=wait_seconds_max,
        clock=lambda: 1.0,
    )
    app = FastAPI(title="Mothership")

    @app.get("/livez")
    async def livez() -> Response:
        return Response(b"{}", media_type="application/json")

    @app.get("/stats")
    async def stats() -> Response:
        return Response(b"{}", media_type="application/json")

    @app.get("/broken")
    async def broken() -> Response:
        raise KeyError("canary-7d1f@example.org")

    @app.get("/large")
    async def large() -> Response:
        return Response(bytes(64 * 1024 * 1024))

    return EdgeApplication(ingest, app)


def decoded(
    limits: LimitSettings,
    body: bytes,
    *,
    client: str = "node",
    request_id: str = "r",
    received: int = 1,
    idempotency_key: str | None = None,
) -> Batch:
    """What an envelope becomes."""
    headers = {} if idempotency_key is None else {b"idempotency-key": idempotency_key.encode()}
    caller = Caller(client, frozenset({"ingest"}))
    request = IngestRequest(request_id, caller, "192.0.2.7", headers, b"", received)
    return NativeIngest(BatchBuilder(limits, key=b"test"), limits).decode(body, request)


@dataclass
class Served:
    """A server on a real socket."""

    port: int
    server: Server
    loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect to."""
        return ("127.0.0.1", self.port)


@contextmanager
def serving(
    acceptor: Any, *, auth: AuthSettings, tls: TLSSettings, limits: LimitSettings, **more: Any
) -> Iterator[Served]:
    app = more.pop("app", None) or application(acceptor, limits)
    host = more.pop("host", "127.0.0.1")
    loop_factory = more.pop("loop_factory", None)
    guarded = with_access_control(app, auth, tls, host=host, **more)
    clock = more.get("clock", time.time)
    configuration = uvicorn_config(guarded, auth, tls, limits, host=host, port=0, clock=clock)
    configuration.timeout_graceful_shutdown = 1
    server = Server(configuration, limits)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    loops: list[asyncio.AbstractEventLoop] = []

    def serve_until_told() -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            loops.append(runner.get_loop())
            runner.run(server.serve([listening]))

    thread = threading.Thread(target=serve_until_told, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        threading.Event().wait(0.005)
    try:
        yield Served(port, server, loops[0])
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


class DiscardingAcceptor:
    """Takes every batch and keeps none: for measuring memory."""

    async def __call__(self, batch: Batch) -> tuple[Batch, Receipt]:
        """Say that it is kept."""
        return batch, Receipt({"tsdb": Tally(len(batch.events), 0, 0)}, duplicate=False)


def main() -> None:
    """Serve until SIGINT, with short times, and print the port."""
    configure_logging(LogSettings(level="ERROR"))  # nobody reads what it would say
    limits = LimitSettings(head_seconds=1, body_seconds=2)
    app = application(DiscardingAcceptor(), limits)
    listening = socket.create_server(("127.0.0.1", 0))
    auth, tls, host = AuthSettings(), TLSSettings(), "127.0.0.1"
    guarded = with_access_control(app, auth, tls, host=host)
    configuration = uvicorn_config(guarded, auth, tls, limits, host=host, port=0)
    print(listening.getsockname()[1], flush=True)  # noqa: T201 - how its parent learns the port
    Server(configuration, limits).run([listening])


if __name__ == "__main__":
    main()
