"""Sources and the configuration, as a person and as a program sees them."""

import re
from pathlib import Path

from tests.console.conftest import Behind

from mothership.activity.activity import Activity
from mothership.config import Settings
from mothership.console import attention, configuration, documentation, sources
from mothership.edge.auth_settings import AuthSettings, hashed
from mothership.event import Row

HTML = {"accept": "text/html"}
NOW = 1_800_000_000.0


class Time:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """What it says."""
        return self.now


async def test_sources_tell_who_is_quiet_and_whose_clock_is_ahead(tmp_path: Path, behind: Behind) -> None:
    clock = Time()
    activity = Activity(tmp_path, 0, clock=clock, stopwatch=clock)
    for _ in range(5):
        clock.now += 10
        rows = [Row(int((clock.now + 90) * 1e6), "log", "<i>fast</i>", b"{}")]
        activity.took("node-1", "EdgeBot-Shipper/1.0", rows)
        activity.took("node-2", "", [Row(int(clock.now * 1e6), "log", "ship-2", b"{}")])
    activity.rejected("node-2", 4)
    clock.now += 400
    activity.took("node-2", "", [Row(int(clock.now * 1e6), "log", "ship-2", b"{}")])
    async with behind([sources.page(activity, clock=clock)], auth=AuthSettings()) as client:
        found = (await client.get("/console/sources.json")).json()
        assert [(one["source"], one["is_quiet"], one["clock"]) for one in found["sources"]] == [
            ("<i>fast</i>", True, "ahead"), ("ship-2", False, "fine")]  # fmt: skip
        assert {one["caller"]: (one["events"], one["rejected"], one["agent"]) for one in found["callers"]} == {
            "node-1": (5, 0, "EdgeBot-Shipper/1.0"), "node-2": (6, 4, "")}  # fmt: skip
        assert found["quiet"] == 1
        shown = (await client.get("/console/sources", headers=HTML)).text
        assert "<i>fast" not in shown
        assert "90 s ahead" in shown
        assert (await client.get("/console/sources.json?q=SHIP")).json()["total"] == 1


def named_pages() -> set[str]:
    named = set(re.findall(r'"((?:how-to|reference|explanation)/[a-z-]+)"', Path(attention.__file__).read_text()))
    for template in Path(attention.__file__).parent.glob("templates/*.html"):
        named |= set(re.findall(r'docs\("([a-z/-]+)"', template.read_text()))
    return named


async def test_the_documentation_that_a_notice_names_is_there(behind: Behind) -> None:
    named = named_pages()
    assert len(named) > 5
    async with behind([documentation.page()], auth=AuthSettings()) as client:
        for name in named:
            answer = await client.get(f"/console/docs/{name}", headers=HTML)
            assert answer.status_code == 200, name
            assert '.md"' not in answer.text
            assert "&lt;!--" not in answer.text
        for name in ("x", "how-to/..", "how-to/%2e%2e/index", "HOW-TO/console", "a" * 9000):
            assert (await client.get(f"/console/docs/{name}")).status_code == 404


async def test_the_configuration_shows_what_differs_and_no_secret(behind: Behind) -> None:
    secret = "hush-hush-hush-hush"
    settings = Settings.model_validate({
        "server": {"port": 9000, "data_dir": "<b>here"},
        "auth": {"tokens": [{"name": "node", "hash": hashed(secret)}]},
        "pipeline": {"processors": {"redaction": {"salt": secret}}},
        "database": {"dsn": f"postgresql://u:{secret}@db/events"},
    })  # fmt: skip
    page = configuration.page(lambda: settings)
    async with behind([page], auth=AuthSettings()) as client:
        found = (await client.get("/console/configuration.json")).json()
        keys = {one["key"]: one["value"] for one in found["different"]}
        assert keys["server.port"] == "9000"
        assert "auth.tokens" in keys
        assert not [key for key in keys if key.startswith("relay")]
        shown = (await client.get("/console/configuration", headers=HTML)).text
        for text in (shown, str(found)):
            assert secret not in text
            assert hashed(secret) not in text
        assert "&lt;b&gt;here is relative" in shown
