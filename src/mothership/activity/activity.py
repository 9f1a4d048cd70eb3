"""Counts what a worker takes, keeps the last hour of it, and tells what all workers together took.

Each worker writes what it knows to a file of its own (`activity-0.json`), where the others and its successor find it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import itemgetter
from pathlib import Path

import msgspec

from mothership.activity.history import STEP_SECONDS, History, Sample, Step, merged
from mothership.activity.sources import Sources, SourcesSnapshot
from mothership.data_directory import write_atomically
from mothership.event import Row
from mothership.ports import Clock
from mothership.telemetry import log

WRITE_SECONDS = 10.0
"""How far behind the others a worker may be told of."""
PATTERN = "activity-*.json"
_type = itemgetter(1)
Counted = Callable[[], Mapping[str, float]]


class _File(msgspec.Struct):
    samples: list[Sample] = []
    known: SourcesSnapshot = msgspec.field(default_factory=SourcesSnapshot)


_decode = msgspec.json.Decoder(_File).decode
_encode = msgspec.json.Encoder().encode


class Activity:
    """Of one worker. `took`, `rejected` and `answered` are on the way of every request, and do little."""

    def __init__(
        self, directory: Path, worker: int, *, clock: Clock = time.time, stopwatch: Clock = time.monotonic
    ) -> None:
        """`directory` is the workers' own; `worker` is this one's number."""
        self._path = directory / f"activity-{worker}.json"
        self._clock = clock
        self._stopwatch = stopwatch
        found = _read(self._path)
        self._sources = Sources(found.known)
        self._history = History(found.samples)
        self._step = Step()
        self._stepped = stopwatch()
        self._counted: Mapping[str, float] | None = None
        self._others: dict[Path, tuple[int, _File]] = {}

    def took(self, caller: str, agent: str, rows: Sequence[Row]) -> None:
        """A batch was kept, and not for the second time."""
        if len(rows) == 1:  # as most batches are: an update of the counter costs more than all the rest
            self._step.types[rows[0].type] += 1
        else:
            self._step.types.update(map(_type, rows))
        self._sources.took(caller, agent, rows, self._clock())

    def rejected(self, caller: str, events: int) -> None:
        """So many events of a batch were not taken."""
        self._step.rejected += events
        self._sources.rejected(caller, events, self._clock())

    def answered(self, seconds: float) -> None:
        """A request with events was answered."""
        self._step.answered(seconds)

    async def run(self, counted: Counted, levels: Counted) -> None:
        """Make the samples, for ever. `counted` tells totals that only grow, `levels` what is as it is."""
        written = 0.0
        while True:
            now = self._clock()
            await asyncio.sleep(STEP_SECONDS - now % STEP_SECONDS)
            self.sample(counted(), levels())
            if self._stopwatch() - written >= WRITE_SECONDS:
                written = self._stopwatch()
                await asyncio.to_thread(self._write, self._body())

    def sample(self, counted: Mapping[str, float], levels: Mapping[str, float]) -> None:
        """End a step."""
        now, was = self._stopwatch(), self._counted
        step, self._step = self._step, Step()
        seconds, self._stepped, self._counted = max(0.001, now - self._stepped), now, dict(counted)
        grown = {name: max(0.0, total - (was or counted).get(name, 0.0)) for name, total in counted.items()}
        at = round(self._clock() / STEP_SECONDS) * STEP_SECONDS
        self._history.add(step.sample(at, seconds, grown, levels))

    def save(self) -> None:
        """Write what is known: this worker stops."""
        self._write(self._body())

    def history(self, since: float = 0.0) -> list[Sample]:
        """The last hour of all workers."""
        since = max(since, self._clock() - 3600)
        others = [[one for one in other.samples if one.at > since] for other in self._read_others()]
        return merged([self._history.samples(since), *others])

    def sources(self) -> SourcesSnapshot:
        """What all workers know of who sends."""
        mine = self._sources.snapshot(self._clock())
        return reduce(SourcesSnapshot.merge, (other.known for other in self._read_others()), mine)

    def _body(self) -> bytes:
        now = self._clock()
        return _encode(_File(self._history.samples(now - 3600), self._sources.snapshot(now)))

    def _write(self, body: bytes) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._path, body, durable=False)
        except OSError as error:
            log.warning("activity_not_saved", error=type(error).__name__, errno=error.errno)

    def _read_others(self) -> list[_File]:
        """The files of the other workers, each read again when it has changed."""
        paths = [path for path in sorted(self._path.parent.glob(PATTERN)) if path != self._path]
        for path in paths:
            try:
                changed = path.stat().st_mtime_ns
            except OSError:
                continue
            if path not in self._others or self._others[path][0] != changed:
                self._others[path] = (changed, _read(path))
        return [self._others[path][1] for path in paths if path in self._others]


def _read(path: Path) -> _File:
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return _File()
    except (OSError, msgspec.DecodeError) as error:
        log.warning("activity_not_loaded", error=type(error).__name__)
        return _File()
