"""A plan for 10, 1,000 and 100,000 nodes: what it takes, what gives way first, and how it gets through bad hours.

    python -m bench.scale       the tables of docs/explanation/scale.md

The plan is arithmetic on bench/scale_costs.py; the bad hours are simulated by bench/scale_model.py, always the same.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import NamedTuple

import simpy
from bench.scale_costs import ASSUMED, MEASURED, REPLICAS, ROW_DAYS, SINKS, Figure, value
from bench.scale_model import Fleet, Queue, Site, Steps

FLEETS = (10, 1_000, 100_000)
DAY = 86_400
MICRO = 1e6


class Plan(NamedTuple):
    """How many of each thing a fleet needs in its busiest hour. One instance more than that, and two at least."""

    nodes: int
    average: float
    """Events a second."""
    peak: float
    instances: int
    streams: int
    databases: int
    lokis: int


ONE_OF: dict[str, Callable[[], float]] = {
    "an instance": lambda: value("instance") * MICRO / value("service"),
    "a stream on three servers": lambda: value("messages") * value("batch") / SINKS,
    "a database": lambda: value("inserts"),
    "a Loki": lambda: value("loki_most") * MICRO / value("event"),
}
"""Events a second that one of them takes, all of it used."""


def plan(nodes: int) -> Plan:
    """What the figures make of a fleet."""
    average = nodes * value("rate")
    peak = average * value("peak")
    instances, streams, databases, lokis = (ceil(peak / (one() * value("use"))) for one in ONE_OF.values())
    return Plan(nodes, average, peak, instances + 1, streams, databases, lokis)


def costs(of: Plan) -> list[tuple[str, float, str]]:
    """Machines, cores, disks and lines, each with its unit."""
    day = of.average * DAY
    rows = day * (value("row") * ROW_DAYS + value("packed") * (value("retention") - ROW_DAYS))
    spool = of.average * value("outage") * 3600 * value("spooled") * SINKS
    messages = of.peak / value("batch") * SINKS
    return [
        ("events a second, average", of.average, ""),
        ("events a second, busiest hour", of.peak, ""),
        ("sent, busiest hour", of.peak * value("sent") * 8 / 1e6, "Mbit/s"),
        ("instances", of.instances, ""),
        ("their cores, used in the busiest hour", of.peak * value("service") / MICRO, "cores"),
        ("streams, each on three NATS servers", of.streams, ""),
        ("cores of all NATS servers", messages * value("nats") / MICRO, "cores"),
        ("written by all NATS servers", messages * value("written") * 1024 / 1e6, "MB/s"),
        ("disk of all NATS servers, a database away for a day", REPLICAS * spool / 1e9, "GB"),
        ("databases, each with a writer, a standby and replicas for readers", of.databases, ""),
        ("cores of all writers", of.peak * value("insert") / MICRO, "cores"),
        ("disk of each copy of the databases, 30 days", rows / 1e9, "GB"),
        ("Lokis", of.lokis, ""),
        ("cores of their distributors and ingesters", of.peak * value("event") / 1e6 * value("loki"), "cores"),
        ("Loki's chunks, 30 days, in an object store", day * value("chunk") * value("retention") / 1e9, "GB"),
    ]


class Outcome(NamedTuple):
    """How a bad hour went."""

    slowest_seconds: float
    """From a batch's first try to its acknowledgement, of nodes that could reach somebody."""
    refused: float
    """Share of the tries."""
    spooled_events: float
    """At the worst moment."""
    behind_seconds: float
    """After the end of the trouble, until everything is where it would be without."""
    dropped: float
    """Events that nodes had no more room for."""
    fleet: Fleet
    site: Site


def built(of: Plan) -> tuple[simpy.Environment, Site, Fleet]:
    """A site as planned, in its busiest hour."""
    env = simpy.Environment()
    an_instance, a_stream, a_database, a_loki = (one() for one in ONE_OF.values())
    site = Site(
        env,
        Queue(env, of.instances * an_instance),
        [Queue(env, a_stream) for _ in range(of.streams)],
        [Queue(env, a_database) for _ in range(of.databases)],
        [Queue(env, a_loki) for _ in range(of.lokis)],
        of.average * value("outage") * 3600,
    )
    fleet = Fleet(
        site,
        of.nodes,
        value("rate") * value("peak"),
        int(value("batch")),
        value("rate") * value("node_buffer") * 3600,
        seed=of.nodes,
    )
    return env, site, fleet


Trouble = Callable[[Plan, simpy.Environment, Site, Fleet], Steps]


def quiet(_of: Plan, env: simpy.Environment, _site: Site, _fleet: Fleet) -> Steps:
    """Half an hour of the busiest hour."""
    yield env.timeout(1800)


