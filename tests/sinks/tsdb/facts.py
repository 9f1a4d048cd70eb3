"""What a sink knows of its database."""

from mothership.service_stats import DatabaseFacts
from mothership.sinks.tsdb.sink import TsdbSink


def facts_of(sink: TsdbSink) -> DatabaseFacts:
    """Once it was connected."""
    facts = sink.facts()
    assert facts, "it was never connected"
    return facts
