"""What is configured reaches the part that it is for."""

from mothership.assembly import routes
from mothership.config import Settings
from mothership.live_tail.live_tail import LiveTail
from mothership.relay.sink_route import SinkRoute
from mothership.sinks.loki.sink import LokiSink
from mothership.sinks.tsdb.sink import TsdbSink


def test_each_sink_is_written_to_as_its_settings_say() -> None:
    """A number in another's place would be a number, too: two writers were two seconds of waiting."""
    settings = Settings(
        sinks={
            "timescaledb": {"batch_size": 11, "batch_timeout_seconds": 0.5, "writers": 3},
            "loki": {"enabled": True, "url": "http://127.0.0.1:1", "batch_size": 7, "gather_seconds": 0.25},
        },
        database={"host": "127.0.0.1"},
    )
    tail = LiveTail(settings.live_tail)
    tsdb, loki = TsdbSink(settings.database, settings.sinks.timescaledb), LokiSink(settings.sinks.loki)
    assert routes(settings, tsdb, loki, tail) == [
        SinkRoute(tsdb, batch_size=11, linger_seconds=0.5, gather_seconds=0.0, writers=3, watcher=tail),
        SinkRoute(
            loki,
            batch_size=settings.sinks.loki.write_rows,
            linger_seconds=0.0,
            gather_seconds=0.25,
            full_rows=7,
            in_order=True,
        ),
    ]


def test_by_default_the_database_is_not_waited_with() -> None:
    """A row is written when the last write is done."""
    settings = Settings(database={"host": "127.0.0.1"})
    tsdb = TsdbSink(settings.database, settings.sinks.timescaledb)
    [route] = routes(settings, tsdb, None, LiveTail(settings.live_tail))
    assert (route.linger_seconds, route.gather_seconds, route.writers) == (0.0, 0.0, 2)
