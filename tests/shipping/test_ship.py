"""Batches are kept until they are safe, against a real server that answers, refuses and cuts the line."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.shipping.http_server import ScriptedAnswer, ScriptedServer
from tests.starvation import PATIENCE_SECONDS

from mothership.errors import ShippingError
from mothership.event import Event
from mothership.shipping.delivery import ShipOptions
from mothership.shipping.ship import ship
from mothership.shipping.summary import Summary
from mothership.shipping.target import ShipTarget, endpoint


class Naps:
    """Remembers how long it was asked to sleep, and doesn't."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Nap."""
        self.seconds.append(seconds)

    def clock(self) -> float:
        """Tell a time in which nothing but naps passes."""
        return sum(self.seconds)


def events_of(count: int) -> list[Event]:
    return [{"type": "log", "message": f"m{n}"} for n in range(count)]


async def shipped(server: ScriptedServer, events: list[Any], naps: Naps | None = None, **options: Any) -> Summary:
    naps = naps or Naps()
    return await ship(
        events,
        ShipTarget(server.url),
        ShipOptions(**{"concurrency": 1, **options}),
        sleep=naps,
        clock=naps.clock,
        jitter=lambda: 0.0,
    )


async def test_batches_arrive_gzipped_in_the_nodes_own_form(server: ScriptedServer) -> None:
    """The server can't tell it from an EdgeBot."""
    summary = await shipped(server, events_of(250), source="web01")
    assert server.stored() == events_of(250)
    assert [seen.body["batch_size"] for seen in server.seen] == [100, 100, 50]
    assert {seen.path for seen in server.seen} == {"/ingest"}
    first = server.seen[0]
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["content-type"] == "application/json"
    assert first.body["source"] == "web01"
    assert first.body["is_retry"] is False
    assert (summary.sent, summary.accepted, summary.rejected, summary.retries) == (250, 250, 0, 0)


async def test_it_can_do_without_compression(server: ScriptedServer) -> None:
    """For a proxy in between that looks inside."""
    await shipped(server, events_of(3), compress=False)
    assert "content-encoding" not in server.seen[0].headers
    assert server.stored() == events_of(3)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 0])
async def test_a_batch_is_kept_and_sent_again(server: ScriptedServer, status: int) -> None:
    """The same messages, marked as a retry."""
    server.script = [ScriptedAnswer(status), ScriptedAnswer(status)]
    naps = Naps()
    summary = await shipped(server, events_of(3), naps)
    assert [seen.messages for seen in server.seen] == [events_of(3)] * 3
    assert [seen.body["is_retry"] for seen in server.seen] == [False, True, True]
    assert (summary.sent, summary.retries) == (3, 2)
    assert naps.seconds == [0.25, 0.5]


async def test_it_waits_as_long_as_it_is_asked_to(server: ScriptedServer) -> None:
    """`Retry-After` counts more than one's own backoff."""
    server.script = [ScriptedAnswer(503, headers={"Retry-After": "7"})]
    naps = Naps()
    await shipped(server, events_of(1), naps)
    assert sum(naps.seconds) == 7.0


async def test_it_gives_up_in_the_end_and_says_what_is_not_stored(server: ScriptedServer) -> None:
    """A batch is not tried for ever."""
    server.script = [ScriptedAnswer(503, {"reason": "the spool is full"})] * 100
    with pytest.raises(
        ShippingError, match=r"gave up on a batch of 1 event after \d+ attempts?: 503 .*the spool is full"
    ):
        await shipped(server, events_of(1), give_up_seconds=60)
    assert len(server.seen) > 5


async def test_a_server_that_is_not_there_is_tried_again(server: ScriptedServer) -> None:
    """It may be starting."""
    url = server.url
    server.server_close()
    naps = Naps()
    with pytest.raises(ShippingError, match="refuses the connection: nothing listens there"):
        await ship(events_of(1), ShipTarget(url), ShipOptions(give_up_seconds=5), sleep=naps, clock=naps.clock)
    assert len(naps.seconds) > 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 415])
async def test_a_refusal_ends_it_with_the_reason(server: ScriptedServer, status: int) -> None:
    """Sending the same again would be refused again."""
    server.script = [ScriptedAnswer(status, {"reason": "a bearer token is needed"})]
    with pytest.raises(ShippingError, match=f"refused a batch of 2 events: {status} .*a bearer token is needed"):
        await shipped(server, events_of(2))
    assert len(server.seen) == 1


