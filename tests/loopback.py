"""What the tests know of their own machine: a port that stays theirs, and HTTP without TLS."""

import itertools
import os
import socket
import ssl
from typing import Final

PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: reading the machine's certificates, as they would by themselves, takes 50 ms a client."""

FIRST: Final = 20_000
LAST: Final = 32_000
"""Below what kernels give to outgoing connections, so that none of those can take a port before its server does."""

_candidates = itertools.count(os.getpid())


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on, and that no other process of a test is told, either."""
    for candidate in itertools.islice(_candidates, LAST - FIRST):
        port = FIRST + candidate % (LAST - FIRST)
        if _reserve(port) and _is_free(port):
            return port
    raise AssertionError("no port is free")


def _reserve(port: int) -> bool:
    """Tell the others by a name that ends with this process. Linux only; elsewhere chance has to do."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0mothership-test-port-{port}")
    except OSError:
        name.close()
        return os.uname().sysname != "Linux"
    name.detach()  # open until the process ends
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
