"""The way to another machine, step by step: its name, its port. What fails there explains what fails later."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

from mothership.doctor.finding import Finding, error, ok, warning

RESOLVE_SECONDS_MAX = 5.0
CONNECT_SECONDS_MAX = 5.0
SLOW_SECONDS = 0.25
"""A name or a connection that takes so long is felt in every answer that needs a new connection."""


async def reach(part: str, host: str, port: int, *, key: str, cost: str) -> AsyncIterator[Finding]:
    """Resolve and connect. The last finding is an error when there is no way. `key` is the setting with the host."""
    try:
        async with asyncio.timeout(RESOLVE_SECONDS_MAX):
            began = time.perf_counter()
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            resolved_seconds = time.perf_counter() - began
    except TimeoutError:
        yield error(
            part,
            f"the name {host} was not resolved within {RESOLVE_SECONDS_MAX:g} s",
            cost=cost,
            remedy="look at the name servers in /etc/resolv.conf, or write the address",
        )
        return
    except OSError:
        yield error(
            part,
            f"the name {host} is not known here",
            cost=cost,
            remedy=f"correct {key}, or make the name known (DNS, /etc/hosts, the same container network)",
        )
        return
    if resolved_seconds > SLOW_SECONDS:
        yield warning(
            part,
            f"the name {host} took {resolved_seconds:.1f} s to resolve",
            cost="every new connection waits as long",
            remedy="look at the name servers, or write the address",
        )
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    failure = ""
    for address in addresses:
        began = time.perf_counter()
        failure = await _connected(address, port)
        if not failure:
            milliseconds = (time.perf_counter() - began) * 1000
            yield ok(part, f"{_named(host, address)}:{port} takes connections ({milliseconds:.1f} ms)")
            return
    yield error(part, f"{_named(host, addresses[0])}:{port}: {failure}", cost=cost, remedy=_remedy(failure, key))


async def _connected(address: str, port: int) -> str:
    """Why there is no connection; empty when there is one."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return f"no answer within {CONNECT_SECONDS_MAX:g} s"
    except ConnectionRefusedError:
        return "the connection is refused"
    except OSError as failure:
        return f"can't be reached ({type(failure).__name__})"
    writer.close()
    return ""


def _remedy(failure: str, key: str) -> str:
    if "refused" in failure:
        return f"nothing listens there: start it, let it listen on this address, or correct the port in {key}"
    return f"look at routes and firewalls between here and there, or correct {key}"


def _named(host: str, address: str) -> str:
    shown = f"[{address}]" if ":" in address else address
    return shown if host in {address, shown} else f"{host} ({address})"
