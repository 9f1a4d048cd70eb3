"""The Compose files as Compose itself reads them: `docker compose config` needs no engine."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from mothership.config import load
from mothership.edge.auth_settings import hashed

ROOT = Path(__file__).parents[2]
FULL, ALONE, OBSERVABILITY, CLUSTER = (
    "compose.full.yaml",
    "compose.yaml",
    "compose.observability.yml",
    "compose.cluster.yaml",
)
SPECIFIED = {
    "MOTHERSHIP_DB_DSN": "postgresql://u:p@h:5432/d",
    "MOTHERSHIP_LLM_ENABLED": "true",
    "MOTHERSHIP_LLM_API_KEY": "k-1",
    "MOTHERSHIP_LOG_LEVEL": "WARNING",
    "LOKI_ENABLED": "true",
    "LOKI_URL": "https://loki.example.org",
    "LOKI_TENANT_ID": "edgebot",
    "LOKI_USERNAME": "me",
    "LOKI_PASSWORD": "secret",
    "LOKI_BATCH_SIZE": "7",
    "LOKI_BATCH_TIMEOUT_SECONDS": "0.5",
}
"""The specification's variables."""

Read = Callable[..., dict[str, Any]]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a clone has of it, without anything that was made here."""
    for name in (FULL, ALONE, OBSERVABILITY, CLUSTER):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=lambda _, names: {*names} - {".gitignore"})
    return tmp_path


@pytest.fixture
def read(tools: Path, clone: Path) -> Read:
    """What Compose makes of a file, of `.env` and of these variables."""

    def read(name: str, **environ: str) -> dict[str, Any]:
        command: list[str | Path] = [compose(tools), "-f", name, "config", "--format", "json"]
        environ = {"PATH": os.defpath, "HOME": "/nonexistent", **environ}
        done = subprocess.run(command, cwd=clone, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "variable is not set" not in done.stderr
        services: dict[str, Any] = json.loads(done.stdout)["services"]
        return services

    return read


def compose(tools: Path) -> Path:
    """The program itself: the package's own command forgets its exit status."""
    return next(tools.parent.glob("lib/python3.*/site-packages/compose/docker-compose"))


