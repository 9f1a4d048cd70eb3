"""What `BoundedProtocol` uses of uvicorn's own names is there, in the versions that are allowed."""

import ast
import asyncio
import inspect
import logging
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import uvicorn
from packaging.requirements import Requirement
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from mothership.edge import http_protocol, response_transport, server
from mothership.edge.response_transport import ResponseTransport

ROOT = Path(__file__).parents[2]
CYCLES = {"_running", "cycle", "_cycle"}
"""What cycles are called in `http_protocol`."""


async def _app(scope: object, receive: object, send: object) -> None:
    """Never called."""


def _attributes(node: ast.AST, owners: set[str]) -> set[str]:
    """Every name that is looked up on what has one of these names."""
    found = [each for each in ast.walk(node) if isinstance(each, ast.Attribute)]
    return {each.attr for each in found if getattr(each.value, "attr", getattr(each.value, "id", "")) in owners}


def _class(module: object, name: str) -> ast.ClassDef:
    tree = ast.parse(Path(inspect.getfile(module)).read_text())  # type: ignore[arg-type]  # a module is one
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)


@pytest.fixture
async def protocol() -> HttpToolsProtocol:
    return HttpToolsProtocol(uvicorn.Config(_app), ServerState(), {}, asyncio.get_running_loop())


@pytest.fixture
async def cycle(protocol: HttpToolsProtocol) -> RequestResponseCycle:
    transport = asyncio.Transport()
    return RequestResponseCycle(
        scope={"type": "http"},  # type: ignore[typeddict-item]  # nothing reads it
        transport=transport,
        flow=FlowControl(transport),
        logger=logging.getLogger(),
        access_logger=logging.getLogger(),
        access_log=False,
        default_headers=[],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=True,
        on_response=protocol.on_response_complete,
    )


async def test_the_protocol_has_what_ours_adds_to(protocol: HttpToolsProtocol) -> None:
    """A name that uvicorn drops would be looked for while a request is under way."""
    ours = _class(http_protocol, "BoundedProtocol")
    own = {node.name for node in ours.body if isinstance(node, ast.FunctionDef)} | {
        "limits",
        "open_connections",
        "draining",
    }
    own |= {
        each.attr
        for node in ast.walk(ours)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for each in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(each, ast.Attribute) and getattr(each.value, "id", "") == "self"
    }
    used = _attributes(ours, {"self"}) - own
    assert {name for name in used if not hasattr(protocol, name)} - {"transport", "url"} == set()
    assert {"transport", "url"} <= set(HttpToolsProtocol.__annotations__) | _assigned(HttpToolsProtocol)


def _assigned(kind: type) -> set[str]:
    tree = ast.parse(inspect.getsource(kind))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, value in vars(http_protocol.BoundedProtocol).items()
        if inspect.isfunction(value) and (name.startswith("on_") or name in ("_start_asgi_task", "shutdown"))
    ],
)
def test_what_ours_overrides_is_called_by_uvicorn(name: str) -> None:
    """With the same parameters. An override that nobody calls would be a bound that isn't there."""
    theirs = inspect.signature(getattr(HttpToolsProtocol, name))
    assert list(inspect.signature(getattr(http_protocol.BoundedProtocol, name)).parameters) == list(theirs.parameters)


async def test_a_cycle_has_what_is_asked_of_it(cycle: RequestResponseCycle) -> None:
    """What is read and set on the cycle of a request, and what it calls on its transport."""
    sources = inspect.getsource(http_protocol) + inspect.getsource(response_transport)
    used = _attributes(ast.parse(sources), CYCLES)
    assert used >= {"response_started", "response_complete", "disconnected", "message_event", "transport"}
    assert {name for name in used if not hasattr(cycle, name)} == set()
    asked = _attributes(ast.parse(inspect.getsource(RequestResponseCycle)), {"transport"})
    assert {name for name in asked if not hasattr(ResponseTransport, name)} == set()


def test_the_server_has_what_ours_sets() -> None:
    """It takes over the start, so it must fill what the rest of uvicorn reads."""
    theirs = uvicorn.Server(uvicorn.Config(_app))
    assert {"server_state", "started", "config"} <= set(vars(theirs))
    source = inspect.getsource(uvicorn.Server)
    assert "self.servers" in source
    assert "await self.startup(sockets=sockets)" in source
    assert "lifespan" in source
    assert list(inspect.signature(server.Server.startup).parameters) == list(
        inspect.signature(uvicorn.Server.startup).parameters
    )


def test_only_versions_are_allowed_that_were_looked_at() -> None:
    """The installed one is, and there is an upper bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    allowed = next(Requirement(one) for one in project["dependencies"] if Requirement(one).name == "uvicorn").specifier
    assert allowed.contains(version("uvicorn"))
    assert any(one.operator == "<" for one in allowed)
