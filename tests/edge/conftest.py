"""The doors of `doors.py` as fixtures."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from tests.edge.doors import Keeper, Served, application, serving

from mothership.edge.auth import AuthSettings
from mothership.edge.limits import LimitSettings
from mothership.edge.tls import TLSSettings
from mothership.edge.wire import Wire


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
def wire() -> Callable[..., Wire]:
    return lambda **limits: Wire(LimitSettings(**limits), key=b"test")


@pytest.fixture
def door(keeper: Keeper) -> Callable[..., httpx2.AsyncClient]:
    """A client of an application with the route under these limits."""

    def build(*, patience_seconds: float = 1.0, **limits: float) -> httpx2.AsyncClient:
        app = application(keeper, LimitSettings(**limits), patience_seconds=patience_seconds)
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://door")

    return build


@pytest.fixture
def served(keeper: Keeper) -> Iterator[Callable[..., Served]]:
    """Start servers under given settings; they end with the test."""
    stack: list[Any] = []

    def start(*, auth: dict[str, Any] | None = None, tls: dict[str, Any] | None = None, **limits: Any) -> Served:
        more = {name: limits.pop(name) for name in ("clock", "host", "loop_factory") if name in limits}
        manager = serving(
            keeper,
            auth=AuthSettings(**auth or {}),
            tls=TLSSettings(**tls or {}),
            limits=LimitSettings(**limits),
            **more,
        )
        stack.append(manager)
        return manager.__enter__()

    yield start
    for manager in reversed(stack):
        manager.__exit__(None, None, None)
