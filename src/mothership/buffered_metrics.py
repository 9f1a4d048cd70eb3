"""Metrics on the way of every request: plain numbers, told to the metrics' library when somebody reads.

To count one up in the library takes four calls and a lock, and a request counts 27. Where several workers count into
shared files others read at any time: there each is counted up at once.
"""

from bisect import bisect_left
from collections.abc import Iterator
from threading import Lock
from typing import Protocol

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, values
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class Counts(Protocol):
    """What may be counted up."""

    def inc(self, amount: float = 1) -> None:
        """By so much."""


class Shows(Protocol):
    """What may be set."""

    def set(self, value: float) -> None:
        """To this."""


class Observes(Protocol):
    """What may be told of a size or a time."""

    def observe(self, amount: float) -> None:
        """It was so much."""


class BufferedCounter:
    """Counted up by the event loop alone. Read it through the counter that it belongs to."""

    __slots__ = ("_counter", "_told", "_total")

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._total = self._told = 0.0

    def inc(self, amount: float = 1) -> None:
        """By so much."""
        self._total += amount

    def tell(self) -> None:
        """Bring the counter up to date. By one thread at a time: the total itself is only read."""
        if (total := self._total) != self._told:
            self._counter.inc(total - self._told)
            self._told = total


class BufferedGauge:
    """Set by the event loop alone. Read it through the gauge that it belongs to."""

    __slots__ = ("_gauge", "_value")

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._value: float | None = None

    def set(self, value: float) -> None:
        """It is so much now."""
        self._value = value

    def tell(self) -> None:
        """Bring the gauge up to date."""
        if self._value is not None:
            self._gauge.set(self._value)


class BufferedHistogram:
    """Told by the event loop alone. Read it through the histogram that it belongs to."""

    __slots__ = ("_bounds", "_counts", "_histogram", "_sum", "_told_counts", "_told_sum")

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._bounds = histogram._upper_bounds  # noqa: SLF001 - the library has no way to add many at once
        self._counts, self._told_counts = [0] * len(self._bounds), [0] * len(self._bounds)
        self._sum = self._told_sum = 0.0

    def observe(self, amount: float) -> None:
        """It was so much."""
        self._counts[bisect_left(self._bounds, amount)] += 1
        self._sum += amount

    def tell(self) -> None:
        """Bring the histogram up to date. By one thread at a time."""
        histogram = self._histogram
        for at, count in enumerate(self._counts):
            if count != self._told_counts[at]:
                histogram._buckets[at].inc(count - self._told_counts[at])  # noqa: SLF001 - as above
                self._told_counts[at] = count
        if (total := self._sum) != self._told_sum:
            histogram._sum.inc(total - self._told_sum)  # noqa: SLF001 - as above
            self._told_sum = total


class _Teller(Collector):
    """Stands before all metrics in the registry: whoever reads them has it tell first."""

    def __init__(self) -> None:
        self._counters: dict[int, BufferedCounter] = {}
        self._gauges: dict[int, BufferedGauge] = {}
        self._histograms: dict[int, BufferedHistogram] = {}
        self._lock = Lock()

    def counter(self, counter: Counter) -> BufferedCounter:
        with self._lock:
            return self._counters.setdefault(id(counter), BufferedCounter(counter))

    def gauge(self, gauge: Gauge) -> BufferedGauge:
        with self._lock:
            return self._gauges.setdefault(id(gauge), BufferedGauge(gauge))

    def histogram(self, histogram: Histogram) -> BufferedHistogram:
        with self._lock:
            return self._histograms.setdefault(id(histogram), BufferedHistogram(histogram))

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            for counter in self._counters.values():
                counter.tell()
            for gauge in self._gauges.values():
                gauge.tell()
            for histogram in self._histograms.values():
                histogram.tell()
        return iter(())


def of_several_workers() -> bool:
    """Whether this process is one of several workers that count into shared files."""
    return bool(values.ValueClass.__name__ != "MutexValue")


def counted_in_loop(counter: Counter) -> Counts:
    """What the event loop counts up in place of a counter without labels, or with their values."""
    return counter if of_several_workers() else _teller.counter(counter)


def set_in_loop(gauge: Gauge) -> Shows:
    """What the event loop sets in place of a gauge without labels, or with their values."""
    return gauge if of_several_workers() else _teller.gauge(gauge)


def observed_in_loop(histogram: Histogram) -> Observes:
    """What the event loop tells in place of a histogram without labels, or with their values."""
    return histogram if of_several_workers() else _teller.histogram(histogram)


def tell_all() -> None:
    """Bring every counter up to date, for whoever reads one by itself."""
    _teller.collect()


_teller = _Teller()
REGISTRY.register(_teller)
