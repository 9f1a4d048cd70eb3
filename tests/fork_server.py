"""Has `mothership` imported, and forks: what is asked for through a socket runs as `python -m mothership` would.

Importing is most of what a command costs. See `tests/preloaded.py`, which asks.
"""

import asyncio
import contextlib
import functools
import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import sys
import time
from typing import Any, NoReturn

REQUEST_BYTES_MAX = 1 << 20
REDACTS = {"redact", "serve"}


def serve(asked: socket.socket) -> list[str]:
    """Fork at each request and tell how it ended; return in the child, with its arguments. The parent ends with us."""
    selector = selectors.DefaultSelector()
    selector.register(asked, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is asked:
                message, descriptors, _, _ = socket.recv_fds(asked, REQUEST_BYTES_MAX, 4)
                if not message:
                    end([each.data[0] for each in selector.get_map().values() if each.data])
                request = json.loads(message)
                preload(*request["arguments"][:1])
                if not (pid := os.fork()):
                    # By those that own them: what is closed late closes whatever has the number by then.
                    for each in list(selector.get_map().values()):
                        if each.data:
                            each.data[1].close()
                    selector.close()
                    asked.close()
                    return become(request, descriptors)
                *streams, told = descriptors
                for stream in streams:
                    os.close(stream)
                answer = socket.socket(fileno=told)
                answer.send(f"{pid}\n".encode())
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, answer))
            else:
                selector.unregister(key.fileobj)
                os.close(key.fd)
                pid, answer = key.data
                _, status = os.waitpid(pid, 0)
                with contextlib.suppress(OSError), answer:  # who asked may be gone
                    answer.send(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def end(running: list[int]) -> NoReturn:
    """The tests are gone, and may have been killed: nothing of theirs goes on."""
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    sys.exit(0)


@functools.cache
def preload(command: str = "help") -> None:
    """Import what a command imports, and compile the rules that it compiles: what is known here, its forks know."""
    if command in program.COMMANDS:
        importlib.import_module(f"mothership.commands.{command.replace('-', '_')}")
    if command in REDACTS:
        asyncio.run(build(RedactionSettings(), key=bytes(32)).compile_at_leisure(0, 0))
    gc.collect()
    gc.freeze()


def become(request: dict[str, Any], descriptors: list[int]) -> list[str]:
    """In the child: nothing is left of the parent but what it has imported."""
    if request["new_session"]:
        os.setsid()
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    time.tzset()
    random.seed()
    arguments: list[str] = request["arguments"]
    return arguments


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks
    from mothership import __main__ as program
    from mothership.pipeline.redaction.redaction import build
    from mothership.pipeline.redaction.settings import RedactionSettings

    sys.argv[1:] = serve(socket.socket(fileno=int(sys.argv[1])))
    program.main()
