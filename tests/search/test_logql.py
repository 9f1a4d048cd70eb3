"""A question as LogQL: labels where Loki has them, the line's fields for the rest; nothing slips out of a string."""

import pytest

from mothership.search.logql import as_logql
from mothership.search.parameters import parse_query


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ([], '{type=~".+"}'),
        ([("type", "syslog")], '{type="syslog"}'),
        ([("type", "syslog"), ("type", "snmp.v2")], '{type=~"snmp\\\\.v2|syslog"}'),
        ([("-site", "oslo")], '{type=~".+", site!="oslo"}'),
        ([("-site", "oslo"), ("-site", "rome")], '{type=~".+", site!~"oslo|rome"}'),
        ([("service", "nginx"), ("-type", "snmp")], '{service="nginx", type!="snmp"}'),
        ([("source", "edge-7")], '{type=~".+"}\n| json source="source"\n| source="edge-7"'),
        ([("at-least", "error")], '{type=~".+"}\n| json severity_num="severity_num"\n| severity_num <= 3'),
        ([("-severity", "debug")], '{type=~".+"}\n| json severity_num="severity_num"\n| severity_num!="7"'),
        ([("q", 'Timeout -"no route"')], '{type=~".+"}\n|~ "(?i)Timeout"\n!~ "(?i)no route"'),
        ([("q", "a\\b")], '{type=~".+"}\n|~ "(?i)a\\\\\\\\\\\\\\\\b"'),
        ([("has", '{"tags": {"my site": "x"}}')], '{type=~".+"}\n| json has_0="tags[\\"my site\\"]"\n| has_0 = "x"'),
        ([("has", '{"n": 7}')], '{type=~".+"}\n| json has_0="n"\n| has_0 = "7"'),
        ([("lacks", '{"n": 7}')], '# not said in LogQL: NOT data @> {"n":7}\n{type=~".+"}'),
        ([("since", "2026-11-30T12:00:00Z")], '# from 2026-11-30T12:00:00.000000Z\n{type=~".+"}'),
        ([("type", '"} | x\n# `')], '{type="\\"} | x\\n# `"}'),
    ],
)
def test_a_question_is_said_in_logql(asked: list[tuple[str, str]], wanted: str) -> None:
    """As Grafana takes it."""
    assert as_logql(parse_query(asked, now=0.0)) == wanted
