"""What one request costs of the service's processor, whatever is in it, against a bare ASGI application.

    .venv/bin/python bench/requests.py [--rounds 5] [--connections 8] [--beside LABEL=COMMAND …] [--json FILE]

Three servers take the same bodies in turns: `floor`, a bare ASGI application under uvicorn that answers after it has
read the body; `edge`, all that stands between the socket and the pipeline, with a pipeline that keeps nothing; and
`service`, with the pipeline (as configured by default), the spool with its fsync, and a sink that forgets. What is
measured is the processor time of all threads of each server, so other work on the machine hardly matters. `--beside`
measures another server in the same run, such as the edge of another checkout: a command that prints the port it serves
`POST /ingest` on.
"""

import argparse
import asyncio
import gc
import json
import os
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path

import orjson
import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from mothership.batch_log import BatchLog
from mothership.commands.serve import GARBAGE_THRESHOLDS
from mothership.edge.application import EdgeApplication
from mothership.edge.auth_settings import AuthSettings
from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.ingest import Accept, Ingest
from mothership.edge.input_settings import InputSettings
from mothership.edge.inputs import protocols
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.server import Server, uvicorn_config, with_access_control
from mothership.edge.tls import TLSSettings
from mothership.event import Batch, Receipt, RowBatch, Tally
from mothership.log_format import LogSettings, configure_logging
from mothership.pipeline.chain import Chain
from mothership.pipeline.enrichment import enrichment
from mothership.pipeline.enrichment.enrichment import EnrichmentSettings
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.relay.relay import Relay
from mothership.relay.settings import RelaySettings
from mothership.relay.sink_route import SinkRoute
from mothership.sample.fleet import sample
from mothership.sinks.memory import MemorySink

REQUESTS = {1: 400, 10: 300, 100: 60}
"""How many of each size of batch are sent in a round."""
ANSWER = b'{"status":"success"}'


