"""`mothership init`: a first configuration, commented, out of a few answers."""

import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from mothership.commands.token import new_secret
from mothership.config import load_all
from mothership.config.starter import ANSWERS, Answers, written
from mothership.data_directory import reason_not_to_write
from mothership.edge.auth_settings import hashed
from mothership.edge.exposure import is_loopback
from mothership.errors import ConfigurationError
from mothership.startup_checks import faults

PRIVATE, PUBLIC = 0o600, 0o644


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("config.yaml"),
    show_default=True,
    help="File to write.",
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--defaults", is_flag=True, help="Ask nothing: what no option says is as by default.")
@click.option("--host", help=f"{ANSWERS['host']}.")
@click.option("--port", type=click.IntRange(1, 65535), help=f"{ANSWERS['port']}.")
@click.option("--data-dir", help=f"{ANSWERS['data_dir']}.")
@click.option("--node", help=f"{ANSWERS['node']}.")
@click.option("--database", help=f"{ANSWERS['database']}.")
@click.option("--retention", help=f"{ANSWERS['retention']}.")
@click.option("--loki", help=f"{ANSWERS['loki']}.")
def init(*, output: Path, force: bool, defaults: bool, **told: Any) -> None:
    """Write a commented configuration that `mothership check` accepts and `mothership serve` runs on.

    On a terminal it asks for what no option says. The token for a first node is shown once; the file holds its hash. A
    file with a secret in it is readable for its owner alone. Nothing is overwritten without --force.
    """
    if not force and (output.exists() or output.is_symlink()):
        raise click.ClickException(f"{output} exists: name another file, or overwrite it with --force")
    if reason := reason_not_to_write(output.absolute().parent, sticky_is_enough=True):
        raise click.ClickException(
            f"{output} can't be written safely: {reason}: name a file in a directory of your own"
        )
    ask = not defaults and sys.stdin.isatty()
    answers = Answers(**_asked(told) if ask else {name: value for name, value in told.items() if value is not None})
    if answers.node is None and not is_loopback(answers.host):
        raise click.UsageError(f"{answers.host} lets other machines in: name a first node with --node")
    secret = new_secret() if answers.node else ""
    text = written(answers, hashed(secret) if secret else "")
    _place(output, text, force=force, mode=PRIVATE if answers.holds_secret else PUBLIC)
    click.echo(f"{output} written. `mothership check --config {output}` says what it means.", err=True)
    if secret:
        click.echo(f"# The token of {answers.node}, for the node's `auth_token`; it is shown this once:", err=True)
        click.echo(secret)


def _asked(told: dict[str, Any]) -> dict[str, Any]:
    """What the options say, and what the reader answers to the rest. An empty answer is the default."""
    said = {name: value for name, value in told.items() if value is not None}
    if "host" not in said:
        wide = click.confirm("Do other machines send events here", default=False, err=True)
        said["host"] = "0.0.0.0" if wide else "127.0.0.1"  # noqa: S104 - asked for
    if "node" not in said and not is_loopback(said["host"]):
        said["node"] = click.prompt(ANSWERS["node"], default="edgebot", err=True)
    for name in ("database", "retention", "loki"):
        if name not in said and (answer := click.prompt(ANSWERS[name], default="", show_default=False, err=True)):
            said[name] = answer
    return said


def _place(output: Path, text: str, *, force: bool, mode: int) -> None:
    """Put it there whole or not at all, once it is known to be one that can be used."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    except OSError as error:
        raise click.ClickException(f"{output}: can't be written: {os.strerror(error.errno or 0)}") from None
    draft = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode & ~_umask() | stat.S_IRUSR | stat.S_IWUSR)
        try:
            load_all(draft, {}, look=faults)
        except ConfigurationError as error:
            raise ConfigurationError([fault.replace(f"{draft}:", f"{output}:") for fault in error.faults]) from None
        if force:
            draft.replace(output)
        else:
            output.hardlink_to(draft)  # fails where another one is there by now
    except FileExistsError:
        raise click.ClickException(f"{output} exists: name another file, or overwrite it with --force") from None
    finally:
        draft.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
