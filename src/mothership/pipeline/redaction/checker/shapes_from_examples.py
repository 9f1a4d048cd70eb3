"""Shapes that the check learns from the rules' examples: tokens whose issuer begins each with the same characters."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from mothership.pipeline.redaction.checker.shape_match import Context
from mothership.pipeline.redaction.checker.shape_scanner import Shape
from mothership.pipeline.redaction.checker.shapes.assignments import ASSIGNMENTS
from mothership.pipeline.redaction.checker.shapes.beside_names import BESIDE_NAMES
from mothership.pipeline.redaction.checker.shapes.codes import CODES
from mothership.pipeline.redaction.checker.shapes.commands import COMMANDS
from mothership.pipeline.redaction.checker.shapes.devices import DEVICES
from mothership.pipeline.redaction.checker.shapes.identity import IDENTITY
from mothership.pipeline.redaction.checker.shapes.keys import KEYS
from mothership.pipeline.redaction.checker.shapes.keys_by_word import KEYS_BY_WORD
from mothership.pipeline.redaction.checker.shapes.languages import LANGUAGES
from mothership.pipeline.redaction.checker.shapes.logins import LOGINS
from mothership.pipeline.redaction.checker.shapes.near_words import NEAR_WORDS
from mothership.pipeline.redaction.checker.shapes.numbers_by_word import NUMBERS_BY_WORD
from mothership.pipeline.redaction.checker.shapes.personal import PERSONAL_AND_CREDENTIALS
from mothership.pipeline.redaction.checker.shapes.placed_values import PLACED
from mothership.pipeline.redaction.checker.shapes.prose import PROSE
from mothership.pipeline.redaction.checker.shapes.telephones import TELEPHONES
from mothership.pipeline.redaction.checker.shapes.tickets import TICKETS
from mothership.pipeline.redaction.checker.shapes.user_passwords import USER_PASSWORDS
from mothership.pipeline.redaction.checker.shapes.vendors import VENDORS
from mothership.pipeline.redaction.checker.value_validators import random_part, random_parts
from mothership.pipeline.redaction.rules import Rule
from mothership.pipeline.redaction.rules.personal import PERSONAL

GENERAL = (*NEAR_WORDS, *CODES, *TELEPHONES, *BESIDE_NAMES, *PLACED)
"""Shapes that know a kind of value, whoever has it: they count where all rules for credentials are on."""
_PREFIXED = re.compile(
    r"(?P<prefix>[A-Za-z0-9]{2,10}[_-](?:[A-Za-z0-9]{1,8}[_.-]){0,3}|[A-Za-z0-9]{2,10}[.~](?:[A-Za-z0-9]{1,8}[_.-]){0,3}|1//0|[A-Za-z]{2,4})"
    r"(?P<rest>[0-9A-Za-z_./+=~-]{16,})"
)
"""A prefix that nobody would take for a word's beginning, and what is random behind it."""
_HEX = re.compile(r"[0-9a-f]+")
_PART = re.compile(r"(?P<sign>[^0-9A-Za-z]+)|(?P<word>[a-z]{1,8}[0-9]{0,2}(?![0-9A-Za-z]))|(?P<random>[0-9A-Za-z]+)")
_SHARE = 0.7
"""Of an example's random part, how much another token must have."""
_RANDOM_MIN = 16
_SHORT_MAX = 4
_PREFIX_MIN = 3
"""Characters of a prefix that say something, of letters alone one more; before hexadecimals any."""
_PARTS_MIN = 3
FORMS_REMEMBERED = 4_096
"""Of the examples: each redactor of a process asks for those of all rules."""
_END = r"(?:$|[^0-9A-Za-z])"
_WORD_ENDS = re.compile(r"[\s\"'<>()=,;:/]")


def written_shapes() -> tuple[Shape, ...]:
    """Return the shapes that were written for what people and programs say, and not for tokens."""
    return (
        *PERSONAL_AND_CREDENTIALS,
        *ASSIGNMENTS,
        *COMMANDS,
        *DEVICES,
        *LOGINS,
        *KEYS,
        *PROSE,
        *LANGUAGES,
        *USER_PASSWORDS,
        *NUMBERS_BY_WORD,
        *KEYS_BY_WORD,
        *TICKETS,
        *IDENTITY,
        *GENERAL,
    )


