"""What a page is: an address, what it knows, and a template that shows it. The same address with `.json` is the rest.

A page's `content` is plain data (what JSON has), made anew for each request: the template gets it as `it`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mothership.edge.browser import CONSOLE
from mothership.edge.caller import Caller

if TYPE_CHECKING:
    from jinja2 import Template

Content: TypeAlias = Mapping[str, Any]
Fields: TypeAlias = Mapping[str, Sequence[str]]
"""What a form brought: every field with its values."""


def one(fields: Fields, name: str) -> str:
    """A field's value, the first of several; empty where there is none."""
    return str(next(iter(fields.get(name, ())), ""))


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a person with the scope `manage` may do. The console checks that the form is one of ours."""

    path: str
    """Below the page's address: `/retry`."""
    name: str
    """In the log: `dead_letters_retried`."""
    act: Callable[[Fields, Caller], Awaitable[Mapping[str, Any]]]
    """Do it; what was done, for the log and for a program that asked. Raises `Refusal`."""
    then: str = ""
    """Where a browser goes afterwards, below the page's address; what was done is in its query, as `done.…`."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Something that is tried with what a person pasted. It changes nothing, and nothing of it is kept or logged."""

    path: str
    """Below the page's address: `/try`. `browser.TRIALS` says who may."""
    act: Callable[[Fields], Awaitable[Content]]
    """What came of it: shown by the page's own template, over what its content is. Raises `Refusal`."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the console: where it is, what is on it, what can be done there."""

    path: str
    """Below `/console`: `/dead-letters`."""
    title: str
    template: "str | Template"
    content: Callable[[Request], Awaitable[Content]]
    """Raises `Refusal` for what can't be shown."""
    changes: Sequence[Change] = ()
    trials: Sequence[Trial] = ()
    routes: Sequence[Route] = ()
    """Further addresses (begin each with `CONSOLE`): parts, streams, downloads. They read."""
    stream: Callable[[Request], Awaitable[Response]] | None = None
    """For a program that accepts `text/event-stream`, at the page's own address. Raises `Refusal`."""
    in_navigation: bool = True

    @property
    def address(self) -> str:
        """Its path on the server."""
        return f"{CONSOLE}{self.path}"
