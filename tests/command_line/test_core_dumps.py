"""Whatever a command reads or is told must not be found in a core file, also where the machine writes them."""

import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.starvation import PATIENCE_SECONDS


def _allow_core_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says so in /proc")
@pytest.mark.parametrize("command", [["redact"], ["send", "-", "--dry-run"], ["llm", "try", "-"]])
def test_a_crash_of_a_command_leaves_no_memory_behind(tmp_path: Path, command: list[str]) -> None:
    """Each holds events as they came, and the keys of redaction or a token; it waits here for its input."""
    with subprocess.Popen(
        [sys.executable, "-m", "mothership", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={"HOME": str(tmp_path), "MOTHERSHIP_DATA_DIR": str(tmp_path / "data")},
        cwd=tmp_path,
        preexec_fn=_allow_core_files,  # noqa: PLW1509  # no thread runs here
    ) as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        limits = Path(f"/proc/{process.pid}/limits")
        while not re.search(r"^Max core file size +0 +0 ", limits.read_text(), re.MULTILINE):
            assert process.poll() is None, "it ended before"
            assert time.monotonic() < deadline, "its memory may be dumped"
            time.sleep(0.01)
        process.communicate(b"", timeout=PATIENCE_SECONDS)
