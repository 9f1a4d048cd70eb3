"""What every page has: who may see it, what a browser may run, the same as JSON, and no forged change."""

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.requests import Request
from tests.console.conftest import SECRETS, Behind, form_token, sign_in

from mothership.console import assets
from mothership.console.page import Change, Fields, Page
from mothership.console.rendering import environment
from mothership.edge.auth_settings import AuthSettings
from mothership.edge.caller import Caller

HTML = {"accept": "text/html"}
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"


TEMPLATE = environment().from_string(
    '{% extends "base.html" %}{% block content %}<form><input name="form_token" value="{{ form_token() }}"></form>'
    '<p title="{{ it.text }}">{{ it.text }}</p>{% endblock %}'
)


class Thing:
    """A page that shows a text and changes it."""

    def __init__(self, text: str = "before") -> None:
        self.text = text
        self.callers: list[str] = []

    async def content(self, _request: Request) -> Mapping[str, Any]:
        """The text."""
        return {"text": self.text}

    async def act(self, fields: Fields, caller: Caller) -> Mapping[str, Any]:
        """Change it."""
        self.text = fields["text"][0]
        self.callers.append(caller.name)
        return {"things": 1}

    def page(self) -> Page:
        """The page."""
        return Page("/thing", "Thing", TEMPLATE, self.content, changes=[Change("/set", "thing_set", self.act)])


async def test_a_person_signs_in_reads_and_signs_out(behind: Behind) -> None:
    async with behind([Thing().page()]) as client:
        first = await client.get("/console/thing", headers=HTML)
        assert first.headers["location"] == "/console/sign-in?next=/console/thing"
        page = (await client.get(first.headers["location"])).text
        answer = await client.post("/console/sign-in", data={
            "token": f" {SECRETS['reader']} ", "next": "/console/thing", "form_token": form_token(page)})  # fmt: skip
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/thing")
        cookie = answer.headers["set-cookie"].lower()
        assert cookie.startswith("mothership=")
        for part in ("httponly", "samesite=strict", "path=/", "max-age=3600"):
            assert part in cookie
        shown = await client.get("/console/thing", headers=HTML)
        assert "before" in shown.text
        assert "reader" in shown.text
        answer = await client.post("/console/sign-out", data={"form_token": form_token(shown.text)})
        assert answer.status_code == 303
        assert (await client.get("/console/thing", headers=HTML)).status_code == 303


async def test_a_cookie_that_was_kept_is_worth_nothing_after_signing_out(behind: Behind) -> None:
    async with behind([Thing().page()]) as client:
        await sign_in(client, "reader")
        kept = dict(client.cookies)
        page = (await client.get("/console/thing", headers=HTML)).text
        await client.post("/console/sign-out", data={"form_token": form_token(page)})
        client.cookies.update(kept)
        assert (await client.get("/console/thing", headers=HTML)).status_code == 303


async def test_under_tls_the_cookie_is_secure_and_of_this_host(behind: Behind) -> None:
    async with behind([Thing().page()], base_url="https://localhost") as client:
        await sign_in(client, "reader")
        (cookie,) = client.cookies.jar
        assert cookie.secure
        assert cookie.name == "__Host-mothership"
        assert (await client.get("/console/thing")).status_code == 200


async def test_a_proxy_of_ours_that_ends_tls_is_believed_and_no_other(behind: Behind) -> None:
    auth = AuthSettings.model_validate({**_tokens(), "trusted_proxies": ["127.0.0.1"]})
    for settings, secure in ((auth, True), (AuthSettings.model_validate(_tokens()), False)):
        async with behind([Thing().page()], auth=settings) as client:
            client.headers["x-forwarded-proto"] = "https"
            page = (await client.get("/console/sign-in")).text
            answer = await client.post(
                "/console/sign-in", data={"token": SECRETS["reader"], "form_token": form_token(page)}
            )
            assert ("secure" in answer.headers["set-cookie"].lower()) == secure


def _tokens() -> dict[str, Any]:
    from tests.console.conftest import tokens  # noqa: PLC0415

    return tokens().model_dump()


