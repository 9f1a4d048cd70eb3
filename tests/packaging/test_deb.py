"""The Debian package: built, looked into, and its service started by its unit, as far as a test can be systemd."""

import gzip
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import pytest
from tests.loopback import PLAIN, free_port
from tests.starvation import PATIENCE_SECONDS

from mothership.__main__ import COMMANDS

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy/debian/mothership.service"
EXPOSURE_MAX = 20
"""Tenths of what `systemd-analyze security` counts."""

pytestmark = pytest.mark.skipif(
    not (shutil.which("dpkg-deb") and shutil.which("systemd-analyze")),
    reason="needs dpkg and systemd: Debian or Ubuntu",
)


def output(*command: str | Path) -> str:
    """What it prints; the test fails if it does."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package for this Python alone, not compressed: the rest is the same, and slow."""
    target = tmp_path_factory.mktemp("deb")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    build: list[str | Path] = [
        sys.executable,
        ROOT / "deploy/debian/build.py",
        "--python",
        python,
        "--compression",
        "none",
    ]
    output(*build, "--out", target)
    return next(target.glob("*.deb"))


@pytest.fixture(scope="module")
def extracted(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What it holds, in a directory of its own."""
    place = tmp_path_factory.mktemp("root")
    output("dpkg-deb", "-x", package, place)
    return place


def test_the_package_holds_what_its_unit_starts(package: Path, extracted: Path) -> None:
    """What an administrator changes is kept by an upgrade, and the file for secrets is root's alone."""
    assert re.search(
        r"^Depends: python3 \(>= 3\.\d+\), python3 \(<< 3\.\d+~\)", output("dpkg-deb", "-f", package), re.MULTILINE
    )
    listed = output("dpkg-deb", "-c", package)
    for path in ("/etc/mothership/config.yaml", "/usr/lib/sysusers.d/mothership.conf", "/usr/bin/mothership"):
        assert f" .{path}\n" in listed
    assert re.search(r"^-rw------- root/root .* \./etc/mothership/mothership\.env$", listed, re.MULTILINE)
    assert not re.findall(r"^(?!.\S+ root/root ).+$", listed, re.MULTILINE)
    assert (extracted / "opt/mothership/bin/python3").readlink() == Path("/usr/bin/python3")
    assert {"/etc/mothership/config.yaml", "/etc/mothership/mothership.env"} == set(
        output("dpkg-deb", "-I", package, "conffiles").split()
    )
    for script in ("postinst", "prerm", "postrm"):
        output("sh", "-n", ROOT / "deploy/debian" / script)


def test_every_command_has_a_manual_page_and_shells_complete(extracted: Path) -> None:
    """The pages are sound roff and lead to one another."""
    manual = extracted / "usr/share/man/man1"
    there = {path.name.removesuffix(".1.gz") for path in manual.iterdir()}
    assert {f"mothership-{name}" for name in COMMANDS} | {"mothership", "mothership-token-new"} <= there
    for path in manual.iterdir():
        text = gzip.decompress(path.read_bytes()).decode()
        assert set(re.findall(r"^\.BR (\S+) \(1\)$", text.replace("\\-", "-"), re.MULTILINE)) <= there
        if shutil.which("groff"):
            done = subprocess.run(
                ["groff", "-man", "-Tutf8", "-ww"], input=text, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), path.name
    for place in ("bash-completion/completions/mothership", "zsh/vendor-completions/_mothership"):
        assert "_MOTHERSHIP_COMPLETE" in (extracted / "usr/share" / place).read_text()
    assert (extracted / "usr/share/fish/vendor_completions.d/mothership.fish").exists()


def test_the_unit_is_sound_and_confined(extracted: Path, tmp_path: Path) -> None:
    """By systemd's own judgement."""
    fitted = UNIT.read_text().replace("=/opt/mothership", f"={extracted}/opt/mothership")
    (tmp_path / UNIT.name).write_text(fitted.replace("file:///usr/share/doc", f"file://{extracted}/usr/share/doc"))
    assert output("systemd-analyze", "verify", tmp_path / UNIT.name) == ""
    assert not re.search(r"^Exec\w+=/(usr/)?bin/(?!sh )", UNIT.read_text(), re.MULTILINE), (
        "a minimal Debian may lack it"
    )
    output("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", UNIT)


def test_the_service_of_the_package_starts_and_stores_an_event(
    extracted: Path, database_dsn: str, tmp_path: Path
) -> None:
    """By the command and the variables of its unit, and it tells systemd that it is ready."""
    unit = dict(re.findall(r"^(Environment|ExecStart|Type)=(.*)$", UNIT.read_text(), re.MULTILINE))
    assert unit["Type"] == "notify"
    port, end = free_port(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    end.bind(str(tmp_path / "notify"))
    end.settimeout(PATIENCE_SECONDS)
    environ = dict(pair.split("=", 1) for pair in shlex.split(unit["Environment"]))
    environ["MOTHERSHIP_CONFIG"] = f"{extracted}{environ['MOTHERSHIP_CONFIG']}"
    environ |= {"MOTHERSHIP_DATA_DIR": str(tmp_path / "data"), "MOTHERSHIP_PORT": str(port), "PATH": os.defpath}
    environ |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "MOTHERSHIP_DB_DSN": database_dsn}
    program, *arguments = shlex.split(unit["ExecStart"])
    # Its own interpreter is the system's, which here may be another Python than the one it was built for.
    command = [sys.executable, "-I", "-c", _as_installed(extracted / program.lstrip("/")), *arguments]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, cwd=tmp_path, stdout=log, stderr=log)
    try:
        assert end.recv(100) == b"READY=1", (tmp_path / "log").read_text()
        answer = httpx.post(
            f"http://127.0.0.1:{port}/ingest",
            json={"messages": [{"type": "log", "message": "hello"}]},
            timeout=PATIENCE_SECONDS,
            verify=PLAIN,
        )
        assert (answer.status_code, answer.json()["processed_events"]) == (200, 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        end.close()


def _as_installed(program: Path) -> str:
    """The program of the package, with the package's libraries before this environment's."""
    libraries = next(program.parents[1].glob("lib/python3.*/site-packages"))
    return f"import sys; sys.path.insert(0, {str(libraries)!r}); exec({program.read_text().partition(chr(10))[2]!r})"
