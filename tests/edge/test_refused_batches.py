"""Which batches are the same: first transmissions never, retries of what was taken, and not of what was refused."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from tests.edge.servers import decoded

from mothership.edge.limit_settings import LimitSettings
from mothership.edge.refused_batches import RefusedBatches, new_identity
from mothership.errors import MayBeKept, NotPersisted, Refusal
from mothership.event import UNKNOWN_ARRIVAL, Arrival, Batch, Row, RowBatch
from mothership.sinks.memory import MemorySink

ClientFactory = Callable[..., httpx2.AsyncClient]
EVENTS = [{"type": "log", "message": "same"}]


async def post(client: httpx2.AsyncClient, *, is_retry: bool = False, **headers: str) -> httpx2.Response:
    """The same messages."""
    return await client.post("/ingest", json={"messages": EVENTS, "is_retry": is_retry}, headers=headers)


def a_batch(*, is_retry: bool, client: str = "ship") -> Batch:
    body = json.dumps({"messages": EVENTS, "is_retry": is_retry}).encode()
    return decoded(LimitSettings(), body, client=client)


async def test_equal_first_transmissions_are_different_batches(make_client: ClientFactory, acceptor: Any) -> None:
    """Two nodes of one name, or one node in one second, say the same of different events."""
    async with make_client() as client:
        answers = [(await post(client)).json()["duplicate"] for _ in range(3)]
    assert answers == [False] * 3
    assert len({batch.fingerprint for batch in acceptor.batches}) == 3
    assert len({batch.content for batch in acceptor.batches}) == 1


@pytest.mark.parametrize("said", ["true", 1, None, "yes", [True]])
def test_only_true_says_that_a_batch_was_sent_before(said: Any) -> None:
    """Whatever else stands there, the batch is new: two copies are better than none."""
    body = json.dumps({"messages": EVENTS, "is_retry": said}).encode()
    assert not decoded(LimitSettings(), body).is_retry


def test_a_retry_is_known_though_it_is_read_in_parts() -> None:
    """An event nested beyond what the decoder bears costs only itself."""
    deep = "[" * 200_000 + "]" * 200_000
    body = f'{{"messages":[{{"type":"log"}},{{"type":"log","a":{deep}}}],"is_retry":true}}'.encode()
    assert decoded(LimitSettings(containers=10**6), body).is_retry


async def test_a_key_counts_more_than_is_retry(make_client: ClientFactory) -> None:
    """Who names a batch decides what is the same."""
    async with make_client() as client:
        said = [
            (await post(client, is_retry=is_retry, **{"idempotency-key": key})).json()["duplicate"]
            for is_retry, key in ((False, "1"), (True, "2"), (False, "2"))
        ]
    assert said == [False, False, True]


@pytest.mark.parametrize(
    "failure", [Refusal(429, "too many"), NotPersisted("full", retry_after_seconds=1), KeyError("x")]
)
async def test_a_retry_of_what_was_refused_is_new(
    make_client: ClientFactory, acceptor: Any, failure: Exception
) -> None:
    """An equal batch of another was stored meanwhile: the refused one has no copy here but this."""
    async with make_client() as client:
        acceptor.failures.append(failure)
        assert (await post(client)).status_code >= 429
        assert (await post(client)).json()["duplicate"] is False
        assert (await post(client, is_retry=True)).json()["duplicate"] is False
        assert (await post(client, is_retry=True)).json()["duplicate"] is True  # one refusal excuses one retry
    assert len(acceptor.batches) == 2


async def test_a_retry_of_what_may_be_kept_is_a_repeat(make_client: ClientFactory, acceptor: Any) -> None:
    """A cluster that was cut off before it said so: what it kept must not be stored beside the retry."""
    async with make_client() as client:
        acceptor.failures.append(MayBeKept("no acknowledgement", retry_after_seconds=1))
        assert (await post(client)).status_code == 503
        await post(client, is_retry=True)
    [batch] = acceptor.batches
    assert batch.is_retry
    assert batch.fingerprint == batch.content


async def test_a_retry_that_is_refused_again_stays_new(make_client: ClientFactory, acceptor: Any) -> None:
    """However often."""
    async with make_client() as client:
        for is_retry in (False, True, True):
            acceptor.failures.append(NotPersisted("full", retry_after_seconds=1))
            assert (await post(client, is_retry=is_retry)).status_code == 503
        await post(client)
        await post(client, is_retry=True)
    assert not any(batch.is_retry for batch in acceptor.batches)


async def test_a_retry_waits_for_the_attempt_that_it_repeats(make_client: ClientFactory, acceptor: Any) -> None:
    """A node that lost patience; the first attempt is refused after all, so the retry is new."""
    acceptor.wait = asyncio.Event()
    async with make_client() as client:
        first = asyncio.create_task(post(client))
        while not acceptor.waiting:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        retry = asyncio.create_task(post(client, is_retry=True))
        done, _ = await asyncio.wait([retry], timeout=0.05)
        assert not done
        assert acceptor.waiting == 1
        acceptor.failures.append(NotPersisted("full", retry_after_seconds=1))
        acceptor.wait.set()
        assert (await first).status_code == 503
        assert (await retry).json()["duplicate"] is False
    assert [batch.is_retry for batch in acceptor.batches] == [False]


@pytest.mark.parametrize("kept_first", [True, False])
async def test_what_another_instance_kept_unheard_is_not_stored_beside_a_retry_of_what_was_refused_here(
    *, kept_first: bool
) -> None:
    """A node goes from one to the other: refused here, kept there and not answered, and then sent here again."""
    here, there, sink = RefusedBatches(refused_max=10), RefusedBatches(refused_max=10), MemorySink()
    kept: list[RowBatch] = []

    async def arrives(at: RefusedBatches, second: int, *, failure: Exception | None = None, **kind: bool) -> None:
        batch = a_batch(is_retry=kind["is_retry"])
        async with at.track(batch):
            if batch.arrival == UNKNOWN_ARRIVAL:
                batch.arrival = Arrival(second, second)
            if failure is None or isinstance(failure, MayBeKept):
                rows = [Row(1, "log", "here", b"{}")]
                kept.append(
                    RowBatch(batch.fingerprint, "r", 1, rows, content=batch.content, arrival=batch.arrival)
                )  # fmt: skip
            if failure is not None:
                raise failure

    with pytest.raises(NotPersisted):
        await arrives(here, 1, is_retry=False, failure=NotPersisted("away", retry_after_seconds=1))
    with pytest.raises(MayBeKept):
        await arrives(there, 2, is_retry=True, failure=MayBeKept("no acknowledgement", retry_after_seconds=1))
    with pytest.raises(NotPersisted):
        await arrives(here, 3, is_retry=True, failure=NotPersisted("away", retry_after_seconds=1))
    await arrives(here, 4, is_retry=True)
    assert [batch.is_retry for batch in kept] == [True, False]
    for batch in kept if kept_first else reversed(kept):
        await sink.write([batch])
    assert len(sink.rows) == 1


async def test_one_caller_makes_no_other_forgotten() -> None:
    """Who is refused the most gives way; what others are remembered by stays."""
    retries = RefusedBatches(refused_max=10)

    async def refused(batch: Batch) -> None:
        with pytest.raises(NotPersisted):
            async with retries.track(batch):
                raise NotPersisted("full", retry_after_seconds=1)

    await refused(a_batch(is_retry=False, client="small"))
    for _ in range(1000):
        noise = a_batch(is_retry=False, client="loud")
        noise.content = new_identity()
        await refused(noise)
    retry = a_batch(is_retry=True, client="small")
    async with retries.track(retry):
        assert not retry.is_retry
    assert retries._refused._arrivals.count == 9
