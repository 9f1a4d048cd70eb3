"""Who may enter: the right token, in time, for what it opens; and what everybody else learns."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner
from pydantic import ValidationError
from tests.edge.servers import application

from mothership.commands import token as token_command
from mothership.edge.access_middleware import AccessMiddleware
from mothership.edge.auth_settings import AuthSettings, hashed
from mothership.edge.authenticator import AuthenticationFailed, Authenticator
from mothership.edge.client_addresses import Networks, client_address, is_loopback_name, rate_limit_key
from mothership.edge.credentials import Credentials
from mothership.edge.exposure import check_exposure, exposure_warning
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.rate_limit import RateLimiter
from mothership.edge.server import with_access_control
from mothership.edge.sessions import Sessions
from mothership.edge.tls import TLSSettings
from mothership.errors import ConfigurationError, Refusal
from mothership.log_format import LogSettings, configure_logging

CANARY = "canary-secret-4f1b"
NO_DATES = (
    f"- {{name: x, hash: '{hashed(CANARY)}', expires: 2027-02-30}}",
    f"- {{name: x, hash: '{hashed(CANARY)}', expires: 2027-01-01T00:00:00+99:00}}",
    "[" * 5000,
    f"- !!int {CANARY}",
)
"""The library that reads YAML raises errors of its own for them."""
LONG = "right-and-long-enough-7d1f"
BODY = json.dumps({"messages": [{"type": "log", "received_from": "somebody else"}]}).encode()
NO_CREDENTIALS = "no valid credentials: send `Authorization: Bearer` with your token"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


def token(name: str, secret: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "hash": hashed(secret), **more}


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.fixture
def guarded_client(acceptor: Any, clock: Time) -> Callable[..., httpx2.AsyncClient]:
    """A client of the guarded application; failed logins do not wait here, they note how long they would."""

    def build(host: str = "0.0.0.0", client: str = "192.0.2.7", **settings: Any) -> httpx2.AsyncClient:  # noqa: S104
        auth = AuthSettings(**settings)
        credentials = Credentials(auth, clock=clock)
        authenticator = Authenticator(auth, TLSSettings(), credentials, clock=clock)
        loopback = host == "127.0.0.1"
        app = application(acceptor, LimitSettings())
        rate_limiter = RateLimiter(1.0, clock=clock, pause=_no_pause)
        guarded = AccessMiddleware(
            app,
            authenticator,
            auth,
            loopback=loopback,
            rate_limiter=rate_limiter,
            sessions=Sessions(credentials, b"of the test", seconds=auth.session_seconds, clock=clock),
            protocols=app.ingest.protocols,
            pause=_no_pause,
        )
        transport = httpx2.ASGITransport(guarded, client=(client, 1))
        return httpx2.AsyncClient(transport=transport, base_url="http://localhost")

    return build


async def _no_pause(seconds: float) -> None:
    assert 0 < seconds <= 2


@pytest.mark.parametrize(
    ("envelope", "named", "by_address", "source"),
    [
        ("edgebot", True, True, "ship-7"),
        ("EdgeBot", True, False, "ship-7"),
        ("-", True, False, "ship-7"),
        (None, True, False, "ship-7"),
        ("vessel 7", True, True, "vessel 7"),
        ("edgebot", False, True, "192.0.2.7"),
        ("n/a", False, True, "192.0.2.7"),
        ("vessel 7", False, True, "vessel 7"),
        ("edgebot", False, False, "edgebot"),
        (None, False, False, "unknown"),
    ],
)
async def test_events_without_a_source_are_named_by_who_brought_them(
    guarded_client: Any, acceptor: Any, envelope: str | None, named: bool, by_address: bool, source: str
) -> None:
    """Every EdgeBot writes the same word into its envelope; an address is used only where it is asked for."""
    who = {"tokens": [token("ship-7", "right")]} if named else {"anonymous": True}
    async with guarded_client(client_address_as_source=by_address, **who) as client:
        body = {"messages": [{"type": "log"}]} | ({"source": envelope} if envelope is not None else {})
        assert (await client.post("/ingest", json=body, headers=bearer("right"))).status_code == 200
    assert acceptor.batches[0].source == source


async def test_a_right_token_enters_and_its_name_is_on_the_events(guarded_client: Any, acceptor: Any) -> None:
    """What a node claims about who brought the event is replaced by who did."""
    async with guarded_client(tokens=[token("ship-7", "right")]) as client:
        answer = await client.post("/ingest", content=BODY, headers=bearer("right"))
    assert answer.status_code == 200
    assert acceptor.batches[0].client == "ship-7"
    assert acceptor.batches[0].events == [{"type": "log", "received_from": "ship-7"}]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        bearer("righ"),
        bearer("right2"),
        bearer(""),
        {"authorization": "Bearer"},
        {"authorization": "Basic right"},
        {"authorization": "right"},
        {"authorization": hashed("right")},
        bearer(hashed("right")),
        bearer("x" * 20_000),
        {"authorization": "Bearer \xff\xfe"},
    ],
    ids=repr,
)
async def test_every_wrong_login_gets_the_same_answer(
    guarded_client: Any, acceptor: Any, headers: Mapping[str, str]
) -> None:
    """It says that credentials are needed, and nothing about which exist."""
    async with guarded_client(tokens=[token("ship-7", "right")]) as client:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await client.post("/ingest", content=BODY, headers=raw)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert (answer.json()["status"], answer.json()["reason"]) == ("refused", NO_CREDENTIALS)
    assert acceptor.batches == []


async def test_an_expired_token_is_a_wrong_one(guarded_client: Any, clock: Time) -> None:
    """To the second, with the same answer as any other."""
    expires = NOW + timedelta(seconds=10)
    async with guarded_client(tokens=[token("ship-7", "right", expires=expires)]) as client:
        assert (await client.post("/ingest", content=BODY, headers=bearer("right"))).status_code == 200
        clock.now += 10
        answer = await client.post("/ingest", content=BODY, headers=bearer("right"))
    assert (answer.status_code, answer.json()["reason"]) == (401, NO_CREDENTIALS)


@pytest.mark.parametrize(
    ("scopes", "path", "status"),
    [
        (["ingest"], "/ingest", 200),
        (["read"], "/ingest", 403),
        (["ingest"], "/stats", 403),
        (["read"], "/stats", 200),
        (["ingest", "read"], "/stats", 200),
        (["ingest"], "/docs", 403),
        (["ingest"], "/openapi.json", 403),
        (["read"], "/openapi.json", 200),
        (["ingest"], "/nothing", 403),
        (["read"], "/nothing", 404),
    ],
)
async def test_a_token_opens_what_its_scopes_say(
    guarded_client: Any, scopes: list[str], path: str, status: int
) -> None:
    """A node's token, found on a ship, reads nothing."""
    async with guarded_client(tokens=[token("x", "right", scopes=scopes)]) as client:
        method = client.post if path == "/ingest" else client.get
        more = {"content": BODY} if path == "/ingest" else {}
        answer = await method(path, headers=bearer("right"), **more)
    assert answer.status_code == status


