"""`mothership redact`: try the redaction on one's own data."""

import secrets
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import click
import msgspec
import orjson

from mothership import decimals
from mothership.commands.options import config_option
from mothership.config import Settings, load
from mothership.data_directory import become_owner
from mothership.event import Batch, Event
from mothership.key_files import KEY_BYTES
from mothership.pipeline.redaction.pseudonyms import KEY_FILE
from mothership.pipeline.redaction.redaction import Redaction, build, former_keys, key_for, read_rule_files
from mothership.pipeline.redaction.settings import PatternSettings, RedactionSettings
from mothership.plurals import counted
from mothership.telemetry import LogSettings, configure_logging
from mothership.terminal_escaping import escaped, escaped_line

BATCH_LINES: Final = 500


class Line(NamedTuple):
    """What stands in one line of the input."""

    number: int
    event: Event
    plain: bool
    """Whether it was text: then it is the event's message."""


class Faults:
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
    faults = Faults()
    lines = explained(redaction, source, faults) if explain else redacted(redaction, source, faults)
    for line in lines:
        sys.stdout.buffer.write(escaped_line(line) + b"\n")
    sys.stdout.buffer.flush()
    if faults.count:
        sys.exit(1)


def redacted(redaction: Redaction, source: BinaryIO, faults: Faults) -> Iterator[bytes]:
    """Return the events of a stream after redaction, one JSON object a line."""
    lines = read_lines(source, faults)
    while part := list(islice(lines, BATCH_LINES)):
        plain = {line.number for line in part if line.plain}
        batch = _batch(part)
        for processor in redaction.processors:
            processor(batch)
        for rejection in batch.rejected:
            faults.tell(rejection.index, rejection.reason)
        for number, event in zip(batch.indices, batch.events, strict=True):
            yield str(event.get("message", "")).encode() if number in plain else orjson.dumps(event)


def explained(redaction: Redaction, source: BinaryIO, faults: Faults) -> Iterator[bytes]:
    """Return, for each event of a stream, its line and what hit where."""
    for line in read_lines(source, faults):
        yield orjson.dumps({"line": line.number, "hits": list(redaction.explain(line.event))})


def read_lines(source: Iterable[bytes], faults: Faults) -> Iterator[Line]:
    """Return each event, and each plain line as the event that it would be; blank lines are passed over."""
    for number, line in enumerate(source, 1):
        start = line.lstrip()[:1]
        if not start:
            continue
        try:
            event = decimals.decode(line) if start in b"{[" else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if start == b"{":
                faults.tell(number, "not JSON")
                continue
            event = None  # `[Sun Dec 04 04:47:44 2005] [notice] …`
        if isinstance(event, dict):
            yield Line(number, event, plain=False)
        elif isinstance(event, list):
            faults.tell(number, "not a JSON object")
        else:
            text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
            yield Line(number, {"type": "log", "message": text}, plain=True)


def run_examples(file: Path) -> int:
    """Run the examples of a rule file and print one line for each rule; return how many failed."""
    failed = 0
    patterns = read_rule_files([file])
    for pattern in patterns:
        redaction = build(_only(pattern), key=bytes(KEY_BYTES))
        missed = [n for n, text in enumerate(pattern.positives, 1) if not redaction.unsafe(text)]
        greedy = [n for n, text in enumerate(pattern.negatives, 1) if redaction.unsafe(text)]
        failed += len(missed) + len(greedy)
        told = [f"positive {n} is not found" for n in missed] + [f"negative {n} is hit" for n in greedy]
        examples = len(pattern.positives) + len(pattern.negatives)
        click.echo(f"{pattern.name}: {'; '.join(told) or counted(examples, 'example') + ' as expected'}")
    click.echo(f"{counted(len(patterns), 'rule')}, {counted(failed, 'example')} failed")
    return failed


def _only(pattern: PatternSettings) -> RedactionSettings:
    """Return settings with this pattern alone, looking everywhere."""
    everywhere = pattern.model_copy(update={"fields": (), "except_fields": ()})
    return RedactionSettings.model_validate(
        {
            "drop_fields": (),
            "credential_fields": False,
            "hash_fields": (),
            "mask_patterns": (everywhere,),
            "rules": dict.fromkeys(RedactionSettings.rule_names(), False),
        }
    )


def _batch(part: list[Line]) -> Batch:
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
