"""More comes than can be worked on: what is taken is answered while its node still waits, the rest refused at once."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from tests.simulated_time import run, spend

from mothership.edge.admission import CALLED_MAX, AdmissionControl
from mothership.edge.decompression import RequestBody
from mothership.edge.limit_settings import LimitSettings
from mothership.errors import Refusal
from mothership.fairness import Holder, WaitBudget

WORK_SECONDS = 0.3
"""What a batch costs here, decoding and pipeline together."""
PATIENCE_SECONDS = 1.0


class Service:
    """An admission control and what works on its batches, in a simulated time."""

    def __init__(self, *, whole: bool) -> None:
        """`whole`: the bodies are there to their ends when they are seen first, as most are."""
        self.whole = whole
        self.work_seconds = WORK_SECONDS
        self.admission = AdmissionControl(LimitSettings(), stopwatch=lambda: asyncio.get_running_loop().time())
        self.worked_on: list[str] = []
        self.answered: dict[str, float] = {}
        self.refused: dict[str, float] = {}
        self.refusals: set[tuple[int, float | None]] = set()

    async def send(
        self,
        name: str,
        *,
        address: str = "192.0.2.1",
        after_seconds: float = 0.0,
        wait_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """A request, from its first byte to its answer."""
        await asyncio.sleep(after_seconds)
        began = asyncio.get_running_loop().time()
        limits = LimitSettings()
        budget = WaitBudget(wait_seconds)
        try:
            who, body = Holder("node", address), RequestBody("", limits)
            if self.whole:
                received = await self.admission.receive_whole(whole(body), who, budget)
            else:
                received = await self.admission.receive(_chunks(), body, who, budget)
        except Refusal as refusal:
            self.refusals.add((refusal.status, refusal.retry_after_seconds))
            self.refused[name] = asyncio.get_running_loop().time() - began
            return
        with received:
            await received.decode(lambda _body: self._work(name))
            await asyncio.sleep(0)  # the spool
            self.answered[name] = asyncio.get_running_loop().time() - began

    def _work(self, name: str) -> None:
        self.worked_on.append(name)
        spend(self.work_seconds)


async def _chunks() -> AsyncIterator[bytes]:
    yield b"{}"


def whole(body: RequestBody, sent: bytes = b"{}") -> RequestBody:
    """A body that has come to its end."""
    body.feed(sent)
    body.end()
    return body


@pytest.fixture(params=[False, True], ids=["in pieces", "whole"])
def service(request: pytest.FixtureRequest) -> Service:
    """One that takes bodies in either way."""
    return Service(whole=request.param)


def test_at_any_load_what_is_taken_is_answered_in_time(service: Service) -> None:
    """Three times as much as can be worked on, for a while: a third is taken, and nobody waits for its answer long."""

    async def main() -> None:
        await asyncio.gather(*(service.send(f"{n}", after_seconds=n * WORK_SECONDS / 3) for n in range(300)))

    run(main())
    assert len(service.answered) + len(service.refused) == 300
    assert len(service.answered) >= 100
    assert max(service.answered.values()) <= PATIENCE_SECONDS + 2 * WORK_SECONDS
    assert max(service.refused.values()) <= PATIENCE_SECONDS + 2 * WORK_SECONDS
    assert service.worked_on == list(service.answered)
    assert service.refusals == {(503, 1.0)}


def test_a_burst_is_taken_as_far_as_there_is_time_for_it(service: Service) -> None:
    """A hundred at one moment: some have their turn, one after the other; the others cost nothing but their body."""

    async def main() -> None:
        await asyncio.gather(*(service.send(f"{n}") for n in range(100)))

    run(main())
    turns = len(service.worked_on)
    assert PATIENCE_SECONDS / WORK_SECONDS <= turns <= PATIENCE_SECONDS / WORK_SECONDS + 3
    assert service.worked_on == [str(n) for n in range(turns)]
    assert len(service.refused) == 100 - turns


def test_between_two_batches_others_are_answered(service: Service) -> None:
    """However many are there: a probe of the load balancer waits for one of them, and not for all."""
    seen: list[int] = []

    async def probe() -> None:
        while len(service.answered) + len(service.refused) < 20:
            seen.append(len(service.worked_on))
            await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(probe(), *(service.send(f"{n}") for n in range(20)))

    run(main())
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(seen))


def test_those_that_wait_begin_together_as_long_as_rounds_are_short(service: Service) -> None:
    """More and more small ones are called for a round; as soon as one has taken long, they begin one by one."""
    begun: list[int] = []

    async def probe() -> None:
        while len(service.worked_on) < 100:
            begun.append(len(service.worked_on))
            await asyncio.sleep(0)
            service.work_seconds = WORK_SECONDS if len(service.worked_on) > 50 else WORK_SECONDS / 1000

    async def main() -> None:
        await asyncio.gather(probe(), *(service.send(f"{n}", wait_seconds=100) for n in range(100)))

    run(main())
    steps = [(later, later - earlier) for earlier, later in itertools.pairwise(begun)]
    assert CALLED_MAX / 2 < max(step for at, step in steps if at <= 50) <= CALLED_MAX
    assert max(step for at, step in steps if at > 50 + CALLED_MAX) == 1
    assert service.worked_on == [str(n) for n in range(100)]


async def test_small_bodies_begin_together_while_the_round_is_short() -> None:
    """Whole with their first piece they wait for nothing; a large one, or one in a round that is long, has to."""
    now = [0.0]
    admission = AdmissionControl(LimitSettings(), stopwatch=lambda: now[0])

    def begins(body: bytes = b"{}") -> bool:
        sent = whole(RequestBody("", LimitSettings()), body)
        return admission.try_receive(sent, Holder("node", "192.0.2.1")) is not None

    assert [begins() for _ in range(3)] == [True] * 3
    assert not begins(b" " * 100_000)
    now[0] += WORK_SECONDS
    assert not begins()
    await asyncio.sleep(0)  # the next round
    assert begins()


def test_a_node_has_its_turn_beside_one_that_sends_without_end(service: Service) -> None:
    """By address: a hundred of a neighbour wait already, one has begun and the next has been called."""

    async def main() -> None:
        others = [asyncio.create_task(service.send(f"{n}")) for n in range(100)]
        await asyncio.sleep(0)
        await asyncio.gather(service.send("quiet", address="192.0.2.2"), *others)

    run(main())
    assert service.worked_on.index("quiet") <= 3


def test_one_that_has_waited_for_its_tokens_rate_is_not_refused_for_a_round(service: Service) -> None:
    """It has no time left, and another is being worked on at this moment: that is no overload."""

    async def main() -> None:
        first = asyncio.create_task(service.send("first"))
        await asyncio.gather(first, service.send("waited", wait_seconds=0.0))

    run(main())
    assert sorted(service.worked_on) == ["first", "waited"]
    assert not service.refused


async def test_a_whole_body_that_waits_for_its_turn_gives_way_to_one_that_holds_less() -> None:
    """It has arrived, and is not at work yet: whoever sends much is asked to send it again."""
    limits = LimitSettings(arriving_bytes=100 * 1024)
    admission = AdmissionControl(limits)

    async def send(who: Holder, size: int) -> int:
        body = whole(RequestBody("", limits), b"x" * size)
        try:
            with await admission.receive_whole(body, who, WaitBudget(PATIENCE_SECONDS)):
                return 200
        except Refusal as refusal:
            return refusal.status

    greedy = [asyncio.create_task(send(Holder("greedy"), 20 * 1024)) for _ in range(5)]  # the first begins
    await asyncio.sleep(0)
    quiet, *others = await asyncio.gather(send(Holder("quiet"), 20 * 1024 + 1), *greedy)
    assert quiet == 200
    assert sorted(others) == [200, 200, 200, 200, 503]
