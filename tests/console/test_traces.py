"""What became of it, as a page: a permission of its own, and nothing that redaction took."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.console.conftest import Behind, form_token
from tests.pipeline.test_tracing import CANARIES, EVENT, batch, chain

from mothership.console.event_traces import SAMPLED_MAX, TEXT_CHARACTERS_MAX, Redactor, Traces
from mothership.console.worker_traces import JoinedTraces
from mothership.edge.auth_settings import AuthSettings, hashed
from mothership.errors import Refusal
from mothership.pipeline.chain import Chain
from mothership.pipeline.event_trace import Tracer
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.status_directory import SocketTopic, StatusDirectory

HTML = {"accept": "text/html"}
NAMES = ("tracer", "reader", "operator", "node")
SCOPES = {"tracer": ["read", "trace"], "reader": ["read"], "operator": ["manage"], "node": ["ingest"]}


def as_(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}-token-of-the-tests"}


class Watched:
    """A chain that tells when somebody looks."""

    def __init__(self, watched: Chain) -> None:
        self._chain = watched
        self.begun = asyncio.Event()

    def traced(self, tracer: Tracer) -> AbstractContextManager[None]:
        """As the chain does."""
        self.begun.set()
        return self._chain.traced(tracer)


@pytest.fixture
def client(behind: Behind) -> Any:
    """The page over a chain that a test can send events through, as `client.chain`."""
    tokens = [{"name": name, "hash": hashed(f"{name}-token-of-the-tests"), "scopes": SCOPES[name]} for name in NAMES]
    made, redactor = chain()

    def private() -> Any:
        own = redaction.build(RedactionSettings(), key=b"o" * 32)
        return own, [step for step, _ in made._steps][len(own.processors) :]

    watched = Watched(made)
    traces = Traces(watched, lambda: redactor, private, wait_seconds=0.2)
    found: Any = behind([traces.page], auth=AuthSettings.model_validate({"tokens": tokens}))
    found.chain, found.watched = made, watched
    return found


async def ask(client: Any, what: str, status: int = 200, name: str = "tracer", **fields: Any) -> Any:
    answer = await client.post(f"/console/trace/{what}", json=fields, headers=as_(name))
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("path", ["trace", "trace.json", "trace/"])
async def test_it_needs_a_permission_of_its_own(client: Any, path: str) -> None:
    async with client:
        for name, status in (("tracer", 200), ("reader", 403), ("operator", 403), ("node", 403)):
            answer = await client.get(f"/console/{path}", headers=as_(name))
            assert answer.status_code == status, name
        for what in ("try", "live", "LIVE", "x"):
            await ask(client, what, 403, name="operator", text="x")


async def test_who_may_not_see_it_is_not_offered_it(client: Any) -> None:
    async with client:
        for name, offered in (("tracer", True), ("reader", False)):
            client.cookies.clear()
            page = (await client.get("/console/sign-in", headers=HTML)).text
            token = {"token": f"{name}-token-of-the-tests", "form_token": form_token(page)}
            assert (await client.post("/console/sign-in", data=token)).status_code == 303
            shown = await client.get("/console/trace", headers=HTML)
            assert (shown.status_code == 200) is offered
            assert ('<a href="/console/trace"' in shown.text) is offered


async def test_what_is_pasted_goes_the_whole_way_and_nothing_of_it_comes_back(client: Any) -> None:
    async with client:
        for headers in ({}, HTML):
            answer = await client.post(
                "/console/trace/try", json={"text": json.dumps(EVENT)}, headers=as_("tracer") | headers
            )
            assert answer.status_code == 200
            assert not [each for each in CANARIES if each in answer.text]
            assert "SeverityMap" in answer.text
            assert "email" in answer.text
        (trace,) = (await ask(client, "try", text="Nov 30 12:00:00 host sshd[1]: a line"))["traces"]
        assert trace["fate"] == "changed"


@pytest.mark.parametrize(("text", "status"), [
    ("", 422), ("{", 422), ('{"a": 1}', 422), ('{"type": 1}', 422), ("[1]", 200),
    ('{"type": "x", "a": ' + "[" * 5_000, 422), ("x" * (TEXT_CHARACTERS_MAX + 1), 413), ("\0\u202e", 200),
    ('{"type": "log", "a": ' + "[" * 700 + "]" * 700 + "}", 200), ('{"type": "\\u0000"}', 200)])  # fmt: skip
async def test_whatever_is_pasted_there_is_an_answer(client: Any, text: str, status: int) -> None:
    async with client:
        await ask(client, "try", status, text=text)


async def test_the_next_events_that_match_are_told(client: Any) -> None:
    async with client:
        body = {"q": "said", "count": "2"}
        asked = asyncio.create_task(client.post("/console/trace/live", json=body, headers=as_("tracer")))
        await client.watched.begun.wait()
        await ask(client, "live", 429)
        for _ in range(3):
            await client.chain.run(batch(EVENT, {"type": "log", "message": "other"}))
        answer = await asked
        found = answer.json()
        assert found["sampled"] == {"wanted": 2, "found": 2, "examined": 4, "workers": 1, "workers_missed": 0}
        assert not [each for each in CANARIES if each in answer.text]
        assert '"end"' not in answer.text, "how long a secret was is nobody's business"
        nothing = await ask(client, "live", source="nobody")
        assert nothing["traces"] == []


@pytest.mark.parametrize("count", ["0", "-1", str(SAMPLED_MAX + 1), "x", "\u0663", "9" * 5_000])
async def test_a_sample_is_bounded(client: Any, count: str) -> None:
    async with client:
        await ask(client, "live", 422, count=count)
        await ask(client, "live", 422, q="x" * 5_000)


class Elsewhere(StatusDirectory):
    """As another process sees the directory."""

    def socket(self, topic: SocketTopic, pid: int | None = None) -> Path:
        """Its own."""
        return super().socket(topic, pid or 1)


async def until(seen: Callable[[], object]) -> None:
    while not seen():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)


def _always(redactor: Redactor) -> Callable[[], Redactor]:
    return lambda: redactor


def _tried() -> NoReturn:
    raise AssertionError("no event is tried here")


async def test_a_sample_sees_what_every_worker_takes(tmp_path: Path) -> None:
    """Enough is enough, whoever found it; one that is busy or gone is told, and an asker that leaves frees all."""
    here, there = chain(), chain()
    traces = [Traces(made, _always(redactor), _tried, wait_seconds=5) for made, redactor in (here, there)]
    directories = [StatusDirectory.create(tmp_path / "shared"), Elsewhere(tmp_path / "shared")]
    joined = [JoinedTraces(one, statuses) for one, statuses in zip(traces, directories, strict=True)]
    async with asyncio.TaskGroup() as group:
        serving = [group.create_task(one.run()) for one in joined]
        for statuses in directories:
            await until(statuses.socket("trace").exists)

        async def looked_at(sample: Any, *made: Chain) -> Any:
            asking = asyncio.create_task(sample)
            await until(lambda: asking.done() or all(one._tracer for one in made))
            assert not asking.done(), await asking
            return asking

        async def all_are_free() -> None:
            await until(lambda: not (here[0]._tracer or there[0]._tracer))

        asking = await looked_at(traces[0].sample({"count": ["2"]}), here[0], there[0])
        for made, _ in (here, there):
            await made.run(batch(EVENT))
        found = await asking
        assert len(found["traces"]) == 2
        assert found["sampled"] | {"examined": 0} == {
            "wanted": 2, "found": 2, "examined": 0, "workers": 2, "workers_missed": 0}  # fmt: skip
        assert not [secret for secret in CANARIES if secret in json.dumps(found)]
        await all_are_free()
        asking = await looked_at(traces[1].sample({"count": ["1"]}), here[0], there[0])
        await here[0].run(batch(EVENT))
        assert len((await asking)["traces"]) == 1
        await all_are_free()
        with there[0].traced(Tracer(lambda _: None, [], matches=lambda _: True, most=1, with_refused=True)):  # type: ignore[arg-type, return-value]
            asking = await looked_at(traces[0].sample({"count": ["1"]}), here[0])
            await here[0].run(batch(EVENT))
            await asking
            with pytest.raises(Refusal, match="somebody else"):
                await traces[1].sample({})
        await all_are_free()
        asking = await looked_at(traces[0].sample({"count": ["1"]}), here[0], there[0])
        asking.cancel()
        await all_are_free()
        serving[1].cancel()
        await asyncio.wait(serving[1:])
        directories[1].socket("trace").touch()  # one that was killed left it behind
        asking = await looked_at(traces[0].sample({"count": ["1"]}), here[0])
        while not asking.done():
            await here[0].run(batch(EVENT))
            await asyncio.sleep(0.01)
        assert (await asking)["sampled"]["found"] == 1
        serving[0].cancel()
