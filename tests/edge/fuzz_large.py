"""The same as `fuzz`, as large as the limits of the service let a request be: 20 MiB, 100,000 events. No tests.

python -m tests.edge.fuzz_large 300 [seed]          so many inputs, and what became of them
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import cramjam
from tests.edge.fuzz import ENCODERS, EVENTS, INPUTS, ODD_VALUES, OTHER_SEEDS, OUTCOMES, TOKENS, Route, odd

from mothership.edge.decompression import SNAPPY_BLOCK
from mothership.edge.limit_settings import LimitSettings
from mothership.log_format import LogSettings, configure_logging

LIMITS = LimitSettings()
SECONDS_BASE, SECONDS_PER_MIB, SECONDS_PER_EVENT = 5.0, 2.0, 0.002
"""Of the processor, for one input: an order of magnitude above what harmless ones of its size take."""
SIZES = (0.001, 0.01, 0.1, 0.5, 0.97, 1.0, 1.05)
"""Parts of the largest body."""


def envelope(chance: random.Random, size: int) -> bytes:
    """Events without end, odd ones among them, or one event that is all of it."""
    kind = chance.randrange(8)
    if kind < 4:
        events = [odd(chance).partition(b"[")[2].rpartition(b"]")[0] for _ in range(chance.choice((1, 3, 40)))]
        return b'{"messages":[' + filled(events, b",", size) + b"]}"
    if kind == 4:
        text = filled([chance.choice(TOKENS) + chance.randbytes(4).hex().encode() for _ in range(50)], b" ", size)
        return json.dumps({"messages": [{"type": "log", "message": text.decode("latin-1")}]}).encode()
    if kind == 5:
        pairs = [b'"%x":' % number + chance.choice(ODD_VALUES) for number in range(min(size // 10, 400_000))]
        return b'{"messages":[{"type":"log",' + b",".join(pairs)[:size] + b"}]}"
    if kind == 6:
        depth = size // 8
        return b'{"messages":[{"type":"log","a":' + b'{"a":[' * depth + b"1" + b"]}" * depth + b"}]}"
    small = json.dumps(chance.choice([{"type": "x"}, {}, [], 7, {"type": ""}, *EVENTS])).encode()
    return b'{"messages":[' + filled([small], b",", size) + b"]}"


def filled(pieces: list[bytes], between: bytes, size: int) -> bytes:
    """So many of them that they are of this size."""
    once = between.join(pieces) + between
    return (once * (size // len(once) + 1))[: -len(between)]


def harmed(data: bytes, chance: random.Random) -> bytes:
    """A few harms anywhere in it."""
    made = bytearray(data)
    for _ in range(chance.choice((0, 0, 1, 5, 200))):
        at = chance.randrange(len(made) + 1)
        made[at : at + chance.randrange(20)] = chance.choice(TOKENS)
    return bytes(made)


def draw(chance: random.Random, largest_bytes: int) -> tuple[bytes, str, str, int]:
    """One input: bytes, their Content-Encoding, where they go, and how many bytes they inflate to."""
    size = int(largest_bytes * chance.choice(SIZES) * chance.uniform(0.9, 1.0))
    name = chance.choice([*INPUTS, *["envelope"] * 4])
    if name == "envelope":
        data = envelope(chance, size)
    elif name.endswith("json") and name != "ndjson":
        [seed] = OTHER_SEEDS[name]
        opening, closing = seed[: seed.index(b"[") + 1], seed[seed.rindex(b"]") :]
        data = opening + filled([seed[len(opening) : -len(closing)]], b",", size) + closing
    elif name in {"otlp", "loki"}:
        data = OTHER_SEEDS[name][0] * (size // len(OTHER_SEEDS[name][0]))  # one message after the other is their sum
    else:
        data = filled(OTHER_SEEDS[name][0].split(b"\n"), b"\n", size)
    data = harmed(data, chance)
    if name == "loki":
        return bytes(cramjam.snappy.compress_raw(data)), SNAPPY_BLOCK, name, len(data)
    encoding = chance.choice(list(ENCODERS))
    return ENCODERS[encoding](data), encoding.strip(), name, len(data)


async def run(
    count: int, seed: int, report: Callable[[Any], None] = print, largest_bytes: int = LIMITS.inflated_bytes
) -> None:
    """So many inputs. One that is a fault, or that takes too long, is named by number and seed."""
    chance, found, slowest = random.Random(seed), Counter[str](), (0.0, "")
    route = Route(LIMITS)
    for number in range(1, count + 1):
        sent, encoding, name, size = draw(chance, largest_bytes)
        began = time.process_time()  # not the wall's: other processes are none of its business
        try:
            outcome = await route.take(sent, encoding, 65_536, name)
        except BaseException:
            sys.stderr.write(f"input {number} of seed {seed}: {name} {encoding!r}, {size} bytes\n")
            raise
        took = time.process_time() - began
        rows = len(route.rows) if outcome in {"taken", "partial"} else 0
        told = f"input {number}, {name}, {outcome}, {size / 2**20:.1f} MiB, {rows} events: {took:.1f} s"
        assert outcome in OUTCOMES, told
        assert took < SECONDS_BASE + size / 2**20 * SECONDS_PER_MIB + rows * SECONDS_PER_EVENT, told
        found[f"{name} {outcome}"] += 1
        slowest = max(slowest, (took, told))
        if number % 50 == 0 or number == count:
            report(f"{number} inputs, seed {seed}; {dict(sorted(found.items()))}; slowest: {slowest[1]}")


if __name__ == "__main__":
    configure_logging(LogSettings(level="ERROR"))
    asyncio.run(run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
