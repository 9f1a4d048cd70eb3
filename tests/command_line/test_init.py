"""`mothership init`: the file that it writes is one that `check` accepts, and nobody's file is lost."""

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests import preloaded
from tests.starvation import PATIENCE_SECONDS

from mothership.config import load, load_all
from mothership.config.document import read
from mothership.config.starter import Answers, written
from mothership.edge.auth_settings import hashed

WIDE = "0.0.0.0"  # noqa: S104 - nothing is started on it


def init(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Without a terminal."""
    return preloaded.run(["init", *arguments], cwd=cwd)


def mode(path: Path) -> int:
    """Its rights."""
    return stat.S_IMODE(path.stat().st_mode)


def test_without_a_terminal_it_asks_nothing_and_the_file_is_the_defaults(tmp_path: Path) -> None:
    """Everything that it names beside them is a comment."""
    done = init(tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    path = tmp_path / "config.yaml"
    assert load_all(path, {}) == load_all(None, {})
    assert mode(path) == 0o644 & ~_umask()


def test_what_is_told_stands_in_the_file(tmp_path: Path) -> None:
    """And its secret is nobody else's to read; the token is on standard output alone."""
    dsn = "postgresql://u:hunter2-$%7Bx%7D@db.example/d"
    told = ["--host", WIDE, "--port", "9000", "--node", "ship-7", "--database", dsn, "--retention", "30 days"]
    done = init(tmp_path, *told, "--loki", "http://loki:3100", "--data-dir", "kept", "-o", "other.yaml")
    assert done.returncode == 0, done.stderr
    path = tmp_path / "other.yaml"
    settings = load(path, {})
    token = done.stdout.strip()
    assert settings.database.dsn is not None
    assert settings.database.dsn.get_secret_value() == dsn
    assert (settings.server.host, settings.server.port) == (WIDE, 9000)
    assert settings.server.data_dir == tmp_path / "kept"
    assert [(each.name, each.hash) for each in settings.auth.tokens] == [("ship-7", hashed(token))]
    assert settings.sinks.loki.enabled
    assert mode(path) == 0o600
    assert token not in path.read_text() + done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    "answers",
    [
        Answers(retention="1 day"),
        Answers(database="host='a b' password=\"\\${x}#: é\t"),
        Answers(node="a", host="::1", data_dir="- {x}: *y"),
        Answers(loki="https://u:p@loki.example"),
    ],
)
def test_whatever_is_answered_is_read_back_as_it_is(answers: Answers, tmp_path: Path) -> None:
    """Quotes, colons, signs of YAML and `${` are letters in it."""
    (tmp_path / "config.yaml").write_text(written(answers, "sha256:" + "0" * 64))
    tree, faults = read(tmp_path / "config.yaml").filled({})
    assert not faults
    assert tree["server"]["host"] == answers.host
    assert tree["server"].get("data_dir") == answers.data_dir
    assert tree.get("database", {}).get("dsn") == answers.database
    assert tree.get("database", {}).get("retention") == answers.retention
    assert tree.get("sinks", {"loki": {}})["loki"].get("url") == answers.loki


@pytest.mark.parametrize("link", [False, True])
def test_nothing_is_overwritten_unless_it_is_meant(link: bool, tmp_path: Path) -> None:
    """Neither a file nor what a link leads to; and what can't be used takes no file's place."""
    path = tmp_path / "config.yaml"
    if link:
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.write_text("# mine\n")
    done = init(tmp_path)
    assert (done.returncode, "config.yaml exists" in done.stderr) == (1, True)
    done = init(tmp_path, "--force", "--retention", "soon")
    assert done.returncode == 1
    assert "config.yaml:" in done.stderr
    assert path.is_symlink() if link else path.read_text() == "# mine\n"
    assert init(tmp_path, "--force").returncode == 0
    assert "server:" in path.read_text()
    assert not path.is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["config.yaml"]


def test_a_wide_address_needs_a_node(tmp_path: Path) -> None:
    """The service would not start without a token."""
    done = init(tmp_path, "--host", WIDE)
    assert (done.returncode, "--node" in done.stderr) == (2, True)
    assert not (tmp_path / "config.yaml").exists()


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    """For other machines, a node's name, database, retention and Loki; what an option says is not asked."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mothership", "init", "--database", "postgresql://u@db/d"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    os.write(ours, b"y\nship-7\n90 days\n\n")
    printed, told = process.communicate(timeout=PATIENCE_SECONDS)
    os.close(ours)
    assert process.returncode == 0, told
    settings = load(tmp_path / "config.yaml", {})
    assert settings.server.host == WIDE
    assert settings.auth.tokens[0].name == "ship-7"
    assert settings.database.retention is not None
    assert settings.database.retention.days == 90
    assert not settings.sinks.loki.enabled
    assert printed.startswith("ms_")
    assert "Connection string" not in told


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