@pytest.mark.parametrize(("token", "status", "words"), [("wrong", 401, "not valid"), (SECRETS["node"], 403, "lacks")])
async def test_a_token_that_opens_nothing_here_signs_nobody_in(
    behind: Behind, token: str, status: int, words: str
) -> None:
    async with behind([Thing().page()], auth=AuthSettings.model_validate(
            {**_tokens(), "failure_pause_seconds": 0})) as client:  # fmt: skip
        page = (await client.get("/console/sign-in")).text
        answer = await client.post("/console/sign-in", data={"token": token, "form_token": form_token(page)})
        assert answer.status_code == status
        assert words in answer.text
        assert token not in answer.text
        assert "set-cookie" not in answer.headers


async def test_guessing_is_bounded_as_at_every_other_door(behind: Behind) -> None:
    auth = AuthSettings.model_validate({**_tokens(), "failure_pause_seconds": 0, "failures_per_minute": 5})
    async with behind([Thing().page()], auth=auth) as client:
        page = (await client.get("/console/sign-in")).text
        sent = {"token": "wrong", "form_token": form_token(page)}
        statuses = [(await client.post("/console/sign-in", data=sent)).status_code for _ in range(7)]
        assert statuses == [401] * 5 + [429] * 2
        right = await client.post("/console/sign-in", data=sent | {"token": SECRETS["reader"]})
        assert right.status_code == 429, "the right one, too: nobody learns which it is"


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)",
                                    "/stats", "console", "/console\r\nx: y", "/consoles", "/console/\x00"])  # fmt: skip
async def test_after_signing_in_nobody_is_sent_elsewhere(behind: Behind, target: str) -> None:
    async with behind([Thing().page()]) as client:
        page = (await client.get("/console/sign-in", params={"next": target})).text
        answer = await client.post("/console/sign-in", data={
            "token": SECRETS["reader"], "next": target, "form_token": form_token(page)})  # fmt: skip
        assert answer.headers["location"] == "/console"


async def test_a_page_may_load_and_run_files_of_this_service_alone(behind: Behind) -> None:
    async with behind([Thing().page()], auth=AuthSettings()) as client:
        for path in ("/console/thing", "/console/sign-in", "/console/none"):
            answer = await client.get(path, headers=HTML)
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.headers["cache-control"] == "no-store"
            assert "<script>" not in answer.text
            assert "<style" not in answer.text
            assert " style=" not in answer.text
            for address in _addresses(answer.text):
                assert address.startswith(("/console", "/docs", "#")), address


def _addresses(page: str) -> list[str]:
    return [part.partition('"')[0] for name in ("href", "src", "action") for part in page.split(f' {name}="')[1:]]


async def test_every_page_is_there_as_json_and_in_part_for_htmx(behind: Behind) -> None:
    async with behind([Thing().page()], auth=AuthSettings()) as client:
        assert (await client.get("/console/thing.json")).json() == {"text": "before"}
        part = (await client.get("/console/thing", headers={"hx-request": "true"})).text
        assert "before" in part
        assert "<html" not in part
        assert (await client.get("/console")).headers["location"] == "/console/thing"
        assert (await client.get("/console/none")).json()["reason"] == "there is no such page"


async def test_the_static_files_are_open_compressed_and_kept(behind: Behind) -> None:
    async with behind([Thing().page()]) as client:
        for name, asset in assets.assets().items():
            answer = await client.get(assets.address(name))
            assert answer.content == asset.body
            assert answer.headers["content-encoding"] == "gzip"
            assert "immutable" in answer.headers["cache-control"]
        address = assets.address("console.css")
        for wrong in (address.replace("/static/", "/static/0"), f"{address}/../../x", "/console/static/a/../b",
                      "/console/static/x/vendor/manifest.json", "/console/static/"):  # fmt: skip
            assert (await client.get(wrong)).status_code in {401, 404}


