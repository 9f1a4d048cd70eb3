"""What the simulation of larger fleets stands on: costs that were measured, each with its source, and assumptions."""

from typing import NamedTuple


class Figure(NamedTuple):
    """A number, and where it is from."""

    value: float
    unit: str
    what: str
    source: str


SIZING = "sizing.md, python -m bench.sizing"
DATABASE = "performance.md, bench/copy_floor.py"
CLUSTER = "python -m bench.jetstream"
LOKI = "Grafana's sizing of Loki, 3 to 30 TB a day: 260 cores of distributors and ingesters"

MEASURED = {
    "event": Figure(404, "bytes", "an event, JSON", SIZING),
    "sent": Figure(82, "bytes", "an event on the wire, gzipped batches", SIZING),
    "service": Figure(234, "µs", "processor of an instance, an event, both sinks", SIZING),
    "row": Figure(1_033, "bytes", "an event in the table and its indexes", SIZING),
    "packed": Figure(142, "bytes", "an event in the columnstore", SIZING),
    "chunk": Figure(52, "bytes", "an event in Loki's chunks, without its index", SIZING),
    "spooled": Figure(78, "bytes", "an event in the spool, for one sink", SIZING),
    "insert": Figure(25.8, "µs", "processor of PostgreSQL, a row, two writers", DATABASE),
    "inserts": Figure(64_500, "rows/s", "a database with two writers on two cores", DATABASE),
    "nats": Figure(800, "µs", "processor of three NATS servers, 100 events kept and handed out, a sink", CLUSTER),
    "written": Figure(41, "KiB", "written by three NATS servers for that", CLUSTER),
    "messages": Figure(850, "batches/s", "a stream takes, of 100 events, all of it on two busy cores", CLUSTER),
}
"""What our benchmarks print."""

ASSUMED = {
    "rate": Figure(1, "events/s", "a node sends on average", "assumption: 86,400 events a day"),
    "peak": Figure(3, "times", "the busiest hour's rate over the average", "assumption"),
    "batch": Figure(100, "events", "a batch", "the specification's default"),
    "node_buffer": Figure(2, "hours", "a node keeps at the average rate before it drops its oldest", "assumption"),
    "use": Figure(0.6, "share", "of what a part can do that a plan uses in the busiest hour", "assumption"),
    "instance": Figure(8, "cores", "an instance's machine: one worker a core", "assumption"),
    "loki": Figure(0.75, "core·s/MB", "distributors and ingesters of Loki, of lines", LOKI),
    "loki_most": Figure(347, "MB/s", "the largest Loki that the guide has: 30 TB a day", LOKI),
    "retention": Figure(30, "days", "that events are kept: 7 as rows, then in the columnstore", "assumption"),
    "outage": Figure(24, "hours", "that a database may be away and nothing is lost", "assumption"),
}
"""What no benchmark of ours can say. Change them to yours."""

ROW_DAYS = 7
REPLICAS = 3
SINKS = 2


def value(name: str) -> float:
    """A figure."""
    return (MEASURED.get(name) or ASSUMED[name]).value
