"""Dead letters are looked at, repaired, retried and dropped beside a live relay; a repair goes through redaction."""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from tests.console.conftest import SECRETS, Behind
from tests.relay.support import ToxicSink, rows_batch, running, until

from mothership.console.dead_letters import DeadLetters
from mothership.dead_letters import Chosen
from mothership.event import Row, RowBatch
from mothership.event_correction import Repairs
from mothership.pipeline.chain import Chain
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.relay.relay import Relay
from mothership.relay.spool.dead_letter_admin import DeadLetterAdmin

HTML = {"accept": "text/html"}
OPERATOR = {"authorization": f"Bearer {SECRETS['operator']}"}


class Parts(NamedTuple):
    """What a test has in its hands."""

    client: httpx2.AsyncClient
    relay: Relay
    sink: ToxicSink
    store: DeadLetterAdmin

    async def change(self, what: str, status: int = 200, **fields: Any) -> Any:
        """As a program does it, with its token."""
        answer = await self.client.post(f"/console/dead-letters/{what}", json=fields, headers=OPERATOR)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def listed(self, **query: str) -> Any:
        """The page as JSON."""
        return (await self.client.get("/console/dead-letters.json", params=query, headers=OPERATOR)).json()


@asynccontextmanager
async def parts(
    tmp_path: Path, behind: Behind, poison: bytes = b"-1", seconds_at_once: float = 1.0
) -> AsyncIterator[Parts]:
    sink = ToxicSink(poison=poison)
    redactor = redaction.build(RedactionSettings(), key=bytes(32))
    async with running(tmp_path, sink) as relay:
        box = partial(DeadLetterAdmin, tmp_path)
        repairs = Repairs(box, Chain(redactor.processors).run, relay.keep, clock=lambda: 1_700_000_000.0)
        async with behind(DeadLetters(box, repairs, seconds_at_once=seconds_at_once).pages) as client:
            yield Parts(client, relay, sink, box())


async def test_they_are_listed_by_sink_and_reason_and_page_by_page(tmp_path: Path, behind: Behind) -> None:
    async with parts(tmp_path, behind) as it:
        for number in range(60):
            await it.relay.keep(rows_batch(number))
        found = await it.listed()
        (group,) = found["groups"]
        assert (group["sink"], group["reason"], group["letters"], group["events"]) == ("memory", "not taken", 60, 60)
        assert len(found["letters"]) == 50
        rest = await it.listed(after=found["next"])
        assert len(rest["letters"]) == 10
        assert rest["next"] is None
        assert not {each["id"] for each in found["letters"]} & {each["id"] for each in rest["letters"]}
        assert not (await it.listed(sink="other"))["letters"]
        shown = (
            await it.client.get(f"/console/dead-letters/{found['letters'][0]['id']}.json", headers=OPERATOR)
        ).json()
        assert [row["event"] for row in shown["rows"]] == [{"n": "0-1"}]


async def test_one_is_retried_and_reaches_its_sink(tmp_path: Path, behind: Behind) -> None:
    async with parts(tmp_path, behind) as it:
        await it.relay.keep(rows_batch(1))
        (letter,) = (await it.listed())["letters"]
        it.sink.poison = b"\xff"
        assert await it.change("retry", id=[letter["id"]]) == {"events": 1}
        await until(lambda: len(it.sink.rows) == 3)
        assert not (await it.listed())["letters"]


async def test_all_of_a_reason_are_retried_and_what_is_refused_again_is_not_tried_for_ever(
    tmp_path: Path, behind: Behind
) -> None:
    async with parts(tmp_path, behind) as it:
        for number in range(5):
            await it.relay.keep(rows_batch(number))
        started = str(int(time.time() * 1_000_000))
        sent, left = 0, 1
        while left:
            done = await it.change("retry", sink="memory", reason="not taken", before=started)
            sent, left = sent + done["events"], done["left"]
        assert sent == 5, "each once, although each comes back"
        await until(lambda: len(it.store.page(None, None, "", 9)) == 5)
        assert (await it.change("drop", sink="memory", reason="not taken"))["events"] == 5
        assert not (await it.listed())["letters"]


async def test_a_hundred_and_fifty_are_retried_in_parts_and_all_arrive(tmp_path: Path, behind: Behind) -> None:
    async with parts(tmp_path, behind) as it:
        for number in range(150):
            await it.relay.keep(rows_batch(number, rows=2))
        it.sink.poison = b"\xff"
        sent, left = 0, 1
        while left:
            done = await it.change("retry", sink="memory", reason="not taken")
            sent, left = sent + done["events"], done["left"]
        assert sent == 150
        await until(lambda: len(it.sink.rows) == 300)


@pytest.mark.parametrize("tells", [True, False])
async def test_a_bulk_retry_ends_however_slow_the_disk_and_though_all_are_refused_again(
    tmp_path: Path, behind: Behind, tells: bool
) -> None:
    """Each once: what came back meanwhile is not what was meant, whether a program says so (`before`) or not."""
    async with parts(tmp_path, behind, seconds_at_once=0.0) as it:
        for number in range(250):
            await it.relay.keep(rows_batch(number))
        fields: dict[str, Any] = {"sink": "memory", "reason": "not taken"}
        sent = []
        for _ in range(9):
            done = await it.change("retry", **fields)
            sent.append(done["events"])
            await until(lambda: len(it.store.page(None, None, "", 999)) == 250)
            if not done["left"]:
                break
            fields |= {"before": str(done["before"])} if tells else {}
        assert sent == [100, 100, 50]
        again = await it.change("retry", sink="memory", reason="not taken")
        assert (again["events"], again["left"]) == (100, 150), "the next one begins anew"


