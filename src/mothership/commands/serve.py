"""`mothership serve`: the process around the service. Its data directory, its database, its port, its signals."""

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import click
import structlog
import uvloop

from mothership import __version__, workers
from mothership.app import opened
from mothership.commands.options import config_option
from mothership.config import Settings, load_all
from mothership.config.warnings import unwise
from mothership.data_directory_lock import lock_data_dir
from mothership.edge.exposure import exposure_warning
from mothership.embedded.postgres import postgres
from mothership.errors import ConfigurationError
from mothership.log_format import configure_logging
from mothership.reloader import Reloader
from mothership.startup_checks import faults
from mothership.systemd_notify import ServiceManager
from mothership.telemetry import log

EMBEDDED_VARIABLE = "MOTHERSHIP_EMBEDDED_DSN"
"""How a worker learns where the embedded database of its supervisor listens."""
ENDED_AT_ONCE = 70
DIED = 71
GARBAGE_THRESHOLDS = (50_000, 20, 50)
ADVICE = {
    errno.EADDRINUSE: "; stop what has it, or choose another port",
    errno.EACCES: "; a port below 1024 needs the capability CAP_NET_BIND_SERVICE: choose another one",
    errno.EADDRNOTAVAIL: "; this machine has no such address: correct server.host",
}
"""What to do where the port can't be had."""
HANGUPS: list[signal.Signals] = []
"""Those that came during the start: it reloads as soon as it can, for it may have read the file before."""


@click.command()
@config_option
@click.option("--host", help="Address to listen on, as MOTHERSHIP_HOST. Anything but loopback needs credentials.")
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port to listen on, as MOTHERSHIP_PORT.")
@click.option("--worker", type=int, hidden=True, help="Number of this worker; set by the supervisor.")
@click.option("--socket-fd", type=int, default=-1, hidden=True, help="Listening socket; set by the supervisor.")
@click.option("--liveness-fd", type=int, default=-1, hidden=True, help="Pipe that ends with the supervisor; set by it.")
def serve(
    config: Path | None, host: str | None, port: int | None, worker: int | None, socket_fd: int, liveness_fd: int
) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    The first signal stops the service gracefully, within server.drain_seconds and server.shutdown_seconds together; a
    second one stops it at once.
    Neither loses an event: what is not delivered by then waits in the spool. A SIGHUP reloads the configuration:
    the log says what is used now and what needs a restart; one that can't be used is refused, and the old one stays.

    Exit status: 0 after a requested stop, 1 if the configuration can't be used, 70 if a second signal stopped it at
    once, 71 if a part of it died, 130 or 143 if Ctrl-C or SIGTERM came while it was starting.
    """
    manager = ServiceManager.taken_from(os.environ)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    given = {"--host": ("MOTHERSHIP_HOST", host), "--port": ("MOTHERSHIP_PORT", port)}
    told = {option: (name, str(value)) for option, (name, value) in given.items() if value is not None}
    os.environ.update(told.values())  # workers and a reload read the configuration again, and find it there
    try:
        settings, warnings = load_all(config, look=faults)
    except ConfigurationError as error:
        raise ConfigurationError(_by_option(error.faults, told)) from None
    configure_logging(settings.log)
    if worker is None:
        for line in (*warnings, *map(str, unwise(settings))):
            log.warning("configuration_warning", reason=line)
        if reason := exposure_warning(settings.server.host, settings.auth, settings.server.tls):
            log.warning("tokens_over_plain_http", reason=reason)
        sys.exit(_run((_supervise if settings.server.workers > 1 else _serve_alone)(settings, manager, config)))
    structlog.contextvars.bind_contextvars(worker=worker)
    listening = socket.socket(fileno=socket_fd)
    embedded_dsn = os.environ.get(EMBEDDED_VARIABLE)
    sys.exit(_run(_work(settings, listening, embedded_dsn, config, index=worker, liveness_fd=liveness_fd)))


def _by_option(found: Iterable[str], told: Mapping[str, tuple[str, str]]) -> list[str]:
    """The faults, where the value came by an option under the option's name."""
    for option, (name, _) in told.items():
        found = [
            f"{option}: {fault.removeprefix(start)}" if fault.startswith(start := f"{name}: ") else fault
            for fault in found
        ]
    return list(found)


