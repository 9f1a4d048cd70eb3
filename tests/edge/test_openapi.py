"""The OpenAPI document and the real service agree, whoever asks: Schemathesis, all checks."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.journey.conftest import Start, start
from tests.starvation import PATIENCE_SECONDS

from mothership.edge.auth_settings import hashed

__all__ = ["start"]
AUTH = {
    "tokens": [{"name": "all", "hash": hashed("right"), "scopes": ["ingest", "read"]}],
    "failures_per_minute": 1_000_000,
    "failure_pause_seconds": 0,
}


def explore(url: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run Schemathesis from its command line: a fixed seed, and an end."""
    return subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run", f"{url}/openapi.json"),
            *("--checks", "all", "--max-examples", "25", "--seed", "7", "--generation-database", "none"),
            *("--max-time", "6", "--no-color", *options),
        ],
        capture_output=True,
        text=True,
        cwd=directory,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture
def url(start: Start, database_dsn: str, request: pytest.FixtureRequest) -> str:
    config: dict[str, Any] = {"log": {"level": "ERROR"}} | ({"auth": request.param} if request.param else {})
    return start(dsn=database_dsn, config=config).url


@pytest.mark.parametrize(
    ("url", "options"),
    [
        pytest.param(None, [], id="open"),
        pytest.param(AUTH, ["--header", "Authorization: Bearer right"], id="with credentials"),
        pytest.param(
            {**AUTH, "open_endpoints": ["/docs"]}, ["--exclude-checks", "positive_data_acceptance"], id="without"
        ),
    ],
    indirect=["url"],
)
def test_every_answer_is_one_that_the_document_names(url: str, tmp_path: Path, options: list[str]) -> None:
    """Statuses, content types, headers and bodies; no 500; authentication where it is said to be."""
    done = explore(url, tmp_path, *options)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "POST /ingest" in done.stdout or "8 selected" in done.stdout