def test_many_are_moved_in_parts_and_what_is_left_is_told(tmp_path: Path) -> None:
    store = DeadLetterAdmin(tmp_path)
    assert store.retry_some(Chosen(), 10) == (0, 0, 0)


async def test_a_repair_is_redacted_marked_and_sent_to_the_sink_that_refused(
    tmp_path: Path, behind: Behind, capfd: pytest.CaptureFixture[str]
) -> None:
    async with parts(tmp_path, behind) as it:
        await it.relay.keep(rows_batch(1, rows=2))
        await it.relay.keep(rows_batch(2, rows=5))
        letters = (await it.listed())["letters"]
        it.sink.poison = b"\xff"
        event = '{"type": "log", "message": "mail to carol@example.org", "n": "fine"}'
        done = await it.change("repair", letter=letters[0]["id"], position=0, event=event)
        assert done["sink"] == "memory"
        await until(lambda: any(b"_repaired" in row.data for row in it.sink.rows))
        (row,) = [row for row in it.sink.rows if b"_repaired" in row.data]
        assert b"carol" not in row.data
        assert b'"by":"operator"' in row.data
        assert [each["id"] for each in (await it.listed())["letters"]] == [letters[1]["id"]]
        logged = capfd.readouterr()
        assert "dead_letter_repaired" in logged.out + logged.err
        assert "carol" not in logged.out + logged.err


@pytest.mark.parametrize("event", ["", "carol@example.org", "[]", '{"message": "x"}', '{"type": 1}', "[" * 100_000,
                                   "x" * 3_000_000])  # fmt: skip
async def test_what_is_no_event_repairs_nothing_and_is_not_quoted(tmp_path: Path, behind: Behind, event: str) -> None:
    async with parts(tmp_path, behind) as it:
        await it.relay.keep(rows_batch(1, rows=2))
        (letter,) = (await it.listed())["letters"]
        answer = await it.client.post("/console/dead-letters/repair", headers=OPERATOR, json={
            "letter": letter["id"], "position": 0, "event": event})  # fmt: skip
        assert answer.status_code in {413, 422}
        assert "carol" not in answer.text
        assert (await it.listed())["letters"] == [letter]


async def test_a_row_is_repaired_and_the_others_of_its_letter_stay(tmp_path: Path, behind: Behind) -> None:
    async with parts(tmp_path, behind, poison=b"n") as it:
        await it.relay.keep(rows_batch(1))
        (letter,) = (await it.listed())["letters"]
        assert letter["events"] == 3
        await it.change("repair", letter=letter["id"], position=1, event='{"type": "log", "x": 1}')
        await until(lambda: len(it.sink.rows) == 1)
        (rest,) = (await it.listed())["letters"]
        assert rest["events"] == 2
        assert rest["buried"] == letter["buried"]
        rows = it.store.rows(rest["id"])
        assert [row.data for row in rows] == [b'{"n":"1-0"}', b'{"n":"1-2"}']
        await it.change("repair", 404, letter=letter["id"], position=1, event='{"type": "log"}')
        await it.change("repair", 404, letter=rest["id"], position=2, event='{"type": "log"}')


async def test_a_rejected_event_is_repaired_into_all_sinks_and_never_retried(tmp_path: Path, behind: Behind) -> None:
    async with parts(tmp_path, behind) as it:
        row = Row(1_700_000_000_000_000, "unknown", "ship-1", b'{"_rejected":{"index":0,"reason":"no type"},"n":5}')
        batch = RowBatch(secrets.token_bytes(32), "request", 1_700_000_000_000_000, [row], "ship")
        await it.relay.keep_rejected(batch, ["no type"])
        await until(lambda: it.relay.status().dead_letters.events == 1)
        (letter,) = (await it.listed())["letters"]
        assert (await it.change("retry", id=[letter["id"]]))["events"] == 0
        it.sink.poison = b"\xff"
        done = await it.change("repair", letter=letter["id"], position=0, event='{"type": "log", "n": 5}')
        assert done["sink"] == "pipeline"
        await until(lambda: len(it.sink.rows) == 1)
        (stored,) = it.sink.rows
        assert (stored.type, stored.source) == ("log", "ship-1")
        assert b"_rejected" not in stored.data
        await until(lambda: it.relay.status().dead_letters.events == 0)


@pytest.mark.parametrize("name", ["0-99", "7-1", "x", "0-", "0--1", "0-1e3", "..%2F..", "0-" + "9" * 30, "<b>"])
async def test_what_is_not_there_is_not_found(tmp_path: Path, behind: Behind, name: str) -> None:
    async with parts(tmp_path, behind) as it:
        answer = await it.client.get(f"/console/dead-letters/{name}", headers=HTML | OPERATOR)
        assert answer.status_code == 404
        assert "<b>" not in answer.text
        assert (await it.client.get("/console/dead-letters", params={"after": name, "done": name, "done.events": name},
                                    headers=HTML | OPERATOR)).status_code == 200  # fmt: skip


@pytest.mark.parametrize("fields", [{}, {"sink": "memory", "before": "x"}, {"sink": ""}])
async def test_a_change_that_names_nothing_changes_nothing(
    tmp_path: Path, behind: Behind, fields: dict[str, str]
) -> None:
    async with parts(tmp_path, behind) as it:
        await it.relay.keep(rows_batch(1))
        for what in ("retry", "drop"):
            await it.change(what, 400, **fields)
        assert len((await it.listed())["letters"]) == 1
