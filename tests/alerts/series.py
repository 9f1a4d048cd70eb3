"""What a service said at /metrics, drawn out into the series that Prometheus would have seen, for `promtool`."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "mothership.rules.yml"
MINUTES = 95
BEFORE_MINUTES = 5
GROWING = re.compile(r"_(?:total|count|sum|bucket)$|^mothership_spool_oldest_seconds$")
"""What goes on at the pace that was measured; the rest stays as it was."""
WITHOUT = "no promtool here: install Debian's package `prometheus`"


def promtool(*arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run it; a machine without it skips the test, and CI has it."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip(WITHOUT)
    return subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Scrape:
    """One answer of /metrics, and when it came."""

    text: str
    at: float

    @property
    def oldest_seconds(self) -> float:
        """The age of the oldest event that waits for the database."""
        found = re.search(r'^mothership_spool_oldest_seconds\{sink="tsdb"\} (\S+)$', self.text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def samples(self, base: float) -> dict[str, float]:
        """Every sample by its series; times count from `base`, because promtool's clock begins at 0."""
        found = {"up": 1.0} if self.text else {"up": 0.0}
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                labels = {**sample.labels, "instance": "mothership:8443", "job": "mothership"}
                series = f"{sample.name}{{{','.join(f'{name}={_quoted(value)}' for name, value in labels.items())}}}"
                is_time = sample.name.endswith("_timestamp_seconds")
                found[series] = sample.value - base if is_time else sample.value
        up = found.pop("up")
        return {**found, 'up{job="mothership",instance="mothership:8443"}': up}


def firing(directory: Path, before: Scrape, early: Scrape, late: Scrape) -> set[str]:
    """Which alerts fire at some time.

    Five minutes of the first scrape, then the second, then the third, from which on what grew goes on growing.
    """
    base = late.at - (BEFORE_MINUTES + 1) * 60
    first, second, third = (each.samples(base) for each in (before, early, late))
    pace = 60 / max(late.at - early.at, 0.001)
    series = []
    for name in {**first, **third}:
        old, now = first.get(name), third.get(name)
        values = [f"{old!r}x{BEFORE_MINUTES - 1}" if old is not None else f"_x{BEFORE_MINUTES}"]
        if now is None:
            values.append(f"_x{MINUTES}")
        else:
            was = second.get(name, now)
            step = _step(name.partition("{")[0], now - was, pace)
            values += [_value(was), f"{_value(now)}+{step!r}x{MINUTES}" if step > 0 else f"{_value(now)}x{MINUTES}"]
        series.append({"series": name, "values": " ".join(values).replace("inf", "Inf")})
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": f'group by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{MINUTES}m]))',
                        "eval_time": f"{MINUTES}m",
                        "exp_samples": [],
                    }
                ],
            }
        ],
    }
    path = directory / "alerts.test.yml"
    path.write_text(yaml.safe_dump(test))
    result = promtool("test", "rules", path)
    got = re.search(r"got: (.*)", result.stdout + result.stderr)
    assert got or result.returncode == 0, result.stdout + result.stderr
    return set(re.findall(r'alertname="(\w+)"', got[1])) if got else set()


def _step(name: str, grown: float, pace: float) -> float:
    """What a minute adds: what goes on goes on, and the time of the last event is now where events come."""
    if name.endswith("_last_event_timestamp_seconds"):
        return 60.0 if grown > 0 else 0.0
    return grown * pace if GROWING.search(name) else 0.0


def _value(value: float) -> str:
    return repr(value)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
