"""A fleet and what stands behind it, as queues in simulated time: who sends, who refuses, where what waits.

Nodes move in groups, each with one batch on its way at a time, the next after the answer: at most 100 groups, so that
100,000 nodes take no longer than 1,000. What flows are events, and every one of them is somewhere at every moment.
"""

import random
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import simpy

Steps: TypeAlias = Generator[simpy.Event, Any, None]

GROUPS_MAX = 100
ROOM_SECONDS = 3.0
"""How long a batch may wait to be taken: `relay.room_seconds`."""
RETRY_SECONDS = (5.0, 60.0)
"""What a refused node waits at first, and at most."""


@dataclass
class Queue:
    """First come, first served, so many events a second; 0 while it is away."""

    env: simpy.Environment
    per_second: float
    entered: float = 0
    left: float = 0
    busy_seconds: float = 0
    waited: float = 0
    """Event-seconds, by the events: how long each was in it."""
    area: float = 0
    """The same by the clock: how many were in it, over time."""
    share_up: float = 1
    _changed_at: float = 0
    _is_busy: bool = False
    _turns: deque[simpy.Event] = field(default_factory=deque)
    """Of those that wait, in their order: a `simpy.Resource` would take twice as long."""
    _back: simpy.Event = field(init=False)

    def __post_init__(self) -> None:
        """It is there."""
        self._back = self.env.event()

    @property
    def inside(self) -> float:
        """Events in it."""
        return self.entered - self.left

    @property
    def wait_seconds(self) -> float:
        """How long one that comes now would wait, as far as is known."""
        rate = self.per_second * self.share_up
        return self.inside / rate if rate else float("inf")

    def set_share(self, share: float) -> None:
        """So much of it works from now on."""
        self.share_up = share
        if share:
            self._back.succeed()
            self._back = self.env.event()

    def serve(self, events: float) -> Steps:
        """Through it."""
        came = self.env.now
        self._count(events)
        if self._is_busy:
            turn = self.env.event()
            self._turns.append(turn)
            yield turn
        self._is_busy = True
        while not self.share_up:
            yield self._back
        seconds = events / (self.per_second * self.share_up)
        yield self.env.timeout(seconds)
        if self._turns:
            self._turns.popleft().succeed()
        else:
            self._is_busy = False
        self.busy_seconds += seconds
        self._count(-events)
        self.waited += events * (self.env.now - came)

    def _count(self, events: float) -> None:
        now, inside = self.env.now, self.entered - self.left
        self.area += inside * (now - self._changed_at)
        self._changed_at = now
        if events > 0:
            self.entered += events
        else:
            self.left -= events


@dataclass
class Fleet:
    """Groups of nodes: each gathers events, and keeps its copy until it is acknowledged."""

    site: "Site"
    nodes: int
    per_second: float
    """Events of one node."""
    batch: int
    buffer_events: float
    """Of one node: past it the oldest are dropped."""
    seed: int
    made: float = 0
    dropped: float = 0
    waiting: dict[int, float] = field(default_factory=dict)
    """Events that groups hold, what is on its way included."""
    slowest_seconds: float = 0
    tries: int = 0
    refusals: int = 0
    held: float = 0
    """Events that all groups hold."""
    is_cut_off: bool = False

    def start(self) -> None:
        """Every group begins somewhere in its first batch."""
        groups = min(GROUPS_MAX, self.nodes)
        chance = random.Random(self.seed)
        for group in range(groups):
            self.waiting[group] = 0
            self.site.env.process(self._run(group, self.nodes / groups, random.Random(chance.random())))

    def _run(self, group: int, size: float, chance: random.Random) -> Steps:
        env, parcel = self.site.env, self.batch * size
        period = self.batch / self.per_second
        yield env.timeout(chance.random() * period)
        gathered_at = env.now
        while True:
            self._gather(group, size, env.now - gathered_at)
            gathered_at = env.now
            if self.waiting[group] < parcel - 1e-6:
                yield env.timeout((parcel - self.waiting[group]) / (self.per_second * size))
                continue
            first_try, pause = env.now, RETRY_SECONDS[0]
            while not (yield from self._try(group, parcel)):
                yield env.timeout(pause * chance.uniform(0.5, 1.0))
                first_try = env.now if self.is_cut_off else first_try
                pause = min(RETRY_SECONDS[1], 2 * pause)
                self._gather(group, size, env.now - gathered_at)
                gathered_at = env.now
            self.slowest_seconds = max(self.slowest_seconds, env.now - first_try)

    def _try(self, group: int, parcel: float) -> Generator[simpy.Event, Any, bool]:
        """Send a batch of each node of the group; whether it was acknowledged, and is forgotten here."""
        if self.is_cut_off:
            return False
        self.tries += 1
        if not (yield from self.site.take(group, parcel, self)):
            self.refusals += 1
            return False
        return True

    def acknowledged(self, group: int, events: float) -> None:
        """The nodes may forget these."""
        self.waiting[group] -= events
        self.held -= events

    def _gather(self, group: int, size: float, seconds: float) -> None:
        made = self.per_second * size * seconds
        self.made += made
        kept = min(self.waiting[group] + made, self.buffer_events * size)
        self.dropped += self.waiting[group] + made - kept
        self.held += kept - self.waiting[group]
        self.waiting[group] = kept


@dataclass
class Site:
    """Instances, streams, databases and Lokis; what is acknowledged is in a stream until both sinks have it."""

    env: simpy.Environment
    instances: Queue
    streams: list[Queue]
    databases: list[Queue]
    lokis: list[Queue]
    spool_events: float
    """What the streams have room for."""
    spooled_most: float = 0
    kept: float = 0

    def queues(self) -> Iterator[Queue]:
        """All of them."""
        yield self.instances
        yield from (*self.streams, *self.databases, *self.lokis)

    @property
    def spooled(self) -> float:
        """Events in the streams, for the sink that is further behind."""
        sinks = (self.databases, self.lokis)
        return max(sum(each.inside for each in sink) for sink in sinks)

    def take(self, group: int, events: float, fleet: Fleet) -> Generator[simpy.Event, Any, bool]:
        """Keep them, or refuse at once: no room, too long a wait, or a stream without a leader."""
        stream = self.streams[group % len(self.streams)]
        if self.instances.wait_seconds > ROOM_SECONDS or not stream.share_up or self.spooled > self.spool_events:
            return False
        yield from self.instances.serve(events)
        yield from stream.serve(events)
        fleet.acknowledged(group, events)
        self.kept += events
        for sink in (self.databases, self.lokis):
            self.env.process(sink[group % len(sink)].serve(events))
        self.spooled_most = max(self.spooled_most, self.spooled)
        return True
