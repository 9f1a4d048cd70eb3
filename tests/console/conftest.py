"""The console in front of nothing but what a test gives it, behind the access control of the service."""

from collections.abc import Callable, Sequence
from typing import Any

import httpx2
import pytest
from tests.edge.servers import RecordingAcceptor, application

from mothership.console.application import Console
from mothership.console.page import Page
from mothership.edge.application import EdgeApplication
from mothership.edge.auth_settings import AuthSettings, hashed
from mothership.edge.credentials import Credentials
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.server import with_access_control
from mothership.edge.sessions import Sessions
from mothership.edge.tls import TLSSettings

TOKENS = {
    "reader": ("reader-token-of-the-tests", ["read"]),
    "operator": ("operator-token-of-the-tests", ["manage"]),
    "node": ("node-token-of-the-tests", ["ingest"]),
}
SECRETS = {name: secret for name, (secret, _scopes) in TOKENS.items()}
Behind = Callable[..., httpx2.AsyncClient]


def tokens() -> AuthSettings:
    """One who may read, one who may change things, and a node."""
    return AuthSettings.model_validate(
        {"tokens": [{"name": name, "hash": hashed(secret), "scopes": scopes}
                    for name, (secret, scopes) in TOKENS.items()]}
    )  # fmt: skip


@pytest.fixture
def behind() -> Behind:
    """A client of these pages; `auth` and `base_url` to have it otherwise."""

    def build(
        pages: Sequence[Page], auth: AuthSettings | None = None, base_url: str = "http://localhost", **more: Any
    ) -> httpx2.AsyncClient:
        auth = tokens() if auth is None else auth
        credentials = Credentials(auth, clock=lambda: 1.0)
        sessions = Sessions(credentials, b"of the tests", seconds=3600, clock=lambda: 1.0)
        base = application(RecordingAcceptor(), LimitSettings())
        app = EdgeApplication(base.ingest, base.pages, Console(pages, sessions).application)
        access = with_access_control(
            app, auth, TLSSettings(), credentials=credentials, sessions=sessions, clock=lambda: 1.0,
            **{"host": "127.0.0.1", **more},
        )  # fmt: skip
        transport = httpx2.ASGITransport(access, client=("127.0.0.1", 1))
        return httpx2.AsyncClient(transport=transport, base_url=base_url)

    return build


def form_token(page: str) -> str:
    """The token against forgery in a page's first form."""
    return page.partition('name="form_token" value="')[2].partition('"')[0]


async def sign_in(client: httpx2.AsyncClient, name: str) -> None:
    """As a person would, with a form."""
    page = (await client.get("/console/sign-in")).text
    answer = await client.post("/console/sign-in", data={"token": SECRETS[name], "form_token": form_token(page)})
    assert answer.status_code == 303, answer.text
