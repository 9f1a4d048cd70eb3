"""The plan for larger fleets: its page has what the command prints, and its queues obey the laws of queues."""

import random
import re
from pathlib import Path

import pytest
import simpy
from bench import scale
from bench.scale_costs import value
from bench.scale_model import Queue, Steps

ROOT = Path(__file__).parents[1]


def test_the_page_has_what_the_command_prints() -> None:
    """Every table, and no other."""
    page = (ROOT / "docs/explanation/scale.md").read_text()
    assert [table.strip() for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)] == scale.report()


@pytest.mark.parametrize(
    "name", ["a NATS server is lost", "a database is lost, an hour", "all come back after 2 hours"]
)
def test_every_event_is_somewhere(name: str) -> None:
    """Made = acknowledged, held or dropped by nodes; each acknowledged one is in each sink's queue or through it."""
    found = scale.outcome(scale.plan(1_000), scale.TROUBLES[name])
    fleet, site = found.fleet, found.site
    assert fleet.made == pytest.approx(site.kept + sum(fleet.waiting.values()) + fleet.dropped)
    assert fleet.held == pytest.approx(sum(fleet.waiting.values()))
    for sinks in (site.databases, site.lokis):
        assert site.kept == pytest.approx(sum(each.left + each.inside for each in sinks))
    for queue in site.queues():
        assert queue.inside >= 0
        assert queue.busy_seconds <= site.env.now


def test_queues_wait_as_the_formula_of_pollaczek_and_khinchine_has_it() -> None:
    """Random arrivals, one server, services of 1 s: at 70 % of its time each waits 0.7 / (2 · 0.3) s before its own."""
    env = simpy.Environment()
    queue, chance = Queue(env, 1.0), random.Random(5)

    def arrivals() -> Steps:
        for _ in range(30_000):
            yield env.timeout(chance.expovariate(0.7))
            env.process(queue.serve(1))

    env.process(arrivals())
    env.run()
    assert queue.waited / queue.left == pytest.approx(1 + 0.7 / 0.6, rel=0.05)
    assert queue.busy_seconds == pytest.approx(30_000)
    # Little: how many are in it over time is how many come times how long each stays, to the last digits.
    assert queue.area == pytest.approx(queue.waited)


def test_what_is_away_serves_nobody_and_then_everybody() -> None:
    """A queue that is down for an hour delivers what came meanwhile, in its order and at its rate."""
    env = simpy.Environment()
    queue = Queue(env, 10.0)
    queue.set_share(0)
    for _ in range(100):
        env.process(queue.serve(10))
    env.run(3600)
    assert queue.inside == 1000
    queue.set_share(0.5)
    env.run()
    assert (queue.inside, env.now) == (0, pytest.approx(3600 + 1000 / 5))


def test_a_plan_leaves_room_in_the_busiest_hour() -> None:
    """No part of any plan is used more than assumed, and none is much larger than it has to be."""
    for nodes in scale.FLEETS:
        of = scale.plan(nodes)
        counts = (of.instances - 1, of.streams, of.databases, of.lokis)
        for count, one in zip(counts, scale.ONE_OF.values(), strict=True):
            assert of.peak <= count * one() * value("use")
            assert count == 1 or of.peak > (count - 1) * one() * value("use")
