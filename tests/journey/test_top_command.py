"""`mothership top` as a person starts it, against the real service: in a terminal, in a pipe, once."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests import preloaded
from tests.journey.conftest import Service, Start
from tests.starvation import PATIENCE_SECONDS

from mothership.commands.top_client import OverviewHistory
from mothership.commands.top_view import spark, view
from mothership.edge.auth_settings import hashed

TOKEN = "token-of-who-watches-here"
HOSTILE = "\x1b[2J\x1b]0;title\x07\u202egnp [bold]x[/bold]"
ENTER, LEAVE, SHOW_CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


def top(url: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return preloaded.run(["top", "--url", url, *arguments], environ={"PATH": os.environ["PATH"], **environ})


class Terminal:
    """The program in a terminal of its own, and what it has written there."""

    def __init__(self, url: str, *arguments: str, rows: int = 40, columns: int = 120) -> None:
        self.held, self._inside = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self._inside)
        environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mothership", "top", "--interval", "0.5", "--url", url, *arguments],
            stdin=self._inside, stdout=self._inside, stderr=self._inside, env=environ, start_new_session=True,
        )  # fmt: skip
        self._text = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            while part := os.read(self.held, 65536):
                self._text.extend(part)
        except OSError:
            return

    @property
    def seen(self) -> bytes:
        """What it has written."""
        return bytes(self._text)

    def until(self, seen: Callable[[], object]) -> None:
        """Wait for it, as long as the program lives."""
        pause, waited = threading.Event(), 0.0
        while not seen():
            assert self.process.poll() is None, self.seen
            pause.wait(0.05)
            waited += 0.05
            assert waited < PATIENCE_SECONDS, self.seen

    def resize(self, rows: int, columns: int) -> None:
        """Make the window as big."""
        fcntl.ioctl(self.held, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        """As a person at the keyboard."""
        os.write(self.held, keys)

    def end(self) -> int:
        """Its status; the terminal is as it was."""
        status = self.process.wait(PATIENCE_SECONDS)
        assert termios.tcgetattr(self._inside) == self.before
        self.until_quiet()
        assert self.seen.count(ENTER) == self.seen.count(LEAVE) > 0
        assert self.seen.rindex(SHOW_CURSOR) > self.seen.rindex(ENTER)
        return status

    def until_quiet(self) -> None:
        """Until what was written has been read."""
        os.write(self._inside, b"<end>")
        pause, waited = threading.Event(), 0.0
        while not self.seen.endswith(b"<end>"):
            pause.wait(0.02)
            waited += 0.02
            assert waited < PATIENCE_SECONDS, self.seen

    def close(self) -> None:
        """Whatever became of it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._inside)
        self._reader.join()
        os.close(self.held)


@contextmanager
def terminal(url: str, *arguments: str, **more: Any) -> Iterator[Terminal]:
    """One that is watched."""
    found = Terminal(url, *arguments, **more)
    try:
        yield found
    finally:
        found.close()


