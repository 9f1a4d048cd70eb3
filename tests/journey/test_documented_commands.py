"""Every shell and SQL block of the documentation runs, on one service; one that does not says why beside it."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import yaml
from tests import preloaded
from tests.doc_blocks import PAGES, ROOT, SHELL, SQL, blocks, runnable
from tests.journey.conftest import Service
from tests.loopback import free_port

from mothership.config import load
from mothership.embedded.programs import shipped

EVENTS = [
    {"type": "syslog", "source": "edge-7", "message": "login of ann@example.org from 10.1.2.3"},
    {"type": "log", "source": "web01", "message": "GET /shop 200", "tags": {"service": "nginx"}},
]
PLANTED = ["ann@example.org", "hunter2", "4111 1111"]
"""What the pages send through redaction; no answer, query or command may show it."""

WITH_BLOCKS = [page for page in PAGES if runnable(page)]


def psql(dsn: str, statements: str) -> str:
    """As shell text; the first error is the end."""
    return f"psql -X -q -v ON_ERROR_STOP=1 {shlex.quote(dsn)} <<'SQL'\n{statements}\nSQL\n"


@dataclass
class Place:
    """Where the blocks run: a directory with the files that they name, beside a running service."""

    directory: Path
    dsn: str
    service: Service

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        """In bash, where the first command that fails is the end."""
        command = ["bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(
            command, cwd=self.directory, env=self.service.environ, capture_output=True, text=True, check=False
        )

    def fitted(self, text: str) -> str:
        """The block's text with the addresses and paths of this place for those that it names."""
        for named, here in {
            "http://127.0.0.1:8443": self.service.url,
            "postgresql://mothership@/mothership?host=/var/lib/mothership/postgres-socket": self.dsn,
            "/var/log/auth.log": "lines.log",
            "/var/log/dpkg.log": "lines.log",
        }.items():
            text = text.replace(named, here)
        return re.sub(r"\b0-17\b", lambda _: self.dead_letter(), text)

    def dead_letter(self) -> str:
        """The id of one: of an event that the database refuses."""
        assert self.service.post({"messages": [{"type": "log", "source": "refused"}]}).json()["processed_events"] == 1
        listed = self.shell("mothership dead-letters list --sink tsdb --json")
        return str(json.loads(listed.stdout.splitlines()[0])["id"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, postgres_dsn: str) -> Iterator[Place]:
    """One service on a database of its own, with a few events in it."""
    directory = tmp_path_factory.mktemp("documented")
    (programs := directory / "programs").mkdir()
    (programs / "mothership").symlink_to(preloaded.program())
    (directory / ".venv").symlink_to(sys.prefix)
    (directory / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    (directory / "lines.log").write_text("".join(f"Accepted password for user{n} from 10.0.0.{n}\n" for n in range(9)))
    for page in PAGES:
        for block in blocks(page):
            if block.language == "yaml" and block.text.startswith("rules:\n"):
                (directory / "rules.yaml").write_text(block.text)
    dsn = urlunsplit(urlsplit(postgres_dsn)._replace(path="/documented"))
    environ = {
        "PATH": f"{programs}:{directory / '.venv' / 'bin'}:{shipped() / 'bin'}:{os.environ['PATH']}",
        "HOME": str(directory),
        "TOKEN": "none",
        "MOTHERSHIP_PORT": str(port := free_port()),
        "MOTHERSHIP_DATA_DIR": str(directory / "data"),
        "MOTHERSHIP_DB_DSN": dsn,
    }
    log = directory / "log"
    subprocess.run(["bash", "-ec", psql(postgres_dsn, "CREATE DATABASE documented")], env=environ, check=True)
    with log.open("wb") as out:
        process = preloaded.start(["serve"], environ=environ, cwd=directory, out=out)
    service = Service(directory / "data", log, f"http://127.0.0.1:{port}", process, environ)
    try:
        service.wait_ready()
        assert service.post({"messages": EVENTS}).json()["sink_results"]["tsdb"]["written"] == len(EVENTS)
        place = Place(directory, dsn, service)
        refusal = place.shell(psql(dsn, "ALTER TABLE events ADD CHECK (source <> 'refused')"))
        assert refusal.returncode == 0, refusal.stderr
        yield place
    finally:
        service.stop()
        leave = "DROP DATABASE documented WITH (FORCE); DROP ROLE IF EXISTS reader"
        subprocess.run(["bash", "-ec", psql(postgres_dsn, leave.replace("; ", ";\n"))], env=environ, check=True)


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_blocks_of_a_page_run_one_after_the_other(page: Path, place: Place) -> None:
    """In one shell, as a reader types them."""
    script = ""
    for block in runnable(page):
        text = place.fitted(block.text)
        script += f"echo 'at {block.place}' >&2\n"
        script += psql(place.dsn, text) if block.language in SQL else text
    done = place.shell(script)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not [secret for secret in PLANTED if secret in done.stdout]
    if page.name == "first-run.md":
        assert "login of [REDACTED:email] with password=" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_mark_stands_before_a_block_and_says_why(page: Path) -> None:
    """One that stands elsewhere marks nothing."""
    marked = [block.reason for block in blocks(page) if block.reason]
    assert len(marked) == len(re.findall(r"^ *<!-- not run", page.read_text(), re.MULTILINE))
    assert all(len(reason) > 10 for reason in marked)
    assert not [block.place for block in blocks(page) if block.language == "" and "mothership " in block.text]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_configuration_that_a_page_shows_loads(page: Path, tmp_path: Path) -> None:
    """It has no key that there is not; a file of rules is run by its page."""
    for block in blocks(page):
        if block.reason or block.language != "yaml" or list(yaml.safe_load(block.text)) == ["rules"]:
            continue
        path = tmp_path / "config.yaml"
        path.write_text(block.text)
        assert load(path, dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.text), "x")), block.place


def test_there_are_as_many_blocks_as_there_were() -> None:
    """A reader of the pages that finds none would find no fault either."""
    assert len([block for page in PAGES for block in runnable(page)]) >= 25
    assert {block.language for page in PAGES for block in blocks(page)} >= {SHELL[0], *SQL, "yaml"}
