"""Sends the inputs of `hostile_inputs.py`, with an ordinary node beside them, and measures. No tests.

python -m tests.edge.hostile                 to a server of their own; prints the table as Markdown
python -m tests.edge.hostile PORT PID        to one that runs on this machine
"""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.edge.hostile_inputs import CASES, CLOSED, EVENT, MEGABYTE, Hostile, messages, posted
from tests.starvation import PATIENCE_SECONDS, unstarved_time


@dataclass
class Outcome:
    """What one input came to."""

    status: int
    seconds: float
    peak_bytes: int
    body: bytes = field(repr=False)
    good_requests: int = 0
    good_failed: int = 0
    good_slowest_seconds: float = 0.0

    @property
    def accepted(self) -> int:
        """Events that the answer says were taken."""
        return int(json.loads(self.body).get("processed_events", 0)) if self.status == 200 else 0


def attack(case: Hostile, port: int, pid: int) -> Outcome:
    """Send one input with good requests beside it, and measure."""
    pieces = case.pieces()
    first = next(pieces, b"")
    with _good_requests(port, pid) as good:
        _forget_peak(pid)
        before = _memory(pid, "VmRSS")
        start = unstarved_time(pid)
        said = _exchange(case, port, first, pieces)
        seconds = unstarved_time(pid) - start
        peak = _memory(pid, "VmHWM") - before
    status = int(said[9:12]) if said.startswith(b"HTTP/1.1 ") else CLOSED
    body = said.partition(b"\r\n\r\n")[2]
    return Outcome(status, seconds, max(0, peak), body, len(good.seconds), good.failed, max(good.seconds, default=0.0))


def _exchange(case: Hostile, port: int, first: bytes, rest: Iterator[bytes]) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        said = b""
        sending = threading.Thread(target=_send, args=(connection, case, first, rest), daemon=True)
        sending.start()
        with suppress(ConnectionError):
            while data := connection.recv(65536):
                said += data
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        sending.join(PATIENCE_SECONDS)
    return said


def _send(connection: socket.socket, case: Hostile, first: bytes, rest: Iterator[bytes]) -> None:
    with suppress(OSError):
        connection.sendall(first)
        for piece in rest:
            time.sleep(case.pause_seconds)
            connection.sendall(piece)
        if case.half_close:
            connection.shutdown(socket.SHUT_WR)


@dataclass
class _Good:
    seconds: list[float] = field(default_factory=list)
    failed: int = 0


@contextmanager
def _good_requests(port: int, pid: int) -> Iterator[_Good]:
    """An ordinary node beside it: one batch after the other."""
    good = _Good()
    ended = threading.Event()

    def work() -> None:
        request = posted(messages(EVENT))
        while True:
            start = unstarved_time(pid)
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
                    connection.sendall(request)
                    answered = connection.recv(4096).startswith(b"HTTP/1.1 200")
            except OSError:
                answered = False
            good.seconds.append(unstarved_time(pid) - start)
            good.failed += not answered
            if ended.wait(0.02):
                return

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield good
    finally:
        ended.set()
        thread.join()


def _memory(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


def _forget_peak(pid: int) -> None:
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


@contextmanager
def server(*command: str) -> Iterator[tuple[int, int]]:
    """Run `tests.edge.servers` as a process of its own: port and process id."""
    command = command or (sys.executable, "-m", "tests.edge.servers")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def main() -> None:
    """Print the table."""
    print("| input | answer | events taken | seconds | peak memory, MB | good requests beside it | slowest, ms |")  # noqa: T201
    print("| --- | --- | --- | --- | --- | --- | --- |")  # noqa: T201
    given = [int(argument) for argument in sys.argv[1:]]
    with nullcontext(given) if given else server() as (port, pid):
        for case in CASES:
            found = attack(case, port, pid)
            as_expected = found.status in case.expected and found.good_failed == 0
            cells = (
                case.name,
                f"{found.status or 'closed'}{'' if as_expected else ' **unexpected**'}",
                str(found.accepted) if case.accepted is not None else "",
                f"{found.seconds:.2f}",
                f"{found.peak_bytes / MEGABYTE:.0f}",
                f"{found.good_requests - found.good_failed} of {found.good_requests}",
                f"{found.good_slowest_seconds * 1000:.0f}",
            )
            print(f"| {' | '.join(cells)} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
