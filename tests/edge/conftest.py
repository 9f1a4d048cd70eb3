"""A door with nothing behind it but a list."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2
import pytest
from fastapi import FastAPI

from mothership.edge import ingest
from mothership.edge.limits import LimitSettings
from mothership.edge.wire import Wire
from mothership.event import Batch, Receipt, Tally


@dataclass
class Keeper:
    """Stands for pipeline and relay: keeps batches in a list, or raises what it is told to."""

    batches: list[Batch] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    async def __call__(self, batch: Batch) -> tuple[Batch, Receipt]:
        """Keep it, once."""
        if self.failures:
            raise self.failures.pop(0)
        duplicate = any(known.fingerprint == batch.fingerprint for known in self.batches)
        if not duplicate:
            self.batches.append(batch)
        return batch, Receipt({"tsdb": Tally(len(batch.events), 0, 0)}, duplicate)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
def wire() -> Callable[..., Wire]:
    return lambda **limits: Wire(LimitSettings(**limits), key=b"test")


@pytest.fixture
def door(keeper: Keeper) -> Callable[..., httpx2.AsyncClient]:
    """A client of an application with the route under these limits."""

    def build(**limits: float) -> httpx2.AsyncClient:
        settings = LimitSettings(**limits)
        app = FastAPI()
        app.include_router(
            ingest.router(keeper, wire=Wire(settings, key=b"test"), limits=settings, sinks=["tsdb"], clock=lambda: 1.0)
        )
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://door")

    return build
