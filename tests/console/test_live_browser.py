"""The live tail in a real browser: soon after the commit, still under the cursor, bounded, and harmless."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import asyncpg
import pytest
from playwright.sync_api import Page, expect
from tests.console.test_browser import (  # noqa: F401  # `console` is the fixture
    CHROMIUM,
    OPERATOR,
    PAYLOADS,
    READER,
    Console,
    console,
)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the console is NOT tested in a browser"),
    pytest.mark.xdist_group("browser"),
]
ROWS_MAX = 500
SEEN = """(text) => new Promise((resolve) => {
  const look = () => [...document.querySelectorAll('#events .message')].some((each) => each.textContent === text);
  if (look()) resolve(Date.now());
  new MutationObserver(() => { if (look()) resolve(Date.now()); }).observe(
    document.getElementById('events'), { childList: true, subtree: true });
})"""


def follow(console: Console, asked: str = "", **context: Any) -> Page:  # noqa: F811
    """A tab that follows."""
    page = console.page(READER, viewport={"width": 1280, "height": 800}, **context)
    page.goto(f"{console.service.url}/console/events?live=1{asked}")
    expect(page.locator("#live-state")).to_have_text("Live")
    return page


def send(console: Console, *events: dict[str, Any]) -> None:  # noqa: F811
    headers = {"authorization": f"Bearer {OPERATOR}"}
    answer = console.service.post({"messages": list(events)}, headers=headers)
    assert answer.json()["sink_results"]["tsdb"]["written"] == len(events), answer.text


async def committed(dsn: str, text: str) -> float:
    """When the event was committed, by the database: seconds since the epoch."""
    connection = await asyncpg.connect(dsn)
    try:
        statement = """SELECT extract(EPOCH FROM pg_xact_commit_timestamp(xmin))::FLOAT8 FROM events
                       WHERE data ->> 'message' = $1"""
        return float(await connection.fetchval(statement, text))
    finally:
        await connection.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("asked", ["", "?live=1", "?facets=1"])
def test_axe_has_nothing_to_say_of_events(console: Console, scheme: Any, asked: str) -> None:  # noqa: F811
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only where there is a browser

    page = console.page(color_scheme=scheme, bypass_csp=True)
    page.goto(f"{console.service.url}/console/events{asked}")
    found = Axe().run(page)
    assert not found.violations_count, found.generate_report()
    page.context.close()


def test_an_event_is_seen_within_a_second_of_its_commit(console: Console) -> None:  # noqa: F811
    """The commit as the database dates it, the sight as the browser does: they are on one machine."""
    page = follow(console, "&type=race")
    page.mouse.move(5, 5)
    waits = []
    for number in range(5):
        text = f"seen soon {number}"
        page.evaluate(f"() => {{ window.seen = ({SEEN})({text!r}); }}")
        send(console, {"type": "race", "source": "edge", "message": text})
        at = page.evaluate("() => window.seen") / 1000
        with ThreadPoolExecutor(1) as beside:  # Playwright has this thread's event loop
            waits.append(at - beside.submit(asyncio.run, committed(console.service.dsn, text)).result())
    assert min(waits) < 1.0, waits
    assert sorted(waits)[len(waits) // 2] < 1.0, waits
    page.context.close()


def test_what_comes_while_paused_is_counted_and_comes_when_resumed(console: Console) -> None:  # noqa: F811
    page = follow(console, "&type=paused")
    page.mouse.move(5, 5)
    page.get_by_role("button", name="Pause").click()
    send(console, *({"type": "paused", "message": f"event {n}"} for n in range(7)))
    expect(page.locator("#live-waiting")).to_have_text("Show 7 waiting")
    assert page.locator("#events .event-row").count() == 0
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#events .event-row")).to_have_count(7)
    assert page.locator("#events .message").first.inner_text() == "event 6"
    expect(page.locator("#live-waiting")).to_be_hidden()
    page.context.close()


def test_the_list_never_moves_under_the_cursor(console: Console) -> None:  # noqa: F811
    """Nor while an event is open, nor under the keyboard's focus."""
    page = follow(console, "&type=still")
    page.mouse.move(5, 5)
    send(console, *({"type": "still", "message": f"first {n}"} for n in range(5)))
    expect(page.locator("#events .event-row")).to_have_count(5)
    row = page.locator("#events .event-row").nth(2)
    row.hover()
    before = row.bounding_box()
    send(console, {"type": "still", "message": "second"})
    expect(page.locator("#live-waiting")).to_have_text("Show 1 waiting")
    assert row.bounding_box() == before
    row.locator("summary").click()
    page.mouse.move(5, 5)
    send(console, {"type": "still", "message": "third"})
    expect(page.locator("#live-waiting")).to_have_text("Show 2 waiting")
    assert row.bounding_box()["y"] == before["y"]  # type: ignore[index]
    assert '"message": "first 2"' in row.locator("pre").inner_text()
    row.locator("summary").click()
    page.locator("#live-pause").focus()
    page.mouse.move(5, 6)
    expect(page.locator("#events .event-row")).to_have_count(7)
    page.context.close()


