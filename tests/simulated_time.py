"""An event loop whose time passes only when nothing is left to do, or when a test says so: nobody waits for a clock."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class SimulatedTime(asyncio.SelectorEventLoop):
    """`now` is what the loop takes for the time. Where it would sleep until a timer is due, it is due at once."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """What timers go by."""
        return self.now


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: SimulatedTime) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        """What is ready; when nothing is, the time that would be waited has passed."""
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self._loop.now += timeout
        return ready


def run(main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, in a time of its own that begins at zero."""
    with asyncio.Runner(loop_factory=SimulatedTime) as runner:
        return runner.run(main)


def now() -> float:
    """Seconds since the start of the running loop."""
    return asyncio.get_running_loop().time()


def spend(seconds: float) -> None:
    """Work for so long, as far as the running loop can tell."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedTime)
    loop.now += seconds
