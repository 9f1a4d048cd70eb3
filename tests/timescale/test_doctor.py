"""What the doctor says of hypertable and policies."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.alerts.series import Scrape, firing

from mothership.doctor import policies
from mothership.doctor.finding import Finding
from mothership.metric_registry import exposition
from mothership.sinks.tsdb.connection_pool import Connector
from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sink import TsdbSink

pytestmark = [pytest.mark.timescale, pytest.mark.xdist_group("timescale")]


async def _said(dsn: str, **settings: Any) -> list[Finding]:
    connection = await Connector(parse_dsn(dsn), timeout_seconds=10.0, statement_cache_size=0).connect()
    try:
        return [each async for each in policies.examine(connection, DatabaseSettings(**settings))]
    finally:
        await connection.close(timeout=2)


async def test_policies_that_differ_from_the_configuration_or_are_paused_are_named(
    timescale_dsn: str, make_sink: Callable[..., TsdbSink], sql: Callable[..., Awaitable[Any]]
) -> None:
    """Before the first start there is nothing to say of a table; after it the policies are as configured."""
    kept = {"retention": "90 days", "columnstore_after": "7 days"}
    await make_sink(**kept).open()
    well = await _said(timescale_dsn, **kept)
    assert not [each for each in well if each.severity.label in {"warning", "error"}]
    assert "events is a hypertable" in [each.what for each in well]
    [off] = [each for each in await _said(timescale_dsn, columnstore_after="7 days") if each.cost]
    assert off.what.startswith("database.retention is not set, and job ")
    assert off.what.endswith("drops events after 90 days")
    await sql("SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE proc_name = $1",
              "policy_retention")  # fmt: skip
    [paused] = [each for each in await _said(timescale_dsn, **kept) if each.cost]
    assert "which drops events, is paused" in paused.what
    assert "alter_job" in paused.remedy


async def test_a_job_that_is_paused_fires_its_alert(
    make_sink: Callable[..., TsdbSink], sql: Callable[..., Awaitable[Any]], tmp_path: Path
) -> None:
    """By what `/metrics` says of it; while all jobs are well it does not."""
    sink = make_sink(retention="90 days")
    await sink.open()
    before = Scrape(exposition()[0].decode(), time.time())
    await sql("SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE proc_name = $1",
              "policy_retention")  # fmt: skip
    await sink.check_database()
    after = Scrape(exposition()[0].decode(), time.time())
    assert "MothershipDatabaseJobsFail" not in await asyncio.to_thread(firing, tmp_path, before, before, before)
    assert "MothershipDatabaseJobsFail" in await asyncio.to_thread(firing, tmp_path, before, after, after)