def counted(page: Page) -> tuple[int, int]:
    """How many events came, and how many of them were left out."""
    text = page.locator("#live-count").inner_text().replace(",", "")
    seen, left_out = re.match(r"(\d+) since", text), re.search(r"(\d+) left out", text)
    return int(seen[1]) if seen else 0, int(left_out[1]) if left_out else 0


def all_came(page: Page, sent: int) -> bool:
    """To be shown, or left out."""
    return sum(counted(page)) >= sent


def test_no_more_rows_than_a_browser_can_show(console: Console) -> None:  # noqa: F811
    """And all that came is accounted for."""
    page = follow(console, "&type=flood")
    page.mouse.move(5, 5)
    sent = 0
    while counted(page)[0] <= ROWS_MAX:
        send(console, *({"type": "flood", "message": f"event {n}"} for n in range(400)))
        sent += 400
        console.service.until(partial(all_came, page, sent), "all of them")
        assert sum(counted(page)) == sent
    expect(page.locator("#events .event-row")).to_have_count(ROWS_MAX)
    page.get_by_role("button", name="Pause").click()
    before = counted(page)[0]
    while counted(page)[0] <= before + ROWS_MAX:
        send(console, *({"type": "flood", "message": f"late {n}"} for n in range(400)))
        sent += 400
        console.service.until(partial(all_came, page, sent), "all of them")
    expect(page.locator("#live-waiting")).to_have_text(re.compile(r"^Show the last 500 of"))
    expect(page.locator("#events .event-row")).to_have_count(ROWS_MAX)
    page.context.close()


def test_hostile_events_do_nothing_live(console: Console) -> None:  # noqa: F811
    """As text, with what would turn the line around made visible, as on the pages that the service renders."""
    page = follow(console)
    seen: list[str] = []

    def dismiss(dialog: Any) -> None:
        seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    page.on("console", lambda said: seen.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith(console.service.url) else seen.append(asked.url))
    page.mouse.move(5, 5)
    before = page.locator("#events .event-row").count()
    many = {f"key {n}": n for n in range(10_000)}
    send(
        console,
        *({"type": text, "source": text, "message": text, text: text} for text in PAYLOADS),
        {"type": "huge", "message": "x" * 1_000_000},
        {"type": "wide", **many},
    )
    expect(page.locator("#live-count")).to_have_text(re.compile(rf"^{len(PAYLOADS) + 2} since"))
    expect(page.locator("#events .event-row")).to_have_count(before + len(PAYLOADS) + 2)
    for number in range(4):
        page.locator("#events .event-row").nth(number).locator("summary").click()
    assert not page.locator("main script, main iframe, main object, main [onerror], main [onload], main style").count()
    text = page.locator("#events").inner_text()
    assert "<script>alert(1)</script>" in text
    assert not set("\x1b\u202e\u2066\u2069") & set(text)
    assert "\\u202e" in text
    assert not seen
    page.context.close()


def test_a_lost_connection_is_said_and_what_was_missed_is_fetched(console: Console) -> None:  # noqa: F811
    page = follow(console, "&type=gap")
    page.mouse.move(5, 5)
    page.context.set_offline(True)
    console.service.process.send_signal(1)  # a reload ends every tail
    expect(page.locator("#live-state")).to_have_text(re.compile("Not connected since"))
    send(console, {"type": "gap", "message": "stored meanwhile"})
    page.context.set_offline(False)
    expect(page.locator("#live-state")).to_have_text("Live", timeout=60_000)
    expect(page.locator("#events")).to_contain_text("stored meanwhile")
    expect(page.locator("#events")).to_contain_text("Not followed for")
    page.context.close()


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_a_live_page_fits(console: Console, width: int) -> None:  # noqa: F811
    page = console.page(READER, viewport={"width": width, "height": 800})
    page.goto(f"{console.service.url}/console/events?live=1")
    expect(page.locator("#live-state")).to_have_text("Live")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_by_keyboard_a_tail_is_paused(console: Console) -> None:  # noqa: F811
    page = follow(console, "&type=keys")
    page.keyboard.press("p")
    expect(page.locator("#live-pause")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("p")
    expect(page.locator("#live-pause")).to_have_text("Pause")
    page.context.close()
