"""The command line before any command: slips, help, versions, completion, addresses given as options."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from tests import preloaded

from mothership import __version__, build_info
from mothership.__main__ import COMMANDS, cli
from mothership.commands.completion import SHELLS

WIDE = "0.0.0.0"  # noqa: S104 - nothing is started on it
ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`mothership` with these arguments, as a person at a shell meets it."""
    return preloaded.run(arguments, environ={**os.environ, **environ})


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("srve",), "'serve'"),
        (("dead-leters",), "'dead-letters'"),
        (("dead-letters", "lst"), "'list'"),
        (("serve", "--prot", "1"), "'--port'"),
        (("help", "srve"), "'serve'"),
        (("help", "token", "nwe"), "'new'"),
    ],
)
def test_a_slip_is_answered_with_what_was_probably_meant(arguments: tuple[str, ...], meant: str) -> None:
    """Commands, commands of commands, and options."""
    done = run(*arguments)
    assert done.returncode == 2
    assert "Did you mean" in done.stderr
    assert meant in done.stderr


def test_help_of_a_command_is_its_help() -> None:
    """`mothership help token new` is `mothership token new --help`; of what has no commands it says so."""
    for words in ((), ("serve",), ("token", "new")):
        assert run("help", *words).stdout == run(*words, "--help").stdout
    assert "`mothership serve` has no commands of its own" in run("help", "serve", "more").stderr


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    """Each can be imported, and is called what the list calls it."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


def test_version_names_commit_and_python() -> None:
    """In a clone git knows the commit; where nothing knows it, it isn't named."""
    printed = run("--version").stdout.strip()
    assert printed == build_info.description(__version__)
    assert printed.startswith(f"mothership {__version__} (")
    assert f"Python {sys.version.split()[0]}" in printed
    if (ROOT / ".git").exists():
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        assert head[:12] in printed


def test_a_package_knows_its_commit_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, and without a clone around it, none is made up."""
    monkeypatch.setattr(build_info, "PACKAGE", tmp_path / "a" / "b")
    assert build_info.commit() is None
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / build_info.COMMIT_FILE).write_text("0123456789ab\n")
    assert build_info.commit() == "0123456789ab"


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_script(shell: str) -> None:
    """Printed as it is to be installed."""
    done = run("completion", shell)
    assert (done.returncode, "_MOTHERSHIP_COMPLETE" in done.stdout) == (0, True)
    assert run("completion", "csh").returncode == 2


def test_bash_completes_commands_and_options() -> None:
    """By the script that the packages install, in a bash."""
    lines = run("completion", "bash").stdout
    if "bash version" in run("completion", "bash").stderr:
        pytest.skip("needs bash 4.4")
    for line, offered in (("se", "serve send"), ("serve --po", "--port"), ("dead-letters re", "retry")):
        asked = f"{lines}\nCOMP_WORDS=(mothership {line}); COMP_CWORD={len(line.split())}\n"
        asked += '_mothership_completion mothership; echo "${COMPREPLY[*]}"\n'
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True, env={"PATH": path})
        assert done.stdout.strip() == offered, done.stderr


def test_completing_a_command_imports_no_service() -> None:
    """A shell waits for it at each press of the key."""
    code = (
        "import sys, click\nfrom mothership.__main__ import cli\n"
        "names = [item.value for item in cli.shell_complete(click.Context(cli), 's')]\n"
        "assert names == ['serve', 'send', 'spool'], names\n"
        "assert not {'fastapi', 'asyncpg', 'mothership.app'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_serve_takes_host_and_port_as_options(tmp_path: Path) -> None:
    """They win over file and variable, and what a host needs is asked of it as of any."""
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"server": {"port": 1, "data_dir": str(tmp_path)}}))
    done = run("serve", "--config", str(file), "--host", WIDE)
    assert done.returncode == 1
    assert done.stderr.startswith("mothership: --host: server.host: 0.0.0.0 can be reached"), "by what was typed"
    elsewhere = run("serve", "--config", str(file), "--host", "192.0.2.1", MOTHERSHIP_AUTH_TOKENS="a" * 32)
    assert "192.0.2.1:1: Cannot assign requested address; this machine has no such address" in elsewhere.stderr
    assert run("serve", "--port", "70000").returncode == 2
