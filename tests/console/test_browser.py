"""The console in a real browser: the service as a process, Chromium of the system, one of each for all tests here."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.conftest import Databases
from tests.journey.conftest import Service, starting

from mothership.edge.auth_settings import hashed

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first has no windows to draw, and shows a page for less than half of the processor time."""
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the console is NOT tested in a browser"),
    pytest.mark.xdist_group("browser"),
]
OPERATOR, READER, LEAVER = "operator-token-in-the-browser", "reader-token-in-the-browser", "leaver-token-in-the-browser"
PAGES = (
    "overview",
    "sources",
    "dead-letters",
    "redaction",
    "trace",
    "templates",
    "configuration",
    "docs/how-to/console",
)
FURTHER_PAGES = ("events", "events?live=1", "sources?q=nobody", "sign-in", "there-is-no-such-page")
PAYLOADS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "' onmouseover='alert(1)",
    "javascript:alert(1)", "</textarea><script>alert(1)</script>", "</pre><iframe src=//evil.example></iframe>",
    "{{7*7}}${7*7}<%= 7*7 %>", "<base href=//evil.example>", "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>", "<a href=javascript:alert(1)>x</a>", "\u202egnp.exe",
    "\x1b[31mred",
    "<div hx-get=//evil.example hx-trigger=load></div>", "<style>*{background:url(//evil.example)}</style>",
    "<details open ontoggle=alert(1)>", "<form action=//evil.example><button autofocus onfocus=alert(1)>",
    "\u2066x\u2069",
    "<math><mi xlink:href=javascript:alert(1)>", "<object data=//evil.example>", "]]><x>",
    "<!--><img src=x onerror=alert(1)>",
)  # fmt: skip


class Console(NamedTuple):
    """A service and a browser."""

    service: Service
    browser: Browser
    tokens_file: Path
    signed_in: dict[str, Any]
    """The cookies of a session by its token: a test that is about something else need not sign in once more."""

    def page(self, token: str | None = OPERATOR, **context: Any) -> Page:
        """A window of its own, signed in."""
        if token is None:
            return self.browser.new_context(**context).new_page()
        if token not in self.signed_in:
            page = self.browser.new_context().new_page()
            page.goto(f"{self.service.url}/")
            page.get_by_label("Token").fill(token)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/console/overview")
            self.signed_in[token] = page.context.storage_state()
            page.context.close()
        return self.browser.new_context(storage_state=self.signed_in[token], **context).new_page()


def entries(*tokens: tuple[str, str, list[str]]) -> str:
    return yaml.safe_dump([{"name": name, "hash": hashed(secret), "scopes": scopes} for name, secret, scopes in tokens])


KEPT = [("operator", OPERATOR, ["manage", "trace", "ingest"]), ("reader", READER, ["read", "trace"])]


@pytest.fixture(scope="module")
def console(new_database: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    home = tmp_path_factory.mktemp("console")
    tokens = home / "tokens.yaml"
    tokens.write_text(entries(*KEPT, ("leaver", LEAVER, ["read"])))
    with new_database() as dsn, starting(home) as start, sync_playwright() as playwright:
        service = start(dsn=dsn, config={"auth": {"tokens_file": str(tokens), "failure_pause_seconds": 0.1}})
        headers = {"authorization": f"Bearer {OPERATOR}"}
        events: list[Any] = [{"type": text, "source": text, "message": text, text: text} for text in PAYLOADS]
        events += [{"no type": text} for text in PAYLOADS[:5]]
        assert service.post({"messages": events}, headers=headers | {"user-agent": PAYLOADS[0]}).status_code == 200
        # A container has no user namespaces for Chromium's sandbox, and what it opens here is ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield Console(service, browser, tokens, {})
        browser.close()


def test_a_person_signs_in_and_out_and_a_wrong_token_opens_nothing(console: Console) -> None:
    page = console.page(None)
    page.goto(f"{console.service.url}/console/sources")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not valid")
    page.get_by_label("Token").fill(READER)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sources")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{console.service.url}/console/sources")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_session_ends_with_its_token(console: Console) -> None:
    page = console.page(LEAVER)
    console.tokens_file.write_text(entries(*KEPT))
    headers = {"authorization": f"Bearer {LEAVER}"}
    console.service.until(lambda: console.service.get("/stats", headers=headers).status_code == 401, "the revocation")
    page.goto(f"{console.service.url}/console/overview")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_by_keyboard_alone_one_signs_in_and_comes_to_the_dead_letters(console: Console) -> None:
    page = console.page(None)
    page.goto(f"{console.service.url}/")
    expect(page.locator("input:focus")).to_be_visible()  # a busy browser may be late with it
    page.keyboard.type(READER)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/overview")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Dead letters":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dead letters")
    assert not page.get_by_role("button", name="Drop them").count(), "who may read is offered no change"


