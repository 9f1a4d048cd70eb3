"""`mothership tail` as a person starts it, against the real service."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests import preloaded
from tests.journey.conftest import Service, Start

from mothership.commands.tail import line
from mothership.edge.auth_settings import hashed

TOKEN = "token-of-who-tails-here"


class Tail:
    """The program, and what it has printed."""

    def __init__(self, service: Service, *options: str, stdout: Any = subprocess.PIPE, **environ: str) -> None:
        command = [preloaded.program(), "tail", "--url", service.url, *options]
        variables = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **environ}
        self._service = service
        self.process = subprocess.Popen(
            command, stdout=stdout, stderr=subprocess.PIPE, env=variables, start_new_session=True
        )
        self.lines: list[str] = []
        self.said: list[str] = []
        streams = [(self.process.stdout, self.lines), (self.process.stderr, self.said)]
        self._readers = [
            threading.Thread(target=self._read, args=(stream, into), daemon=True) for stream, into in streams if stream
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: Any, into: list[str]) -> None:
        with stream:
            for text in stream:
                into.append(text.decode().rstrip("\n"))  # noqa: PERF401 - each as it comes

    def stop(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Its exit status, once it has ended and said all."""
        status = self.process.wait(120)
        for reader in self._readers:
            reader.join()
        return status


def readers(service: Service, **headers: str) -> int:
    """How many follow, those of other tests among them."""
    said = re.search(r"^mothership_tail_readers (\d+)", service.get("/metrics", headers=headers).text, re.MULTILINE)
    return int(said[1]) if said else 0


@contextlib.contextmanager
def tailing(service: Service, *options: str, **more: Any) -> Iterator[Tail]:
    """One that follows."""
    before = readers(service)
    found = Tail(service, *options, **more)
    try:
        service.until(lambda: readers(service) > before or found.process.poll() is not None, "the tail")
        yield found
    finally:
        if found.process.poll() is None:
            found.process.kill()
        found.wait()
        service.until(lambda: readers(service) <= before, "its end")


EVENTS: list[dict[str, Any]] = [
    {"type": "syslog", "source": "edge-7", "message": "disk \x1b[31mfull\u202e", "severity": "error"},
    {"type": "metric", "source": "edge-7", "value": 7},
    {"type": "syslog", "source": "edge-8", "message": "fine", "severity": "info"},
]


def test_events_are_printed_as_they_are_stored_and_commands_in_them_are_shown(service: Service) -> None:
    """One line each, without a colour where no terminal is; it ends as others do after Ctrl-C."""
    with tailing(service) as tail:
        assert service.post({"messages": EVENTS}).status_code == 200
        service.until(lambda: len(tail.lines) == 3, "three lines")
        assert "error" in tail.lines[0]
        assert tail.lines[0].endswith("syslog  edge-7  disk \\u001b[31mfull\\u202e")
        assert '"value":7' in tail.lines[1]
        assert "\x1b" not in "".join(tail.lines)
        assert tail.stop() == 130
        assert not [text for text in tail.said if "Traceback" in text]


def test_filters_are_options_and_json_is_json(service: Service) -> None:
    options = ("--at-least", "warning", "--without", "source=edge-8", "--json", "-q", "disk")
    with tailing(service, *options) as tail:
        assert service.post({"messages": EVENTS}).status_code == 200
        service.until(lambda: tail.lines, "a line")
        event = json.loads(tail.lines[0])
        assert (event["type"], event["source"], event["data"]["message"]) == ("syslog", "edge-7", EVENTS[0]["message"])
        assert "\x1b" not in tail.lines[0]
        assert len(tail.lines) == 1


def test_a_terminal_gets_colours_and_no_others_do(service: Service) -> None:
    """Of ours alone, and none where `NO_COLOR` is set."""
    event = {"ts": 0, "type": "a\x1b[2J", "source": "b", "is_cut": False, "data": {"message": "c", "severity_num": 3}}
    assert "\x1b[2J" not in line(event, is_coloured=True)
    assert "\x1b[31m" in line(event, is_coloured=True)
    held, terminal = pty.openpty()
    try:
        with tailing(service, stdout=terminal):
            assert service.post({"messages": EVENTS[:1]}).status_code == 200
            assert b"\x1b[31merror" in os.read(held, 4096)
    finally:
        os.close(held)
        os.close(terminal)


def test_a_lost_connection_is_made_again_and_what_was_missed_is_said(start: Start, database_dsn: str) -> None:
    service = start(dsn=database_dsn)
    with tailing(service, "--type", "syslog") as tail:
        service.process.send_signal(signal.SIGHUP)  # ends every tail
        service.until(lambda: any("reloaded" in text for text in tail.said), "the end")
        assert service.post({"messages": EVENTS}).status_code == 200
        service.until(lambda: any("connected again after" in text for text in tail.said), "the connection")
        assert service.post({"messages": EVENTS[2:]}).status_code == 200
        service.until(lambda: tail.lines, "an event after it")
        again = next(text for text in tail.said if "connected again after" in text)
        assert "/console/events?type=syslog&since=" in again
        assert "with a time in between" in again


@pytest.mark.parametrize("token", ["", "wrong-token-of-somebody"])
def test_without_a_right_token_it_ends_and_says_what_to_do(start: Start, database_dsn: str, token: str) -> None:
    entry = {"name": "reader", "hash": hashed(TOKEN), "scopes": ["read"]}
    auth = {"tokens": [entry], "failure_pause_seconds": 0.1}
    service = start(dsn=database_dsn, config={"auth": auth})
    tail = Tail(service, MOTHERSHIP_TOKEN=token)
    assert tail.wait() == 2
    assert "MOTHERSHIP_TOKEN" in tail.said[-1]
    right = Tail(service, MOTHERSHIP_TOKEN=TOKEN)
    service.until(lambda: readers(service, authorization=f"Bearer {TOKEN}"), "the tail")
    assert right.stop() == 130


def test_a_question_that_cannot_be_meant_is_refused_before_anything_is_sent(service: Service) -> None:
    for options in (("--has", "[1]"), ("--without", "color=red"), ("--severity", "loud"), ("--url", "nowhere")):
        tail = Tail(service, *options)
        assert tail.wait() == 2
