"""The redaction page: places and never the text, the rules as they are in force, bounds; nothing of it is counted."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from tests.console.conftest import SECRETS, Behind, form_token, sign_in

from mothership.config import Settings
from mothership.console import redaction as page_module
from mothership.console.redaction import RedactionTrials
from mothership.log_format import LogSettings, configure_logging
from mothership.pipeline.redaction.settings import RedactionSettings

READER = {"authorization": f"Bearer {SECRETS['reader']}"}
HTML = {"accept": "text/html"}
LINE = "Accepted password=hunter22canary for carol.canary@example.org from host"
EVENT = {
    "type": "log", "username": "dave_canary", "password": "swordfish-canary",
    "message": "dave_canary said swordfish-canary and card 4111 1111 1111 1111 to carol.canary@example.org ok",
    "deep": [{"token": "tok-canary-99887", "note": "password=anothercanary1"}], "carol.canary@example.org": 1,
    "mobile": "+41791234567",
}  # fmt: skip
CANARIES = ("hunter22canary", "carol.canary", "dave_canary", "swordfish-canary", "4111 1111", "tok-canary",
            "anothercanary", "791234567")  # fmt: skip


@pytest.fixture
def client(behind: Behind) -> Any:
    """The page, with the rules as they are by default."""
    settings = RedactionSettings()
    return behind([RedactionTrials(lambda: settings).page])


async def tried(client: Any, text: str, status: int = 200) -> Any:
    async with client:
        answer = await client.post("/console/redaction/try", json={"text": text}, headers=READER)
    assert answer.status_code == status, answer.text
    return answer.json()


def at(event: Any, path: list[str]) -> Any:
    for part in path:
        event = event[int(part)] if isinstance(event, list) else event[part]
    return event


async def test_each_hit_of_a_line_is_told_at_its_place(client: Any) -> None:
    (line,) = (await tried(client, f"\n{LINE}"))["tried"]["lines"]
    assert line["line"] == 2
    places = {hit["rule"]: LINE[hit["start"] : hit["end"]] for hit in line["hits"]}
    assert places == {"password": "hunter22canary", "email": "carol.canary@example.org"}
    assert line["after"] == "Accepted password=******** for [REDACTED:email] from host"


async def test_each_hit_of_an_event_is_told_at_its_place_in_what_came(client: Any) -> None:
    """Also behind what a dropped field's value gave way for, and behind words that were put before a value."""
    (line,) = (await tried(client, json.dumps(EVENT, indent=2)))["tried"]["lines"]
    found = [(hit["step"], hit["rule"], at(EVENT, hit["path"])[hit["start"] : hit["end"]])
             for hit in line["hits"] if hit["start"] >= 0 and hit["path"] != ["(key)"]]  # fmt: skip
    assert found == [
        ("DropFields", "propagated", "swordfish-canary"),
        ("MaskPatterns", "credit_card", "4111 1111 1111 1111"),
        ("MaskPatterns", "email", "carol.canary@example.org"),
        ("MaskPatterns", "password", "anothercanary1"),
        ("MaskPatterns", "phone", "+41791234567"),
    ]
    whole = {(hit["rule"], ".".join(hit["path"])) for hit in line["hits"] if hit["start"] < 0}
    assert whole == {("DropFields", "password"), ("DropFields", "deep.0.token"), ("HashFields", "username"),
                     ("propagated", "message")}  # fmt: skip


@pytest.mark.parametrize(
    "text", [LINE, json.dumps(EVENT), json.dumps(EVENT, indent=1), f"{{not json {LINE}", "[" + LINE]
)
@pytest.mark.parametrize("headers", [{}, HTML, HTML | {"hx-request": "true"}])
async def test_nothing_that_redaction_took_comes_back(client: Any, text: str, headers: dict[str, str]) -> None:
    async with client:
        answer = await client.post("/console/redaction/try", json={"text": text}, headers=READER | headers)
    assert answer.status_code == 200
    assert not [each for each in CANARIES if each in answer.text]
    assert answer.headers["cache-control"] == "no-store"


async def test_the_services_own_pseudonyms_cannot_be_made_here(behind: Behind) -> None:
    """Else whoever may read could paste names until one has the pseudonym of an event."""
    settings = RedactionSettings.model_validate({"salt": "a-salt-of-sixteen-and-more"})
    made = set()
    for _ in range(2):
        client = behind([RedactionTrials(lambda: settings).page])
        made.add((await tried(client, '{"username": "carol"}'))["tried"]["lines"][0]["after"])
    assert len(made) == 2


async def test_what_is_tried_is_no_event_that_came(client: Any) -> None:
    def counted() -> Iterator[Any]:
        for metric in REGISTRY.collect():
            if metric.name.startswith("mothership_redaction"):
                yield from metric.samples

    before = list(counted())
    await tried(client, f"{LINE}\n{json.dumps(EVENT)}")
    assert list(counted()) == before


@pytest.mark.parametrize(("text", "status"), [
    ("", 422), (" \n\r\n ", 422), ("x" * (page_module.TEXT_CHARACTERS_MAX + 1), 413), ("x" * 1_100_000, 413),
])  # fmt: skip
async def test_what_is_pasted_is_bounded(client: Any, text: str, status: int) -> None:
    assert "xxx" not in (await tried(client, text, status))["reason"]