def test_the_overview_is_printed_where_there_is_no_terminal(service: Service) -> None:
    """Once, with what the page says first; or as the page's own JSON."""
    events = [{"type": "log", "message": "from ann@example.org"}, {"no": "type"}]
    assert service.post({"messages": events}).status_code == 200
    done = top(service.url, "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    for text in ("Mothership", service.url, "ready", "events now", "tsdb", "Redactions, by rule", "Rejected events"):
        assert text in done.stdout, text
    printed = top(service.url, "--once", "--json")
    assert json.loads(printed.stdout).keys() == service.get("/console/overview.json").json().keys()
    assert printed.stdout.count("\n") == 1


def test_it_is_live_in_a_terminal_and_gives_it_back(service: Service) -> None:
    """`q`, Ctrl-C and SIGTERM end it, each with its status; a new size is drawn at once, small ones too."""
    with terminal(service.url) as shown:
        shown.until(lambda: b"events now" in shown.seen)
        assert b"Mothership" in shown.seen
        already = len(shown.seen)
        shown.resize(5, 20)
        shown.process.send_signal(signal.SIGWINCH)
        shown.until(lambda: len(shown.seen) > already)
        shown.press(b"q")
        assert shown.end() == 0
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with terminal(service.url, rows=3, columns=10) as shown:
            _until_it_shows(shown, b"Mothersh")
            shown.process.send_signal(number)
            assert shown.end() == status
            assert b"Traceback" not in shown.seen


def _until_it_shows(terminal: Terminal, what: bytes) -> None:
    terminal.until(lambda: what in terminal.seen)


def test_ctrl_z_lends_the_terminal_to_the_shell(service: Service) -> None:
    with terminal(service.url) as shown:
        shown.until(lambda: b"events now" in shown.seen)
        shown.process.send_signal(signal.SIGTSTP)
        shown.until(lambda: shown.seen.count(LEAVE) == 1)
        status = Path(f"/proc/{shown.process.pid}/stat")
        shown.until(lambda: status.read_text().rpartition(")")[2].split()[0] == "T")
        shown.process.send_signal(signal.SIGCONT)
        shown.until(lambda: shown.seen.count(ENTER) == 2)
        shown.press(b"q")
        assert shown.end() == 0


def test_a_service_that_goes_away_is_asked_again(start: Start, database_dsn: str) -> None:
    """What was seen last stays, and it is said why nothing is new; for a program, on standard error."""
    service = start(dsn=database_dsn)
    with terminal(service.url) as shown:
        shown.until(lambda: b"events now" in shown.seen)
        service.stop()
        shown.until(lambda: b"asking again" in shown.seen)
        assert b"refuses the connection" in shown.seen
        shown.press(b"q")
        assert shown.end() == 0
    gone = top(service.url, "--once")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "refuses the connection" in gone.stderr


def test_a_wrong_token_and_a_wrong_address_end_it_with_words(start: Start, database_dsn: str) -> None:
    entry = {"name": "reader", "hash": hashed(TOKEN), "scopes": ["read"]}
    service = start(dsn=database_dsn, config={"auth": {"tokens": [entry], "failure_pause_seconds": 0.1}})
    assert top(service.url, "--once", MOTHERSHIP_TOKEN=TOKEN).returncode == 0
    for token in ("", "wrong-token-of-somebody"):
        done = top(service.url, MOTHERSHIP_TOKEN=token)
        assert (done.returncode, "MOTHERSHIP_TOKEN" in done.stderr) == (2, True)
    with terminal(service.url) as shown:
        assert shown.end() == 2
        assert b"the service wants a token" in shown.seen
    done = top(f"{service.url}/somewhere", "--once", MOTHERSHIP_TOKEN=TOKEN)
    assert (done.returncode, "leave the path out, and /console/overview is added" in done.stderr) == (2, True)
    for url in ("nowhere", "ftp://x", service.url.replace("http", "https")):
        done = top(url, "--once")
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr


def overview(text: str) -> dict[str, Any]:
    """One in which every text is this one."""
    row = [{"name": text, "count": 3}]
    return {
        "service": {"version": text, "uptime": 4.0, "workers": 1},
        "ready": {"healthy": False, "reason": text},
        "notices": [{"severity": text, "text": text, "page": text, "docs": text}] * 9,
        "now": {"events_per_second": 1.5, "answers_per_second": 1, "answer_seconds_p95": None},
        "events": {"kept": 1, "rejected": 2, "last_hour": None},
        "dead_letters": {"events": 1},
        "sinks": {
            text: {"healthy": False, "reason": text, "breaker": text, "queued_events": 1, "queued_bytes": 2000,
                   "oldest_seconds": 7, "drain_rate": 1.0, "retries": 1, "dead_letters": 0}
        },
        "spool": {"bytes": 1, "max_bytes": 2},
        "in_flight": {"events": 1},
        "redactions": row, "rejected": row, "refused": row,
        "llm": {"healthy": False, "reason": text, "circuit_breaker": text, "templates": 1, "share_applied": 0.5,
                "tokens_today": 1, "cost_today": 0.1},
    }  # fmt: skip


@pytest.mark.parametrize("width", [10, 80, 300])
def test_no_text_of_a_service_commands_the_terminal(width: int) -> None:
    """Whatever it is, and however long: only our own colours do."""
    console = Console(width=width, force_terminal=True, color_system="256", markup=False, highlight=False)
    with console.capture() as shown:
        console.print(view(overview(HOSTILE), OverviewHistory(), HOSTILE))
        console.print(view(overview("x" * 100_000), OverviewHistory(), "x" * 100_000))
    text = shown.get()
    assert "\x1b[2J" not in text
    assert "\x1b]" not in text
    assert "\u202e" not in text
    assert len(text) < 200_000
    if width == 300:
        assert "\\u001b[2J" in text
        assert "[bold]x[/bold]" in text


def test_what_is_no_overview_is_told_as_such() -> None:
    for content in ({}, overview("x") | {"sinks": []}, overview("x") | {"now": {"events_per_second": "x"}}):
        with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
            view(content, OverviewHistory(), "x")


def test_the_last_hour_is_a_line_as_high_as_what_was_most() -> None:
    assert spark({0.0: 1.0, 3599.0: 8.0}, columns=4) == ("▁  █", 8.0)
    assert spark({0.0: 0.0}, columns=2) == (" ▁", 0.0)
    history = OverviewHistory()
    columns = {"at": [10, 4000], "types": {"log": [1, 2], "metric": [0, 3]}, "levels": {"queued.tsdb": [4, 5]},
               "answer_seconds": {"p95": [None, 0.5]}}  # fmt: skip
    history.add(columns)
    assert (history.events, history.waiting, history.answer_seconds) == ({4000: 5.0}, {4000: 5.0}, {4000: 0.5})
