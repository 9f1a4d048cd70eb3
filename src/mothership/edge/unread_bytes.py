"""What a client has said and nobody has read yet. To close then would answer it with a reset."""

import array
import asyncio
import fcntl
import socket
import struct
import sys
import termios
from typing import Any

IS_TOLD = sys.platform == "linux"
_TCP_INFO = getattr(socket, "TCP_INFO", 0)
_LAST_DATA_RECEIVED = struct.Struct("<52xI" if sys.byteorder == "little" else ">52xI")
"""`tcpi_last_data_recv` of Linux, in milliseconds."""


def seconds_since_received(connection: Any) -> float:
    """How long ago the kernel got the last bytes: long, where this process stood still. 0 where it does not say so.

    Asked for each request: it costs one to two microseconds.
    """
    if not IS_TOLD:
        return 0.0
    try:
        [milliseconds] = _LAST_DATA_RECEIVED.unpack(
            connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _LAST_DATA_RECEIVED.size)
        )
    except (AttributeError, OSError, struct.error):
        return 0.0
    return float(milliseconds) / 1000


def has_unread(transport: asyncio.BaseTransport) -> bool:
    """Asked of the kernel. False for what is no socket, or no longer."""
    held = transport.get_extra_info("socket")
    waiting = array.array("i", [0])
    try:
        fcntl.ioctl(held.fileno(), termios.FIONREAD, waiting)
    except (AttributeError, OSError, ValueError):
        return False
    return waiting[0] > 0