@pytest.fixture(scope="module")
def window(console: Console) -> Iterator[Page]:
    """For tests that only load a page in it: each window more is a process more."""
    page = console.page(READER)
    yield page
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_no_page_has_to_be_pushed_sideways(console: Console, window: Page, name: str, width: int) -> None:
    window.set_viewport_size({"width": width, "height": 800})
    window.goto(f"{console.service.url}/console/{name}")
    assert window.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_to_say(console: Console, scheme: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only where there is a browser

    page = console.page(color_scheme=scheme, bypass_csp=True)
    for name in (*PAGES, *FURTHER_PAGES):
        page.goto(f"{console.service.url}/console/{name}")
        found = Axe().run(page)
        assert not found.violations_count, found.generate_report()
    for list_page, link in (("dead-letters", "/console/dead-letters/"), ("events", "/console/events/context")):
        page.goto(f"{console.service.url}/console/{list_page}")
        page.goto(console.service.url + str(page.locator(f"a[href^='{link}']").first.get_attribute("href")))
        found = Axe().run(page)
        assert not found.violations_count, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_pasted_is_shown_with_each_hit_marked_by_the_browser(console: Console, scheme: Any) -> None:
    """The service sends places; axe has nothing to say of the results, and a phone need not be pushed sideways."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only where there is a browser

    viewport: Any = {"width": 360, "height": 800}
    page = console.page(READER, color_scheme=scheme, bypass_csp=True, viewport=viewport)
    answers: list[str] = []
    page.on("response", lambda answer: answers.append(answer.text()) if answer.request.method == "POST" else None)
    page.goto(f"{console.service.url}/console/redaction")
    line = "\U0001f600 login of carol@example.org with password=hunter22x"
    page.get_by_label("Lines of a log").fill(f'{line}\n{{"type": "log", "password": "swordfish-1", "note": "{line}"}}')
    page.get_by_role("button", name="Redact").click()
    expect(page.locator("#tried .before").nth(1)).to_be_visible()
    marks = page.locator("#tried mark").evaluate_all("all => all.map(one => one.firstChild.textContent)")
    assert marks == ["carol@example.org", "hunter22x", '"swordfish-1"', "carol@example.org", "hunter22x"]
    assert not [text for text in ("carol@", "hunter22x", "swordfish") if text in "".join(answers)]
    page.get_by_label("Regular expression").fill("login of (?P<secret>[a-z]+)")
    page.get_by_label("Must be hit, one a line").fill(line)
    page.get_by_role("button", name="Try the pattern").click()
    expect(page.locator("#pattern-tried mark")).to_have_text("carol")
    found = Axe().run(page)
    assert not found.violations_count, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto(f"{console.service.url}/console/trace")
    page.get_by_label("An event as JSON").fill('{"type": "log", "severity": "warn", "password": "swordfish-1"}')
    page.get_by_role("button", name="Take it the whole way").click()
    expect(page.locator("#traces .steps")).to_be_visible()
    page.locator("#traces summary").click()
    found = Axe().run(page)
    assert not found.violations_count, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()


def test_a_dead_letter_is_repaired_by_hand(console: Console) -> None:
    page = console.page()
    page.goto(f"{console.service.url}/console/dead-letters")
    link = page.locator("a[href^='/console/dead-letters/']").first
    name = link.inner_text()
    link.click()
    page.get_by_text("Repair", exact=True).first.click()
    page.get_by_label("The event, corrected").first.fill('{"type": "log", "message": "repaired by hand"}')
    page.get_by_role("button", name="Repair and send").first.click()
    expect(page.get_by_role("status").filter(has_text="Repaired and sent: 1 event.")).to_be_visible()
    assert not page.get_by_role("link", name=name, exact=True).count()


def test_what_a_browser_loads_first_is_less_than_a_hundred_kilobytes(console: Console) -> None:
    page = console.page(READER)
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    client.on("Network.loadingFinished", lambda done: sizes.append(done["encodedDataLength"]))
    page.goto(f"{console.service.url}/console/overview")
    page.wait_for_load_state("networkidle")
    assert len(sizes) >= 5
    assert sum(sizes) < 100_000, sum(sizes)
    assert re.search(r"\d", page.locator(".figures").inner_text())
