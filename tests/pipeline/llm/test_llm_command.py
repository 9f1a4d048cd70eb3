"""`mothership llm try`, as it is called."""

import asyncio
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests import preloaded
from tests.pipeline.llm.endpoint import VERDICT, Endpoint, answers, says

LINES = [
    *(f"Dec 10 06:55:{n:02} web01 sshd[{24200 + n}]: Failed password for zebulon from 10.0.0.{n}" for n in range(30)),
    "Dec 10 07:00:00 web01 kernel: Out of memory: killed process 99",
    "4711 0815",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "auth.log"
    path.write_text("\n".join(LINES) + "\n")
    return path


async def run(*arguments: Any, url: str = "", directory: Path) -> tuple[int, str, str]:
    config = directory / "mothership.yaml"
    config.write_text(json.dumps({"llm": {"endpoint": url, "model": "fake"}} if url else {}))
    command = ["llm", "try", *map(str, arguments), "--config", str(config)]
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "200", "HOME": str(directory)}
    done = await asyncio.to_thread(preloaded.run, command, environ=environment, cwd=directory)
    return done.returncode, done.stdout, done.stderr


async def test_it_shows_what_it_would_cost_and_calls_nobody(file: Path, endpoint: Endpoint) -> None:
    """Templates, events, tokens; nothing leaves the process."""
    status, out, _ = await run(file, url=endpoint.url, directory=file.parent)
    assert status == 0
    assert "Failed password for <*> from <*>" in out
    assert "32 events, 3 templates, 2 questions about 31 of the events" in out
    assert "zebulon" not in out
    assert endpoint.requests == []


async def test_with_call_it_shows_the_verdicts(file: Path, endpoint: Endpoint) -> None:
    """The same questions, asked; one JSON object each."""
    endpoint.behave = says(VERDICT)
    status, out, _ = await run(file, "--call", "--json", url=endpoint.url, directory=file.parent)
    assert status == 0
    first, second = (json.loads(line) for line in out.splitlines())
    assert (first["events"], first["answer"]) == (30, VERDICT)
    assert second["events"] == 1
    assert len(endpoint.requests) == 2
    assert "zebulon" not in endpoint.prompts


async def test_with_call_a_failure_has_its_name(file: Path, endpoint: Endpoint) -> None:
    """What the endpoint answers instead of a verdict is said in a word."""
    endpoint.behave = answers(401, b"{}")
    status, out, _ = await run(file, "--call", "--limit", "1", url=endpoint.url, directory=file.parent)
    assert status == 0
    assert "unauthorized" in out
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("form", [[], ["--json"]])
async def test_no_text_commands_the_terminal(tmp_path: Path, endpoint: Endpoint, form: list[str]) -> None:
    """Neither of the file nor of the model: both write what they like."""
    file = tmp_path / "hostile.log"
    file.write_text("disk full\x1b]0;owned\x07 \u202egnirts \x9b31m here [link=http://evil.example]x[/link]\n")
    endpoint.behave = says(VERDICT | {"summary": "\x1b[2J\u202eowned \x9b31m"})
    status, out, _ = await run(file, "--call", *form, url=endpoint.url, directory=tmp_path)
    assert status == 0
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(out)
    assert "disk full" in out


async def test_a_file_that_is_cut_off_is_told_in_words(tmp_path: Path) -> None:
    """As `mothership send` tells it: no traceback, and no estimate of a part that looks like one of the whole."""
    file = tmp_path / "auth.log.gz"
    file.write_bytes(gzip.compress("\n".join(LINES).encode())[:-12])
    status, out, errors = await run(file, directory=tmp_path)
    assert (status, out) == (1, "")
    assert errors == f"Error: {file}: the gzip data is cut off\n"