def _run(main: Coroutine[None, None, int]) -> int:
    """Run it, and until it listens for signals itself end it in good order when one comes."""
    asked: list[signal.Signals] = []

    async def start() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop(number: signal.Signals) -> None:
            if asked or task is None:
                os._exit(ENDED_AT_ONCE)
            asked.append(number)
            task.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop, number)
        loop.add_signal_handler(signal.SIGHUP, HANGUPS.append, signal.SIGHUP)
        return await main

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(start())
    except ConfigurationError:
        raise
    except (KeyboardInterrupt, asyncio.CancelledError):
        asked.append(signal.SIGINT)
    except Exception as error:  # noqa: BLE001 - Python would print its message, which may hold a value
        if not asked:
            log.critical("service_died", exc_info=error)
            return DIED
    finally:
        main.close()
        _let_go_of_closed_streams()
    log.info("stopped_while_starting", signal=asked[0].name)
    return 128 + asked[0]


def _let_go_of_closed_streams() -> None:
    """Without this Python's last flush to a terminal that is gone would make another exit status of it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


async def _serve_alone(settings: Settings, manager: ServiceManager, config: Path | None) -> int:
    """One process does it all."""
    async with AsyncExitStack() as stack:
        bound = stack.enter_context(_bind(settings))
        await stack.enter_async_context(manager.informed([bound]))
        embedded_dsn = await _prepare(stack, settings)
        return await _work(settings, bound, embedded_dsn, config)


async def _supervise(settings: Settings, manager: ServiceManager, config: Path | None) -> int:
    """One process for the data directory and the database, and several workers behind one port."""
    async with AsyncExitStack() as stack:
        first = stack.enter_context(_bind(settings, shared=True))
        port = first.getsockname()[1]
        others = [_bind(settings, shared=True, port=port) for _ in range(settings.server.workers - 1)]
        await stack.enter_async_context(manager.informed([first, *others]))
        embedded_dsn = await _prepare(stack, settings)
        del config  # each worker reads it
        environ = {**os.environ, **({EMBEDDED_VARIABLE: embedded_dsn} if embedded_dsn else {})}
        return await workers.supervise([first, *others], settings.server.data_dir.absolute(), environ)


async def _prepare(stack: AsyncExitStack, settings: Settings) -> str | None:
    """Claim the data directory, and start the embedded database when no other is configured; its DSN."""
    locked = stack.enter_context(lock_data_dir(settings.server.data_dir))
    if settings.database.is_external or not settings.sinks.timescaledb.enabled:
        return None
    dsn = await stack.enter_async_context(postgres(locked))
    log.info("embedded_database_started", data_dir=str(locked.data_dir))
    return dsn


def _bind(settings: Settings, *, shared: bool = False, port: int | None = None) -> socket.socket:
    host = settings.server.host
    port = settings.server.port if port is None else port
    try:
        return workers.bind(host, port, shared=shared)
    except OSError as error:
        reason = f"server.port: can't listen on {host}:{port}: {os.strerror(error.errno or 0)}"
        raise ConfigurationError([reason + ADVICE.get(error.errno or 0, "")]) from None


async def _work(
    settings: Settings,
    listening: socket.socket,
    embedded_dsn: str | None,
    config: Path | None,
    *,
    index: int = 0,
    liveness_fd: int | None = None,
) -> int:
    """One worker, from its spool to its last answer."""
    os.umask(0o077)
    data_dir = settings.server.data_dir.absolute()
    async with opened(settings, data_dir, embedded_dsn=embedded_dsn, worker=index) as worker:
        # What is built by now stays. Batches are plain dicts without cycles: looking through them seldom is enough.
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        loop = asyncio.get_running_loop()

        def asked(number: signal.Signals) -> None:
            if worker.stopping:
                log.warning("ended_at_once", signal=number.name)
                os._exit(ENDED_AT_ONCE)
            log.info("stop_requested", signal=number.name)
            worker.stop()

        def supervisor_gone(liveness_fd: int) -> None:
            loop.remove_reader(liveness_fd)
            log.error("supervisor_gone")
            worker.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked, number)
        reloader = Reloader(worker, config)
        loop.add_signal_handler(signal.SIGHUP, reloader.ask)
        if HANGUPS:
            reloader.ask()
        reloading = asyncio.create_task(reloader.run(), name="reload")
        if liveness_fd is not None:
            loop.add_reader(liveness_fd, supervisor_gone, liveness_fd)
        host, port = listening.getsockname()[:2]
        scheme = "https" if settings.server.tls.cert_file else "http"
        log.info(
            "service_started", url=f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}", version=__version__
        )
        try:
            await worker.run(listening)
        finally:
            reloading.cancel()
    log.info("service_stopped")
    return 0