async def test_probes_are_open_and_the_rest_is_not_unless_it_is_opened(guarded_client: Any) -> None:
    """An orchestrator has no token; a Prometheus may not need one."""
    async with guarded_client(tokens=[token("x", "right")]) as client:
        assert (await client.get("/livez")).status_code == 200
        assert [(await client.get(path)).status_code for path in ("/stats", "/docs", "/", "/openapi.json")] == [401] * 4
    async with guarded_client(tokens=[token("x", "right")], open_endpoints=["/stats", "/docs"]) as client:
        assert (await client.get("/stats")).status_code == 200
        assert (await client.get("/docs")).status_code == 200
        assert (await client.get("/openapi.json")).status_code == 200
        assert (await client.get("/metrics")).status_code == 401
        assert (await client.post("/ingest", content=BODY)).status_code == 401


async def test_a_slash_at_the_end_changes_nothing(guarded_client: Any) -> None:
    """No redirect, and no way around a scope."""
    async with guarded_client(tokens=[token("x", "right")]) as client:
        assert (await client.post("/ingest/", content=BODY, headers=bearer("right"))).status_code == 200
        assert (await client.post("/ingest/", content=BODY)).status_code == 401
        assert (await client.get("/stats//", headers=bearer("right"))).status_code == 403


async def test_trying_is_slowed_and_then_ends(guarded_client: Any, clock: Time) -> None:
    """Per address, for a minute; whoever has sent the right token from there is not shut out by a neighbour's tries."""
    settings = {"tokens": [token("x", "right"), token("y", "other")], "failures_per_minute": 3}
    async with guarded_client(**settings) as client:
        assert (await client.post("/ingest", content=BODY, headers=bearer("other"))).status_code == 200
        statuses = [(await client.post("/ingest", content=BODY, headers=bearer("no"))).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        late = await client.post("/ingest", content=BODY, headers=bearer("no"))
        assert int(late.headers["retry-after"]) == 60
        guess = await client.post("/ingest", content=BODY, headers=bearer("right"))
        assert (guess.status_code, guess.json()["reason"]) == (late.status_code, late.json()["reason"])
        assert (await client.post("/ingest", content=BODY, headers=bearer("other"))).status_code == 200
        clock.now += 61
        assert (await client.post("/ingest", content=BODY, headers=bearer("right"))).status_code == 200
        assert (await client.post("/ingest", content=BODY, headers=bearer("no"))).status_code == 401


async def test_a_right_guess_waits_like_a_wrong_one_whether_or_not_the_client_does(acceptor: Any, clock: Time) -> None:
    """Whoever hangs up and asks anew, or asks in parallel, learns nothing sooner: answers come one after the other."""
    held: list[float] = []

    async def pause(seconds: float) -> None:
        held.append(round(seconds, 3))

    auth = AuthSettings(tokens=[token("x", "right")])
    credentials = Credentials(auth, clock=clock)
    authenticator = Authenticator(auth, TLSSettings(), credentials, clock=clock)
    app = application(acceptor, LimitSettings())
    guarded = AccessMiddleware(
        app,
        authenticator,
        auth,
        loopback=False,
        rate_limiter=RateLimiter(1.0, clock=clock, pause=pause),
        sessions=Sessions(credentials, b"of the test", seconds=auth.session_seconds, clock=clock),
        protocols=app.ingest.protocols,
        pause=pause,
    )
    transport = httpx2.ASGITransport(guarded, client=("192.0.2.7", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for secret, status in [("no", 401), ("no", 401), ("right", 200), ("no", 401), ("no", 429), ("no", 429)]:
            assert (await client.post("/ingest", content=BODY, headers=bearer(secret))).status_code == status
        assert held == [0.1, 0.3, 0.7, 1.5]
        assert (await client.post("/ingest", content=BODY, headers=bearer("right"))).status_code == 200
        assert held[4:] == [0.7], "not before its first answer"
        clock.now += 1
        assert (await client.post("/ingest", content=BODY, headers=bearer("right"))).status_code == 200
        assert held[5:] == [], "from then on at once"
        for _ in range(20):
            assert (await client.post("/ingest", content=BODY)).status_code in (401, 429)
        clock.now += 10
        await client.post("/ingest", content=BODY, headers=bearer("no"))
        assert held[-1] == 2.0, "no token is no guess"


async def test_a_token_has_its_pace(guarded_client: Any, clock: Time) -> None:
    """A burst of twice the rate, then the rate: two more are held back for a second at most, the next is refused."""
    async with guarded_client(tokens=[token("x", "right", requests_per_second=2)]) as client:
        send = [await client.post("/ingest", content=BODY, headers=bearer("right")) for _ in range(7)]
        assert [answer.status_code for answer in send] == [200] * 6 + [429]
        assert send[-1].headers["retry-after"] == "2"
        clock.now += 0.5
        again = [(await client.post("/ingest", content=BODY, headers=bearer("right"))).status_code for _ in range(2)]
        assert again == [200, 429]


async def test_a_token_is_revoked_and_added_while_the_service_runs(
    guarded_client: Any, clock: Time, tmp_path: Path
) -> None:
    """The file is read again within a second of its change."""
    file = tmp_path / "tokens.yaml"
    file.write_text(f"- {{name: old, hash: '{hashed('old')}'}}\n")
    async with guarded_client(tokens_file=file) as client:

        async def enters(secret: str) -> bool:
            answers = []
            for _ in range(2):  # two looks
                clock.now += 0.6
                answers.append(await client.post("/ingest", content=BODY, headers=bearer(secret)))
            clock.now += 61  # tries of this test are not what it is about
            return bool(answers[-1].status_code == 200)

        assert await enters("old")
        file.write_text(f"- {{name: new, hash: '{hashed('new')}', scopes: [ingest, read]}}\n")
        assert not await enters("old")
        assert await enters("new")
        for slip in ("- {name: new, hash: nonsense}\n", "", "# nothing\n", "- {name: new, ha", "{}", "- \n", *NO_DATES):
            file.write_text(slip)
            assert await enters("new"), "a slip of the pen must not lock a fleet out"
        file.unlink()
        assert await enters("new"), "nor an editor that writes beside and renames"
        file.write_text("[]\n")
        assert not await enters("new")


def test_a_file_that_somebody_still_writes_is_not_read(tmp_path: Path, clock: Time) -> None:
    """Two looks must find the same: cut at the end of a line, a list is a list, and too short."""
    file = tmp_path / "tokens.yaml"
    whole = [f"- {{name: ship-{n}, hash: '{hashed(str(n))}'}}\n" for n in range(3)]
    file.write_text("".join(whole))
    credentials = Credentials(AuthSettings(tokens_file=file), clock=clock)
    for upto in range(3):
        file.write_text("".join(whole[:upto]))
        clock.now += 0.6
        assert credentials.find("2"), upto
    file.write_text("".join(whole))
    for _ in range(2):
        clock.now += 0.6
        assert credentials.find("2")


def test_a_file_that_was_left_alone_for_a_second_is_read_at_the_first_look(tmp_path: Path) -> None:
    """A token that was revoked an hour ago must not let anyone in, though nobody has tried since."""
    file = tmp_path / "tokens.yaml"
    file.write_text(f"- {{name: old, hash: '{hashed('old')}'}}\n")
    now = [time.time()]
    credentials = Credentials(AuthSettings(tokens_file=file), clock=lambda: now[0])
    file.write_text("[]\n")
    now[0] += 3600
    assert credentials.find("old") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# nothing",
        "- {name: Anonymous, hash: sha256:" + "0" * 64 + "}",
        "{",
        "a: b",
        f"- {{name: x, hash: {CANARY}}}",
        "- {name: x}",
        "- 7",
        "[[[",
        "- {name: 'a b'}",
        *NO_DATES,
    ],
)
def test_a_bad_file_of_tokens_stops_the_start_and_is_not_quoted(tmp_path: Path, content: str, clock: Time) -> None:
    """One line for each fault."""
    file = tmp_path / "tokens.yaml"
    file.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        Credentials(AuthSettings(tokens_file=file), clock=clock)
    assert all(fault.startswith("auth.tokens_file: ") for fault in caught.value.faults)
    assert CANARY not in str(caught.value)


def test_tokens_come_from_the_environment_too(clock: Time) -> None:
    """Plain or hashed, named or not; base64 padding is not taken for a name."""
    plain, padded, named = "plain-" * 5, "YWJj" * 6 + "==", "named-" * 5
    for value, expected in {
        f" {plain} , {padded},": {plain: "env-1", padded: "env-2"},
        f"ship-7={named},ship-8={hashed('kept')},ship-9={padded}": {
            named: "ship-7",
            "kept": "ship-8",
            padded: "ship-9",
        },
    }.items():
        auth = AuthSettings(tokens=value)
        credentials = Credentials(auth, clock=clock)
        found = {secret: entry.name for secret in (*expected, "other") if (entry := credentials.find(secret))}
        assert found == expected
        assert plain not in repr(auth)
        assert "kept" not in repr(auth)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("ship-7=", "entry 1 (ship-7) holds no token: a variable that it is made of is not set, or empty"),
        ("ship-7===", "entry 1 (ship-7) holds no token"),
        (f"ship-7={CANARY * 2},ship-8=", "entry 2 (ship-8) holds no token"),
        (f"{CANARY * 2},,{CANARY * 3}", "entry 2 holds no token"),
        ("short-7d1f", "entry 1 has fewer than 20 characters, and could be guessed"),
        ("ship-7=nineteen-letters-xx", "entry 1 (ship-7) has fewer than 20 characters"),
        (f"ship-7={hashed(CANARY).upper()}", "entry 1 (ship-7) looks like a hash but is not"),
        (
            f"ship-7=sha256:{hashed(CANARY)[7:].upper()}",
            "`sha256:` must be followed by 64 lower-case hexadecimal digits",
        ),
        (hashed(CANARY)[:-1], "entry 1 looks like a hash but is not"),
        (f"ship-7={CANARY * 2},{CANARY * 2}", "entry 2 has no name and others have one: a token can't hold a comma"),
        (f"ship-7={CANARY} {CANARY}", "entry 1 (ship-7) contains a character that is not allowed in a header"),
        (f"ship-7=ä{CANARY * 2}", "entry 1 (ship-7) contains a character that is not allowed"),
        (f"ship-7={hashed('')}", "this is the hash of nothing"),
        (f"anonymous={CANARY * 2}", "the name `anonymous` is taken"),
        (f"Anonymous={CANARY * 2}", "the name `anonymous` is taken"),
    ],
)
def test_a_token_that_cannot_be_meant_is_refused_with_the_way_out(value: str, fault: str) -> None:
    """`ship-7=${UNSET}` once let in whoever sent `Bearer ship-7=`, with both scopes. No message quotes a token."""
    with pytest.raises(ValidationError) as caught:
        AuthSettings(tokens=value)
    told = " ".join(error["msg"] for error in caught.value.errors())
    assert fault in told
    assert CANARY not in told
    assert hashed(CANARY)[7:] not in told.lower()


