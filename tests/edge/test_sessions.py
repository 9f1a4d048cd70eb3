"""A session is a signed cookie: it ends with its time, its token, or when its holder signs out, in every worker."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from tests.edge.servers import RecordingAcceptor, application

from mothership.edge.auth_settings import AuthSettings, hashed
from mothership.edge.credentials import Credentials
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.server import with_access_control
from mothership.edge.sessions import Sessions
from mothership.edge.tls import TLSSettings

READER = "reader-token-of-this-test"
KEY = b"of all workers"


class Time:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """What it says."""
        return self.now


def settings(*scopes: str, **more: Any) -> AuthSettings:
    token = {"name": "anna", "hash": hashed(READER), "scopes": scopes or ("read",), **more}
    return AuthSettings.model_validate({"tokens": [token]})


def sessions(auth: AuthSettings, clock: Time, ended_dir: Path | None = None, key: bytes = KEY) -> Sessions:
    return Sessions(Credentials(auth, clock=clock), key, seconds=3600, clock=clock, ended_dir=ended_dir)


def started(one: Sessions) -> str:
    found = one._credentials.find(READER)
    assert found
    return one.start(found)


def test_a_session_is_found_by_every_worker_until_its_time_is_over() -> None:
    clock = Time()
    one, other = (sessions(settings(), clock) for _ in range(2))
    value = started(one)
    found = other.find(value)
    assert found
    assert (found.caller.name, found.caller.scopes) == ("anna", frozenset({"read"}))
    clock.now += 3599
    assert other.find(value)
    clock.now += 1
    assert other.find(value) is None
    clock.now -= 4000
    assert other.find(value) is None, "a clock that was set back makes none longer"


def test_a_session_opens_no_more_than_a_browser_needs() -> None:
    clock = Time()
    one = sessions(settings("ingest", "read", "manage"), clock)
    found = one.find(started(one))
    assert found
    assert found.caller.scopes == {"read", "manage"}


def test_a_session_signed_out_is_over_in_every_worker(tmp_path: Path) -> None:
    clock = Time()
    one, other = (sessions(settings(), clock, tmp_path / "ended") for _ in range(2))
    value, kept = started(one), started(one)
    found = one.find(value)
    assert found
    one.end(found)
    assert one.find(value) is None
    assert other.find(value) is None
    assert other.find(kept), "another browser's goes on"


def test_signing_out_works_on_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    clock = Time()
    (tmp_path / "file").touch()
    one = sessions(settings(), clock, tmp_path / "file" / "ended")
    value = started(one)
    found = one.find(value)
    assert found
    one.end(found)
    assert one.find(value) is None


@pytest.mark.parametrize("value", [None, "", "x", "a.b", "." * 100, "é" * 9, "W10.x", "x" * 1_000_000])
def test_what_is_no_session_is_none(value: str | None) -> None:
    assert sessions(settings(), Time()).find(value) is None


def test_nobody_without_the_key_makes_a_session_or_a_form() -> None:
    clock = Time()
    one, forger = sessions(settings(), clock), sessions(settings(), clock, key=b"guessed")
    assert one.find(started(forger)) is None
    assert not one.is_form_token(forger.form_token("session 1"), "session 1")
    assert one.find(one.form_token("session 1")) is None
    assert not one.is_form_token(started(one), "session 1")


def test_a_form_is_for_whom_it_was_shown_to_and_for_a_day() -> None:
    clock = Time()
    one = sessions(settings(), clock)
    first, second = one.form_token("session 1"), one.form_token("session 1")
    assert first != second, "a compressed page tells nothing of it"
    assert one.is_form_token(first, "session 1")
    assert not one.is_form_token(first, "session 2")
    clock.now += 24 * 3600
    assert not one.is_form_token(first, "session 1")


def test_a_session_ends_when_its_token_expires() -> None:
    clock = Time()
    one = sessions(settings(expires="2023-11-14T22:23:20Z"), clock)  # ten minutes on
    value = started(one)
    assert one.find(value)
    clock.now += 600
    assert one.find(value) is None


def test_a_session_ends_with_its_token_and_another_token_of_its_name_is_another(tmp_path: Path) -> None:
    clock = Time()
    file = tmp_path / "tokens.yaml"
    anna = {"name": "anna", "hash": hashed(READER), "scopes": ["read"]}
    file.write_text(yaml.safe_dump([anna]))
    one = sessions(AuthSettings(tokens_file=file), clock)
    value = started(one)
    assert one.find(value)
    file.write_text(yaml.safe_dump([anna | {"hash": hashed("another-token-of-the-same-name")}]))
    for _ in range(2):
        clock.now += 2
        one.find(value)
    assert one.find(value) is None


def guarded(auth: AuthSettings, clock: Time, one: Sessions) -> httpx2.AsyncClient:
    app = application(RecordingAcceptor(), LimitSettings())
    access = with_access_control(app, auth, TLSSettings(), host="0.0.0.0", clock=clock, sessions=one)  # noqa: S104
    transport = httpx2.ASGITransport(access, client=("192.0.2.7", 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost")


async def test_a_session_reads_pages_and_sends_no_events() -> None:
    clock, auth = Time(), settings("ingest", "read")
    one = sessions(auth, clock)
    async with guarded(auth, clock, one) as client:
        client.cookies.set("mothership", started(one))
        assert (await client.get("/stats")).status_code == 200
        answer = await client.post("/ingest", content=b'[{"type": "log"}]')
        assert answer.status_code == 401
        assert (await client.post("/stats")).status_code == 401


@pytest.mark.parametrize(("method", "scopes", "status"), [("GET", "read", 404), ("POST", "read", 403),
                                                        ("POST", "manage", 404), ("GET", "manage", 404)])  # fmt: skip
async def test_a_change_needs_the_scope_manage(method: str, scopes: str, status: int) -> None:
    """404: there is no console behind this."""
    clock, auth = Time(), settings(scopes)
    one = sessions(auth, clock)
    async with guarded(auth, clock, one) as client:
        client.cookies.set("mothership", started(one))
        assert (await client.request(method, "/console/dead-letters")).status_code == status


async def test_a_browser_that_nobody_signed_in_with_is_asked_to_and_a_program_is_refused() -> None:
    clock, auth = Time(), settings()
    async with guarded(auth, clock, sessions(auth, clock)) as client:
        html = {"accept": "text/html,*/*"}
        answer = await client.get("/console/events?q=a%20b", headers=html)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/console/sign-in?next=/console/events%3Fq%3Da%2520b"
        assert (await client.get("/", headers=html)).headers["location"] == "/console/sign-in"
        part = await client.get("/console/events", headers={"hx-request": "true"})
        assert (part.status_code, part.headers["hx-redirect"]) == (401, "/console/sign-in")
        assert (await client.get("/console/events.json")).status_code == 401
        assert (await client.get("/stats", headers=html)).status_code == 401
        for _ in range(60):
            assert (await client.get("/console/events", headers=html)).status_code == 303, "that is no guess"


async def test_a_link_from_elsewhere_is_followed_once_more_by_ourselves() -> None:
    """The first time a browser keeps a cookie back that is `SameSite=Strict`."""
    clock, auth = Time(), settings()
    async with guarded(auth, clock, sessions(auth, clock)) as client:
        headers = {"accept": "text/html", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        answer = await client.get("/console/events?q=a", headers=headers)
        assert answer.status_code == 200
        assert '<meta http-equiv="refresh" content="0">' in answer.text
