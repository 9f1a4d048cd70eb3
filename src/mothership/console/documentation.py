"""The documentation, from files in the package: on a ship there is no other."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.requests import Request

from mothership.console.page import Page
from mothership.errors import Refusal

NAME = re.compile(r"[a-z-]{1,40}(/[a-z-]{1,60})?")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK = re.compile(r"(?<!:)\]\(([^):]+)\.md(#[^)]*)?\)")


def page() -> Page:
    """One page for each of the documentation's, at its path without the suffix."""

    async def content(request: Request) -> Mapping[str, Any]:
        name = request.path_params["name"]
        return {"name": name, "text": source(name)}

    return Page("/docs/{name:path}", "Documentation", "documentation.html", content, in_navigation=False)


@cache
def source(name: str) -> str:
    """A page as it was written. Raises `Refusal`."""
    if NAME.fullmatch(name):
        for folder in _folders():
            file = folder.joinpath(f"{name}.md")
            if file.is_file():
                return file.read_text(encoding="utf-8")
    raise Refusal(404, "there is no such page in the documentation")


def rendered(text: str) -> Markup:
    """Markdown as HTML; what is HTML in it is shown as text."""
    text = _LINK.sub(r"](\1\2)", _COMMENT.sub("", text))
    from markdown_it import MarkdownIt  # noqa: PLC0415 - no start waits for what few pages need

    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))  # noqa: S704 - it escapes


def _folders() -> list[Traversable]:
    """In an installed package, and in a clone."""
    return [files("mothership") / "docs", Path(__file__).parents[3] / "docs"]
