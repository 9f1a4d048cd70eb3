"""docs/reference/send.md: each row of its tables is brought about, and prints and ends as the page says."""

import contextlib
import fcntl
import gzip
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import trustme
from tests import preloaded
from tests.loopback import free_port
from tests.shipping.http_server import ScriptedAnswer, ScriptedServer
from tests.starvation import PATIENCE_SECONDS

PAGE = Path(__file__).parents[2] / "docs/reference/send.md"
ROW = re.compile(r"^\| (?P<when>[^|]+) \| (?P<prints>.+) \| (?P<status>\d+) \|$", re.MULTILINE)
ROWS = {row["when"]: (row["prints"].strip("`"), int(row["status"])) for row in ROW.finditer(PAGE.read_text())}
AUTHORITY = trustme.CA(organization_name="Fleet CA")
GONE = "nothing"
Process: TypeAlias = "preloaded.Spoken | subprocess.Popen[bytes]"


@dataclass
class Place:
    """Where a scenario happens."""

    home: Path
    server: ScriptedServer
    stack: ExitStack
    variables: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """A file with a line."""
        return self.home / "a.log"

    def write(self, name: str, content: bytes) -> str:
        """Make a file; its name."""
        (self.home / name).write_bytes(content)
        return str(self.home / name)

    def send(self, *arguments: str, **options: Any) -> Process:
        """Start it as a program of its own, anew where more than what it imports is to be otherwise."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8", **self.variables}
        if (
            preloaded.CAN_FORK
            and not self.prefix
            and options.keys() <= {"stdin", "stdout"}
            and None not in options.values()
        ):
            return preloaded.Spoken(["send", *arguments], environ=environ, cwd=self.home, **options)
        command = [*self.prefix, sys.executable, "-m", "mothership", "send", *arguments]
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(command, env=environ, cwd=self.home, **given)

    def ship(self, *arguments: str, url: str = "", **options: Any) -> Process:
        """Ship the file to the server, without patience."""
        files = arguments or (str(self.log),)
        return self.send(*files, "--url", url or self.server.url, "--give-up-seconds", "0", **options)


Scenario = Callable[[Place], Process]
SCENARIOS: dict[str, Scenario] = {
    "a file is not there": lambda place: place.ship("nope.log"),
    "a pattern leads to nothing": lambda place: place.ship("*.nope"),
    "a directory is named": lambda place: place.ship(str(place.home)),
    "no file is named": lambda place: place.send(),
    "standard input with `--follow`": lambda place: place.send("-", "--follow"),
    "standard input is closed": lambda place: place.ship("-", stdin=None, preexec_fn=lambda: os.close(0)),
    "the URL is none": lambda place: place.ship(url="localhost"),
    "the port is out of range": lambda place: place.ship(url="http://localhost:99999"),
    "a tag without a value": lambda place: place.ship(str(place.log), "--tag", "site"),
    "the token holds a character that none has": lambda place: place.ship(str(place.log), "--token", "schl\u00fcssel"),
    "a time that is none": lambda place: place.send(str(place.log), "--give-up-seconds", "nan"),
    "a certificate's file is not there": lambda place: place.ship(str(place.log), "--ca", "nope.pem"),
    "a certificate's file holds none": lambda place: place.ship(str(place.log), "--ca", str(place.log)),
    "a file can't be read (here a socket)": lambda place: place.ship(_socket(place)),
    "a file is binary": lambda place: place.ship(place.write("a.log", bytes(range(256)) * 20)),
    "a packed file is cut off": lambda place: place.ship(place.write("a.log.gz", gzip.compress(b"line\n" * 99)[:-9])),
    "a packed file is damaged": lambda place: place.ship(place.write("a.log.gz", gzip.compress(b"line\n") + b"junk")),
    "standard input is binary": lambda place: _piped(place, bytes(range(256)) * 20),
    "standard input is packed": lambda place: _piped(place, gzip.compress(b"line\n")),
    "a line is longer than 4 MiB": lambda place: place.ship(place.write("a.log", b"x" * (4 * 1024 * 1024 + 9) + b"\n")),
    "a file is empty": lambda place: place.ship(place.write("a.log", b"")),
    "it can't be made": lambda place: place.ship(str(place.log), "--state", "/proc/no/state.json"),
    "it is damaged": lambda place: _with_state(place, b"{"),
    "it is of another version": lambda place: _with_state(place, b'{"version":0,"files":[]}'),
    "nothing listens there": lambda place: place.ship(url=f"http://127.0.0.1:{free_port()}"),
    "the host is not known": lambda place: place.ship(url="http://mothership.invalid:8443"),
    "it hangs up": lambda place: _answered(place, 0),
    "503, for longer than it waits": lambda place: _answered(place, 503, {"reason": "no room"}),
    "429, for longer than it waits": lambda place: _answered(place, 429, {"reason": "no room"}),
    "there is no token": lambda place: _answered(place, 401, {"reason": "no"}),
    "the token may not": lambda place: _answered(place, 403, {"reason": "no"}),
    "something else answers 200": lambda place: _answered(place, 200, "<html>sign in</html>"),
    "an event is too large": lambda place: _answered(place, 413, {"reason": "too large"}),
    "events are rejected": lambda place: _answered(place, 200, {"rejected": 1, "errors": [{"reason": "no good"}]}),
    "events are dead letters": lambda place: _answered(
        place, 200, {"sink_results": {"tsdb": {"written": 0, "queued": 0, "errors": 1}}}
    ),
    "its certificate is not trusted": lambda place: place.ship(url=_https(place, AUTHORITY.issue_cert("127.0.0.1"))),
    "it does not speak TLS": lambda place: place.ship(url=place.server.url.replace("http:", "https:")),
    "it speaks TLS": lambda place: place.ship(
        url=_https(place, AUTHORITY.issue_cert("127.0.0.1")).replace("https:", "http:")
    ),
    "standard output is full in a dry run": lambda place: place.send(str(place.log), "--dry-run", stdout=_full(place)),
    "standard output is full after all was delivered": lambda place: place.ship(stdout=_full(place)),
}


def scenario(when: str) -> Callable[[Scenario], Scenario]:
    def add(bring_about: Scenario) -> Scenario:
        SCENARIOS[when] = bring_about
        return bring_about

    return add


def _socket(place: Place) -> str:
    """Make a file that neither root nor another user can read; its name."""
    path = str(place.home / "x.log")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path)
    return path


def _piped(place: Place, content: bytes) -> Process:
    descriptor = os.open(place.write("piped", content), os.O_RDONLY)
    place.stack.callback(os.close, descriptor)
    return place.ship("-", stdin=descriptor)


def _with_state(place: Place, content: bytes) -> Process:
    return place.ship(str(place.log), "--state", place.write("state.json", content))


def _answered(place: Place, status: int, body: object = None) -> Process:
    place.server.script = [ScriptedAnswer(status, body)] * 9
    return place.ship()


def _full(place: Place) -> int:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    place.stack.callback(os.close, descriptor)
    return descriptor


def _https(place: Place, certificate: trustme.LeafCert, *, clients: trustme.CA | None = None) -> str:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    if clients:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    server = place.stack.enter_context(ScriptedServer())
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    place.stack.callback(thread.join)
    place.stack.callback(server.shutdown)
    return server.url.replace("http:", "https:")


def _ca(place: Place) -> tuple[str, str]:
    return "--ca", place.write("ca.pem", AUTHORITY.cert_pem.bytes())


@scenario("its certificate is for another name")
def _(place: Place) -> Process:
    url = _https(place, AUTHORITY.issue_cert("mothership.example.com"))
    return place.ship(str(place.log), *_ca(place), url=url)


@scenario("its certificate has expired")
def _(place: Place) -> Process:
    url = _https(place, AUTHORITY.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)))
    return place.ship(str(place.log), *_ca(place), url=url)


@scenario("it wants a client certificate")
def _(place: Place) -> Process:
    url = _https(place, AUTHORITY.issue_cert("127.0.0.1"), clients=AUTHORITY)
    return place.ship(str(place.log), *_ca(place), url=url)


@scenario("it does not trust ours")
def _(place: Place) -> Process:
    url = _https(place, AUTHORITY.issue_cert("127.0.0.1"), clients=AUTHORITY)
    ours = place.write("node.pem", trustme.CA().issue_cert("node-7").private_key_and_cert_chain_pem.bytes())
    return place.ship(str(place.log), *_ca(place), "--client-cert", ours, url=url)


@scenario("the token is wrong")
def _(place: Place) -> Process:
    place.variables["MOTHERSHIP_TOKEN"] = "another\r\n"
    return _answered(place, 401, {"reason": "no"})


@scenario("the URL has a path too many")
def _(place: Place) -> Process:
    place.server.script = [ScriptedAnswer(404, {"reason": "no"})]
    return place.ship(url=f"{place.server.url}/x")


@scenario("it redirects in circles")
def _(place: Place) -> Process:
    place.server.script = [ScriptedAnswer(307, headers={"Location": "/ingest"})] * 9
    return place.ship()


@scenario("the proxy is not there")
def _(place: Place) -> Process:
    place.variables["http_proxy"] = f"http://127.0.0.1:{free_port()}"
    return place.ship(url="http://mothership.invalid:8443")


@scenario("it does not answer in time")
def _(place: Place) -> Process:
    silent = place.stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return place.ship(str(place.log), "--timeout-seconds", "0.1", url=f"http://127.0.0.1:{silent.getsockname()[1]}")


def _unprivileged(place: Place) -> None:
    """Root may read everything, unless it gives that up."""
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("NOT TRIED: root may read everything, and there is no setpriv")
        place.prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


@scenario("a file may not be read")
def _(place: Place) -> Process:
    _unprivileged(place)
    place.log.chmod(0)
    return place.ship()


@scenario("a directory may not be looked into")
def _(place: Place) -> Process:
    _unprivileged(place)
    closed = place.home / "closed"
    closed.mkdir()
    closed.chmod(0)
    place.stack.callback(closed.chmod, 0o700)
    return place.ship(str(closed / "x.log"))


@scenario("another process uses it")
def _(place: Place) -> Process:
    lock = os.open(place.write("state.json.lock", b""), os.O_RDWR)
    place.stack.callback(os.close, lock)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return place.ship(str(place.log), "--state", "state.json")


@scenario("its disk is full")
def _(place: Place) -> Process:
    disk = place.home / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("NOT TRIED: may not mount a small disk here")
    place.stack.callback(lambda: subprocess.run(["umount", "-l", disk], check=True))
    with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    return place.ship(str(place.log), "--state", str(disk / "state.json"))


@scenario("a file is gone that was not shipped to its end")
def _(place: Place) -> Process:
    gone = Path(place.write("gone.log", b"line\n"))
    place.server.script = [ScriptedAnswer(503)]
    place.ship(str(gone), "--state", "state.json").communicate()
    gone.unlink()
    return place.ship(str(place.log), "--state", "state.json")


def _waiting(place: Place, *arguments: str, number: int) -> Process:
    """Send it a signal once it waits."""
    process = place.send(*arguments)
    assert process.stderr
    said = process.stderr.readline()
    place.stack.callback(process.kill)
    process.send_signal(number)
    (place.home / "said").write_bytes(said)
    return process


@scenario("Ctrl-C")
def _(place: Place) -> Process:
    return _waiting(place, str(place.log), "--url", f"http://127.0.0.1:{free_port()}", number=signal.SIGINT)


@scenario("SIGTERM")
def _(place: Place) -> Process:
    return _waiting(place, str(place.log), "--url", f"http://127.0.0.1:{free_port()}", number=signal.SIGTERM)


@scenario("SIGTERM with `--follow`")
@scenario("a file that is followed is not there yet")
def _(place: Place) -> Process:
    state = ("--state", "state.json")
    return _waiting(place, "--follow", "nope.log", *state, "--url", place.server.url, number=signal.SIGTERM)


@scenario("whoever reads a dry run has gone")
def _(place: Place) -> Process:
    reader, writer = os.pipe()
    os.close(reader)
    process = place.send(str(place.log), "--dry-run", stdout=writer)
    os.close(writer)
    return process


@pytest.fixture
def place(tmp_path: Path, server: ScriptedServer) -> Iterator[Place]:
    with ExitStack() as stack:
        place = Place(tmp_path, server, stack)
        place.log.write_text("line\n")
        yield place


def test_every_row_of_the_page_is_tried() -> None:
    """And every way that is tried has its row."""
    assert set(SCENARIOS) == set(ROWS)
    assert len(ROWS) > 50


@pytest.mark.parametrize("when", SCENARIOS)
def test_it_prints_and_ends_as_the_page_says(when: str, place: Place) -> None:
    """No traceback, and nothing of a token, whatever happens."""
    prints, status = ROWS[when]
    process = SCENARIOS[when](place)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    said = (out or b"").decode() + (err or b"").decode()
    if (place.home / "said").exists():
        said = (place.home / "said").read_text() + said
    ended = process.wait()
    assert (ended if ended >= 0 else 128 - ended) == status, said
    assert "Traceback" not in said
    assert "schl\u00fcssel" not in said
    if prints == GONE:
        assert not said
    else:
        pattern = ".*".join(re.escape(part) for part in prints.split("…"))
        assert re.search(rf"^ *{pattern}$", said.replace("`", ""), re.MULTILINE), said
