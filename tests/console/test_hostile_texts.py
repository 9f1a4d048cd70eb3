"""Hostile texts wherever a text may come from, through every page, in a real browser: they are shown and do nothing."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from pydantic import ValidationError
from tests.conftest import Databases
from tests.console.hostile_texts import PAYLOADS
from tests.console.test_browser import CHROMIUM, OPERATOR, Console, entries
from tests.journey.conftest import Service, starting

from mothership.edge.auth_settings import TokenSettings, hashed
from mothership.relay.spool import directory

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: hostile texts are NOT shown to a browser")
AUTHORIZED = {"authorization": f"Bearer {OPERATOR}"}
LONG_LINE = "<b>" + "x" * 1024 * 1024
MANY_KEYS = {f"<i>{number}": number for number in range(100_000)}
QUERIES = ("q", "sink", "reason", "after", "done", "done.events", "done.sink", "before", "type", "source", "has",
           "since", "at-least", "severity", "live", "facets", "next")  # fmt: skip
LIVE_PARTS = ", ".join(
    f"main {part}"
    for part in (
        *("script", "iframe", "object", "embed", "base", "link", "style", "marquee", "[srcdoc]"),
        *("[onerror]", "[onload]", "[onfocus]", "[onclick]", "[ontoggle]", "[onmouseover]", "form[action^='//']"),
        *("a[href^='javascript' i]", "a[href^='data:' i]", "a[href^='//']", "a[href^='http']:not([href*='127.0.0.1'])"),
    )
)


def hostile_events() -> Iterator[dict[str, Any]]:
    """Each payload in every place that a page shows."""
    for text in PAYLOADS:
        yield {"type": text, "source": text, "message": text, text: text, "deep": {text: [text, {text: text}]}}
        yield {"type": "log", "source": "ship", "message": f"an error: {text}", "severity": text, "service": text,
               "site": text, "tags": {text: text, "service": text, "site": text}, "app_name": text,
               "template_id": text, "llm": {"category": text, "priority": text, "summary": text}}  # fmt: skip
    yield {"type": "log", "message": LONG_LINE, "source": LONG_LINE[:9000]}
    yield {"type": "log", **MANY_KEYS}


@pytest.fixture(scope="module")
def hostile(new_database: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A service that has met all of them, and a browser."""
    home = tmp_path_factory.mktemp("hostile")
    tokens = home / "tokens.yaml"
    tokens.write_text(entries(("operator", OPERATOR, ["manage", "trace", "ingest"])))
    auth = {"tokens_file": str(tokens)}
    with new_database() as dsn, starting(home) as start, sync_playwright() as playwright:
        service = start(dsn=dsn, config={"auth": auth, "pipeline": {"templates": {"enabled": True}}})
        fill(service)
        # A container has no user namespaces for Chromium's sandbox, and what it opens here is ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield Console(service, browser, tokens, {})
        browser.close()


def fill(service: Service) -> None:
    events = list(hostile_events())
    for first in range(0, len(events), 60):
        answer = service.post({"messages": events[first : first + 60]}, headers=AUTHORIZED)
        assert answer.status_code == 200, answer.text
    printable = [text for text in PAYLOADS if text.isascii() and text.isprintable()]
    for text in printable:  # as a header may be
        headers = AUTHORIZED | {"user-agent": text, "x-request-id": text, "idempotency-key": text, "referer": text}
        service.post({"source": text, "messages": [{"no type": text, text: text}]}, headers=headers)

    def letters() -> int:
        return len(service.get("/console/dead-letters.json", headers=AUTHORIZED).json()["letters"])

    service.until(lambda: letters() >= 50, "the dead letters")
    (path, *_) = directory.spool_files(directory.spool_directory(service.data_dir))
    with closing(sqlite3.connect(path, timeout=30)) as spool:  # what a sink may have said
        ids = [row[0] for row in spool.execute("SELECT id FROM letters ORDER BY id")]
        for number, identity in enumerate(ids):
            text = PAYLOADS[number % len(PAYLOADS)]
            spool.execute("UPDATE letters SET reason = ?, client = ? WHERE id = ?", (text, text, identity))
        spool.commit()


@pytest.fixture
def window(hostile: Console) -> Iterator[tuple[Page, list[str]]]:
    """A page, and all that should not happen on it."""
    page, seen = hostile.page(), list[str]()

    def dismiss(dialog: Any) -> None:
        seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("popup", lambda popup: seen.append(f"popup {popup.url}"))
    page.on("download", lambda download: seen.append(f"download {download.url}"))
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    page.on("console", lambda said: seen.append(f"said {said.text}") if said.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith(hostile.service.url) else seen.append(asked.url))
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error('CSP ' + e.violatedDirective))"
    )
    yield page, seen
    page.context.close()


def check(page: Page, seen: list[str]) -> None:
    """Nothing happened, nothing of it became a part of the page, and the page still works."""
    assert not seen
    assert not page.locator(LIVE_PARTS).count()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Overview")).to_be_visible()
    assert page.title().endswith("· Mothership")
    shown = page.locator("main").inner_text()
    assert not {"\u202e", "\u2066", "\x1b", "\x00", "\x9b"} & set(shown)
    assert len(shown) < 3_000_000


def test_there_are_more_than_fifty_of_them() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 50