async def test_a_change_needs_a_form_that_was_shown_to_the_same_person(behind: Behind) -> None:
    thing = Thing()
    async with behind([thing.page()]) as client:
        await sign_in(client, "operator")
        shown = form_token((await client.get("/console/thing", headers=HTML)).text)
        stranger = behind([thing.page()])
        await sign_in(stranger, "operator")
        others = form_token((await stranger.get("/console/thing", headers=HTML)).text)
        for token in ("", "x", others, shown[:-1]):
            answer = await client.post("/console/thing/set", data={"text": "forged", "form_token": token})
            assert answer.status_code == 403, token
        assert (await client.post("/console/thing/set")).status_code == 403
        for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
                        {"origin": "http://example.org"}, {"origin": "null"}):  # fmt: skip
            answer = await client.post("/console/thing/set", data={"text": "f", "form_token": shown}, headers=headers)
            assert answer.status_code == 403, headers
        assert thing.text == "before"
        answer = await client.post(
            "/console/thing/set", data={"text": "after", "form_token": shown}, headers={**HTML, "origin": "http://localhost"}
        )  # fmt: skip
        assert answer.headers["location"] == "/console/thing?done=thing_set&done.things=1"
        assert (thing.text, thing.callers) == ("after", ["operator"])


async def test_who_may_read_may_not_change(behind: Behind) -> None:
    thing = Thing()
    async with behind([thing.page()]) as client:
        await sign_in(client, "reader")
        shown = form_token((await client.get("/console/thing", headers=HTML)).text)
        answer = await client.post("/console/thing/set", data={"text": "after", "form_token": shown})
        assert answer.status_code == 403
        assert "manage" in answer.json()["reason"]
        for name, status in (("reader", 403), ("node", 403), ("operator", 200)):
            headers = {"authorization": f"Bearer {SECRETS[name]}"}
            answer = await client.post("/console/thing/set", json={"text": name}, headers=headers)
            assert answer.status_code == status, "a program that shows its token needs no form"
        assert (thing.text, thing.callers) == ("operator", ["operator"])


async def test_without_credentials_a_person_on_this_machine_may_change_things_with_our_form_alone(
    behind: Behind,
) -> None:
    thing = Thing()
    async with behind([thing.page()], auth=AuthSettings()) as client:
        assert (await client.post("/console/thing/set", data={"text": "forged"})).status_code == 403
        page = (await client.get("/console/sign-in", headers=HTML)).text
        sent = {"text": "after", "form_token": form_token(page)}
        assert (await client.post("/console/thing/set", data=sent)).status_code == 200
        assert thing.text == "after"


async def test_where_anybody_is_let_in_nobody_changes_anything_without_a_token(behind: Behind) -> None:
    thing = Thing()
    auth = AuthSettings.model_validate({**_tokens(), "anonymous": True})
    async with behind([thing.page()], auth=auth) as client:
        assert (await client.get("/console/thing.json")).status_code == 200
        page = (await client.get("/console/sign-in", headers=HTML)).text
        sent = {"text": "after", "form_token": form_token(page)}
        assert (await client.post("/console/thing/set", data=sent)).status_code == 403
        await sign_in(client, "operator")
        shown = form_token((await client.get("/console/thing", headers=HTML)).text)
        assert (await client.post("/console/thing/set", data=sent | {"form_token": shown})).status_code == 200


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\x1b]0;x\x07",
                                  "\u202egnp.exe", "a\u2066b", "\x00", "\x9b31m", "' onmouseover='alert(1)",
                                  "x" * 1_000_000])  # fmt: skip
async def test_what_a_machine_wrote_is_shown_and_does_nothing(behind: Behind, text: str) -> None:
    async with behind([Thing(text).page()], auth=AuthSettings()) as client:
        page = (await client.get("/console/thing", headers=HTML)).text
        assert text not in page


async def test_a_form_has_a_bound(behind: Behind) -> None:
    async with behind([Thing().page()], auth=AuthSettings()) as client:
        for content, status in ((b"a" * 5_000_000, 413), (b"a=1&" * 30_000, 400), (b"\xff", 400)):
            assert (await client.post("/console/thing/set", content=content)).status_code == status
        answer = await client.post("/console/thing/set", content=b"[]", headers={"content-type": "application/json"})
        assert answer.status_code == 400


def test_what_stands_in_backticks_is_code_and_as_harmless_as_before() -> None:
    """Pairs of them; a text that has one alone is as it was."""
    shown = environment().from_string("{{ text|ticked }}").render
    assert shown(text="`type` is <b>missing") == "<code>type</code> is &lt;b&gt;missing"
    assert shown(text="`<script>\u202e`") == "<code>&lt;script&gt;\\u202e</code>"
    assert shown(text="it`s <i>") == "it`s &lt;i&gt;"
