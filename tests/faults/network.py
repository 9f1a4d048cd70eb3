"""Machines on a network of their own: network namespaces of Linux, whose ways to each other can be cut. Needs root."""

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator

from tests.relay.nats_cluster import Machine

MACHINES = 3
_numbers = itertools.count(os.getpid())


class Network:
    """A bridge, and a namespace for each machine, with a cable to it. Packets of a cut way vanish, as from a cable."""

    def __init__(self, number: int) -> None:
        self.bridge = f"msb{number}"
        self._subnet = f"198.18.{number}"  # of those that RFC 2544 keeps for tests
        self.names = [f"ms{number}-{each}" for each in range(MACHINES)]
        self._cut: set[tuple[int, int]] = set()

    @property
    def machines(self) -> list[Machine]:
        """For a cluster."""
        return [
            Machine(self._address(each), ("nsenter", f"--net=/run/netns/{name}"))
            for each, name in enumerate(self.names)
        ]

    def _address(self, machine: int) -> str:
        return f"{self._subnet}.{machine + 1}"

    def build(self) -> None:
        """Make it."""
        _ip("link", "add", self.bridge, "type", "bridge", "forward_delay", "0")
        _ip("addr", "add", f"{self._subnet}.254/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")
        for each, name in enumerate(self.names):
            _ip("netns", "add", name)
            _ip("link", "add", f"{name}b", "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", f"{name}b", "master", self.bridge, "up")
            _ip("-n", name, "addr", "add", f"{self._address(each)}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def cut(self, one: int, other: int, *, one_way: bool = False) -> None:
        """What they send each other vanishes; or what the first sends the other."""
        for sender, receiver in ((one, other), (other, one))[: 1 if one_way else 2]:
            if (sender, receiver) not in self._cut:
                _ip("-n", self.names[sender], "route", "add", "blackhole", f"{self._address(receiver)}/32")
                self._cut.add((sender, receiver))

    def heal(self) -> None:
        """All ways are open."""
        for sender, receiver in self._cut:
            _ip("-n", self.names[sender], "route", "del", "blackhole", f"{self._address(receiver)}/32")
        self._cut.clear()

    def end(self) -> None:
        """Leave nothing behind, of a half-built one, either."""
        for name in self.names:
            _ip("netns", "del", name, check=False)
        _ip("link", "del", self.bridge, check=False)


@contextlib.contextmanager
def network() -> Iterator[Network]:
    """A network for the length of a block."""
    made = Network(next(_numbers) % 250)
    try:
        made.build()
        yield made
    finally:
        made.end()


def can_be_had() -> bool:
    """Whether this user may make one here."""
    if os.geteuid() or not shutil.which("ip"):
        return False
    try:
        with network():
            return True
    except subprocess.CalledProcessError:
        return False


def _ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check, capture_output=True)
