"""Redaction, tried: paste lines or an event and see each hit by rule; write a pattern and see what it does.

Nothing that is pasted is kept, logged, counted or sent on, and the answer holds no text as it came: places in it, and
what redaction left. Whoever pasted has the text, and their browser puts the places into it.

It is a redaction of its own, with the rules in force and a random key: with the service's key, anybody who may read
could find out whose pseudonym stands in an event by pasting names. For the same reason it does not know the service's
tokens.
"""

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import yaml
from pydantic import ValidationError
from starlette.requests import Request

from mothership.console.page import Fields, Page, Trial, one
from mothership.console.serial_executor import SerialExecutor
from mothership.errors import Refusal
from mothership.event import Event
from mothership.key_files import KEY_BYTES
from mothership.lossless_decimals import decode
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.settings import PatternSettings, RedactionSettings
from mothership.pipeline.redaction.trial import Example, InputLine, Tried, read_lines, try_line, try_pattern

TEXT_CHARACTERS_MAX = 64 * 1024
LINES_MAX = 200
HITS_SHOWN = 1_000
"""Of one line."""
EXAMPLES_MAX = 40
EXAMPLE_CHARACTERS_MAX = 2_000
SECONDS_MAX = 3.0
"""After which no further line is begun: text that is all secrets takes a thousand times as long as ordinary lines."""
ACTIONS = ("mask", "replace", "keep_last", "hash", "drop")


class RedactionTrials:
    """The page, and what is tried there: one thing at a time, beside the event loop."""

    def __init__(self, settings: Callable[[], RedactionSettings]) -> None:
        """`settings` tells those that are in force now."""
        self._settings = settings
        self._built: tuple[RedactionSettings, Redaction] | None = None
        self._turns = SerialExecutor()

    @property
    def page(self) -> Page:
        """Try a text or a pattern against the rules in force."""
        trials = [Trial("/try", self.try_text), Trial("/pattern", self.try_pattern)]
        return Page("/redaction", "Redaction", "redaction.html", self.content, trials=trials)

    async def content(self, _request: Request) -> Mapping[str, Any]:
        """What may be pasted."""
        return {
            "text_characters_max": TEXT_CHARACTERS_MAX,
            "lines_max": LINES_MAX,
            "actions": ACTIONS,
            "patterns": [each.name for each in self._settings().mask_patterns],
            "tried": None,
            "pattern": None,
        }

    async def try_text(self, fields: Fields) -> Mapping[str, Any]:
        """Redact what was pasted: an event, or lines of which each is one or a text."""
        text = one(fields, "text").replace("\r\n", "\n")
        if len(text) > TEXT_CHARACTERS_MAX:
            raise Refusal(413, f"at most {TEXT_CHARACTERS_MAX:,} characters can be tried at once")
        if not text.strip():
            raise Refusal(422, "there is nothing to try: paste lines of a log, or an event as JSON")
        return {"tried": await self._turns.alone(lambda: _try_text(self._redaction(), text))}

    async def try_pattern(self, fields: Fields) -> Mapping[str, Any]:
        """Run a pattern over its examples, and write it as the configuration takes it."""
        pattern = _pattern(fields)
        return {"pattern": await self._turns.alone(lambda: self._with_pattern(pattern))}

    def _redaction(self) -> Redaction:
        settings = self._settings()
        if self._built is None or self._built[0] is not settings:
            self._built = settings, build(settings, key=secrets.token_bytes(KEY_BYTES), previous_keys=())
        return self._built[1]

    def _with_pattern(self, pattern: PatternSettings) -> Mapping[str, Any]:
        redaction = self._redaction()
        texts = {True: pattern.positives, False: pattern.negatives}
        examples = [
            _example(each, _rules(redaction, texts[each.wanted][each.number - 1])) for each in try_pattern(pattern)
        ]
        return {
            "name": pattern.name,
            "examples": examples,
            "failed": sum(not each["is_right"] for each in examples),
            "yaml": configuration((*self._settings().mask_patterns, pattern)),
        }