def away(hours: float) -> Trouble:
    """Nobody reaches the site for so long; then the whole fleet comes back at the same moment."""

    def cut(_of: Plan, env: simpy.Environment, _site: Site, fleet: Fleet) -> Steps:
        yield env.timeout(600)
        fleet.is_cut_off = True
        yield env.timeout(hours * 3600)
        fleet.is_cut_off = False

    return cut


def lose_instance(of: Plan, env: simpy.Environment, site: Site, _fleet: Fleet) -> Steps:
    """One for ten minutes."""
    yield env.timeout(600)
    site.instances.set_share(1 - 1 / of.instances)
    yield env.timeout(600)
    site.instances.set_share(1)


def lose_server(_of: Plan, env: simpy.Environment, site: Site, _fleet: Fleet) -> Steps:
    """One NATS server, which led a stream: an election of five seconds."""
    yield env.timeout(600)
    site.streams[0].set_share(0)
    yield env.timeout(5)
    site.streams[0].set_share(1)


def lose_database(_of: Plan, env: simpy.Environment, site: Site, _fleet: Fleet) -> Steps:
    """A writer for an hour, as without a standby."""
    yield env.timeout(600)
    site.databases[0].set_share(0)
    yield env.timeout(3600)
    site.databases[0].set_share(1)


def lose_loki(_of: Plan, env: simpy.Environment, site: Site, _fleet: Fleet) -> Steps:
    """One for an hour."""
    yield env.timeout(600)
    site.lokis[0].set_share(0)
    yield env.timeout(3600)
    site.lokis[0].set_share(1)


TROUBLES: dict[str, Trouble] = {
    "nothing happens": quiet,
    "an instance is lost, 10 minutes": lose_instance,
    "a NATS server is lost": lose_server,
    "a database is lost, an hour": lose_database,
    "a Loki is lost, an hour": lose_loki,
    "all come back after 30 minutes": away(0.5),
    "all come back after 2 hours": away(2),
}
LOOK_SECONDS = 10.0
SIMULATED_SECONDS_MAX = 12 * 3600


def outcome(of: Plan, trouble: Trouble) -> Outcome:
    """Run until everything is as if nothing had been."""
    env, site, fleet = built(of)
    fleet.start()
    over = env.process(trouble(of, env, site, fleet))
    env.run(over)
    ended = env.now
    usual = 1.5 * of.nodes * value("batch")
    while fleet.held > usual or site.spooled > of.peak * 60:
        env.run(env.now + LOOK_SECONDS)
        if env.now > SIMULATED_SECONDS_MAX:
            break
    refused = fleet.refusals / max(1, fleet.tries)
    return Outcome(fleet.slowest_seconds, refused, site.spooled_most, env.now - ended, fleet.dropped, fleet, site)


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """In Markdown."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


def number(one: float) -> str:
    """With as many digits as it deserves."""
    if one == 0:
        return "0"
    return f"{one:,.0f}" if one >= 10 else f"{one:.2g}" if one >= 0.1 else f"{one:.1g}"


def figures(which: dict[str, Figure]) -> str:
    """What the rest stands on."""
    lines = [[one.what, f"{one.value:,g} {one.unit}", one.source] for one in which.values()]
    return table(["", "", "from"], lines).replace("---: | ---: |", "---: | --- |")


def limits() -> str:
    """What gives way first."""
    per_node = value("rate") * value("peak")
    lines = [[name, number(one()), number(one() * value("use") / per_node)] for name, one in ONE_OF.items()]
    return table(["one of", "events/s at most", "nodes in a plan"], sorted(lines, key=lambda line: _digits(line[1])))


def needs(plans: Sequence[Plan]) -> str:
    """What each fleet takes."""
    columns = [costs(of) for of in plans]
    lines = [
        [name, *(f"{number(column[at][1])} {unit}".strip() for column in columns)]
        for at, (name, _, unit) in enumerate(columns[0])
    ]
    return table(["nodes", *(f"{of.nodes:,}" for of in plans)], lines)


def hours(of: Plan) -> str:
    """How a fleet gets through them."""
    lines = []
    for name, trouble in TROUBLES.items():
        found = outcome(of, trouble)
        lines.append(
            [
                name, f"{found.slowest_seconds:,.0f} s", f"{found.refused:.0%}",
                f"{found.spooled_events * value('spooled') * SINKS * REPLICAS / 1e9:,.2f} GB",
                f"{found.behind_seconds / 60:,.0f} min", f"{found.dropped / found.fleet.made:.0%}",
            ]
        )  # fmt: skip
    return table(
        ["", "slowest answer", "tries refused", "waits in the streams", "behind for", "dropped by nodes"], lines
    )


def report() -> list[str]:
    """Every table of the page."""
    plans = [plan(nodes) for nodes in FLEETS]
    return [figures(MEASURED), figures(ASSUMED), limits(), needs(plans), *(hours(of) for of in plans)]


def _digits(text: str) -> int:
    return int(text.replace(",", ""))


if __name__ == "__main__":
    print("\n\n".join(report()))
