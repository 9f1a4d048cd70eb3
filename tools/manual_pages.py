"""Writes deploy/share: the manual pages, out of what `--help` knows, and what shells complete commands by.

    tools/manual_pages.py [--check]       with --check: exit status 1 when they are not what the commands say

The wheel installs them below `share`, the Debian package below `/usr/share`. They are in the tree because a wheel is
built where the commands can't be imported.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from mothership import __version__
from mothership.__main__ import cli
from mothership.commands.completion import script

PLACE = Path(__file__).parents[1] / "deploy" / "share"
COMPLETIONS = {
    "bash": "bash-completion/completions/mothership",
    "zsh": "zsh/site-functions/_mothership",
    "fish": "fish/vendor_completions.d/mothership.fish",
}

FILES = """\
.SH FILES
.TP
.I config.yaml
The configuration, in the directory where a command is started. The Debian package's service reads
.IR /etc/mothership/config.yaml ,
and secrets, as variables, from
.IR /etc/mothership/mothership.env .
.TP
.I /var/lib/mothership
Spool, keys and embedded database, where root runs the service; another user's are in that user's data directory.
.SH ENVIRONMENT
.TP
.B MOTHERSHIP_CONFIG
The configuration to read.
.TP
.B MOTHERSHIP_DATA_DIR
Where spool, keys and embedded database are.
.PP
Every other key of the configuration has a variable, too: the configuration reference names it.
"""


def files() -> dict[Path, str]:
    """Everything below deploy/share."""
    context = click.Context(cli, info_name="mothership", help_option_names=["-h", "--help"])
    found = {PLACE / f"man/man1/{name}.1": text for name, text in _pages(context, __version__)}
    return found | {PLACE / target: script(cli, shell) for shell, target in COMPLETIONS.items()}


def stale() -> list[Path]:
    """Which of them are not what the commands say; those of commands that are gone, too."""
    wanted = files()
    there = {path: path.read_text(encoding="utf-8") for path in PLACE.rglob("*") if path.is_file()}
    return sorted(path for path in wanted.keys() | there.keys() if wanted.get(path) != there.get(path))


def write() -> None:
    """Write what is stale, and remove what is of no command."""
    wanted = files()
    for path in stale():
        if (text := wanted.get(path)) is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def main() -> None:
    """Write, or check."""
    if "--check" not in sys.argv:
        write()
    elif found := stale():
        sys.exit(f"{', '.join(path.name for path in found)}: stale: run `make docs` and commit it")


def _pages(context: click.Context, version: str) -> Iterator[tuple[str, str]]:
    name = context.command_path.replace(" ", "-")
    below = [click.Context(command, info_name=word, parent=context) for word, command in _commands(context)]
    yield name, _page(context, name, version, [each.command_path.replace(" ", "-") for each in below])
    for each in below:
        yield from _pages(each, version)


def _commands(context: click.Context) -> list[tuple[str, click.Command]]:
    group = context.command
    if not isinstance(group, click.Group):
        return []
    found = [(word, group.get_command(context, word)) for word in group.list_commands(context)]
    return [(word, command) for word, command in found if command is not None and not command.hidden]


def _page(context: click.Context, name: str, version: str, below: list[str]) -> str:
    command = context.command
    told = (command.help or "").partition("\f")[0].strip()
    first, _, _ = told.partition("\n\n")
    parts = [f'.TH "{name.upper()}" "1" "" "mothership {_escaped(version)}" "User Commands"\n.nh']
    parts.append(f".SH NAME\n{_escaped(name)} \\- {_escaped(_joined(first).rstrip('.'))}")
    pieces = " ".join(map(_escaped, command.collect_usage_pieces(context)))
    parts.append(f".SH SYNOPSIS\n.B {_escaped(context.command_path)}\n{pieces}")
    parts.append(".SH DESCRIPTION\n" + "\n.PP\n".join(_paragraph(each) for each in told.split("\n\n")))
    records = [param.get_help_record(context) for param in command.get_params(context)]
    if options := [f".TP\n.B {_escaped(what)}\n{_paragraph(how)}" for what, how in filter(None, records)]:
        parts.append(".SH OPTIONS\n" + "\n".join(options))
    if below:
        parts.append(".SH COMMANDS\n" + "\n.br\n".join(f".BR {_escaped(each)} (1)" for each in below))
    return (
        "\n".join(parts) + "\n" + (FILES if context.parent is None else f".SH SEE ALSO\n.BR {_parent(context)} (1)\n")
    )


def _parent(context: click.Context) -> str:
    return _escaped(context.parent.command_path.replace(" ", "-")) if context.parent else ""


def _joined(text: str) -> str:
    return " ".join(text.split())


def _paragraph(text: str) -> str:
    return _escaped(_joined(text))


def _escaped(text: str) -> str:
    """As roff reads it as itself: a line that begins with a point is no request, and `-` can be copied."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "\\[u2026]").replace("`", "\\(ga")
    return re.sub(r"^([.'])", r"\\&\1", plain, flags=re.MULTILINE)


if __name__ == "__main__":
    main()
