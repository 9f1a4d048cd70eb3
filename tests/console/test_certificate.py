"""A certificate signs in by itself: the console on a real socket, with mutual TLS."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from tests.console.conftest import form_token
from tests.console.test_frame import TEMPLATE, Thing
from tests.edge.servers import RecordingAcceptor, application, serving
from tests.edge.test_tls import client_context, make, server_files

from mothership.console.application import Console
from mothership.console.page import Change, Page
from mothership.edge.application import EdgeApplication
from mothership.edge.auth_settings import AuthSettings, hashed
from mothership.edge.credentials import Credentials
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.sessions import Sessions
from mothership.edge.tls import TLSSettings

HTML = {"accept": "text/html"}
ROLES = {"operator": ["manage"], "reader": ["read"], "ship-7": ["ingest"]}


class Site(NamedTuple):
    """The console, and who changed what there."""

    url: str
    files: Path
    thing: Thing

    def client(self, name: str | None) -> httpx2.Client:
        """A browser that has this certificate."""
        context = client_context(self.files, name)
        return httpx2.Client(base_url=self.url, verify=context, headers=HTML, timeout=60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Certificates of an operator, a reader and a node, and one that no entry names."""
    files = tmp_path_factory.mktemp("certificates")
    make(files, *ROLES, "stranger")
    thing = Thing()
    page = Page("/thing", "Thing", TEMPLATE, thing.content, [Change("/change", "thing_changed", thing.act)])
    entries = [{"name": name, "hash": hashed(f"unused-{name}"), "scopes": scopes} for name, scopes in ROLES.items()]
    auth = AuthSettings.model_validate({"tokens": entries})
    credentials = Credentials(auth, clock=lambda: 1.0)
    sessions = Sessions(credentials, b"of the tests", seconds=3600, clock=lambda: 1.0)
    base = application(RecordingAcceptor(), LimitSettings())
    app = EdgeApplication(base.ingest, base.pages, Console([page], sessions).application)
    tls = TLSSettings(**server_files(files, mutual=True))
    with serving(RecordingAcceptor(), auth=auth, tls=tls, limits=LimitSettings(), app=app, credentials=credentials,
                 sessions=sessions) as served:  # fmt: skip
        yield Site(f"https://localhost:{served.port}", files, thing)


def test_an_operator_reads_and_changes_and_is_named(site: Site) -> None:
    with site.client("operator") as client:
        shown = client.get("/console/thing")
        assert shown.status_code == 200
        assert "operator" in shown.text
        assert "Sign out" not in shown.text, "there is nothing to sign out of"
        assert "set-cookie" not in shown.headers
        assert (
            client.post("/console/thing/change", data={"form_token": form_token(shown.text), "text": "x"}).status_code
            == 303
        )
    assert site.thing.callers.pop() == "operator"
    assert not site.thing.callers


def test_another_page_cannot_use_the_certificate(site: Site) -> None:
    """A browser shows it wherever a form is sent from."""
    with site.client("operator") as client:
        token = form_token(client.get("/console/thing").text)
        foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
        assert client.post("/console/thing/change", data={}, headers=HTML).status_code == 403
        assert client.post("/console/thing/change", data={"form_token": token}, headers=foreign).status_code == 403
    with site.client("reader") as client:
        other = form_token(client.get("/console/thing").text)
    with site.client("operator") as client:
        assert client.post("/console/thing/change", data={"form_token": other}).status_code == 403
    assert not site.thing.callers


@pytest.mark.parametrize(("name", "reads"), [("reader", 200), ("ship-7", 403), ("stranger", 403)])
def test_a_certificate_opens_what_its_entry_says(site: Site, name: str, reads: int) -> None:
    with site.client(name) as client:
        shown = client.get("/console/thing")
        assert shown.status_code == reads
        token = form_token(shown.text) if reads == 200 else "x"
        assert client.post("/console/thing/change", data={"form_token": token}).status_code == 403
    assert not site.thing.callers


def test_without_a_certificate_nothing_is_shown(site: Site) -> None:
    with site.client(None) as client, pytest.raises((httpx2.TransportError, ssl.SSLError)):
        client.get("/console/thing")
