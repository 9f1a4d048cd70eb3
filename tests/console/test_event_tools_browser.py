"""The page of events in a real browser: the histogram, a click on a value, highlighting, copying, files, views."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.console.test_browser import (  # noqa: F401  # `console` is the fixture
    CHROMIUM,
    PAYLOADS,
    READER,
    Console,
    console,
)
from tests.console.test_live_browser import send

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the console is NOT tested in a browser"),
    pytest.mark.xdist_group("browser"),
]


def searched(console: Console, asked: str = "", **context: object) -> Page:  # noqa: F811
    """A tab that shows what was found."""
    page = console.page(READER, viewport={"width": 1280, "height": 900}, **context)
    page.goto(f"{console.service.url}/console/events{asked}")
    return page


def test_the_histogram_is_dragged_to_look_closer(console: Console) -> None:  # noqa: F811
    """To the address of that time."""
    earlier = (datetime.now(UTC) - timedelta(minutes=15)).isoformat()
    send(console, {"type": "bar", "message": "seen", "timestamp": earlier})
    page = searched(console, "?type=bar&since=1h")
    expect(page.locator("#histogram .said")).to_have_text(re.compile(r"^1 events? from"))
    box = page.locator("#histogram .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20, steps=5)
    page.mouse.up()
    page.wait_for_url(re.compile(r"since=20.*until=20"))
    expect(page.locator("#events .message")).to_have_text("seen")
    page.context.close()


def test_a_click_on_a_value_filters_by_it(console: Console) -> None:  # noqa: F811
    """For those that have it, and for those that don't."""
    send(console, {"type": "click", "message": "one", "deep": {"my key": 'a "b"'}}, {"type": "click", "message": "two"})
    page = searched(console, "?type=click")
    page.locator(".event-row", has_text="one").locator("summary").click()
    page.get_by_role("link", name='a "b"').click()
    expect(page.locator("#events .message")).to_have_text(["one"])
    page.go_back()
    page.locator(".event-row", has_text="one").locator("summary").click()
    page.get_by_role("link", name="No events with this deep.my key").click()
    expect(page.locator("#events .message")).to_have_text(["two"])
    page.context.close()


def test_a_word_is_highlighted_and_nothing_is_filtered(console: Console) -> None:  # noqa: F811
    send(console, {"type": "mark", "message": "Needle and needle"}, {"type": "mark", "message": "hay"})
    page = searched(console, "?type=mark")
    page.get_by_label("Highlight").fill("needle")
    console.service.until(lambda: page.evaluate("CSS.highlights.get('searched')?.size ?? 0") >= 2, "marks")
    expect(page.locator("#events .message")).to_have_count(2)
    page.context.close()


def test_a_question_is_copied_and_taken_along_as_a_file(console: Console) -> None:  # noqa: F811
    send(console, {"type": "file", "message": "=1+1"})
    page = searched(console, "?type=file", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as LogQL").click()
    assert page.evaluate("navigator.clipboard.readText()") == '{type="file"}'
    page.get_by_role("button", name="Copy as SQL").click()
    expect(page.locator("[data-copy=as-sql]")).to_have_text("Copied")
    assert "FROM events" in page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text()
    assert "'=1+1" in text
    assert download.value.suggested_filename.endswith(".csv")
    page.context.close()


def test_an_event_is_looked_at_in_its_context(console: Console) -> None:  # noqa: F811
    events = [{"type": "way", "source": "ship", "message": f"step {n}"} for n in range(3)]
    send(console, *events, {"type": "way", "source": "other", "message": "elsewhere"})
    page = searched(console, "?type=way&source=ship")
    page.locator(".event-row", has_text="step 1").locator("summary").click()
    page.get_by_role("link", name="In context").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Events in context")
    expect(page.locator(".event-row.here .message")).to_contain_text(["step 1"])
    expect(page.locator("#content")).not_to_contain_text("elsewhere")
    page.context.close()


def test_a_view_is_kept_by_the_browser_until_it_is_forgotten(console: Console) -> None:  # noqa: F811
    page = searched(console, "?type=log&at-least=error")
    page.get_by_label("Name").fill("<b>Errors")
    page.get_by_role("button", name="Save").click()
    page.goto(f"{console.service.url}/console/events")
    page.get_by_role("link", name="<b>Errors").click()
    page.wait_for_url("**/console/events?type=log&at-least=error")
    page.get_by_role("button", name="Forget the view <b>Errors").click()
    expect(page.locator("#views li")).to_have_count(0)
    page.context.close()


def test_hostile_events_do_nothing_where_they_are_searched(console: Console) -> None:  # noqa: F811
    """Nor opened, with each of their values a link, nor in the facets, nor as a view."""
    page = searched(console, "?facets=1")
    seen: list[str] = []

    def dismiss(dialog: Any) -> None:
        seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    page.on("console", lambda said: seen.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith(console.service.url) else seen.append(asked.url))
    send(console, *({"type": text, "source": text, "message": text, text: text} for text in PAYLOADS))
    page.reload()
    for number in range(5):
        page.locator("#events summary").nth(number).click()
    expect(page.locator(".fields-of")).to_have_count(5)
    assert not page.locator("main script, main iframe, main object, main [onerror], main [onload], main style").count()
    assert not set("\x1b\u202e\u2066\u2069") & set(page.locator("main").inner_text())
    hrefs = page.locator("main a").evaluate_all("(links) => links.map((each) => each.href)")
    assert all(href.startswith(console.service.url) for href in hrefs)
    assert not seen
    page.context.close()
