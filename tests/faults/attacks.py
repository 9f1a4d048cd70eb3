"""What a hostile client with a valid `ingest` token does, as hard as it can: each a way to shut others out.

To add one, write a function that attacks until it is ended, and say in `attack` what it is after. `neighbour.py` runs
it in a process of its own beside an ordinary node: python -m tests.faults.attacks NAME PORT
"""

import asyncio
import gzip
import itertools
import json
import random
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from mothership.edge.limit_settings import LimitSettings

LIMITS = LimitSettings()
"""Those of the service: an attack goes as far as they let it."""
NODE_ADDRESS, HOSTILE_ADDRESS = "127.0.0.2", "127.0.0.3"
NODE_TOKEN, HOSTILE_TOKEN, SHARED_TOKEN = (f"{name}-{'0123456789' * 3}" for name in ("node", "hostile", "shared"))


class Target(NamedTuple):
    """Where the attack goes."""

    port: int


Attack = Callable[[Target], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Row:
    """A way to shut others out."""

    run: Attack
    what: str
    """What is attacked."""
    node_token: str = NODE_TOKEN
    database_hangs: bool = False

    @property
    def name(self) -> str:
        """That of its function."""
        return self.run.__name__


ATTACKS: list[Row] = []


def attack(what: str, **more: Any) -> Callable[[Attack], Attack]:
    """Add a row."""

    def add(run: Attack) -> Attack:
        ATTACKS.append(Row(run, what, **more))
        return run

    return add


# --- the attacks ---------------------------------------------------------------------------------------------------


async def connected(
    target: Target, address: str = HOSTILE_ADDRESS
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", target.port, local_addr=(address, 0))


def head(length: int, *, token: str = HOSTILE_TOKEN, encoding: str = "") -> bytes:
    lines = ["POST /ingest HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", f"Content-Length: {length}"]
    lines += [f"Content-Encoding: {encoding}"] if encoding else []
    return "\r\n".join([*lines, "", ""]).encode()


async def answer(reader: asyncio.StreamReader) -> int:
    """The status of the next answer, read to its end."""
    first = await reader.readuntil(b"\r\n\r\n")
    length = int(first.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(first[9:12])


async def again_and_again(times: int, work: Callable[[int], Awaitable[None]]) -> None:
    """So many at a time, each anew as soon as it is over, whatever became of it."""

    async def one(number: int) -> None:
        for turn in itertools.count():
            with suppress(OSError, EOFError, asyncio.IncompleteReadError, ValueError):
                await work(number * 1_000_000 + turn)
            await asyncio.sleep(0)

    await asyncio.gather(*(one(number) for number in range(times)))


async def send(
    target: Target, body: bytes, *, withhold: int = 0, encoding: str = "", token: str = HOSTILE_TOKEN
) -> None:
    """One request over a connection of its own, without its last bytes; until there is an answer."""
    reader, writer = await connected(target)
    try:
        writer.write(head(len(body), encoding=encoding, token=token))
        writer.write(body[: len(body) - withhold])
        await answer(reader)
    finally:
        writer.close()


def junk(events: int, *, kind: str = "junk", padding: int = 0, seed: int = 0) -> bytes:
    """A batch that no other number gives."""
    messages = [{"type": kind, "message": f"line {number} of {seed}, as loud as it can"} for number in range(events)]
    return json.dumps({"messages": messages, "source": "edgebot", "is_retry": False}).encode() + b" " * padding


def bomb() -> bytes:
    """A body that inflates as far as it may, and by as much: one step more, and it would be refused at once."""
    noise = random.Random(0).randbytes(LIMITS.inflated_bytes // LIMITS.inflation_ratio // 8).hex().encode()
    made = junk(1)[:-1] + b',"noise":"' + noise + b'"}'
    packed = gzip.compress(made + b" " * (LIMITS.inflated_bytes - len(made)), 9)
    assert LIMITS.inflation_ratio * 0.75 < LIMITS.inflated_bytes / len(packed) < LIMITS.inflation_ratio
    return packed


@attack("bytes of bodies: they inflate to the largest that is taken, and their last bytes never come")
async def withheld_bombs(target: Target) -> None:
    body = bomb()
    await again_and_again(40, lambda _number: send(target, body, withhold=8, encoding="gzip"))


@attack("bytes of bodies: the largest that are taken, and the last byte never comes")
async def withheld_bodies(target: Target) -> None:
    body = b" " * LIMITS.body_bytes
    await again_and_again(24, lambda _number: send(target, body, withhold=1))


@attack("bytes at work: small bodies that inflate to the largest that is taken")
async def bombs(target: Target) -> None:
    body = bomb()
    await again_and_again(30, lambda _number: send(target, body, encoding="gzip"))


@attack("the processor, and turns in the pipeline: as many events a batch as are taken")
async def large_batches(target: Target) -> None:
    body = gzip.compress(junk(LIMITS.events), 1)
    await again_and_again(12, lambda _number: send(target, body, encoding="gzip"))


@attack("requests at work: small ones without end")
async def small_batches(target: Target) -> None:
    await again_and_again(100, lambda number: send(target, junk(3, seed=number)))


@attack("connections: idle ones, from the node's address and from others")
async def idle_connections(target: Target) -> None:
    addresses = [NODE_ADDRESS, HOSTILE_ADDRESS, "127.0.0.4", "127.0.0.5", "127.0.0.6"]

    async def hold(number: int) -> None:
        reader, writer = await connected(target, addresses[number % len(addresses)])
        try:
            await reader.read()
        finally:
            writer.close()

    await again_and_again(700, hold)


@attack("connections: wrong logins from the node's address, whose answers are held back")
async def wrong_logins(target: Target) -> None:
    async def guess(number: int) -> None:
        reader, writer = await connected(target, NODE_ADDRESS)
        try:
            writer.write(head(0, token=f"guess-{number}"))
            await answer(reader)
        finally:
            writer.close()

    await again_and_again(150, guess)


@attack("a token's rate, by another address that has the same token", node_token=SHARED_TOKEN)
async def shared_rate(target: Target) -> None:
    await again_and_again(60, lambda number: send(target, junk(3, seed=number), token=SHARED_TOKEN))


@attack("room among the dead letters: events that the database refuses")
async def refused_events(target: Target) -> None:
    await again_and_again(3, lambda number: send(target, junk(20, kind="poison", seed=number)))


@attack("room in the spool and in flight, while the database hangs", database_hangs=True)
async def backlog(target: Target) -> None:
    def body(number: int) -> bytes:
        return gzip.compress(junk(5_000, seed=number), 1)

    await again_and_again(12, lambda number: send(target, body(number), encoding="gzip"))


@attack("the log: requests that are refused")
async def refused_requests(target: Target) -> None:
    await again_and_again(60, lambda _number: send(target, b"{}"))


@attack("the log: requests that are refused, each with a reason of its own")
async def varied_refusals(target: Target) -> None:
    await again_and_again(60, lambda number: send(target, b"{" + b" " * (number % 9_973) + b"x"))


@attack("the log: batches that have a line each, because something of them is rejected")
async def notable_batches(target: Target) -> None:
    body = json.dumps({"messages": [{"type": "junk"}, {"no": "type"}], "source": "edgebot"}).encode()
    await again_and_again(60, lambda _number: send(target, body))


def main() -> None:
    """Be the attacker."""
    name, port = sys.argv[1:]
    row = next(row for row in ATTACKS if row.name == name)
    print("begun", flush=True)  # noqa: T201 - how its parent learns
    asyncio.run(row.run(Target(int(port))))


if __name__ == "__main__":
    main()
