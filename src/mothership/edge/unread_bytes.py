"""Whether a client has said something that nobody has read yet. To close then would answer it with a reset."""

import array
import asyncio
import fcntl
import termios


def has_unread(transport: asyncio.BaseTransport) -> bool:
    """Asked of the kernel. False for what is no socket, or no longer."""
    held = transport.get_extra_info("socket")
    waiting = array.array("i", [0])
    try:
        fcntl.ioctl(held.fileno(), termios.FIONREAD, waiting)
    except (AttributeError, OSError, ValueError):
        return False
    return waiting[0] > 0
