"""`mothership redact`: try the redaction on one's own data."""

import secrets
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import click
import orjson

from mothership.commands.options import config_option
from mothership.config import Settings, load
from mothership.data_directory import become_owner
from mothership.event import Batch
from mothership.key_files import KEY_BYTES
from mothership.log_format import LogSettings, configure_logging
from mothership.pipeline.redaction.explanation import RuleHit
from mothership.pipeline.redaction.pseudonyms import KEY_FILE
from mothership.pipeline.redaction.redaction import Redaction, build, former_keys, key_for, read_rule_files
from mothership.pipeline.redaction.trial import InputLine, read_lines, try_pattern
from mothership.plurals import counted
from mothership.terminal_escaping import escaped, escaped_line

BATCH_LINES = 500


class LineFaultPrinter:
    """Says what is wrong with a line, never what it holds."""

    def __init__(self) -> None:
        self.count = 0

    def tell(self, line: int, reason: str) -> None:
        """Print a fault to standard error."""
        self.count += 1
        click.echo(escaped(f"line {line}: {reason}"), err=True)


@click.command()
@config_option
@click.option("--explain", is_flag=True, help="Print which rule hit which field at which offset, never the value.")
@click.option(
    "--test",
    "rules",
    type=click.Path(exists=True, path_type=Path, dir_okay=False),
    help="Run the examples (positives, negatives) in a file of rules, and print which fail.",
)
@click.option("--lookup", is_flag=True, help="Print the pseudonyms of each line of input, the current key's first.")
def redact(*, config: Path | None, explain: bool, rules: Path | None, lookup: bool) -> None:
    """Redact events or plain lines from standard input to standard output, exactly as the service would.

    A line that begins like JSON (`{`, or a list) is an event (NDJSON). Any other line is redacted as the message of a
    log event. Lines that begin like an event but are not, and events that redaction refuses, are reported on standard
    error by their number. The rest is still processed, and the exit status is then 1.
    """
    configure_logging(LogSettings(level="ERROR"))
    if rules is not None:
        sys.exit(1 if run_examples(rules) else 0)
    settings = load(config)
    processors = settings.pipeline.processors
    former = former_keys(processors.redaction, settings.server.data_dir)
    redaction = build(processors.redaction, key=_key(settings), previous_keys=former)
    source = sys.stdin.buffer
    if lookup:
        for line in source:
            click.echo(" ".join(redaction.pseudonyms.all_of(line.decode("utf-8", "replace").rstrip("\r\n"))))
        return
    faults = LineFaultPrinter()
    lines = explained(redaction, source, faults) if explain else redacted(redaction, source, faults)
    for line in lines:
        sys.stdout.buffer.write(escaped_line(line) + b"\n")
    sys.stdout.buffer.flush()
    if faults.count:
        sys.exit(1)


def redacted(redaction: Redaction, source: BinaryIO, faults: LineFaultPrinter) -> Iterator[bytes]:
    """Return the events of a stream after redaction, one JSON object a line."""
    lines = read_lines(source, faults.tell)
    while part := list(islice(lines, BATCH_LINES)):
        plain = {line.number for line in part if line.plain}
        batch = _batch(part)
        for processor in redaction.processors:
            processor(batch)
        for rejection in batch.rejected:
            faults.tell(rejection.index, rejection.reason)
        for number, event in zip(batch.indices, batch.events, strict=True):
            yield str(event.get("message", "")).encode() if number in plain else orjson.dumps(event)


def explained(redaction: Redaction, source: BinaryIO, faults: LineFaultPrinter) -> Iterator[bytes]:
    """Return, for each event of a stream, its line and what hit where."""
    for line in read_lines(source, faults.tell):
        hits = [_told(hit) for hit in redaction.explain(line.event).hits]
        yield orjson.dumps({"line": line.number, "hits": hits})


def _told(hit: RuleHit) -> dict[str, Any]:
    return {"rule": hit.rule, "path": ".".join(hit.path)} | ({"offset": hit.start} if hit.start >= 0 else {})


def run_examples(file: Path) -> int:
    """Run the examples of a rule file and print one line for each rule; return how many failed."""
    failed = 0
    patterns = read_rule_files([file])
    for pattern in patterns:
        examples = try_pattern(pattern)
        missed = [each.number for each in examples if each.wanted and not each.found]
        greedy = [each.number for each in examples if each.found and not each.wanted]
        failed += len(missed) + len(greedy)
        told = [f"positive {n} is not found" for n in missed] + [f"negative {n} is hit" for n in greedy]
        click.echo(f"{pattern.name}: {'; '.join(told) or counted(len(examples), 'example') + ' as expected'}")
    click.echo(f"{counted(len(patterns), 'rule')}, {counted(failed, 'example')} failed")
    return failed


def _batch(part: list[InputLine]) -> Batch:
    numbers = [line.number for line in part]
    return Batch([line.event for line in part], numbers, fingerprint=b"", request_id="redact", received=0)


def _key(settings: Settings) -> bytes:
    """Return the service's key; where it has none yet, one for this run, so that trying leaves nothing behind."""
    redaction, data_dir = settings.pipeline.processors.redaction, settings.server.data_dir
    become_owner(data_dir)
    if redaction.own_salt is not None or (data_dir / KEY_FILE).exists():
        return key_for(redaction, data_dir)
    click.echo(
        "no key exists yet, so the pseudonyms of this run are not those of the service (set a salt, or start the "
        "service once)",
        err=True,
    )
    return secrets.token_bytes(KEY_BYTES)
