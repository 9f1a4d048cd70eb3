"""The doctor looks at the spool's cluster: well, a server away, no promise, nobody there; and creates nothing."""

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.relay.nats_cluster import NatsCluster, cluster
from tests.relay.support import rows_batch
from tests.starvation import PATIENCE_SECONDS

from mothership.config import Settings
from mothership.doctor import disk, jetstream
from mothership.doctor.finding import Finding, Severity
from mothership.doctor.patient import Patient
from mothership.relay.spool.jetstream.dead_letter_store import JetStreamDeadLetters
from mothership.relay.spool.jetstream.spool import JetStreamSpool


def configured(servers: NatsCluster, **changes: Any) -> Settings:
    """With a spool there."""
    to = {"servers": servers.urls, "stream": "DOCTOR", "sync_always": True, **changes}
    return Settings.model_validate(
        {"relay": {"spool": {"kind": "jetstream", "jetstream": to, "max_bytes": 1 << 24, "reserve_bytes": 0}}}
    )


async def found(settings: Settings) -> list[Finding]:
    """What is found."""
    return [finding async for finding in jetstream.examine(Patient(settings))]


async def test_a_cluster_is_examined_and_nothing_created(tmp_path: Path) -> None:
    """Before the first start, after it, with one server away, and with none."""
    with cluster(tmp_path / "nats") as servers:
        await servers.ready()
        settings = configured(servers)
        assert [one.severity for one in await found(settings)] == [Severity.OK, Severity.NOTE]
        async with servers.client() as client:
            assert not await client.jetstream().streams_info()
        spool = await JetStreamSpool.open(settings.relay, time.time)
        last = (await found(settings))[-1]
        assert last.what.startswith("3 servers in step")
        await spool.keep_rejected(rows_batch(1), ["refused"] * 3)
        await spool.close()
        letters = (await found(settings))[-1]
        assert (letters.severity, letters.what) == (Severity.WARNING, "1 dead letter on the cluster")
        await asyncio.to_thread(lambda: JetStreamDeadLetters(settings.relay).drop(None, None))
        (refused,) = [one for one in await found(configured(servers, sync_always=False)) if one.severity > Severity.OK]
        assert "sync_interval: always" in refused.what
        servers.kill(2)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (last := (await found(settings))[-1]).severity < Severity.WARNING:  # noqa: ASYNC110  # it shows late
                await asyncio.sleep(0.1)
        assert "away or behind: server-2" in last.what
        servers.stop()
        (nobody,) = await found(settings)
        assert (nobody.severity, nobody.what) == (
            Severity.ERROR,
            "relay.spool.jetstream.servers: none of them can be reached",
        )


async def test_of_a_spool_on_a_cluster_the_disk_says_what_it_has_not_examined(tmp_path: Path) -> None:
    """Nor does it ask for room for what goes elsewhere, unless a file takes over."""

    async def told(**to: Any) -> str:
        spool = {"kind": "jetstream", "max_bytes": 1 << 60, "jetstream": to}
        settings = Settings.model_validate({"server": {"data_dir": str(tmp_path)}, "relay": {"spool": spool}})
        return "\n".join([finding.what async for finding in disk.examine(Patient(settings))])

    assert "what waits is on the JetStream cluster: the part jetstream examines it" in await told()
    assert "relay.spool.max_bytes lets" not in await told()
    assert "relay.spool.max_bytes lets" in await told(fallback=True)


async def test_a_file_needs_no_cluster() -> None:
    """One line, and no complaint."""
    (note,) = await found(Settings())
    assert note.severity is Severity.NOTE
