"""Counted in plain numbers, and right whenever somebody reads."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

from prometheus_client import REGISTRY, Counter, Histogram

from mothership import metric_registry
from mothership.buffered_metrics import counted_in_loop, observed_in_loop


def test_whoever_reads_finds_what_was_counted() -> None:
    """By the registry, as text, or of the counter alone; twice, and with something between."""
    counter = Counter("a_test_of_buffered_counters_total", "Counted by a test.", ["kind"])
    counted = counted_in_loop(counter.labels("one"))
    counted.inc()
    counted.inc(2.5)
    for _ in range(2):
        assert REGISTRY.get_sample_value("a_test_of_buffered_counters_total", {"kind": "one"}) == 3.5
    counted_in_loop(counter.labels("one")).inc(0.5)
    counter.labels("one").inc()
    assert metric_registry.own(counter) == {"one": 5.0}
    assert b'a_test_of_buffered_counters_total{kind="one"} 5.0' in metric_registry.exposition()[0]


def test_a_histogram_is_what_it_would_be_told_directly() -> None:
    """At the bounds of buckets and beyond the last one, read twice, and with something told directly between."""
    name, bounds, amounts = "a_test_of_buffered_histograms", (0.1, 1.0, 5.0), (0.0, 0.1, 0.10001, 1.0, 4.0, 5.0, 99.0)
    buffered = Histogram(name, "Told by a test.", ["way"], buckets=bounds)
    observed = observed_in_loop(buffered.labels("buffered"))
    for part in (amounts[:3], amounts[3:]):
        for amount in part:
            observed.observe(amount)
            buffered.labels("direct").observe(amount)
        buffered.labels("direct").observe(2.0)
        buffered.labels("buffered").observe(2.0)
        for _ in range(2):
            for sample in (f"{name}_bucket", f"{name}_count", f"{name}_sum"):
                for bound in ("0.1", "1.0", "5.0", "+Inf") if sample.endswith("bucket") else (None,):
                    labels = {} if bound is None else {"le": bound}
                    found = [
                        REGISTRY.get_sample_value(sample, {"way": way, **labels}) for way in ("buffered", "direct")
                    ]
                    assert found[0] == found[1] is not None


def test_nothing_is_lost_between_the_loop_and_its_readers() -> None:
    """Others read from threads while it counts."""
    counter = Counter("another_test_of_buffered_counters_total", "Counted by a test.", ["kind"])
    counted, over = counted_in_loop(counter.labels("one")), Event()

    def read() -> None:
        while not over.is_set():
            metric_registry.own(counter)

    readers = [Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(20_000):
        counted.inc()
    over.set()
    for reader in readers:
        reader.join()
    assert metric_registry.own(counter) == {"one": 20_000.0}


def test_among_several_workers_others_see_it_at_once(tmp_path: Path) -> None:
    """They read the files, and ask nobody."""
    program = (
        "from mothership import metric_registry, telemetry\n"
        "from mothership.buffered_metrics import counted_in_loop\n"
        "counted_in_loop(telemetry.pipeline_events.labels('kept')).inc(3)\n"
        "assert metric_registry.CounterSnapshot().total('mothership_pipeline_events_total') == 3\n"
        "assert metric_registry.own(telemetry.pipeline_events) == {'kept': 3.0}\n"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
