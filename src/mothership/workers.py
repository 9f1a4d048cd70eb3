"""Several worker processes behind one port: more cores for one machine.

Each worker is the whole service with a spool and connections of its own. They share the port (the kernel spreads
connections over them), the embedded database, the files of the metrics and a directory of status files, so that each
can answer for all. A worker that dies is started again and finds its spool; when this process dies, the workers see it
and stop in good order.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from mothership import status_directory
from mothership.retry import backoff_seconds
from mothership.telemetry import log

RESTART_PAUSE_SECONDS = 1.0
RESTART_PAUSE_SECONDS_MAX = 30.0
QUICK_DEATH_SECONDS = 10.0
STARTING_LOOK_SECONDS = 0.2
_ENDED_WHILE_STARTING = (-signal.SIGTERM, 128 + signal.SIGTERM)


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A TCP socket that has its port and does not listen yet. `shared` lets others of this user have the port, too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((host, port))
        found.setblocking(False)
    except OSError:
        found.close()
        raise
    return found


async def supervise(sockets: Sequence[socket.socket], data_dir: Path, environ: dict[str, str]) -> int:
    """Run a worker for each socket until SIGTERM or SIGINT; the exit status. A second signal ends them at once.

    The status is 0, or that of the signal when it came before any worker listened for one.
    """
    shared = data_dir / "metrics"
    statuses = status_directory.StatusDirectory.create(shared)
    environ = {**environ, status_directory.VARIABLE: str(shared)}
    stop = asyncio.Event()
    asked_for: list[signal.Signals] = []
    ended: list[int] = []
    running: dict[int, asyncio.subprocess.Process] = {}

    def asked(number: signal.Signals) -> None:
        death = signal.SIGKILL if stop.is_set() else signal.SIGTERM
        log.info("stop_requested", signal=number.name, workers=len(running))
        asked_for.append(number)
        stop.set()
        for process in running.values():
            with suppress(ProcessLookupError):
                process.send_signal(death)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
    held, liveness_end = os.pipe()  # the workers see its end when this process is gone
    try:
        async with asyncio.TaskGroup() as group:
            # The group holds the task as long as it runs.
            loop.add_signal_handler(signal.SIGHUP, lambda: group.create_task(_pass_on(running, statuses)))
            for index, listening in enumerate(sockets):
                group.create_task(_keep_running(index, listening, held, environ, running, stop, statuses, ended))
    finally:
        os.close(held)
        os.close(liveness_end)
    if len(asked_for) == 1 and all(status in _ENDED_WHILE_STARTING for status in ended):
        log.info("stopped_while_starting", signal=asked_for[0].name)
        return 128 + asked_for[0]
    return 0


async def _pass_on(
    running: Mapping[int, asyncio.subprocess.Process], statuses: status_directory.StatusDirectory
) -> None:
    """Each worker reloads the configuration. One that starts may have read it before it changed, and is waited for."""
    waiting = list(running.values())
    while waiting:
        for process in [each for each in waiting if statuses.has_status(each.pid) or each.returncode is not None]:
            waiting.remove(process)
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGHUP)
        if waiting:
            await asyncio.sleep(STARTING_LOOK_SECONDS)


async def _keep_running(
    index: int,
    listening: socket.socket,
    held: int,
    environ: dict[str, str],
    running: dict[int, asyncio.subprocess.Process],
    stop: asyncio.Event,
    statuses: status_directory.StatusDirectory,
    ended: list[int],
) -> None:
    deaths = 0
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mothership", *sys.argv[1:]),
            *("--worker", str(index), "--socket-fd", str(listening.fileno()), "--liveness-fd", str(held)),
            env=environ,
            pass_fds=(listening.fileno(), held),
            start_new_session=True,  # Ctrl-C reaches this process alone, and it tells them
        )
        running[index] = process
        if stop.is_set():  # while it was being made
            process.terminate()
        statuses.publish(None, process.pid)
        status = await process.wait()
        del running[index]
        statuses.remove(process.pid)
        mark_process_dead(process.pid, environ[status_directory.VARIABLE])  # type: ignore[no-untyped-call]  # untyped library
        if stop.is_set():
            ended.append(status)
            return
        if asyncio.get_running_loop().time() - started > QUICK_DEATH_SECONDS:
            deaths = 0
        deaths += 1
        pause_seconds = backoff_seconds(deaths, first=RESTART_PAUSE_SECONDS, longest=RESTART_PAUSE_SECONDS_MAX)
        log.error("worker_died", worker=index, exit_status=status, restart_in_seconds=pause_seconds)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_seconds)
