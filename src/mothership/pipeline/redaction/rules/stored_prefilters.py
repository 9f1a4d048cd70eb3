"""Prefilters that were derived before: to derive those of all rules takes as long as to compile all of them.

`prefilters.json` decides nothing by itself. It is used only while the code that derives is the code that wrote it, and
of it an entry only for exactly what it was derived from; anything else is derived now. `make prefilters` writes it.
"""

import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from hashlib import blake2b
from inspect import getsource
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, Self

from mothership.pipeline.redaction.regex_analysis import (
    character_classes,
    prefilter_derivation,
    regex_tree,
    selectivity,
)

FILE = Path(__file__).with_name("prefilters.json")
DERIVED_BY = (regex_tree, character_classes, selectivity, prefilter_derivation)
"""The modules that decide what is derived."""
PREFILTERS_REMEMBERED = 2_048
"""Each redactor of a process asks for those of all rules: a reload, a trial on the console, a trace."""


class Derivation(NamedTuple):
    """All that a prefilter is derived from: the arguments of `derive`."""

    pattern: str
    ignore_case: bool = False
    unicode: bool = False
    parted: bool = True
    secret_has: str = ""

    @classmethod
    def of_compiled(cls, pattern: "re.Pattern[str]", *, parted: bool = True) -> Self:
        """Of a compiled pattern, with the flags that it was compiled with."""
        lines = ("s" if pattern.flags & re.DOTALL else "") + ("m" if pattern.flags & re.MULTILINE else "")
        return cls(
            (f"(?{lines})" if lines else "") + pattern.pattern,
            ignore_case=bool(pattern.flags & re.IGNORECASE),
            unicode=not pattern.flags & re.ASCII,
            parted=parted,
        )

    @property
    def key(self) -> str:
        """What it is known by in the file: a digest of all of it."""
        return blake2b(json.dumps(self).encode(), digest_size=16).hexdigest()

    def derived(self) -> str:
        """Derive it now."""
        return prefilter_derivation.derive(**self._asdict())


@lru_cache(maxsize=PREFILTERS_REMEMBERED)
def prefilter(derivation: Derivation) -> str:
    """Return the prefilter: the stored one where there is one, which is the same."""
    stored = _stored().get(derivation.key)
    return derivation.derived() if stored is None else stored


def file_of(derivations: Iterable[Derivation]) -> str:
    """Return what the file has to say: each prefilter on a line of its own, so that a change of one is read as one."""
    derived = {each.key: each.derived() for each in derivations}
    return json.dumps({"derived by": code_of(DERIVED_BY), "prefilters": derived}, indent=0) + "\n"


def read(text: str, derived_by: str) -> dict[str, str]:
    """Return the prefilters of a file, by key; none where other code has written it, or nobody that we know."""
    try:
        content = json.loads(text)
        return dict(content["prefilters"]) if content["derived by"] == derived_by else {}
    except (ValueError, KeyError, TypeError):
        return {}


def code_of(modules: Iterable[ModuleType]) -> str:
    """Return a digest of the modules' texts; where there are none, of nothing, and the file is of no use."""
    try:
        return blake2b("\0".join(map(getsource, modules)).encode(), digest_size=16).hexdigest()
    except OSError:
        return ""


@cache
def _stored() -> dict[str, str]:
    try:
        return read(FILE.read_text(encoding="utf-8"), code_of(DERIVED_BY))
    except OSError:
        return {}