def shapes_for(rules: Sequence[Rule]) -> Iterator[Shape]:
    """Return the shapes that were written, and those learned from the examples of rules for which none was."""
    credentials = frozenset(rule.name for rule in rules if rule.default) - {rule.name for rule in PERSONAL}
    written = written_shapes()
    for shape in written:
        yield shape._replace(also=credentials) if shape in GENERAL and shape.rule in credentials else shape
    yield from VENDORS
    covered, by_hand = ({shape.rule for shape in shapes} for shapes in (written, VENDORS))
    for rule in rules:
        if rule.name not in covered:
            found = (_form(secret) or _form(_word_around(text, secret)) for text, secret in rule.positives)
            for form in dict.fromkeys(filter(None, found)):
                if rule.name not in by_hand or form[2] is random_part:
                    yield Shape(rule.name.replace("_", " "), rule.name, *form)


def _word_around(text: str, secret: str) -> str:
    """Return the word of an example in which its secret stands, which may be a part of it."""
    start = text.index(secret)
    end = start + len(secret)
    before, behind = _WORD_ENDS.search(text[:start][::-1]), _WORD_ENDS.search(text, end)
    return text[start - before.start() if before else 0 : behind.start() if behind else len(text)]


@lru_cache(maxsize=FORMS_REMEMBERED)
def _form(secret: str) -> tuple[str, str, Callable[[Context], bool]] | None:
    """Return sign, pattern and doubt of what has an example's form."""
    token = secret.rpartition(" ")[2]
    match = _PREFIXED.fullmatch(token)
    if match and not (match["prefix"].isalnum() and (_HEX.fullmatch(token) or "." in match["rest"])):
        prefix, rest = match["prefix"], match["rest"]
        if len(prefix) >= _PREFIX_MIN + prefix.isalpha() or _HEX.fullmatch(rest):
            before = "(?:^|[^0-9A-Za-z_-])" if prefix.isalpha() else "(?:^|[^0-9A-Za-z])"
            pattern = rf"{before}{re.escape(prefix)}(?P<v>{_class(rest)})"
            return (
                f"{re.escape(prefix)}{_class(rest, least=4)}",
                pattern + _END * bool(_HEX.fullmatch(rest)),
                random_part,
            )
    parts = list(_PART.finditer(token))
    longest = max((len(part[0]) for part in parts if part["random"]), default=0)
    if "/" in token or len(parts) < _PARTS_MIN or longest < _RANDOM_MIN:
        return None
    whole = "".join(map(_expression, parts))
    first = parts[0][0]
    rest = whole[len(_expression(parts[0])) :]
    exact = rf"[0-9A-Za-z]{{{len(first)}}}{rest}" if parts[0]["random"] else whole
    # Counting from every character on what may begin anywhere would be dear: a few before the first sign will do.
    sign = rf"[0-9A-Za-z]{{8}}{rest}" if parts[0]["random"] else whole
    return sign, rf"(?:^|[^0-9A-Za-z])(?P<v>{exact}){_END}", random_parts


def _expression(part: "re.Match[str]") -> str:
    if part["random"]:
        return _class(part[0]) if len(part[0]) > _SHORT_MAX else f"[0-9A-Za-z]{{{len(part[0])}}}"
    return re.sub("[0-9]+", "[0-9]+", re.escape(part[0]))


def _class(random: str, *, least: int = 0) -> str:
    """Return an expression for what was made by chance as this was, or for the least characters of it."""
    length = least or int(len(random) * _SHARE)
    if _HEX.fullmatch(random):
        return rf"[0-9a-f]{{{length},}}" if least else rf"[0-9a-f]{{{len(random)}}}"
    return rf"[0-9A-Za-z]{{{length},}}" if random.isalnum() else rf"[0-9A-Za-z_./+=~-]{{{length},}}"
