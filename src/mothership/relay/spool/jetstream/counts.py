"""How the spool stands: the servers count by subject, and the subjects say sink, caller and events."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client

from mothership.leases import Totals
from mothership.relay.spool.jetstream.connection import cancellable
from mothership.relay.spool.jetstream.subjects import Counted, counted

SECONDS_MAX = 3.0
ELECTION_PAUSE_SECONDS = 0.1


class StreamState(NamedTuple):
    """A stream, as its leader tells of it."""

    messages: int
    bytes: int
    first_seq: int
    last_seq: int
    first_at: str
    counted: list[Counted]
    replicas: list[dict[str, Any]]
    """The other servers of the stream: `name`, `current`, `offline`, `lag`."""
    leader: str

    def totals(self) -> dict[str, Totals]:
        """What waits for each sink. The bytes are its share of all."""
        batches: Counter[str] = Counter()
        events: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for one in self.counted:
            batches[one.sink] += one.batches
            events[one.sink] += one.events
            sizes[one.sink] += one.bytes
        every = max(1, sizes.total())
        return {sink: Totals(batches[sink], events[sink], self.bytes * sizes[sink] // every) for sink in batches}

    def bytes_by_client(self) -> Counter[str]:
        """What each caller has there, of all bytes."""
        found: Counter[str] = Counter()
        for one in self.counted:
            found[one.client] += one.bytes
        every = max(1, found.total())
        return Counter({client: self.bytes * size // every for client, size in found.items()})


async def stream_state(client: Client, stream: str, subjects: str) -> StreamState:
    """Ask the leader. Raises what a request raises, and `TimeoutError` when there is no leader."""
    state, by_subject, cluster = await _asked(client, stream, subjects)
    return StreamState(
        state["messages"], state["bytes"], state["first_seq"], state["last_seq"], state.get("first_ts", ""),
        counted(by_subject), cluster.get("replicas") or [], cluster.get("leader", ""),
    )  # fmt: skip


async def subjects_in_use(client: Client, stream: str, subjects: str) -> list[str]:
    """Those that have messages. Raises what `stream_state` does."""
    _, by_subject, _ = await _asked(client, stream, subjects)
    return list(by_subject)


async def _asked(client: Client, stream: str, subjects: str) -> tuple[dict[str, Any], dict[str, int], dict[str, Any]]:
    """A stream's state, its messages by subject, and its cluster. Raises as `stream_state` does."""
    state: dict[str, Any] = {}
    by_subject: dict[str, int] = {}
    cluster: dict[str, Any] = {}
    while True:
        asked = orjson.dumps({"subjects_filter": subjects, "offset": len(by_subject)})
        async with asyncio.timeout(SECONDS_MAX):
            info = await _led(client, stream, asked)
        if "error" in info:
            raise TimeoutError
        state, cluster = info["state"], info.get("cluster") or {}
        page: Mapping[str, int] = state.get("subjects") or {}
        by_subject.update(page)
        if not page or len(by_subject) >= info.get("total", 0):
            break
    return state, by_subject, cluster


async def _led(client: Client, stream: str, asked: bytes) -> dict[str, Any]:
    """The leader's answer. Where there is none, any server that is left may answer, with what it happens to have."""
    while True:
        answer = await cancellable(client.request(f"$JS.API.STREAM.INFO.{stream}", asked, timeout=SECONDS_MAX))
        info: dict[str, Any] = orjson.loads(answer.data)
        if "cluster" not in info or info["cluster"].get("leader"):
            return info
        await asyncio.sleep(ELECTION_PAUSE_SECONDS)
