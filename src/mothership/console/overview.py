"""The overview: how it goes, and what needs a person."""

from typing import Any

from starlette.requests import Request

from mothership.console.page import Page
from mothership.edge.status import Status


def page(status: Status) -> Page:
    """The page, over what the status pages know."""

    async def content(_request: Request) -> dict[str, Any]:
        return {"stats": await status.stats()}

    return Page("/overview", "Overview", "overview.html", content)
