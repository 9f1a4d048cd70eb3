"""Says which keys of a published rule set the built-in rules let stand.

python tools/missing_vendors.py gitleaks.toml [--seed 7] [--each 5] [--named]

The file is gitleaks' `config/gitleaks.toml`, of any version; it is not part of this project. Texts are made by chance
from each of its expressions that knows a key by itself (with `--named` also from those that need a name beside it), and
go through the default redaction.
"""

import argparse
import logging
import random
import re
import sys
import tomllib
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import structlog

from mothership.pipeline.redaction.redaction import build
from mothership.pipeline.redaction.settings import RedactionSettings

NAMED = "(?:=|>|:{1,3}="
"""In the expressions that ask for a name and a sign before the key."""
SPREAD = 6
"""Most repeats beyond the least that a text has."""


class Sampler:
    """Makes texts that an expression matches."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - seeded

    def text(self, pattern: str) -> str:
        """Return one of them."""
        return self._nodes(_parser.parse(pattern))

    def _nodes(self, nodes: Any) -> str:
        return "".join(self._node(kind, value) for kind, value in nodes)

    def _node(self, kind: Any, value: Any) -> str:
        if kind is sre.LITERAL:
            return chr(value)
        if kind is sre.IN:
            return self._chance.choice(self._members(value))
        if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
            least, most, inner = value
            return "".join(
                self._nodes(inner) for _ in range(self._chance.randint(least, min(int(most), least + SPREAD)))
            )
        if kind is sre.SUBPATTERN:
            return self._nodes(value[3])
        if kind is sre.BRANCH:
            return self._nodes(self._chance.choice(value[1]))
        return "x" if kind in {sre.ANY, sre.NOT_LITERAL} else ""

    def _members(self, value: Any) -> list[str]:
        chars: list[str] = []
        for kind, member in value:
            if kind is sre.NEGATE:
                return list("abcdefgh0123456789")
            if kind is sre.LITERAL:
                chars.append(chr(member))
            elif kind is sre.RANGE:
                chars += map(chr, range(member[0], member[1] + 1))
            elif member in {sre.CATEGORY_WORD, sre.CATEGORY_DIGIT}:
                chars += "0123456789" + ("abcdefghijkLMNOPQRSTUVWXYZ_" if member is sre.CATEGORY_WORD else "")
            elif member is sre.CATEGORY_NOT_SPACE:
                chars += "abcdefgh0123456789"
            elif member is sre.CATEGORY_SPACE:
                chars.append(" ")
        return chars


def as_python(pattern: str) -> str:
    """Turn Go's spelling of an expression into Python's."""
    pattern = pattern.replace("[[:alnum:]]", "[0-9A-Za-z]").replace(r"\z", r"\Z")
    return re.sub(r"\(\?-?i\)", "", pattern)


def main() -> int:
    """Print each rule of which a text was left, and how many were looked at."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--each", type=int, default=5, help="texts a rule")
    parser.add_argument("--named", action="store_true", help="also what is known beside a name only")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    redaction = build(RedactionSettings(), key=b"k" * 32)
    sampler = Sampler(chosen.seed)
    looked_at = missing = 0
    for rule in tomllib.loads(chosen.rules.read_text(encoding="utf-8"))["rules"]:
        if not rule.get("regex") or (NAMED in rule["regex"] and not chosen.named):
            continue
        looked_at += 1
        texts = [sampler.text(as_python(rule["regex"])).strip(" '\"`;\n\r") for _ in range(chosen.each)]
        left = [text for text in texts if redaction.text(f"seen: {text} in the log") == f"seen: {text} in the log"]
        if left:
            missing += 1
            print(f"{rule['id']}: {len(left)} of {chosen.each} left, as {left[0][:100]}")
    print(f"{looked_at} rules, {missing} of which something was left")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
