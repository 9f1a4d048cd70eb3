"""The types of this folder's fixtures."""

from collections.abc import Callable
from typing import TypeAlias

from mothership.event import Row, RowBatch
from mothership.sinks.loki.sink import LokiSink

SinkOf: TypeAlias = Callable[..., LokiSink]
RowOf: TypeAlias = Callable[..., Row]
BatchOf: TypeAlias = Callable[..., RowBatch]


class Naps:
    """Stands in for sleeping: notes how long, returns at once."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Return at once."""
        self.seconds.append(seconds)
