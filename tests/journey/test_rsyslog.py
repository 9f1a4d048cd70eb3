"""rsyslogd itself, told what docs/how-to/point-a-collector-here.md says.

Debian builds rsyslog without `omhttp`, so there its files are followed. Where the module is, RSYSLOG_OMHTTP names its
file, RSYSLOGD the program that it was built for, and RSYSLOG_MODULES the directory of its other modules.
"""

import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests import preloaded
from tests.journey.conftest import Service, Start
from tests.journey.test_service import select
from tests.loopback import PLAIN, free_port
from tests.starvation import PATIENCE_SECONDS

PAGE = Path(__file__).parents[2] / "docs/how-to/point-a-collector-here.md"
RSYSLOGD = os.environ.get("RSYSLOGD") or shutil.which("rsyslogd", path="/usr/sbin:/sbin:" + os.environ["PATH"]) or ""
OMHTTP = os.environ.get("RSYSLOG_OMHTTP", "omhttp")
MODULES = ["-M", os.environ["RSYSLOG_MODULES"]] if "RSYSLOG_MODULES" in os.environ else []
LINES = 900
TOKEN = "a-token-of-more-than-20-characters"
pytestmark = pytest.mark.skipif(not RSYSLOGD, reason="NOT TRIED: no rsyslogd here; apt-get install rsyslog")


def documented(mark: str) -> str:
    """What the page says to rsyslog about this."""
    blocks = re.findall(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (found,) = [block for block in blocks if mark in block]
    return str(found)


@contextmanager
def rsyslog(home: Path, configuration: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run one that takes lines at a TCP port."""
    port = free_port()
    path = home / "rsyslog.conf"
    path.write_text(
        f'global(workDirectory="{home}")\nmodule(load="imtcp")\n'
        f'input(type="imtcp" port="{port}" address="127.0.0.1")\n{configuration}\n'
    )
    with (home / "rsyslog.said").open("wb") as said:
        command = [RSYSLOGD, *MODULES, "-n", "-f", str(path), "-i", str(home / "pid")]
        process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            _until(lambda: _listens(port), "rsyslogd")
            yield port, process
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(seen: Any, what: str) -> None:
    began = time.monotonic()
    while not seen():
        assert time.monotonic() - began < PATIENCE_SECONDS, f"{what} did not come"
        time.sleep(0.1)


def log(port: int, numbers: range) -> None:
    """As a device does, by RFC 5424."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for number in numbers:
            line = f"<11>1 2026-11-29T10:00:00.{number:06d}Z web01 app 311 - - line {number} of alice@example.com\n"
            connection.sendall(line.encode())


def facts(dsn: str) -> list[tuple[Any, ...]]:
    """What is stored: rows, different ones, and what was read off them."""
    return select(
        dsn,
        "SELECT count(*)::int, count(DISTINCT data->>'message')::int, min(data->>'hostname'), min(data->>'program'),"
        " min(data->>'pid'), min(data->>'severity'), min(data->>'log_format'), bool_or(data::text LIKE '%alice@%')"
        " FROM events",
    )


def rows(service: Service) -> int:
    """How many are stored."""
    return int(select(service.dsn, "SELECT count(*)::int FROM events")[0][0])


@contextmanager
def following(service: Service, pattern: str, token: str = TOKEN) -> Iterator[subprocess.Popen[bytes]]:
    """`mothership send --follow`, as the page has it."""
    command = [preloaded.program(), "send", "--follow", pattern, "--url", service.url]
    environ = {**service.environ, "MOTHERSHIP_TOKEN": token}
    process = subprocess.Popen(
        [*command, "--state", f"{service.data_dir.parent}/state.json"], env=environ, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_debians_rsyslog_writes_a_file_and_send_follows_it(start: Start, database_dsn: str, tmp_path: Path) -> None:
    """Every line once: through a wrong token, a rotation, and `kill -9` of the service and of `send`."""
    file = tmp_path / "mothership.log"
    port = free_port()
    settings = {"MOTHERSHIP_AUTH_TOKENS": f"rsyslog={TOKEN}", "MOTHERSHIP_PORT": str(port)}
    service = start(dsn=database_dsn, wait=False, **settings)
    service.url = f"http://127.0.0.1:{port}"
    service.wait_ready()
    configuration = documented('type="omfile"').replace("/var/log/mothership.log", str(file))
    with rsyslog(tmp_path, configuration) as (syslog_port, rsyslogd):
        log(syslog_port, range(300))
        with following(service, str(file), token="one-that-the-service-does-not-know") as refused:
            assert refused.wait(PATIENCE_SECONDS) == 3
            said = refused.stderr.read() if refused.stderr else b""
        assert b"the token is not one that the service knows" in said
        with following(service, str(file)):
            service.until(lambda: rows(service) >= 300, "the first lines")
            service.stop(signal.SIGKILL)
            log(syslog_port, range(300, 600))
            _until(lambda: file.read_bytes().count(b"\n") == 600, "lines in the file")
        file.rename(tmp_path / "mothership.log.1")  # as logrotate does
        rsyslogd.send_signal(signal.SIGHUP)
        log(syslog_port, range(600, LINES))
        service = start(dsn=database_dsn, data_dir=service.data_dir, wait=False, **settings)
        service.url = f"http://127.0.0.1:{port}"
        service.wait_ready()
        with following(service, str(file)):
            service.until(lambda: rows(service) >= LINES, "every line")
    assert facts(database_dsn) == [(LINES, LINES, "web01", "app", "311", "error", "rfc5424", False)]


@contextmanager
def sometimes_unavailable(target: str, *, every: int) -> Iterator[int]:
    """A proxy that answers 503 now and then, without having passed the request on."""
    seen = iter(range(10**9))

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = 503, b'{"reason":"no room"}'
            if next(seen) % every:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                answer = httpx2.post(target + self.path, content=body, headers=headers, verify=PLAIN, timeout=60)
                status, content = answer.status_code, answer.content
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _has_omhttp(home: Path) -> bool:
    path = home / "try.conf"
    path.write_text(f'module(load="{OMHTTP}")\naction(type="omhttp" server="localhost" httpretrycodes=["401"])\n')
    done = subprocess.run([RSYSLOGD, *MODULES, "-N1", "-f", path], capture_output=True, check=False)
    return done.returncode == 0


def test_omhttp_ships_every_line(start: Start, database_dsn: str, tmp_path: Path) -> None:
    """In compressed batches over rsyslog's own template, with 503 in between."""
    if not _has_omhttp(tmp_path):
        pytest.skip("NOT TRIED: this rsyslogd has no omhttp of 2026; RSYSLOGD and RSYSLOG_OMHTTP name one")
    service = start(dsn=database_dsn, MOTHERSHIP_AUTH_TOKENS=f"rsyslog={TOKEN}")
    with sometimes_unavailable(service.url, every=3) as port:
        configuration = (
            documented('type="omhttp"')
            .replace('load="omhttp"', f'load="{OMHTTP}"')
            .replace("mothership.example.com", "127.0.0.1")
            .replace('"8443"', f'"{port}"')
            .replace('usehttps="on"', 'usehttps="off"')
            .replace("Bearer TOKEN", f"Bearer {TOKEN}")
        )
        with rsyslog(tmp_path, configuration) as (syslog_port, _):
            log(syslog_port, range(LINES))
            service.until(lambda: facts(database_dsn)[0][1] >= LINES, "every line")
    stored, different, *read = facts(database_dsn)[0]
    assert stored >= different == LINES
    assert read == ["web01", "app", "311", "error", "rfc5424", False]
