"""Writes docs/reference/metrics.md from the metrics' declarations; `--check` says whether the page is up to date."""

import inspect
import re
import sys
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from mothership import telemetry

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "metrics.md"
INTRODUCTION = """# Metrics
`GET /metrics` in the format of Prometheus, for all workers together. With credentials it needs the scope `read`, or
`auth.open_endpoints: [/metrics]`. What to alert on is in [the runbook](../how-to/runbook.md); the rules are in
`deploy/prometheus/mothership.rules.yml`. Counters count from the start of the service.

No label has a value of an event: labels are names of parts, rules, reasons and callers, each of them bounded. A
histogram has the series `_bucket`, `_sum` and `_count`.
"""
UNITS = ("seconds", "bytes", "ratio")
TITLES = {"the specification's metrics": "Of the specification", "llm": "Language model"}


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for title, names in sections():
        parts.append(f"\n## {TITLES.get(title, title[:1].upper() + title[1:])}\n")
        parts.append("| metric | type | unit | labels | |\n| --- | --- | --- | --- | --- |\n")
        parts += [row(getattr(telemetry, name)) for name in names]
    return "".join(parts)


def sections() -> list[tuple[str, list[str]]]:
    """Titles and the names below them, as they stand in the source."""
    found: list[tuple[str, list[str]]] = []
    for line in inspect.getsource(telemetry).splitlines():
        if title := re.fullmatch(r"# --- (.+?) -+", line):
            found.append((title[1], []))
        name = re.match(r"([a-z_]+) = (?:Counter|Gauge|Histogram)\(", line)
        if name and found:
            found[-1][1].append(name[1])
    return found


def row(metric: MetricWrapperBase) -> str:
    """One line of the table."""
    described = next(iter(metric.describe()))
    name = described.name + ("_total" if described.type == "counter" else "")
    unit = next((unit for unit in UNITS if unit in described.name.split("_")), "")
    labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001 - the library says it nowhere else
    return f"| `{name}` | {described.type} | {unit} | {labels} | {described.documentation} |\n"


def main() -> None:
    """Write or compare."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit(f"{PAGE.name} is not up to date: run `python tools/metrics_docs.py`")


if __name__ == "__main__":
    main()