def main() -> None:
    """Measure and print; or be one of the servers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--servers", default=",".join(SERVERS), help="which of them; the first is the floor")
    parser.add_argument("--beside", action="append", default=[], metavar="LABEL=COMMAND")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", choices=SERVERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        configure_logging(LogSettings(level="WARNING"))
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, suppress(KeyboardInterrupt):
            runner.run(SERVERS[options.serve]())
        return
    commands = {name: [sys.executable, __file__, "--serve", name] for name in options.servers.split(",")}
    commands |= {label: shlex.split(command) for label, _, command in (one.partition("=") for one in options.beside)}
    measured = asyncio.run(_measure(commands, options.rounds, options.connections))
    _print(measured)
    if options.json:
        options.json.write_text(json.dumps({"unit": "microseconds of processor a request", "rounds": measured}))


# --- the servers -------------------------------------------------------------------------------------------------


async def _floor() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - as ASGI has it
        chunks = []
        more = True
        while more:
            message = await receive()
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(chunks)
        assert body
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})

    await _serve(_plain_server(app))


async def _edge() -> None:
    async def accept(batch: Batch) -> tuple[Batch, Receipt]:
        return batch, Receipt({"tsdb": Tally(len(batch.events), 0, 0)}, duplicate=False)

    await _serve(_edge_server(accept))


async def _service() -> None:
    redactor = redaction.build(RedactionSettings(), key=b"k" * 32)
    chain = Chain([*redactor.processors, *enrichment.build(EnrichmentSettings())])
    with tempfile.TemporaryDirectory(prefix="mothership-bench-") as home:
        relay = await Relay.open(Path(home), RelaySettings(), [SinkRoute(Forgetful("tsdb"))])
        running = asyncio.create_task(relay.run())

        async def accept(batch: Batch) -> tuple[Batch, Receipt]:
            return batch, await relay.keep(await chain.run(batch), waited_seconds=batch.waited_seconds)

        try:
            await _serve(_edge_server(accept))
        finally:
            running.cancel()
            await relay.close(0.0)


class Forgetful(MemorySink):
    """Stores what it is given, and forgets it."""

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """As every sink, but for keeping it."""
        assert batches
        return frozenset()


def _plain_server(app: ASGIApp) -> uvicorn.Server:
    configuration = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False)
    return uvicorn.Server(configuration)


def _edge_server(accept: Accept) -> uvicorn.Server:
    from fastapi import FastAPI  # noqa: PLC0415 - the floor has none

    limits = LimitSettings()
    spoken = protocols(BatchBuilder(limits, key=b"bench"), limits, InputSettings())
    ingest = Ingest(accept, spoken, limits=limits, batch_log=BatchLog("notable"), sinks=["tsdb"], wait_seconds_max=30)
    auth, tls, host = AuthSettings(), TLSSettings(), "127.0.0.1"
    app = with_access_control(EdgeApplication(ingest, FastAPI()), auth, tls, host=host, wait_seconds_max=30)
    return Server(uvicorn_config(app, auth, tls, limits, host=host, port=0), limits)


async def _serve(server: uvicorn.Server) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    await server.serve([listening])


SERVERS: dict[str, Callable[[], Coroutine[None, None, None]]] = {"floor": _floor, "edge": _edge, "service": _service}


# --- the client --------------------------------------------------------------------------------------------------


async def _measure(commands: dict[str, list[str]], rounds: int, connections: int) -> dict[str, dict[int, list[float]]]:
    """Microseconds of processor a request, for each server and size of batch, in every round."""
    events = sample(2000, seed=7, now=time.time()).events
    bodies = {
        size: [_request(events[at : at + size]) for at in range(0, min(len(events), 50 * size), size)]
        for size in REQUESTS
    }
    running = {name: _started(command) for name, command in commands.items()}
    try:
        ports = {name: int(process.stdout.readline()) for name, process in running.items() if process.stdout}
        measured: dict[str, dict[int, list[float]]] = {name: {size: [] for size in REQUESTS} for name in commands}
        for number in range(rounds + 1):
            for size, count in REQUESTS.items():
                for name, process in running.items():
                    before = processor_ns(process.pid)
                    await _send(ports[name], bodies[size], count, connections)
                    if number:  # the first round warms them
                        measured[name][size].append((processor_ns(process.pid) - before) / 1000 / count)
        return measured
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait(10)


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _request(messages: list[dict[str, object]]) -> bytes:
    body = orjson.dumps({"messages": messages, "batch_size": len(messages), "source": "edgebot", "is_retry": False})
    head = (
        b"POST /ingest HTTP/1.1\r\nHost: localhost\r\nUser-Agent: EdgeBot-Shipper/1.0\r\nAccept: */*\r\n"
        b"Connection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    return head % len(body) + body


async def _send(port: int, requests: list[bytes], count: int, connections: int) -> None:
    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for at in range(number, count, connections):
            writer.write(requests[at % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            answer = await reader.readexactly(int(length))
            assert head.startswith(b"HTTP/1.1 200"), answer
        writer.close()

    await asyncio.gather(*(client(number) for number in range(connections)))


def processor_ns(pid: int) -> int:
    """What all threads of a process have used."""
    tasks = Path(f"/proc/{pid}/task")
    return sum(int((tasks / task / "schedstat").read_text().split()[0]) for task in os.listdir(tasks))  # noqa: PTH208 - a list of names is all that is wanted


def _print(measured: dict[str, dict[int, list[float]]]) -> None:
    floors = next(iter(measured.values()))
    print(
        "microseconds of processor a request, medians (and spread); `x` is the median ratio to the floor of its round"
    )
    print("| server | " + " | ".join(f"batches of {size} | x" for size in REQUESTS) + " |")
    print("| --- |" + " ---: | ---: |" * len(REQUESTS))
    for name, sizes in measured.items():
        cells = []
        for size, values in sizes.items():
            ratios = [value / floor for value, floor in zip(values, floors[size], strict=True)]
            cells.append(f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})")
            cells.append(f"{statistics.median(ratios):.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
