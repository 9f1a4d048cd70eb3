"""The rules' own examples, as other hands might have written them: for tests and benchmarks alike."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

from mothership.pipeline.redaction.rules import BUILTIN, Rule

CONTEXTS: Final = (
    *("{}", "({})", "[{}]", "<{}>", "'{}'", '"{}"', "x={}", "{},", "{}.", "{}\n", "\n{}", "a\t{}\tb", "{};", "|{}|"),
    *(
        "2026-11-29T10:00:00Z host app[12]: {}",
        '{{"message":"{}","n":4}}',
        "{} and more of it",
        "说明{}结束",
        "é{}é",
        "-{}-",
    ),
    *(
        "db:\n  {}\n",
        "<b>{}</b>",
        "x" * 40 + " {} " + "y" * 40,
        "{0} {0}",
        "\x1b[31m{}\x1b[0m",
        "key {} user",
        "pass{}",
    ),
)
_SIGNS: Final = ("=", ":", ": ", " = ", " : ", "=>", ":=", "==", " ", "\t", '":"', '": "', "='", '="', "  ")
_BLANKS: Final = ("  ", "\t", " \t ", "\n", "\r\n", "\u00a0", "   ", "")
_QUOTES: Final = ('"', "'", '\\"', "`", "", "''", '""')
_CHARACTERS: Final = "aZ09 -_.:=/\\\"'@+,;<>(){}[]|&$%#*\t\n\x00\u200b\uff11\u00e9"


def _sign(rng: Random, text: str) -> str:
    return re.sub(r"\s?[:=]+\s?", lambda match: rng.choice((match[0], rng.choice(_SIGNS))), text)


def _blank(rng: Random, text: str) -> str:
    return re.sub(r"[ \t]", lambda match: rng.choice((match[0], match[0], rng.choice(_BLANKS))), text)


def _quote(rng: Random, text: str) -> str:
    return re.sub(r"[\"']", lambda match: rng.choice((match[0], rng.choice(_QUOTES))), text)


def _quoted_word(rng: Random, text: str) -> str:
    words = text.split(" ")
    at, quote = rng.randrange(len(words)), rng.choice(_QUOTES)
    words[at] = f"{quote}{words[at]}{quote}"
    return " ".join(words)


def _case(rng: Random, text: str) -> str:
    change: Callable[[str], str] = rng.choice((str.upper, str.lower, str.title, str.swapcase, str.capitalize))
    return change(text)


def _escape(rng: Random, text: str) -> str:
    return rng.choice((json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False), text.replace("/", "\\/")))


def _spelled(rng: Random, text: str) -> str:
    if not text:
        return text
    at = rng.randrange(len(text))
    spelled = rng.choice(("%{:02X}", "&#{:d};", "\\u{:04x}", "\\x{:02x}")).format(min(ord(text[at]), 127))
    return text[:at] + spelled + text[at + 1 :]


def _inserted(rng: Random, text: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(_CHARACTERS) + text[at:]


def _dropped(rng: Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at + 1 :]


def _swapped(rng: Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def _context(rng: Random, text: str) -> str:
    return rng.choice(CONTEXTS).format(text)


def _cut(rng: Random, text: str) -> str:
    first, last = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
    return text[first:] if rng.random() < 0.5 else text[:last]


CHANGES: Final = (
    *(_sign, _blank, _quote, _quoted_word, _case, _escape, _spelled, _inserted, _dropped, _swapped, _context, _cut),
)


def mutations(texts: int, *, seed: int, rules: Sequence[Rule] = BUILTIN) -> Iterator[str]:
    """Yield so many texts made of all examples in turns, each changed in one to four ways."""
    rng = Random(seed)
    examples = [text for rule in rules for text in (*(each for each, _ in rule.positives), *rule.negatives)]
    for number in range(texts):
        text = examples[number % len(examples)]
        for change in rng.choices(CHANGES, k=rng.randint(1, 4)):
            text = change(rng, text)
        yield text if rng.random() < 0.9 else f"{text} {rng.choice(examples)}"
