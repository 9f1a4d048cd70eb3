"""Writes the dashboards service.json and logs.json from the panels below; `--check`: whether they are up to date."""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

PLACE = Path(__file__).parents[1] / "deploy" / "grafana" / "dashboards"
SOURCE = {"type": "prometheus", "uid": "mothership-prometheus"}
LOKI = {"type": "loki", "uid": "mothership-loki"}
WIDTH, HEIGHT = 24, 8
ALL = '{instance=~"$instance"}'


class Panel(NamedTuple):
    """One chart: what is asked, with the legend of each question."""

    title: str
    description: str
    unit: str
    queries: dict[str, str]
    width: int = 8


ROWS: list[list[Panel]] = [
    [
        Panel(
            "Events accepted",
            "A second, by caller.",
            "cps",
            {"{{client}}": f"sum by (client) (rate(mothership_client_events_total{ALL}[$__rate_interval]))"},
        ),
        Panel(
            "Requests",
            "A second, by outcome.",
            "reqps",
            {"{{status}}": f"sum by (status) (rate(mothership_ingestion_requests_total{ALL}[$__rate_interval]))"},
        ),
        Panel(
            "Events rejected",
            "A second, by stage and reason.",
            "cps",
            {
                "{{stage}}: {{reason}}": "sum by (stage, reason) "
                f"(rate(mothership_events_rejected_total{ALL}[$__rate_interval]))"
            },
        ),
    ],
    [
        Panel(
            "Events that wait",
            "In the spool, by sink.",
            "short",
            {"{{sink}}": f"sum by (sink) (mothership_spool_events{ALL})"},
        ),
        Panel(
            "Oldest event that waits",
            "By sink. Over five minutes there is an alert.",
            "s",
            {"{{sink}}": f"max by (sink) (mothership_spool_oldest_seconds{ALL})"},
        ),
        Panel(
            "Spool and disk",
            "How full the spool is, and how much of the disk is free.",
            "percentunit",
            {
                "spool used": f"max(mothership_spool_bytes{ALL}) / max(mothership_spool_max_bytes{ALL})",
                "disk free": f"min(mothership_data_dir_free_bytes{ALL} / mothership_data_dir_size_bytes{ALL})",
            },
        ),
    ],
    [
        Panel(
            "Events stored",
            "A second, by sink.",
            "cps",
            {"{{sink}}": f"sum by (sink) (rate(mothership_sink_events_total{ALL}[$__rate_interval]))"},
        ),
        Panel(
            "Time of a write",
            "Nine of ten writes are faster.",
            "s",
            {
                "{{sink}}": "histogram_quantile(0.9, sum by (sink, le) "
                f"(rate(mothership_sink_write_seconds_bucket{ALL}[$__rate_interval])))"
            },
        ),
        Panel(
            "Circuit breakers",
            "0 closed, 1 half open, 2 open, 3 paused.",
            "none",
            {"{{sink}}": f"max by (sink) (mothership_breaker_state{ALL})"},
        ),
    ],
    [
        Panel(
            "Time in the pipeline",
            "Of a batch: the median, and nine of ten.",
            "s",
            {
                name: f"histogram_quantile({share}, sum by (le) "
                f"(rate(mothership_pipeline_duration_seconds_bucket{ALL}[$__rate_interval])))"
                for name, share in (("median", 0.5), ("nine of ten", 0.9))
            },
        ),
        Panel(
            "Time of an fsync",
            "Of the spool's disk: the median, and nine of ten.",
            "s",
            {
                name: f"histogram_quantile({share}, sum by (le) "
                f"(rate(mothership_spool_fsync_seconds_bucket{ALL}[$__rate_interval])))"
                for name, share in (("median", 0.5), ("nine of ten", 0.9))
            },
        ),
        Panel(
            "Batches refused for want of room",
            "A second.",
            "cps",
            {
                "spool": f"sum(rate(mothership_spool_refused_total{ALL}[$__rate_interval]))",
                "in flight": f"sum(rate(mothership_in_flight_refused_total{ALL}[$__rate_interval]))",
                "load, {{stage}}": f"sum by (stage) (rate(mothership_load_refused_total{ALL}[$__rate_interval]))",
            },
        ),
    ],
    [
        Panel(
            "Redactions",
            "Places a second, the ten rules that find most.",
            "cps",
            {"{{rule}}": f"topk(10, sum by (rule) (rate(mothership_redactions_total{ALL}[$__rate_interval])))"},
        ),
        Panel(
            "Dead letters",
            "Events that need a person.",
            "short",
            {"waiting": f"sum(mothership_dead_letters_waiting{ALL})"},
        ),
        Panel(
            "Failed logins",
            "A second, by reason.",
            "cps",
            {"{{reason}}": f"sum by (reason) (rate(mothership_auth_failures_total{ALL}[$__rate_interval]))"},
        ),
    ],
    [
        Panel(
            "Until certificates and tokens end",
            "Time left.",
            "s",
            {
                "certificate {{certificate}}": "min by (certificate) "
                f"(mothership_certificate_expiry_timestamp_seconds{ALL}) - time()",
                "token {{client}}": f"min by (client) (mothership_token_expiry_timestamp_seconds{ALL}) - time() < 1e9",
            },
        ),
        Panel(
            "Database",
            "Jobs that fail, and what is not as configured.",
            "short",
            {
                "failing jobs": f"max(mothership_database_failing_jobs{ALL})",
                "differences": f"max(mothership_database_differences{ALL})",
            },
        ),
        Panel(
            "Language model",
            "Part of the day's budget that is spent, and whether calls fail (1).",
            "percentunit",
            {
                "budget": f"max(mothership_llm_budget_used_ratio{ALL})",
                "breaker": f"max(mothership_llm_breaker_open{ALL})",
            },
        ),
    ],
]


