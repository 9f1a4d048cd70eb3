"""What came in lately: by type, by source, over all workers and over a restart; and that it costs an event little."""

import time
from pathlib import Path

from mothership.activity.activity import Activity
from mothership.activity.history import SAMPLES_MAX, History, Sample, columns, merged
from mothership.activity.sources import SourceActivity, Sources
from mothership.event import Row

NOW = 1_800_000_000.0


class Time:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """What it says."""
        return self.now


def row(kind: str = "log", source: str = "ship-1", at: float = NOW) -> Row:
    return Row(int(at * 1_000_000), kind, source, b"{}")


def activity(directory: Path, clock: Time, worker: int = 0) -> Activity:
    return Activity(directory, worker, clock=clock, stopwatch=clock)


def test_a_step_has_rates_levels_and_answer_times(tmp_path: Path) -> None:
    clock = Time()
    one = activity(tmp_path, clock)
    one.sample({"stored.tsdb": 100}, {})
    one.took("node", "EdgeBot-Shipper/1.0", [row("log")] * 8 + [row("snmp")] * 2)
    one.rejected("node", 5)
    for answer in (0.1, 0.2, 0.3):
        one.answered(answer)
    clock.now += 5
    one.sample({"stored.tsdb": 110}, {"queued.tsdb": 7})
    sample = one.history()[-1]
    assert sample.types == {"log": 1.6, "snmp": 0.4}
    assert sample.rates == {"rejected": 1.0, "answers": 0.6, "stored.tsdb": 2.0}
    assert sample.levels == {"queued.tsdb": 7}
    assert sample.answer_seconds == {"p50": 0.2, "p95": 0.3, "max": 0.3}


def test_all_workers_are_one_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    clock = Time()
    workers = [activity(tmp_path, clock, number) for number in range(3)]
    clock.now += 5
    for worker in workers:
        worker.took("node", "", [row(source="ship-1")] * 10)
        worker.sample({}, {"queued.tsdb": 1})
        worker.save()
    for one in (workers[0], activity(tmp_path, clock, 0), activity(tmp_path, clock, 9)):
        (sample,) = one.history()
        assert (sample.types, sample.levels) == ({"log": 6.0}, {"queued.tsdb": 3.0})
        (source,) = one.sources().sources
        assert (source.caller, source.source, source.events, source.batches) == ("node", "ship-1", 30, 3)
        (caller,) = one.sources().callers
        assert caller.events == 30


def test_a_file_that_is_damaged_or_cannot_be_written_costs_only_itself(tmp_path: Path) -> None:
    clock = Time()
    (tmp_path / "activity-0.json").write_bytes(b"{")
    one = activity(tmp_path, clock)
    one.took("node", "", [row()])
    assert one.sources().sources
    (tmp_path / "no").touch()
    activity(tmp_path / "no", clock).save()


def test_the_hour_is_bounded_and_a_clock_that_is_set_back_begins_anew() -> None:
    history = History()
    for at in range(0, 5 * (SAMPLES_MAX + 100), 5):
        history.add(Sample(at))
    assert len(history.samples(-1)) == SAMPLES_MAX
    last = history.samples(-1)[-1].at
    history.add(Sample(last))
    assert len(history.samples(-1)) == SAMPLES_MAX, "the same step twice counts once"
    history.add(Sample(10))
    assert [sample.at for sample in history.samples(-1)] == [10]


def test_rare_types_are_others_and_columns_are_of_one_length() -> None:
    samples = [Sample(5, {f"t{n}": 10.0 - n for n in range(9)}), Sample(10, {"t0": 1.0, "other": 2.0})]
    made = columns(merged([samples]))
    types = made["types"]
    assert isinstance(types, dict)
    assert list(types) == ["t0", "t1", "t2", "t3", "t4", "t5", "other"]
    assert types["other"] == [4 + 3 + 2, 2]
    assert all(len(values) == 2 for values in types.values())


def test_a_source_that_stops_has_gone_quiet_after_many_of_its_usual_pauses() -> None:
    source = SourceActivity("node", "ship-1", NOW, NOW)
    for minute in range(10):
        source.took(5, NOW + 120 * minute, None)
    last = source.last
    assert not source.is_quiet(last + 700)
    assert source.is_quiet(last + 721)
    once = SourceActivity("node", "visitor", NOW, NOW)
    once.took(1, NOW, None)
    assert not once.is_quiet(NOW + 86400), "who came once has no habit"
    hasty = SourceActivity("node", "ship-2", NOW, NOW)
    for second in range(10):
        hasty.took(5, NOW + second, None)
    assert not hasty.is_quiet(NOW + 200), "nobody has in less than five minutes"


def test_a_clock_that_is_ahead_is_seen_and_late_events_are_none_that_is_behind() -> None:
    ahead = SourceActivity("node", "ship-1", NOW, NOW)
    late = SourceActivity("node", "ship-2", NOW, NOW)
    for batch in range(20):
        ahead.took(1, NOW + batch, -90.0)
        late.took(1, NOW + batch, 3600.0 if batch % 2 else 4.0)
    assert ahead.lag_seconds == -90.0
    assert 4.0 <= late.lag_seconds < 200


def test_whoever_brings_most_sources_pushes_out_its_own() -> None:
    sources = Sources()
    sources.took("quiet", "", [row(source="ship-1")], NOW)
    for number in range(6000):
        sources.took("loud", "", [row(source=f"made-up-{number}")], NOW)
    found = sources.snapshot(NOW)
    assert len(found.sources) == 5000
    assert any(each.caller == "quiet" for each in found.sources)
    assert not sources.snapshot(NOW + 8 * 86400).sources


def test_counting_a_batch_costs_less_than_a_hundredth_of_encoding_and_redacting_it(tmp_path: Path) -> None:
    """Processor time, in turns: an event takes 20 microseconds at least on its whole way, and this 0.3 at most."""
    clock = Time()
    one = activity(tmp_path, clock)
    rows = [row("syslog" if n % 3 else "log", f"ship-{n % 7}") for n in range(1000)]
    floor, counting = [], []
    for _ in range(30):
        began = time.process_time()
        for each in rows:
            {"type": each.type, "source": each.source}.get("x")
        floor.append(time.process_time() - began)
        began = time.process_time()
        one.took("node", "", rows)
        counting.append(time.process_time() - began)
    assert min(counting) < 3 * min(floor), (min(counting), min(floor))