PAGES = (
    *("overview", "events", "sources", "dead-letters", "redaction", "trace", "templates", "configuration"),
    *("docs/how-to/console", "events?facets=1", "events?live=1"),
)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_what_was_sent_and_nothing_happens(hostile: Console, window: Any, name: str) -> None:
    page, seen = window
    page.goto(f"{hostile.service.url}/console/{name}")
    if "live" not in name:
        page.wait_for_load_state("networkidle")
    for summary in page.locator("main summary").all()[:40]:
        summary.click()
    check(page, seen)


def test_each_dead_letter_is_shown_with_its_reason(hostile: Console, window: Any) -> None:
    page, seen = window
    letters = hostile.service.get("/console/dead-letters.json", headers=AUTHORIZED).json()["letters"]
    assert len({letter["reason"] for letter in letters}) >= 40
    for letter in letters:
        page.goto(f"{hostile.service.url}/console/dead-letters/{letter['id']}")
        check(page, seen)


def addresses(text: str) -> list[str]:
    """A payload as every parameter that a page may read, as one of them, in a path, and behind the sign-in."""
    number = PAYLOADS.index(text)
    where = ("events", "sources", "dead-letters", "templates", "trace")[number % 5]
    found = [
        f"{where}?{urlencode([(name, text) for name in QUERIES] + [(text, text)])}",
        f"{where}?{urlencode({QUERIES[number % len(QUERIES)]: text})}",
        f"dead-letters/{quote(text, safe='')}",
        f"docs/{quote(text, safe='')}",
        f"sign-in?next={quote(text, safe='')}",
    ]
    return [found[number % 5], *found]


def test_no_address_puts_markup_into_its_page(hostile: Console) -> None:
    with httpx2.Client(base_url=f"{hostile.service.url}/console/", timeout=60) as client:
        for text in PAYLOADS:
            for address in addresses(text)[1:]:
                answer = client.get(address, headers=AUTHORIZED | {"accept": "text/html"})
                assert "<" not in text or text not in answer.text, address
                assert answer.headers.get("location", "/").startswith("/")
                assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_an_address_does_nothing(hostile: Console, window: Any) -> None:
    page, seen = window
    for text in PAYLOADS:
        address = addresses(text)[0]
        page.goto(f"{hostile.service.url}/console/{address}", wait_until="domcontentloaded")
        # That an address is refused is no fault of the page.
        seen[:] = [each for each in seen if "the server responded with a status of 4" not in each]
        assert not seen, address
        assert page.url.startswith(hostile.service.url)
        assert not page.locator(LIVE_PARTS).count(), address
    page.goto(f"{hostile.service.url}/console/overview")
    check(page, seen)


def test_what_would_happen_would_be_seen(hostile: Console, window: Any) -> None:
    """Else all of this would prove nothing."""
    page, seen = window
    page.goto(f"{hostile.service.url}/console/sources")
    page.evaluate("document.querySelector('main').innerHTML = '<img src=//evil.example/i.png onerror=alert(1)>'")
    with pytest.raises(AssertionError):
        check(page, seen)
    assert page.locator(LIVE_PARTS).count()
    page.wait_for_function("() => document.images[1].complete || true")
    assert [each for each in seen if "CSP" in each or "evil" in each]


def test_what_is_pasted_is_shown_by_the_browser_and_does_nothing(hostile: Console, window: Any) -> None:
    """There a script of ours puts the text into the page: as text."""
    page, seen = window
    page.goto(f"{hostile.service.url}/console/redaction")
    texts = [text.replace("\n", " ").replace("\r", " ").replace("\0", " ") for text in PAYLOADS]
    lines = [f"{text} password=hunter2{number} {text}" for number, text in enumerate(texts)]
    lines += [
        json.dumps({"type": text, text: {text: f"{text} password=hunter2{text}"}, "password": text}) for text in texts
    ]
    for part in (
        lines[:90],
        lines[90:],
        [json.dumps({text: text for text in PAYLOADS} | {"password": "<b>x"}, indent=1)],
    ):
        page.get_by_label("Lines of a log").fill("\n".join(part))
        page.get_by_role("button", name="Redact").click()
        expect(page.locator("#tried[data-shown] .tried").first).to_be_visible()
        assert page.locator("#tried mark").count()
        check(page, seen)
        page.evaluate("document.querySelector('#tried').removeAttribute('data-shown')")
    page.get_by_label("Regular expression").fill("<(?P<secret>script)>")
    page.get_by_label("Must be hit, one a line").fill("\n".join(texts[:40]))
    page.get_by_label("Must not be hit").fill("\n".join(texts[40:80]))
    page.get_by_role("button", name="Try the pattern").click()
    expect(page.locator("#pattern-tried table")).to_be_visible()
    assert "<script>" in page.locator("#pattern-tried").inner_text().replace("script\n", "script")
    check(page, seen)


def test_what_became_of_hostile_events_is_shown_and_does_nothing(hostile: Console, window: Any) -> None:
    page, seen = window
    for text in PAYLOADS[::6]:
        page.goto(f"{hostile.service.url}/console/trace")
        page.get_by_label("An event as JSON").fill(json.dumps({"type": text, "source": text, text: {text: text}}))
        page.get_by_role("button", name="Take it the whole way").click()
        expect(page.locator("#traces .steps")).to_be_visible()
        page.locator("#traces summary").click()
        check(page, seen)


@pytest.mark.parametrize("text", [text for text in PAYLOADS if text not in {"__proto__", "constructor"}])
def test_a_token_has_no_such_name(text: str) -> None:
    with pytest.raises(ValidationError):
        TokenSettings.model_validate({"name": text, "hash": hashed("x")})