LABELS = {"service": "Service", "host": "Host", "site": "Site", "env": "Environment", "severity": "Severity"}
"""What a reader chooses by, with the words for it. `type` is on every line, so that it can begin a selector."""
CHOSEN = '{type=~"$type", service=~"$service", host=~"$host", site=~"$site", env=~"$env", severity=~"$severity"}'
WORSE = CHOSEN.replace("$severity", "emergency|alert|critical|error")
LOGS: list[list[Panel]] = [
    [
        Panel(
            "Lines by severity",
            "In each interval.",
            "short",
            {"{{severity}}": f"sum by (severity) (count_over_time({CHOSEN} |~ `(?i)$search` [$__auto]))"},
            width=12,
        ),
        Panel(
            "Errors and worse, by service",
            "In each interval, the ten services with most.",
            "short",
            {"{{service}}": f"topk(10, sum by (service) (count_over_time({WORSE} [$__auto])))"},
            width=12,
        ),
    ],
    [
        Panel(
            "Lines by site and environment",
            "In each interval.",
            "short",
            {"{{site}} {{env}}": f"sum by (site, env) (count_over_time({CHOSEN} [$__auto]))"},
        ),
        Panel(
            "Bytes by type",
            "A second.",
            "Bps",
            {"{{type}}": f"sum by (type) (bytes_rate({CHOSEN} [$__auto]))"},
        ),
        Panel(
            "Busiest hosts",
            "In each interval, the ten with most lines.",
            "short",
            {"{{host}}": f"topk(10, sum by (host) (count_over_time({CHOSEN} [$__auto])))"},
        ),
    ],
]


def logs() -> dict[str, Any]:
    """The lines in Loki: how many of what, and the lines themselves."""
    names = {"type": "Type", **LABELS}
    panels = [
        _panel(panel, number, row, LOKI) for row, panels in enumerate(LOGS) for number, panel in enumerate(panels)
    ]
    lines = {
        **_panel(Panel("Lines", "Newest first.", "short", {"": f"{CHOSEN} |~ `(?i)$search`"}, 24), 0, len(LOGS), LOKI),
        "type": "logs",
        "options": {"showTime": True, "wrapLogMessage": True, "enableLogDetails": True, "sortOrder": "Descending"},
    }
    lines["gridPos"]["h"] = 2 * HEIGHT
    search = {"name": "search", "label": "Text", "type": "textbox", "query": "", "current": {"text": "", "value": ""}}
    return _dashboard(
        "logs", "What the nodes log, from Loki.", [*(_label(*each) for each in names.items()), search], [*panels, lines]
    )


def service() -> dict[str, Any]:
    """How the service itself is."""
    panels = [
        _panel(panel, number, row, SOURCE) for row, panels in enumerate(ROWS) for number, panel in enumerate(panels)
    ]
    return _dashboard("service", "How Mothership itself is, from Prometheus.", [_instances()], panels)


def _dashboard(name: str, description: str, variables: list[Any], panels: list[Any]) -> dict[str, Any]:
    """The whole, as Grafana imports it."""
    return {
        "uid": f"mothership-{name}",
        "title": f"Mothership: {name}",
        "description": description,
        "tags": ["mothership"],
        "schemaVersion": 41,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": variables},
        "panels": panels,
    }


def _label(name: str, label: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": LOKI,
        "query": {"label": name, "refId": "v", "stream": "", "type": 1},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".+" if name == "type" else ".*",  # a line without that label counts, too
        "current": {"text": ["All"], "value": ["$__all"]},
        "sort": 1,
    }


def _instances() -> dict[str, Any]:
    query = "label_values(mothership_build_info, instance)"
    return {
        "name": "instance",
        "label": "Instance",
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": "v"},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
        "sort": 1,
    }


def _panel(panel: Panel, number: int, row: int, source: dict[str, str]) -> dict[str, Any]:
    return {
        "id": row * 10 + number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": source,
        "gridPos": {"x": number * panel.width, "y": row * HEIGHT, "w": panel.width, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": source, "expr": query, "legendFormat": legend}
            for at, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def main() -> None:
    """Write or compare."""
    for name, made in (("service", service()), ("logs", logs())):
        file, text = PLACE / f"{name}.json", json.dumps(made, indent=2) + "\n"
        if "--check" not in sys.argv:
            file.write_text(text, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != text:
            sys.exit(f"{file.name} is not up to date: run `python tools/dashboards.py`")


if __name__ == "__main__":
    main()
