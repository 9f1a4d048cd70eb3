"""`mothership check`: what a configuration means, without starting anything."""

import sys
from pathlib import Path
from typing import Any

import click
import yaml

from mothership.commands.options import config_option
from mothership.config import Settings, load_all
from mothership.config.meaning import printed, sentences
from mothership.config.warnings import unwise
from mothership.startup_checks import faults


@click.command()
@config_option
@click.option("--all", "everything", is_flag=True, help="Print every setting, and not only those that differ.")
@click.option("--connect", is_flag=True, help="Try the connections too; print what is wrong there. See `doctor`.")
@click.option("--quiet", is_flag=True, help="Print faults only.")
def check(config: Path | None, *, everything: bool, connect: bool, quiet: bool) -> None:
    """Validate a configuration, and print what differs from the defaults and what it all means.

    If it can't be used, print one line per error and exit with status 1. What is legal and unwise is a warning. The
    output is a valid configuration, in which each secret is replaced by the name of its environment variable.

    With --connect the exit status is that of `mothership doctor`: 1 after a warning, 2 after an error.
    """
    settings, warnings = load_all(config, look=faults)
    for line in (*warnings, *map(str, unwise(settings))):
        click.echo(f"mothership: warning: {line}", err=True)
    if not quiet:
        _print(settings, everything=everything)
    if connect:
        from mothership.commands.doctor import short_form  # noqa: PLC0415 - it loads all that can be examined

        sys.exit(short_form(config))


def _print(settings: Settings, *, everything: bool) -> None:
    tree = printed(settings) if everything else differing(printed(settings), printed(Settings()))
    if tree:
        click.echo(yaml.safe_dump(tree, sort_keys=False, width=110))
    else:
        click.echo("# Every setting has its default.\n")
    click.echo("# What it means" + ("" if everything else " (`mothership check --all` prints every setting)"))
    for sentence in sentences(settings):
        click.echo(f"# - {sentence}")


def differing(tree: Any, usual: Any) -> dict[str, Any]:
    """What is not as usual, in sections as in the file. A list or a mapping of one's own is shown whole."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        other = usual.get(name)
        if value == other:
            continue
        is_section = isinstance(value, dict) and isinstance(other, dict) and value.keys() == other.keys()
        found[name] = differing(value, other) if is_section else value
    return found