@pytest.mark.parametrize(
    "settings",
    [
        {"tokens": [{"name": "x", "hash": CANARY}]},
        {"tokens": [{"name": "x", "token": CANARY}]},
        {"tokens": f"{CANARY * 2},{CANARY * 2}"},
        {"tokens": [token("anonymous", CANARY)]},
        {"tokens": [token("a b", CANARY)]},
        {"tokens": [token("x", CANARY, scopes=[])]},
        {"tokens": [token("x", CANARY, scopes=["write"])]},
        {"tokens": [token("x", CANARY, expires="2026-01-01T00:00:00")]},
        {"trusted_proxies": ["10.0.0.0/33"]},
        {"open_endpoints": ["/ingest"]},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    """At the start, not at the first login."""
    with pytest.raises(ValidationError) as caught:
        AuthSettings(**settings)
    assert all(CANARY not in fault["msg"] for fault in caught.value.errors())


ANYWHERE = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize(
    ("host", "auth", "refused"),
    [
        ("127.0.0.1", {}, False),
        ("127.9.9.9", {}, False),
        ("::1", {}, False),
        ("localhost", {}, False),
        (ANYWHERE, {}, True),
        ("::", {}, True),
        ("192.0.2.1", {}, True),
        ("example.org", {}, True),
        ("", {}, True),
        ("::ffff:192.0.2.1", {}, True),
        (ANYWHERE, {"anonymous": True}, False),
        (ANYWHERE, {"tokens": "a-secret-of-20-letters"}, False),
        (ANYWHERE, {"tokens_file": "tokens.yaml"}, False),
    ],
)
def test_without_credentials_only_this_machine_is_served(host: str, auth: dict[str, Any], refused: bool) -> None:
    """A wider bind says the three ways out."""
    faults = check_exposure(host, AuthSettings(**auth), TLSSettings())
    assert bool(faults) is refused
    if refused:
        assert all(way in faults[0] for way in ("mothership token new", "client_ca_file", "anonymous: true"))
    assert not check_exposure(host, AuthSettings(), TLSSettings(cert_file="a", key_file="b", client_ca_file="c"))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8443", 200),
        ("127.0.0.1:8443", 200),
        ("[::1]:8443", 200),
        ("LOCALHOST.", 200),
        ("evil.example", 403),
        ("evil.example:8443", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
    ],
)
async def test_a_web_page_can_not_reach_an_open_service_on_this_machine(
    guarded_client: Any, host: str, status: int
) -> None:
    """A name of the page's own that leads to loopback (DNS rebinding) is not answered to."""
    async with guarded_client(host="127.0.0.1", client="127.0.0.1") as client:
        assert (await client.get("/stats", headers={"host": host})).status_code == status
    async with guarded_client(host="127.0.0.1", anonymous=True) as client:
        assert (await client.get("/stats", headers={"host": host})).status_code == 200
    assert is_loopback_name(host) is (status == 200)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://localhost", 200),
        ("http://evil.example", 403),
        ("http://localhost:3000", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_a_web_page_can_not_plant_events_on_this_machine(
    guarded_client: Any, origin: str | None, status: int
) -> None:
    """A browser says which page sends; the service's own documentation page may, others may not."""
    async with guarded_client(host="127.0.0.1") as client:
        headers = {} if origin is None else {"origin": origin}
        assert (await client.post("/ingest", content=BODY, headers=headers)).status_code == status


@pytest.mark.parametrize("settings", [{}, {"anonymous": True}, {"anonymous": True, "tokens": f"named={LONG}"}])
async def test_an_open_service_takes_a_batch_with_a_token_it_does_not_know(
    guarded_client: Any, acceptor: Any, settings: dict[str, Any]
) -> None:
    """A node that is configured already must not lose what it sends on day one."""
    async with guarded_client(host="127.0.0.1", **settings) as client:
        assert (await client.post("/ingest", content=BODY, headers=bearer("unknown"))).status_code == 200
        known = await client.post("/ingest", content=BODY, headers=bearer(LONG))
    assert known.status_code == 200
    assert acceptor.batches[0].client == "anonymous"
    assert acceptor.batches[-1].client == ("named" if "tokens" in settings else "anonymous")
    # Beside tokens `received_from` is a proof, and an anonymous caller can't forge it.
    written = acceptor.batches[0].events[0]["received_from"]
    assert written == ("anonymous" if "tokens" in settings else "somebody else")


@pytest.mark.parametrize("name", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP"])
async def test_without_credentials_a_proxy_on_this_machine_opens_nothing(guarded_client: Any, name: str) -> None:
    """It would pass on to the world what was meant for this machine alone."""
    async with guarded_client(host="127.0.0.1", client="127.0.0.1") as client:
        answer = await client.get("/stats", headers={name: "for=192.0.2.1"})
    assert answer.status_code == 403
    assert "through a proxy" in answer.json()["reason"]
    assert "192.0.2.1" not in answer.text
    async with guarded_client(host="127.0.0.1", anonymous=True) as client:
        assert (await client.get("/stats", headers={name: "for=192.0.2.1"})).status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.7", b"198.51.100.1", "192.0.2.7"),
        ("10.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", b"rubbish", "10.0.0.1"),
        ("10.0.0.1", b"198.51.100.1, rubbish", "10.0.0.1"),
        ("10.0.0.1", b"", "10.0.0.1"),
        ("10.0.0.1", b"fe80::1%canary-secret-4f1b", "10.0.0.1"),
        ("10.0.0.1", b"198.51.100.1, fe80::1%eth0", "10.0.0.1"),
        ("10.0.0.1", b"10.0.0.2," * 4000 + b"10.0.0.3", "10.0.0.2"),
        ("10.0.0.1", b"2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", b"198.51.100.1", "198.51.100.1"),
    ],
)
def test_only_our_own_proxies_say_who_the_client_is(peer: str, forwarded: bytes, address: str) -> None:
    """And only the part of the list that they wrote."""
    headers = [(b"x-forwarded-for", forwarded)]
    assert client_address((peer, 1), headers, Networks(["10.0.0.0/8"])) == address
    assert client_address((peer, 1), headers, Networks([])) == peer


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::1", "::1"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_line_is_counted_as_one(address: str, counted: str) -> None:
    """Whoever has one address there has 2^64."""
    assert rate_limit_key(address) == counted


def test_a_new_token_is_printed_once_and_its_lines_let_it_in(clock: Time, tmp_path: Path) -> None:
    """On standard output the token alone, so that it can be piped; the rest beside it."""
    result = CliRunner().invoke(
        token_command.token, ["new", "ship-7", "--days", "30", "--rate", "10", "--scope", "ingest"]
    )
    assert result.exit_code == 0
    secret = result.stdout.strip()
    assert len(secret) > 43
    lines = result.stderr.split("auth.tokens_file:\n")[1]
    assert secret not in lines
    file = tmp_path / "tokens.yaml"
    file.write_text(lines)
    found = Credentials(AuthSettings(tokens_file=file), clock=clock).find(secret)
    assert found
    assert (found.name, found.requests_per_second, found.scopes) == ("ship-7", 10, frozenset({"ingest"}))
    assert found.expires
    again = CliRunner().invoke(token_command.token, ["new", "ship-7"])
    assert again.stdout != result.stdout
    assert CliRunner().invoke(token_command.token, ["new", "a b"]).exit_code == 2


def test_the_time_of_a_login_tells_nothing(clock: Time) -> None:
    """Right tokens, wrong ones and nearly right ones take the same time to be told apart: medians within 25 %."""
    settings = AuthSettings(tokens=[token(f"ship-{number}", f"{number:064d}") for number in range(200)])
    authenticator = Authenticator(settings, TLSSettings(), Credentials(settings, clock=clock), clock=clock)
    find = authenticator._credentials.find
    tries = {"right": f"{7:064d}", "last": f"{199:064d}", "near": f"{7:064d}"[:-1] + "x", "far": "x" * 64}
    times: dict[str, list[int]] = {name: [] for name in tries}
    for _ in range(3000):
        for name, secret in tries.items():
            start = time.perf_counter_ns()
            find(secret)
            times[name].append(time.perf_counter_ns() - start)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    assert max(medians.values()) <= 1.25 * min(medians.values()), medians


def test_a_certificate_is_the_caller_whose_name_it_bears(clock: Time) -> None:
    """Mapped by the configuration, or by its common name; with the scopes of the entry of that name."""
    files = {"cert_file": "a", "key_file": "b", "client_ca_file": "c"}
    auth = AuthSettings(tokens=[token("reader", "x", scopes=["read"])])

    def caller(names: tuple[str, ...], **tls: Any) -> Any:
        authenticator = Authenticator(auth, TLSSettings(**files, **tls), Credentials(auth, clock=clock), clock=clock)
        return authenticator.caller("192.0.2.1", None, names)

    assert caller(("ship-7",))[:2] == ("ship-7", {"ingest"})
    assert caller(("reader",))[:2] == ("reader", {"read"})
    both = Authenticator(auth, TLSSettings(**files), Credentials(auth, clock=clock), clock=clock)
    assert both.caller("192.0.2.1", "Bearer unknown", ("ship-7",)).name == "ship-7", "the certificate is good"
    assert caller(("a.example", "b.example"), client_names={"b.example": "ship-9"}).name == "ship-9"
    assert caller(("s",), client_names={"s": "t"}, client_scopes=["ingest", "read"]).scopes == {"ingest", "read"}
    nameless = ("", "ship-7.example")
    assert caller(nameless, client_names={"ship-7.example": "ship-7"}).name == "ship-7"
    for names, tls in (
        (("other",), {"client_names": {"s": "t"}}),
        (("a b",), {}),
        (("ab\n",), {}),
        ((), {}),
        (("anonymous",), {}),
        (("Anonymous",), {}),
        (nameless, {}),
    ):
        with pytest.raises(AuthenticationFailed):
            caller(names, **tls)
    with pytest.raises(Refusal, match="read"):
        Authenticator(auth, TLSSettings(), Credentials(auth, clock=clock), clock=clock).allow(
            caller(("ship-7",)), "read"
        )


def test_an_expired_entry_does_not_shadow_a_good_one_of_its_name(clock: Time) -> None:
    """Tokens are rotated with an overlap: the certificate of that name goes by the entry that is good."""
    files = {"cert_file": "a", "key_file": "b", "client_ca_file": "c"}
    old = token("ship-7", "old", expires=NOW - timedelta(days=1), scopes=["ingest"])
    new = token("ship-7", "new", scopes=["ingest", "read"])
    for tokens in ([old, new], [new, old]):
        auth = AuthSettings(tokens=tokens)
        authenticator = Authenticator(auth, TLSSettings(**files), Credentials(auth, clock=clock), clock=clock)
        assert authenticator.caller("192.0.2.1", None, ("ship-7",)).scopes == {"ingest", "read"}
    auth = AuthSettings(tokens=[old])
    with pytest.raises(AuthenticationFailed):
        Authenticator(auth, TLSSettings(**files), Credentials(auth, clock=clock), clock=clock).caller(
            "192.0.2.1", None, ("ship-7",)
        )


def test_nobody_is_named_anonymous_by_a_certificate() -> None:
    """Neither by a mapping."""
    files = {"cert_file": "a", "key_file": "b", "client_ca_file": "c"}
    for name in ("anonymous", "ANONYMOUS"):
        with pytest.raises(ValidationError, match="the name `anonymous` is taken"):
            TLSSettings(**files, client_names={"ship-7": name})


async def test_a_second_request_is_not_logged_under_the_first_ones_name(
    guarded_client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipelined one runs in the context of the one before it; here both run in one task."""
    configure_logging(LogSettings(format="json"))
    async with guarded_client(tokens=[token("ship-7", "right")]) as client:
        assert (await client.post("/ingest", content=BODY, headers=bearer("right"))).status_code == 200
        assert (await client.post("/ingest", content=BODY, headers=bearer("wrong"))).status_code == 401
        assert (await client.get("/livez")).status_code == 200
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (failed,) = [line for line in lines if line["event"] == "login_failed"]
    assert "client" not in failed
    assert failed["address"] == "192.0.2.7"


@pytest.mark.parametrize("name", ["x" * 36, "x" * 37, "5f" * 24, "0b5e2f6e-6b7e-4b0a-9a3a-0d6a3a4f1c2d"])
async def test_a_request_is_named_by_what_can_be_a_name(guarded_client: Any, name: str) -> None:
    """Up to the length of a UUID; a token is longer."""
    async with guarded_client(tokens=[token("ship-7", "right")]) as client:
        answer = await client.post("/ingest", content=BODY, headers={**bearer("right"), "x-request-id": name})
    assert (answer.headers["x-request-id"] == name) is (len(name) <= 36)


async def test_no_answer_can_be_framed_or_run_anything(guarded_client: Any) -> None:
    """Whatever the page, unless it says better."""
    async with guarded_client(tokens=[token("ship-7", "right", scopes=["read", "ingest"])]) as client:
        for path in ("/livez", "/stats", "/nothing", "/openapi.json"):
            headers = (await client.get(path, headers=bearer("right"))).headers
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "tokens", "tls", "warned"),
    [
        (ANYWHERE, f"x={LONG}", {}, True),
        ("127.0.0.1", f"x={LONG}", {}, False),
        (ANYWHERE, "", {}, False),
        (ANYWHERE, f"x={LONG}", {"cert_file": "a", "key_file": "b"}, False),
    ],
)
def test_tokens_over_plain_http_on_a_wide_bind_are_warned_of(
    host: str, tokens: str, tls: dict[str, Any], warned: bool
) -> None:
    """With the way out; behind a proxy that ends TLS it is right."""
    told = exposure_warning(host, AuthSettings(tokens=tokens), TLSSettings(**tls))
    assert bool(told) is warned
    assert not warned or "server.tls.cert_file" in told


@pytest.mark.parametrize("secret", ["5f3a" * 12, "5f3a9c1e7b2d4f60-own"])
async def test_a_known_token_names_no_request(acceptor: Any, secret: str) -> None:
    """One that ended up in the wrong header is in no log line and no answer, however it was made."""
    auth = AuthSettings(tokens=[token("x", secret)])
    guarded = with_access_control(application(acceptor, LimitSettings()), auth, TLSSettings(), host="192.0.2.1")
    transport = httpx2.ASGITransport(guarded, client=("192.0.2.7", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/livez", headers={"x-request-id": secret})
    assert answer.headers["x-request-id"] != secret