async def test_a_batch_that_is_too_large_is_halved(server: ScriptedServer) -> None:
    """The bound is the server's; nothing is lost to it."""
    server.script = [ScriptedAnswer(413), ScriptedAnswer(413), ScriptedAnswer(), ScriptedAnswer(), ScriptedAnswer()]
    summary = await shipped(server, events_of(8))
    assert [len(seen.messages) for seen in server.seen] == [8, 4, 2, 2, 4]
    assert summary.sent == 8


async def test_rejections_and_duplicates_are_counted(server: ScriptedServer) -> None:
    """One bad event is not a failure, and is not hidden."""
    server.script = [
        ScriptedAnswer(
            200, {"status": "partial", "rejected": 2, "errors": [{"index": n, "reason": "no type"} for n in (0, 4)]}
        ),
        ScriptedAnswer(200, {"status": "success", "rejected": 0, "errors": [], "duplicate": True}),
    ]
    summary = await shipped(server, events_of(150))
    assert (summary.sent, summary.accepted, summary.rejected, summary.duplicates) == (150, 148, 2, 50)
    assert summary.reasons == {"no type": 2}


async def test_several_requests_are_in_flight_and_nothing_is_lost(server: ScriptedServer) -> None:
    """Far-away servers are slow to answer, not slow to take."""
    server.script = [ScriptedAnswer(503), ScriptedAnswer(0), ScriptedAnswer(429)]
    seen: list[int] = []
    summary = await ship(
        events_of(1_000),
        ShipTarget(server.url),
        ShipOptions(batch=50, concurrency=8),
        sleep=Naps(),
        progress=lambda now: seen.append(now.sent),
    )
    taken = {event["message"] for event in server.stored()}
    assert taken == {f"m{n}" for n in range(1_000)}
    assert (summary.sent, summary.retries) == (1_000, 3)
    assert seen == sorted(seen)
    assert seen[-1] == 1_000


async def test_what_json_can_hardly_say_is_shipped_all_the_same(server: ScriptedServer) -> None:
    """The server decides about surrogates and huge integers, not the sender."""
    await shipped(server, [b'{"type":"log","n":1.0e2}', {"type": "log", "n": 2**70}])
    assert [event["n"] for event in server.stored()] == [100.0, float(2**70)]


async def test_an_error_in_reading_is_raised(server: ScriptedServer) -> None:
    """A file that ends early must not look like a short file."""

    def broken() -> Iterator[Event]:
        yield {"type": "log"}
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="the disk went away"):
        await ship(broken(), ShipTarget(server.url))


def test_the_path_is_added_to_a_bare_address() -> None:
    """And left alone when there is one."""
    assert endpoint("http://localhost:8443") == "http://localhost:8443/ingest"
    assert endpoint("https://m.example.com/") == "https://m.example.com/ingest"
    assert endpoint("https://m.example.com/edge/ingest") == "https://m.example.com/edge/ingest"
    with pytest.raises(ShippingError, match="is no address"):
        endpoint("localhost:8443")


async def test_a_quiet_pipe_does_not_hold_up_the_network(server: ScriptedServer) -> None:
    """What was read is shipped while the next line is waited for."""
    go_on = threading.Event()

    def slowly() -> Iterator[Event]:
        yield from events_of(2)
        assert go_on.wait(PATIENCE_SECONDS)
        yield from events_of(2)

    arrived: list[float] = []

    def progress(_summary: Summary) -> None:
        arrived.append(time.monotonic())
        go_on.set()

    summary = await ship(slowly(), ShipTarget(server.url), ShipOptions(batch=2), progress=progress)
    assert summary.sent == 4
    assert len(arrived) == 2


async def test_a_batch_keeps_its_key_and_shares_it_with_no_other(server: ScriptedServer) -> None:
    """Equal lines are different events; only what is sent again is the same."""
    server.script = [ScriptedAnswer(503), ScriptedAnswer(200), ScriptedAnswer(0)]
    await shipped(server, [{"type": "log", "message": "same"}] * 300)
    keys = [seen.headers["idempotency-key"] for seen in server.seen]
    assert [len(seen.messages) for seen in server.seen] == [100] * 5
    assert keys[0] == keys[1] != keys[2] == keys[3] != keys[4]
    assert len(set(keys)) == 3


async def test_halves_of_a_batch_that_is_too_large_have_keys_of_their_own(server: ScriptedServer) -> None:
    """Or one half would be taken for the other."""
    server.script = [ScriptedAnswer(413)]
    await shipped(server, [{"type": "log", "message": "same"}] * 10, batch=10)
    assert len({seen.headers["idempotency-key"] for seen in server.seen}) == 3
