"""Processes of `mothership` that need not import it first: a process of the tests has, and forks them.

For tests that are about what a command does. What is about its start and its end starts it anew.
"""

import atexit
import contextlib
import functools
import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

from tests.starvation import PATIENCE_SECONDS

SERVER = Path(__file__).with_name("fork_server.py")
CLIENT = Path(__file__).with_name("fork_client.py")
PROGRAM = ("-m", "mothership")
REQUEST_BYTES_MAX = 1 << 20
CAN_FORK = sys.platform == "linux"


@functools.cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", SERVER, str(theirs.fileno())], pass_fds=[theirs.fileno()], start_new_session=True
        )

    def end() -> None:
        ours.close()  # at which it ends
        process.wait()

    atexit.register(end)
    return ours


class Preloaded:
    """`python -m mothership` with these arguments, by the part of Popen's interface that tests use."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: Path,
        streams: tuple[int | IO[Any], int | IO[Any], int | IO[Any]],
        new_session: bool = False,
    ) -> None:
        """Start it, with these as its input, output and errors."""
        self.returncode: int | None = None
        request = {"arguments": [*arguments], "environ": {**environ}, "cwd": str(cwd), "new_session": new_session}
        descriptors = [each if isinstance(each, int) else each.fileno() for each in streams]
        self._told, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(_server(), [json.dumps(request).encode()], [*descriptors, theirs.fileno()])
        self.pid = int(self._told.recv(64))

    def poll(self) -> int | None:
        """Its exit status, or None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended."""
        if (status := self._ended(timeout)) is None:
            raise subprocess.TimeoutExpired("mothership", timeout or 0)
        return status

    def wait_beside(self, other: socket.socket) -> None:
        """Until it has ended, or the other side of this has."""
        select.select([self._told, other], [], [])

    def send_signal(self, number: int) -> None:
        """As long as it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """In good order."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """At once."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
            self.returncode = int(self._told.recv(64))
            self._told.close()
        return self.returncode


class Spoken(Preloaded):
    """One whose output and errors can be read, as with `PIPE`, unless they are told to go elsewhere."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: Path,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> None:
        """Start it."""
        self.stdout: IO[bytes] | None = None
        self.stderr: IO[bytes] | None = None
        with contextlib.ExitStack() as ours:
            if stdin == subprocess.DEVNULL:
                ours.callback(os.close, stdin := os.open(os.devnull, os.O_RDONLY))
            if stdout == subprocess.PIPE:
                reader, stdout = os.pipe()
                ours.callback(os.close, stdout)
                self.stdout = os.fdopen(reader, "rb")
            if stderr == subprocess.PIPE:
                reader, stderr = os.pipe()
                ours.callback(os.close, stderr)
                self.stderr = os.fdopen(reader, "rb")
            super().__init__(arguments, environ=environ, cwd=cwd, streams=(stdin, stdout, stderr))

    def communicate(self, timeout: float | None = None) -> tuple[bytes | None, bytes | None]:
        """What it says, once it has ended. It must be little: its output is read, then its errors."""
        self.wait(timeout)
        said: list[bytes | None] = []
        for each in (self.stdout, self.stderr):
            said.append(each.read() if each else None)
            if each:
                each.close()
        return said[0], said[1]


@functools.cache
def program() -> str:
    """The path of a program `mothership` for `subprocess` and for scripts. Signals reach what is forked for it."""
    if not CAN_FORK:
        return str(Path(sys.executable).with_name("mothership"))
    directory = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(str(directory / "socket"))
    listening.listen()
    threading.Thread(target=_serve, args=[listening], daemon=True).start()
    command = shlex.join([sys.executable, "-I", "-S", str(CLIENT), str(directory / "socket")])
    path = directory / "mothership"
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)
    return str(path)


def _serve(listening: socket.socket) -> None:
    while True:
        asked, _ = listening.accept()
        threading.Thread(target=_run_for, args=[asked], daemon=True).start()


def _run_for(asked: socket.socket) -> None:
    """Run a command for whoever asks; without them, it ends."""
    with asked:
        message, descriptors, _, _ = socket.recv_fds(asked, REQUEST_BYTES_MAX, 3)
        request = json.loads(message)
        process = Preloaded(
            request["arguments"], environ=request["environ"], cwd=Path(request["cwd"]),
            streams=(descriptors[0], descriptors[1], descriptors[2]),
        )  # fmt: skip
        for each in descriptors:
            os.close(each)
        asked.send(str(process.pid).encode())
        process.wait_beside(asked)
        process.kill()
        with contextlib.suppress(OSError):
            asked.send(str(process.wait()).encode())


Process: TypeAlias = Preloaded | subprocess.Popen[bytes]


def start(arguments: Sequence[str], *, environ: Mapping[str, str], cwd: Path, out: IO[bytes]) -> Process:
    """Start a command that goes on, in a session of its own, without input."""
    if not CAN_FORK:
        return start_anew(arguments, environ=environ, cwd=cwd, out=out)
    with Path(os.devnull).open("rb") as nothing:
        return Preloaded(arguments, environ=environ, cwd=cwd, streams=(nothing, out, out), new_session=True)


def start_anew(
    arguments: Sequence[str], program: Sequence[str] = (), *, environ: Mapping[str, str], cwd: Path, out: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start the same, or another program of Python, as whoever installed it does: it has yet to import everything."""
    return subprocess.Popen(
        [sys.executable, *(program or PROGRAM), *arguments],
        stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environ, cwd=cwd, start_new_session=True,
    )  # fmt: skip


def run(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
    timeout: float = PATIENCE_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as `subprocess.run` would, with this on its input."""
    done = run_bytes(arguments, environ=environ, cwd=cwd, stdin=stdin.encode(), timeout=timeout)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def run_bytes(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes = b"",
    timeout: float = PATIENCE_SECONDS,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command on what is no text."""
    environ, cwd = os.environ if environ is None else environ, cwd or Path.cwd()
    if not CAN_FORK:
        command = [sys.executable, *PROGRAM, *arguments]
        return subprocess.run(
            command, input=stdin, capture_output=True, check=False, env=environ, cwd=cwd, timeout=timeout
        )
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(os.fdopen(os.memfd_create(name), "w+b")) for name in ("stdin", "stdout", "stderr")]
        files[0].write(stdin)
        files[0].seek(0)
        process = Preloaded(arguments, environ=environ, cwd=cwd, streams=(files[0], files[1], files[2]))
        try:
            status = process.wait(timeout)
        except BaseException:
            process.kill()
            raise
        said = []
        for each in files[1:]:
            each.seek(0)
            said.append(each.read())
    return subprocess.CompletedProcess([*arguments], status, *said)