@pytest.mark.parametrize("text", [
    "[" * 60_000, '{"a":' * 10_000, json.dumps({f"k{number}": 1 for number in range(5_000)}), "\x00" * 500,
    '{"a": "\\ud800 password=hunter22x"}', "\ud800", '{"n": 123456789012345678901234567890}', "\u202e" * 3_000,
    "\x1b[31m",
    "password=hunter22x " * 3_000, "\n" * 60_000, '{"a": 1e999}', "[1]", '"x"', "{}", '{"type": 3, "message": null}',
])  # fmt: skip
async def test_whatever_is_pasted_there_is_an_answer(client: Any, text: str) -> None:
    async with client:
        body = json.dumps({"text": text}).encode()
        for headers in (READER, READER | HTML):
            answer = await client.post("/console/redaction/try", content=body,
                                       headers=headers | {"content-type": "application/json"})  # fmt: skip
            assert answer.status_code in {200, 400, 422}, answer.text
            assert "hunter22x" not in answer.text


async def test_of_many_lines_the_first_are_tried_and_it_is_told_where_it_stopped(client: Any) -> None:
    found = (await tried(client, "\n".join("plain" for _ in range(300))))["tried"]
    assert len(found["lines"]) == page_module.LINES_MAX
    assert found["stopped_before"] == page_module.LINES_MAX + 1


async def test_who_may_read_may_try_and_a_page_of_somebody_else_may_not(client: Any) -> None:
    async with client:
        for name, status in (("reader", 200), ("operator", 200), ("node", 403)):
            headers = {"authorization": f"Bearer {SECRETS[name]}"}
            answer = await client.post("/console/redaction/try", json={"text": "x"}, headers=headers)
            assert answer.status_code == status
        await sign_in(client, "reader")
        shown = (await client.get("/console/redaction", headers=HTML)).text
        body = {"text": "x", "form_token": form_token(shown)}
        assert (await client.post("/console/redaction/try", data=body, headers=HTML)).status_code == 200
        assert (await client.post("/console/redaction/try", data={"text": "x"}, headers=HTML)).status_code == 403
        foreign = HTML | {"sec-fetch-site": "cross-site"}
        assert (await client.post("/console/redaction/try", data=body, headers=foreign)).status_code == 403


async def test_a_failure_tells_nothing_of_what_was_pasted(behind: Behind, capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json"))

    def fails() -> RedactionSettings:
        raise ValueError(LINE)

    async with behind([RedactionTrials(fails).page]) as client:
        answer = await client.post("/console/redaction/try", json={"text": LINE}, headers=READER)
        broken = await client.post("/console/redaction/try", content=f'{{"text": "{LINE}', headers=READER | {
            "content-type": "application/json"})  # fmt: skip
    logged = capfd.readouterr()
    assert (answer.status_code, broken.status_code) == (500, 400)
    assert "request_failed" in logged.out + logged.err
    for text in (answer.text, broken.text, logged.out, logged.err):
        assert not [each for each in CANARIES if each in text]


PATTERN = {
    "name": "badge", "pattern": r"badge[ :=]+(?P<secret>\d{5,8})", "action": "keep_last", "ignore_case": "1",
    "positives": "badge: 12345\nBADGE 7654321", "negatives": "badge 12\nbadges: many", "except": "payload, data.raw",
}  # fmt: skip


async def pattern(client: Any, status: int = 200, **fields: str) -> Any:
    async with client:
        answer = await client.post("/console/redaction/pattern", json=PATTERN | fields, headers=READER)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_pattern_is_tried_on_its_examples_and_written_for_the_configuration(behind: Behind) -> None:
    settings = RedactionSettings.model_validate({"mask_patterns": [{"name": "ship", "pattern": "IMO[0-9]{7}"}]})
    client = behind([RedactionTrials(lambda: settings).page])
    found = (await pattern(client, positives=PATTERN["positives"] + "\nno number\nbadge 55555 to a@example.org"))[
        "pattern"
    ]
    assert [(each["wanted"], each["found"], each["places"], each["already"]) for each in found["examples"]] == [
        (True, True, [{"start": 7, "end": 12}], []), (True, True, [{"start": 6, "end": 13}], []),
        (True, False, [], []), (True, True, [{"start": 6, "end": 11}], ["email"]),
        (False, False, [], []), (False, False, [], []),
    ]  # fmt: skip
    assert found["failed"] == 1
    loaded = Settings.model_validate(yaml.safe_load(found["yaml"])).pipeline.processors.redaction.mask_patterns
    assert [each.name for each in loaded] == ["ship", "badge"], "a list in the configuration replaces the one before"
    assert loaded[0] == settings.mask_patterns[0]
    assert (loaded[1].pattern, loaded[1].action, loaded[1].except_fields) == (
        PATTERN["pattern"], "keep_last", ("payload", "data.raw"))  # fmt: skip


@pytest.mark.parametrize(("fields", "reason"), [
    ({"pattern": "(x{1,1000}){1,1000}"}, "repetition"),
    ({"pattern": "[a-z]{1000}" * 40}, "RE2"), ({"pattern": "x" * 4_001}, "4000"), ({"pattern": r"(a)\1"}, "RE2"),
    ({"pattern": "(?=a)"}, "RE2"), ({"pattern": " "}, "none"), ({"name": "Ä"}, "name"), ({"action": "burn"}, "action"),
    ({"positives": "x\n" * 41}, "40"), ({"negatives": "x" * 2_001}, "2,000"),
])  # fmt: skip
async def test_a_pattern_has_the_bounds_of_the_configuration(client: Any, fields: dict[str, str], reason: str) -> None:
    assert reason in (await pattern(client, 422, **fields))["reason"]


@pytest.mark.parametrize(
    "hostile", ["(a+)+$", "(a|a)*b", "(.*)*x", "((a?){10}){10}" * 5, ".*" * 300, "(a|b" * 500 + ")" * 500]
)
async def test_a_catastrophic_pattern_is_none_here(client: Any, hostile: str) -> None:
    found = (await pattern(client, pattern=hostile, positives="a" * 2_000, negatives="a" * 2_000))["pattern"]
    assert len(found["examples"]) == 2
