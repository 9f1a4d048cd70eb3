"""`mothership llm`: what a language model would be asked about one's own data, and what it says."""

import asyncio
import logging
import tempfile
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import click
import orjson
import structlog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mothership.commands.options import config_option
from mothership.config import Settings, load
from mothership.errors import InputError
from mothership.event import Batch, Event
from mothership.fairness import Holder
from mothership.pipeline.enrichment import enrichment
from mothership.pipeline.llm.prompt import PromptBuilder, Question
from mothership.pipeline.llm.settings import LLMSettings
from mothership.pipeline.llm.verdict_service import VerdictService
from mothership.pipeline.redaction import redaction
from mothership.pipeline.templates.templates import Templates
from mothership.shipping.read_once import read_events
from mothership.terminal_escaping import escaped, escaped_line

BATCH_EVENTS = 500


class TemplateQuestion(NamedTuple):
    """A question, and how many events it is about."""

    question: Question
    events: int


class FileSummary(NamedTuple):
    """What a file holds for the language model."""

    events: int
    refused: int
    """Events that redaction refuses."""
    flagged: int
    """Events that the checker flags: they are never asked about."""
    without_words: int
    """Events without a message, or whose message has no word that a prompt may hold."""
    templates: int
    asked: list[TemplateQuestion]
    """The commonest first."""


@click.group()
def llm() -> None:
    """See what a language model would cost and say."""


@llm.command("try", short_help="Show what the events of FILES would cost.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@config_option
@click.option("--call", "calls", is_flag=True, help="Call the configured endpoint and show its verdicts.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="Maximum number of questions to show or ask."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per question instead of a table.")
def try_(*, files: tuple[str, ...], config: Path | None, calls: bool, limit: int, as_json: bool) -> None:
    """Show what the events of FILES would cost, and with --call what the model says.

    FILES are NDJSON events or plain log lines (gzipped or not; - is standard input). They are redacted and enriched
    first, exactly as in the service. Nothing is stored, and without --call nothing leaves this process.
    """
    settings = load(config)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        redactor, summary = analyse(settings, (event for path in files for event in read_events(path)))
    except InputError as error:
        raise click.ClickException(escaped(str(error))) from None
    except OSError as error:
        raise click.ClickException(escaped(f"{error.filename or 'a file'} can't be read: {error.strerror}")) from None
    shown = summary.asked[:limit]
    answers: list[Any] = [None] * len(shown)
    if calls:
        answers = asyncio.run(ask(settings.llm, redactor, [each.question for each in shown]))
    if as_json:
        for each, answer in zip(shown, answers, strict=True):
            click.echo(escaped_line(orjson.dumps(_line(each, answer))))
        return
    Console().print(_table(shown, answers, calls=calls))
    click.echo(sentence(settings.llm, summary))


def analyse(settings: Settings, events: Iterable[Event | bytes]) -> tuple[redaction.Redaction, FileSummary]:
    """Take events through the pipeline up to the question."""
    rules = settings.pipeline.processors.redaction
    with tempfile.TemporaryDirectory() as key_dir:
        # A key for the moment: pseudonyms become placeholders in any case.
        redactor = redaction.build(rules, key=redaction.key_for(rules, Path(key_dir)))
    templates = Templates(settings.pipeline.templates)
    steps = [*redactor.processors, *enrichment.build(settings.pipeline.processors.enrichment), templates]
    prompts = PromptBuilder(settings.llm)
    asked: dict[bytes, TemplateQuestion] = {}
    seen = refused = flagged = without = 0
    feed = (event for event in events if isinstance(event, dict))
    while part := list(islice(feed, BATCH_EVENTS)):
        batch = Batch(part, list(range(len(part))), bytes(32), "try", int(time.time() * 1e6))
        for step in steps:
            step(batch)
        seen += len(part)
        refused += len(batch.rejected)
        for event in batch.events:
            template = templates.template_of(event)
            if id(event) in batch.unsafe:
                flagged += 1
            elif template is None or not (question := prompts.question(template)).has_words:
                without += 1
            else:
                before = asked.get(question.key)
                asked[question.key] = TemplateQuestion(question, before.events + 1 if before else 1)
    by_events = sorted(asked.values(), key=lambda each: -each.events)
    return redactor, FileSummary(seen, refused, flagged, without, templates.count, by_events)


async def ask(settings: LLMSettings, redactor: redaction.Redaction, questions: list[Question]) -> list[Any]:
    """Ask the endpoint: for each question its verdict, or in a word why there is none."""
    service = VerdictService(settings.model_copy(update={"queue_max": len(questions) + 1}), redactor.text)
    running = asyncio.get_running_loop().create_task(service.run())
    try:
        waiting = [asked.answered for question in questions if (asked := service.ask(question, Holder("try")))]
        await asyncio.wait(waiting)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    answers: list[Any] = []
    for question in questions:
        known = service.cached(question, time.time())
        answers.append(known.record.verdict if known and known.record else known.outcome if known else "not asked")
    return answers


def sentence(settings: LLMSettings, summary: FileSummary) -> str:
    """The figures in words."""
    prompt = sum(each.question.tokens for each in summary.asked)
    answer = settings.max_tokens * len(summary.asked)
    price = (
        prompt * settings.price_per_million_prompt_tokens + answer * settings.price_per_million_answer_tokens
    ) / 1e6
    about = sum(each.events for each in summary.asked)
    return (
        f"{summary.events} events, {summary.templates} templates, {len(summary.asked)} questions about {about} of the "
        f"events: at most {prompt} + {answer} tokens, {price:.4f} at the configured prices, once "
        f"({prompt + answer} of {settings.tokens_per_day} tokens a day; {settings.requests_per_minute} calls a minute)."
        f"\nNever asked about: {summary.without_words} events without a message or words in it, "
        f"{summary.flagged} flagged and {summary.refused} refused by redaction."
    )


def _line(each: TemplateQuestion, answer: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "events": each.events,
        "template_id": each.question.template_id,
        "prompt_tokens": each.question.tokens,
        "question": orjson.loads(each.question.data),
    }
    if answer is not None:
        line["answer"] = answer if isinstance(answer, str) else answer.model_dump()
    return line


def _table(shown: list[TemplateQuestion], answers: list[Any], *, calls: bool) -> Table:
    table = Table()
    table.add_column("events", justify="right")
    table.add_column("tokens", justify="right")
    table.add_column("what the model sees")
    if calls:
        table.add_column("what it says")
    for each, answer in zip(shown, answers, strict=True):
        seen = str(orjson.loads(each.question.data)["template"])
        # As `Text`: what stands in brackets is no markup.
        cells: list[str | Text] = [str(each.events), str(each.question.tokens), Text(escaped(seen))]
        if calls:
            cells.append(Text(escaped(answer if isinstance(answer, str) else _spoken(answer))))
        table.add_row(*cells)
    return table


def _spoken(verdict: Any) -> str:
    return f"{verdict.category}, {verdict.priority} ({verdict.confidence:g}): {verdict.summary}"
