"""What the tests of redaction share."""

from collections.abc import Callable

import pytest

from mothership.event import Batch, Event
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.settings import RedactionSettings

KEY = b"k" * 32


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
