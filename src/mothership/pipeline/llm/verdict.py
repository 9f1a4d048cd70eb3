"""What the model answers: untrusted text, until it has the right shape, is bounded, harmless and redacted.

Anything else is a `InvalidVerdict` with its reason. A verdict holds what the model said, whatever its confidence:
the threshold is applied when it is put on events, so that another threshold costs no new call.
"""

import re
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, Field, ValidationError

from mothership.errors import InvalidVerdict

Redact: TypeAlias = Callable[[str], str]
"""A text through the redaction of events."""


SUMMARY_CHARS_MAX = 200
CATEGORY_CHARS_MAX = 64
TAG_CHARS_MAX = 32
TAGS_MAX = 8
CONFIDENCES = [step / 20 for step in range(21)]
_FRAME_TOKENS = 64
"""Of an answer with five empty tags, printed prettily: 62 with Gemma's tokenizer, 33 on one line."""
_CHARS_A_TOKEN = 2
"""An estimate from below: English has three to five."""
_CONTENT_CHARS_MAX = 20_000
_NAME = re.compile(r"\w[\w .:/+&-]*")
_LINK = re.compile(r"\b(?:[a-z][a-z0-9+.-]{0,30}://|(?:javascript|vbscript|data|mailto):|www\.)\S*", re.IGNORECASE)
_MARKUP = re.compile(r"[<>`{}\[\]|\\]+")
_REASONING = re.compile(r"\s*(?:<think(?:ing)?>)?.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
"""What a reasoning model thinks aloud; where its chat template begins the thought, the answer only ends it."""
_FENCED = re.compile(r"\s*```(?:json)?\s*(\{.*\})\s*```\s*", re.DOTALL)


class AnswerLengths(NamedTuple):
    """How much an answer is asked to hold, at most."""

    category: int = CATEGORY_CHARS_MAX
    summary: int = SUMMARY_CHARS_MAX
    tag: int = TAG_CHARS_MAX
    tags: int = 5


def answer_lengths(tokens_max: int) -> AnswerLengths:
    """Choose lengths so that no answer within them is cut off at that many tokens.

    With too few tokens for that (under 100) the least that says anything is asked for.
    """
    chars = (tokens_max - _FRAME_TOKENS) * _CHARS_A_TOKEN
    whole = AnswerLengths()
    if chars >= whole.category + whole.summary + whole.tag * whole.tags:
        return whole
    tags = min(whole.tags, max(1, chars // 56))
    summary = min(whole.summary, max(40, chars - 24 - 16 * tags))
    return AnswerLengths(category=24, summary=summary, tag=16, tags=tags)


def schema(most: AnswerLengths, *, bounded: bool) -> dict[str, Any]:
    """The shape as a JSON schema. Not every strict server takes the bounds: they are checked here in any case."""

    def text(chars_max: int, **more: Any) -> dict[str, Any]:
        return {"type": "string", **({"minLength": 1, "maxLength": chars_max} if bounded else {}), **more}

    tags = {"type": "array", "items": text(most.tag), **({"minItems": 1, "maxItems": most.tags} if bounded else {})}
    return {
        "type": "object",
        "properties": {
            "category": text(most.category),
            "priority": {"type": "string", "enum": ["low", "medium", "high", "critical"]},
            "summary": text(
                most.summary, description=f"One short sentence, under {most.summary // 10 * 10} characters."
            ),
            "tags": tags,
            # As a choice: llama.cpp knows no bounds of numbers, and small models then write them without end.
            "confidence": {"type": "number", **({"enum": CONFIDENCES} if bounded else {})},
        },
        "required": ["category", "priority", "summary", "tags", "confidence"],
        "additionalProperties": False,
    }


class ModelAnswer(NamedTuple):
    """What the endpoint said."""

    content: str | None
    stop: Literal["", "refusal", "truncated"]
    prompt_tokens: int | None
    answer_tokens: int | None


class Verdict(BaseModel, frozen=True, strict=True, extra="forbid"):
    """What the model makes of a template."""

    category: str = Field(min_length=1, max_length=CATEGORY_CHARS_MAX)
    priority: Literal["low", "medium", "high", "critical"]
    summary: str = Field(max_length=SUMMARY_CHARS_MAX)
    tags: list[str] = Field(max_length=TAGS_MAX)
    confidence: float = Field(ge=0.0, le=1.0, allow_inf_nan=False)


class VerdictRecord(NamedTuple):
    """A verdict with where it comes from, as it is kept."""

    verdict: Verdict
    model: str
    template_id: str

    def field(self, template_id: str) -> dict[str, Any]:
        """What an event of that template gets as `llm`. Each event gets lists and dicts of its own."""
        verdict = self.verdict
        return {
            "category": verdict.category,
            "priority": verdict.priority,
            "summary": verdict.summary,
            "tags": [*verdict.tags],
            "confidence": verdict.confidence,
            "model": self.model,
            "template_id": template_id,
        }


def read_verdict(answer: ModelAnswer, redact: Redact) -> Verdict:
    """Make a verdict of what the model said, or raise `InvalidVerdict`."""
    content = answer.content
    if answer.stop:
        raise InvalidVerdict(answer.stop)
    content = _without_reasoning(content or "")
    if not content:
        raise InvalidVerdict("empty")
    if len(content) > _CONTENT_CHARS_MAX:
        raise InvalidVerdict("wrong_shape")
    fenced = _FENCED.fullmatch(content)
    return sanitized(parse_verdict(fenced[1] if fenced else content), redact)


def _without_reasoning(content: str) -> str:
    """What was said after thinking aloud, without a byte order mark."""
    content = content.lstrip("\ufeff").strip()
    if not content.startswith(("{", "```")) and (thought := _REASONING.match(content)):
        content = content[thought.end() :].lstrip("\ufeff").strip()
    return content


def parse_verdict(content: str | bytes) -> Verdict:
    """Check the shape, or raise `InvalidVerdict`."""
    try:
        return Verdict.model_validate_json(content)
    except ValidationError as error:
        wrong = any(detail["type"] == "json_invalid" for detail in error.errors(include_input=False, include_url=False))
    raise InvalidVerdict("not_json" if wrong else "wrong_shape")


def sanitized(verdict: Verdict, redact: Redact) -> Verdict:
    """Take out control characters, links and markup, and redact what is left."""
    category = _name(verdict.category, CATEGORY_CHARS_MAX, redact)
    tags = list(dict.fromkeys(_name(tag, TAG_CHARS_MAX, redact) for tag in verdict.tags))
    summary = _redacted(_plain(verdict.summary), redact)[:SUMMARY_CHARS_MAX]
    return verdict.model_copy(update={"category": category, "tags": tags, "summary": summary})


def _name(text: str, chars_max: int, redact: Redact) -> str:
    """A category or a tag: a few words, or the answer has the wrong shape."""
    text = text.strip()
    if len(text) > chars_max or not _NAME.fullmatch(text) or _LINK.search(text):
        raise InvalidVerdict("wrong_shape")
    return _redacted(text, redact)[:chars_max]


def _plain(text: str) -> str:
    """One line of plain text: no control or direction characters, links, markup or spreadsheet formulas."""
    text = "".join(char if char.isprintable() else " " for char in text.replace("<*>", "…"))
    return " ".join(_MARKUP.sub(" ", _LINK.sub("(link)", text)).split()).lstrip("=+-@ ")


def _redacted(text: str, redact: Redact) -> str:
    try:
        return redact(text)
    except Exception:  # noqa: BLE001 - what can't be redacted is not kept
        raise InvalidVerdict("redaction_failed") from None