def configuration(patterns: Sequence[PatternSettings]) -> str:
    """These patterns as they stand in the configuration."""
    listed = [
        {"name": each.name, **each.model_dump(mode="json", by_alias=True, exclude_defaults=True)} for each in patterns
    ]
    tree = {"pipeline": {"processors": {"redaction": {"mask_patterns": listed}}}}
    return yaml.safe_dump(tree, sort_keys=False, width=110, allow_unicode=True)


def _try_text(redaction: Redaction, text: str) -> Mapping[str, Any]:
    faults: list[tuple[int, str]] = []
    began = time.monotonic()
    tried: list[Mapping[str, Any]] = []
    rules: Counter[str] = Counter()
    is_late = False
    lines = _lines(text, faults)
    for line in lines:
        if len(tried) >= LINES_MAX or (is_late := time.monotonic() - began > SECONDS_MAX):
            break
        became = try_line(redaction, line)
        rules.update(hit.rule for hit in became.hits)
        tried.append(_shown(became))
    else:
        line = None  # none is left
    return {
        "lines": tried,
        "faults": [{"line": number, "reason": reason} for number, reason in faults[:LINES_MAX]],
        "rules": [{"name": name, "count": count} for name, count in rules.most_common()],
        "stopped_before": line.number if line else None,
        "is_late": is_late,
    }


def _lines(text: str, faults: list[tuple[int, str]]) -> Iterator[InputLine]:
    """An event over several lines, or what each line is."""
    if text.lstrip()[:1] == "{" and "\n" in text.strip():
        try:
            event = decode(text.encode())
        except (ValueError, RecursionError):
            event = None
        if isinstance(event, dict):
            yield InputLine(1, event, plain=False)
            return
    source = (line.encode("utf-8", "backslashreplace") for line in text.split("\n"))
    yield from read_lines(source, lambda number, reason: faults.append((number, reason)))


def _shown(became: Tried) -> Mapping[str, Any]:
    return {
        "line": became.number,
        "is_text": became.plain,
        "after": None if became.refused else _written(became.event, plain=became.plain),
        "refused": became.refused,
        "hits": [hit._asdict() for hit in became.hits[:HITS_SHOWN]],
        "hits_left_out": max(0, len(became.hits) - HITS_SHOWN),
    }


def _written(event: Event, *, plain: bool) -> str:
    if plain:
        return str(event.get("message", ""))
    try:
        return orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONEncodeError:  # half a surrogate pair, an integer of 30 digits
        return json.dumps(event, indent=2)


def _rules(redaction: Redaction, text: str) -> list[str]:
    """Which rules in force find something in a text already."""
    return sorted({hit.rule for hit in redaction.explain({"message": text}).hits})


def _example(example: Example, already: list[str]) -> dict[str, Any]:
    return {
        "number": example.number,
        "wanted": example.wanted,
        "found": example.found,
        "is_right": example.is_right,
        "places": [{"start": start, "end": end} for start, end in example.places[:HITS_SHOWN]],
        "already": already,
    }


def _pattern(fields: Fields) -> PatternSettings:
    given: dict[str, Any] = {name: one(fields, name).strip() for name in ("name", "action", "keep_last")}
    given = {name: value for name, value in given.items() if value}
    for name in ("positives", "negatives"):
        given[name] = _texts(name, one(fields, name))
    for name in ("fields", "except"):
        given[name] = [each for part in one(fields, name).split(",") if (each := part.strip())]
    given["ignore_case"] = bool(one(fields, "ignore_case"))
    given["pattern"] = one(fields, "pattern").strip()
    if not given["pattern"]:
        raise Refusal(422, "pattern: there is none")
    try:
        return PatternSettings.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in faults)
    raise Refusal(422, said.replace("Value error, ", ""))


def _texts(name: str, text: str) -> list[str]:
    texts = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if len(texts) > EXAMPLES_MAX:
        raise Refusal(422, f"{name}: at most {EXAMPLES_MAX} examples can be tried at once")
    if any(len(each) > EXAMPLE_CHARACTERS_MAX for each in texts):
        raise Refusal(422, f"{name}: an example may have {EXAMPLE_CHARACTERS_MAX:,} characters")
    return texts
