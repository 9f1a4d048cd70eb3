"""What has been counted: by this process, or by all workers together."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from mothership.buffered_metrics import of_several_workers, tell_all


def registry() -> CollectorRegistry:
    """Where to read the metrics: this process's, or those of all workers when there are several."""
    if not of_several_workers():
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # the library says nothing of types here
    return shared


def exposition() -> tuple[bytes, str]:
    """Every metric in the format of Prometheus, and its content type."""
    return generate_latest(registry()), CONTENT_TYPE_LATEST


def own(counter: Counter) -> dict[str, float]:
    """What this process has counted, for each value of the counter's only label."""
    tell_all()
    return {
        next(iter(sample.labels.values())): sample.value
        for metric in counter.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


class CounterSnapshot:
    """Every counter as it stands, over all workers, read once."""

    def __init__(self) -> None:
        self._samples = [sample for metric in registry().collect() for sample in metric.samples]

    def total(self, name: str, **labels: str) -> int:
        """What a counter has come to, over all values of the labels that are not named."""
        return int(self.sum(name, **labels))

    def sum(self, name: str, **labels: str) -> float:
        """The same of a counter that counts in fractions, as seconds."""
        wanted = labels.items()
        return sum(one.value for one in self._samples if one.name == name and wanted <= one.labels.items())

    def by(self, name: str, label: str, **labels: str) -> dict[str, int]:
        """What a counter has come to for each value of a label, in their order, where the others are as named."""
        values = sorted({one.labels[label] for one in self._samples if one.name == name})
        return {value: self.total(name, **{label: value}, **labels) for value in values}