def make_env(clone: Path) -> str:
    """Run the README's command; the token that it prints."""
    done = subprocess.run(
        [sys.executable, "-S", "deploy/make_env.py"], cwd=clone, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_readmes_steps_give_everything_together(read: Read, clone: Path) -> None:
    """A clone, one command for `.env`, one for the services: all four parts, and each knows of the others."""
    token = make_env(clone)
    services = read(FULL)
    assert set(services) == {"mothership", "timescaledb", "loki", "grafana", "grafana-role"}
    environment = services["mothership"]["environment"]
    settings = load(None, {name: value for name, value in environment.items() if value is not None})
    assert settings.sinks.loki.enabled
    assert settings.sinks.loki.url == "http://loki:3100"
    assert settings.database.retention is not None
    assert settings.database.retention.days == 90
    password = services["timescaledb"]["environment"]["MOTHERSHIP_DB_PASSWORD"]
    assert environment["MOTHERSHIP_DB_DSN"] == f"postgresql://mothership:{password}@timescaledb:5432/mothership"
    assert token not in (clone / ".env").read_text()
    assert settings.auth.tokens[0].hash == hashed(token)
    role, grafana = services["grafana-role"]["environment"], services["grafana"]
    assert role["GRAFANA_DB_PASSWORD"] == grafana["environment"]["GRAFANA_DB_PASSWORD"] != ""
    assert role["PGPASSWORD"] == services["timescaledb"]["environment"]["POSTGRES_PASSWORD"]
    assert grafana["depends_on"]["grafana-role"]["condition"] == "service_completed_successfully"
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"] not in ("", "admin")


def test_a_new_env_is_its_owners_and_replaces_none(clone: Path) -> None:
    """A second run says so and changes nothing: the database has the first one's passwords."""
    make_env(clone)
    before = (clone / ".env").read_text()
    assert stat.S_IMODE((clone / ".env").stat().st_mode) == 0o600
    assert not re.findall(r"^\w+(?:PASSWORD|TOKENS)=$", before, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "deploy/make_env.py"], cwd=clone, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", ".env: File exists\n")
    assert (clone / ".env").read_text() == before


@pytest.mark.parametrize("name", [ALONE, FULL])
def test_every_variable_of_the_specification_passes_through(name: str, read: Read, clone: Path) -> None:
    """From .env to the service; those that are not set reach it empty, which counts as not set."""
    make_env(clone)
    environment = read(name, **SPECIFIED)["mothership"]["environment"]
    assert {key: environment[key] for key in SPECIFIED} == SPECIFIED
    load(None, environment)
    environment = read(name)["mothership"]["environment"]
    own = {"MOTHERSHIP_DB_DSN"} | ({"LOKI_ENABLED", "LOKI_URL"} if name == FULL else set())
    assert {key for key in SPECIFIED if environment[key]} == own
    load(None, environment)


def test_a_configuration_file_is_used_if_there_is_one(read: Read, clone: Path) -> None:
    """The service starts in the directory that is mounted, and takes config.yaml there; what .env leaves is its own."""
    make_env(clone)
    service = read(ALONE)["mothership"]
    mount = next(each for each in service["volumes"] if each["target"] == service["working_dir"])
    assert Path(mount["source"]) == clone / "config"
    assert mount["read_only"]
    assert Path(mount["source"]).is_dir()
    (clone / "config/config.yaml").write_text("sinks: {loki: {enabled: true, batch_size: 9}}")
    environment = {name: value for name, value in service["environment"].items() if value is not None}
    assert load(clone / "config/config.yaml", environment).sinks.loki.batch_size == 9
    assert load(clone / "config/config.yaml", environment).sinks.loki.enabled


@pytest.mark.parametrize("name", [ALONE, OBSERVABILITY, FULL])
def test_every_service_is_bounded_and_confined(name: str, read: Read, clone: Path) -> None:
    """Memory, processes and logs have a limit, no privilege can be gained, and what is mounted is there."""
    make_env(clone)
    for service, settings in read(name).items():
        limits = settings["deploy"]["resources"]["limits"]
        assert int(limits["memory"]) > 0, service
        assert limits["pids"] > 0, service
        assert settings["logging"]["options"].keys() >= {"max-size", "max-file"}, service
        assert settings["security_opt"] == ["no-new-privileges:true"], service
        for volume in settings.get("volumes", []):
            assert volume["type"] == "volume" or Path(volume["source"]).exists(), volume


def test_without_env_each_file_says_what_to_do(tools: Path, clone: Path) -> None:
    """And Loki with Grafana by themselves, as in the specification, need none."""
    for name, status in ((ALONE, 1), (FULL, 1), (OBSERVABILITY, 0)):
        done = subprocess.run(
            [compose(tools), "-f", name, "config", "-q"],
            cwd=clone,
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert ("is not set" in done.stderr and "deploy/env.example" in done.stderr) == bool(status)


def test_the_page_pins_every_image_by_its_digest(read: Read, clone: Path) -> None:
    """Its command names each image of the files, by the variable that the files take it from."""
    make_env(clone)
    page = (ROOT / "docs/getting-started/containers.md").read_text()
    told = dict(re.findall(r"^ +([A-Z]+_IMAGE)=(\S+?)(?: \\|;.*)?$", page, re.MULTILINE))
    services = read(FULL)
    python = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert python is not None
    assert told["PYTHON_IMAGE"] == python[1] == services["mothership"]["build"]["args"]["PYTHON_IMAGE"]
    built = {"mothership"}
    assert set(told.values()) - {python[1]} == {
        each["image"] for service, each in services.items() if service not in built
    }
    pinned = {name: f"{image}@sha256:{'0' * 64}" for name, image in told.items()}
    changed = read(FULL, **pinned)
    assert {each["image"] for service, each in changed.items() if service not in built} == {
        image for name, image in pinned.items() if name != "PYTHON_IMAGE"
    }


def test_the_image_is_built_of_what_the_dockerfile_copies(tmp_path: Path) -> None:
    """The package, with its pages and its commit, out of nothing but the files that .dockerignore lets in."""
    copied = re.findall(r"^COPY (?!--from)(.+) (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for sources, target in copied:
        for source in sources.split():
            place = tmp_path / "build" / (target if target != "./" else Path(source).name)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            elif not target.startswith("/"):
                place.parent.mkdir(exist_ok=True)
                shutil.copy(ROOT / source, place)
    uv = Path(sys.executable).with_name("uv")
    build: list[str | Path] = [
        uv,
        "build",
        "-q",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "-o",
        tmp_path,
    ]
    environ = {**os.environ, "MOTHERSHIP_COMMIT": "0123456789ab"}
    done = subprocess.run([*build, tmp_path / "build"], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        assert wheel.read("mothership/COMMIT") == b"0123456789ab\n"
        assert "mothership/docs/index.md" in wheel.namelist()


def test_two_instances_share_three_servers(tools: Path, clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one stream, each with a disk and a port of its own; the servers take the file that they are given."""
    make_env(clone)
    command: list[str | Path] = [compose(tools), "-f", ALONE, "-f", CLUSTER, "config", "--format", "json"]
    environ = {"PATH": os.defpath, "HOME": "/nonexistent", "NATS_PASSWORD": "nats-secret"}
    done = subprocess.run(command, cwd=clone, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    one, other = services["mothership"], services["mothership-b"]
    assert [len(each["ports"]) for each in (one, other)] == [1, 1]
    assert one["ports"][0]["published"] != other["ports"][0]["published"]
    assert one["volumes"][0]["source"] != other["volumes"][0]["source"]
    assert one["environment"] == other["environment"]
    for name in [name for name in os.environ if name.startswith("MOTHERSHIP_")]:
        monkeypatch.delenv(name)
    for name, value in one["environment"].items():
        if name.startswith("MOTHERSHIP_RELAY"):
            monkeypatch.setenv(name, value)
    spool = load(None).relay.spool
    assert spool.kind == "jetstream"
    assert spool.jetstream.servers == ("nats://nats-a:4222", "nats://nats-b:4222", "nats://nats-c:4222")
    assert len(spool.jetstream.monitor_urls) == 3
    for name in ("nats-a", "nats-b", "nats-c"):
        server = services[name]["environment"]
        checked = subprocess.run(
            [Path(sys.executable).with_name("nats-server"), "-t", "-c", "deploy/nats/nats.conf"],
            cwd=clone, env=server, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert checked.returncode == 0, checked.stderr
