"""What the dashboards ask can be answered: every query is one, and every column is there."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml
from tests.alerts.series import promtool

from mothership.sinks.loki.settings import LABELS
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

ROOT = Path(__file__).parents[2]
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))


def _panels(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text())["panels"])


def test_the_service_dashboard_is_what_is_written_down() -> None:
    """Its JSON is made, by tools/dashboards.py."""
    command = [sys.executable, "tools/dashboards.py", "--check"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stderr == ""


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_have_an_id_a_place_and_a_source_that_is_provisioned(path: Path) -> None:
    """Two of one id, or on one place, hide each other."""
    panels = _panels(path)
    provisioned = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/mothership.yaml").read_text())
    assert {panel["datasource"]["uid"] for panel in panels} <= {each["uid"] for each in provisioned["datasources"]}
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)


def test_every_prometheus_query_is_well_formed(tmp_path: Path) -> None:
    """As rules, which promtool parses; that each metric exists is in tests/test_docs.py."""
    queries = [
        target["expr"].replace("$__rate_interval", "5m")
        for path in DASHBOARDS
        for panel in _panels(path)
        if panel["datasource"]["type"] == "prometheus"
        for target in panel["targets"]
    ]
    rules = [{"record": f"q:{at}", "expr": query} for at, query in enumerate(queries)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "q", "rules": rules}]}))
    result = promtool("check", "rules", tmp_path / "rules.yml")
    assert queries
    assert result.returncode == 0, result.stderr


def test_every_question_to_loki_is_about_labels_that_there_are() -> None:
    """Its selectors, its groups and its variables; each variable that a query names is one of the dashboard's."""
    labels = set(LABELS)
    asked = 0
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text())
        variables = {each["name"] for each in dashboard["templating"]["list"]}
        of_loki = [each for each in dashboard["templating"]["list"] if each.get("datasource", {}).get("type") == "loki"]
        assert {each["query"]["label"] for each in of_loki} <= labels
        for panel in dashboard["panels"]:
            for target in panel["targets"] if panel["datasource"]["type"] == "loki" else ():
                query, asked = target["expr"], asked + 1
                assert set(re.findall(r"(\w+) ?=~", query)) <= labels
                assert set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]+)\)", query)))) <= labels
                assert set(re.findall(r"\$([a-z]\w*)", query)) <= variables
                assert query.count("(") == query.count(")")
                assert re.search(r'\{type=~"\$type"', query), "a selector needs one that matches no empty value"
    assert asked > 8
    assert {"service.json", "events.json", "logs.json"} == {path.name for path in DASHBOARDS}


async def test_every_sql_query_runs_on_the_table(database_dsn: str) -> None:
    """With Grafana's macros and variables in their place."""
    sink = TsdbSink(DatabaseSettings(), embedded_dsn=database_dsn)
    await sink.open()
    await sink.close()
    connection = await asyncpg.connect(database_dsn)
    queries = [
        target["rawSql"]
        for path in DASHBOARDS
        for panel in _panels(path)
        for target in panel["targets"]
        if "rawSql" in target
    ]
    assert queries
    for query in queries:
        text = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 > now() - INTERVAL '6 hours'", query)
        text = re.sub(r"\$__timeGroup(?:Alias)?\((\w+),[^)]*\)", r"date_trunc('minute', \1) AS time", text)
        text = re.sub(r"\$\{?\w+(?::\w+)?\}?", "'x'", text)
        await connection.fetch(text)
    await connection.close()
