"""Standard input is shipped as it comes, by a real process."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest
from tests import preloaded
from tests.shipping.http_server import ScriptedServer

from mothership.shipping.batches import OutgoingBatch
from mothership.shipping.file_reader import ReadOptions
from mothership.shipping.read_once import InputReport, read_stream


@contextmanager
def sending(server: ScriptedServer, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [preloaded.program(), "send", "-", "--url", server.url, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.kill()


def until(server: ScriptedServer, events: int) -> list[str]:
    """Wait for so many events."""
    arrived = threading.Event()
    for _ in range(600):
        if len(server.stored()) >= events:
            break
        arrived.wait(0.05)
    return [event.get("message", event.get("n")) for event in server.stored()]


def write(process: "subprocess.Popen[bytes]", text: bytes) -> None:
    stdin: IO[bytes] | None = process.stdin
    assert stdin
    stdin.write(text)
    stdin.flush()


@pytest.fixture
def trace() -> str:
    return 'ERROR no\nTraceback (most recent call last):\n  File "a", line 1\nKeyError: 1'


def test_what_waits_is_shipped_while_the_pipe_stays_open(server: ScriptedServer, trace: str) -> None:
    """`journalctl -f | mothership send -`. Half a line waits for its other half, a stop for nobody."""
    with sending(server) as process:
        write(process, b"one\none\n" + trace.encode() + b'\n{"type":"x","n":7}\nha')
        assert until(server, 4) == ["one", "one", trace, 7]
        write(process, b"lf\n")
        assert until(server, 5)[4:] == ["half"]
        process.terminate()
        process.wait(30)  # before the pipe is closed, at which it would end as well
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0, out
    assert b"sent 5, accepted 5" in out
    keys = [seen.headers["idempotency-key"] for seen in server.seen]
    assert len(set(keys)) == len(keys)


def piped(data: bytes) -> tuple[list[OutgoingBatch], InputReport]:
    """Read it from a pipe to its end."""
    reading, writing = os.pipe()
    report = InputReport(lambda _text: None)
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb") as pipe:
        pipe.write(data)
        pipe.close()
        return list(read_stream(stream, ReadOptions(), report)), report


def test_two_runs_are_two() -> None:
    """Nobody knows whether the same was piped again."""
    keys = {batch.key for _ in range(2) for batch in piped(b"same\n")[0]}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("data", "said"), [(b"\0\1\2\3" * 10, "is binary"), (b"\x1f\x8b\x08\0\0\0", "is packed (gzip): unpack it")]
)
def test_binary_and_packed_input_is_refused(data: bytes, said: str) -> None:
    """With a word."""
    batches, report = piped(data)
    assert batches == []
    assert report.unreadable == 1
    assert said in next(iter(report.said))


def test_the_journals_export_becomes_events_with_its_fields() -> None:
    """`journalctl -o export`: text fields, and fields of any bytes."""
    long = b"two\n\nlines"
    entry = (
        b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795946400123456\nMESSAGE\n"
        + len(long).to_bytes(8, "little") + long + b"\n_PID=311\n\n"
    )  # fmt: skip
    (batch,), _ = piped(entry * 2)
    expected = {"MESSAGE": "two\n\nlines", "_PID": "311", "__REALTIME_TIMESTAMP": "1795946400123456"}
    assert [expected.items() <= json.loads(event).items() for event in batch.events] == [True, True]
