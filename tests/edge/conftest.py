"""The servers of `servers.py` as fixtures."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from tests.edge.servers import RecordingAcceptor, Served, application, serving

from mothership.edge.auth_settings import AuthSettings
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.tls import TLSSettings


@pytest.fixture
def acceptor() -> RecordingAcceptor:
    return RecordingAcceptor()


@pytest.fixture
def make_client(acceptor: RecordingAcceptor) -> Callable[..., httpx2.AsyncClient]:
    """A client of an application with the route under these limits."""

    def build(*, wait_seconds_max: float = 1.0, **limits: float) -> httpx2.AsyncClient:
        app = application(acceptor, LimitSettings(**limits), wait_seconds_max=wait_seconds_max)
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://edge")

    return build


@pytest.fixture
def served(acceptor: RecordingAcceptor) -> Iterator[Callable[..., Served]]:
    """Start servers under given settings; they end with the test."""
    stack: list[Any] = []

    def start(*, auth: dict[str, Any] | None = None, tls: dict[str, Any] | None = None, **limits: Any) -> Served:
        more = {name: limits.pop(name) for name in ("clock", "host", "loop_factory") if name in limits}
        manager = serving(
            acceptor,
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
