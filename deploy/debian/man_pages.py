# ruff: noqa: INP001 - a part of build.py
"""The manual pages, out of what `--help` knows: one for `mothership`, and one for each command."""

import re
from collections.abc import Iterator

import click

FILES = """\
.SH FILES
.TP
.I /etc/mothership/config.yaml
The configuration of the service.
.TP
.I /etc/mothership/mothership.env
Its secrets, as variables.
.TP
.I /var/lib/mothership
Spool, keys and embedded database.
.SH ENVIRONMENT
.TP
.B MOTHERSHIP_CONFIG
The configuration to read.
.PP
Every key of the configuration has a variable: see
.IR /usr/share/doc/mothership/configuration.md .
"""


def pages(cli: click.Command, name: str, version: str) -> Iterator[tuple[str, str]]:
    """Each page's name, such as `mothership-token-new`, and its text."""
    context = click.Context(cli, info_name=name, help_option_names=["-h", "--help"])
    yield from _pages(context, version)


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
