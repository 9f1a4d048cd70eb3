"""A command `mothership` for scripts of the tests: the process that has imported everything forks one for it.

Run as `python -I -S fork_client.py SOCKET arguments…`. See `tests/preloaded.py`, which listens.
"""

import json
import os
import signal
import socket
import sys


def main() -> int:
    """Ask for it, hand on what signals come, and end as it does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asked:
        asked.connect(sys.argv[1])
        request = {"arguments": sys.argv[2:], "environ": dict(os.environ), "cwd": os.getcwd()}  # noqa: PTH109 - imports little
        socket.send_fds(asked, [json.dumps(request).encode()], [0, 1, 2])
        pid = int(asked.recv(64))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: os.kill(pid, number))
        status = int(asked.recv(64))
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
