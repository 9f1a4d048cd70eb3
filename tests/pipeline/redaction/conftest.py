"""What the tests of redaction share."""

import os
from collections.abc import Callable
from typing import TypeAlias

import pytest
from corpora.mutations import mutations

from mothership.event import Batch, Event
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.rules import BUILTIN, Span
from mothership.pipeline.redaction.settings import RedactionSettings

KEY = b"k" * 32
TEXTS = int(os.environ.get("SUPERSET_TEXTS", "6000"))
SEED = int(os.environ.get("SUPERSET_SEED", "1"))
MATCHERS = {f"{rule.name}.{part}": matcher for rule in BUILTIN for part, matcher in enumerate(rule.matchers)}
Found: TypeAlias = list[tuple[str, dict[str, list[Span]]]]
"""Texts, each with what the finders find in it, by name."""
FINDERS = pytest.mark.xdist_group("finders")
"""Tests of what all finders find in thousands of texts, which takes a while: one process asks them, and once."""


@pytest.fixture(scope="session")
def found() -> Found:
    """Changed examples of all rules, and all that any rule's finder finds in them."""
    finders = {name: matcher.finder() for name, matcher in MATCHERS.items()}
    return [
        (
            text,
            {name: spans for name, find in finders.items() if (spans := [*filter(None, find(text, 0, len(text)))])},
        )
        for text in mutations(TEXTS, seed=SEED)
    ]


@pytest.fixture
def make() -> Callable[..., Redaction]:
    """Build redaction from settings as YAML would give them."""
    return lambda **settings: build(RedactionSettings.model_validate(settings), key=KEY)


@pytest.fixture
def through() -> Callable[..., Batch]:
    """Send events through every processor of a redaction."""

    def run(redaction: Redaction, *events: Event) -> Batch:
        batch = Batch(list(events), list(range(len(events))), b"", "test", 0)
        for processor in redaction.processors:
            processor(batch)
        return batch

    return run
