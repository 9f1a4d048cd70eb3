"""`mothership doctor`: everything that the service needs, examined from here."""

import asyncio
import logging
import sys
from contextlib import suppress
from pathlib import Path

import click
import orjson
import structlog

from mothership.commands.options import config_option
from mothership.config import load
from mothership.data_directory import become_owner
from mothership.doctor.examinations import examine, worst
from mothership.doctor.finding import EXIT_STATUS, Finding, Severity
from mothership.errors import ConfigurationError
from mothership.plurals import counted
from mothership.terminal_escaping import escaped

COLOURS = {Severity.OK: "green", Severity.NOTE: "cyan", Severity.WARNING: "yellow", Severity.ERROR: "red"}


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of lines.")
@click.option("--quiet", is_flag=True, help="Print only what is wrong.")
def doctor(config: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Examine everything that the service needs, from here, and say what is wrong, what it costs and what to do.

    Data directory and disk, tokens and certificates, the port, the spool's cluster, the database (name, login, rights,
    encoding, extension, policies and their last runs, clock), Loki, the language model if one is configured (one
    question, a few hundred tokens). Nothing that matters is changed, and no secret is printed. As root it goes on as
    the owner of the data directory. It may run beside the service.

    Exit status, as monitoring plugins have it: 0 all is well, 1 after a warning, 2 after an error.
    """
    _prepare(config)
    if as_json:
        findings = asyncio.run(_collected(config))
        document = {"status": worst(findings).label, "findings": [each.as_json() for each in findings]}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        findings = asyncio.run(_shown(config, lowest=Severity.WARNING if quiet else Severity.OK))
        if not quiet:
            click.echo(_summary(findings))
    sys.exit(EXIT_STATUS[worst(findings)])


def short_form(config: Path | None) -> int:
    """For `check --connect`: what is wrong, and the exit status."""
    _prepare(config)
    findings = asyncio.run(_shown(config, lowest=Severity.WARNING))
    click.echo(_summary(findings))
    return EXIT_STATUS[worst(findings)]


def _prepare(config: Path | None) -> None:
    """Nothing of the service's log between the lines, and the rights of the service's user."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with suppress(ConfigurationError, OSError):  # which the examination will find
        become_owner(load(config).server.data_dir)


async def _collected(config: Path | None) -> list[Finding]:
    return [finding async for finding in examine(config)]


async def _shown(config: Path | None, *, lowest: Severity) -> list[Finding]:
    """Print each as it is found."""
    findings = []
    async for finding in examine(config):
        findings.append(finding)
        if finding.severity >= lowest:
            _print(finding)
    return findings


def _print(finding: Finding) -> None:
    label = click.style(f"{finding.severity.label:<8}", fg=COLOURS[finding.severity])
    click.echo(f"{label} {finding.part:<14}{escaped(finding.what)}")
    for name, text in (("costs", finding.cost), ("to do", finding.remedy)):
        if text:
            click.echo(f"{'':<9}{name:<14}{escaped(text)}")
    sys.stdout.flush()


def _summary(findings: list[Finding]) -> str:
    counts = {severity: sum(each.severity is severity for each in findings) for severity in Severity}
    if not counts[Severity.ERROR] and not counts[Severity.WARNING]:
        return f"All is well: {counted(counts[Severity.OK], 'finding')} and {counted(counts[Severity.NOTE], 'note')}."
    return f"{counted(counts[Severity.ERROR], 'error')}, {counted(counts[Severity.WARNING], 'warning')}."
