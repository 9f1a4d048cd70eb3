"""The streams on the cluster: created where they are missing, and refused where they can't keep the promise."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx2
import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import BadRequestError, NotFoundError

from mothership.errors import ClusterUnavailable, ConfigurationError
from mothership.relay.settings import RelaySettings
from mothership.relay.spool.jetstream.connection import LOST, cancellable
from mothership.relay.spool.jetstream.settings import JetStreamSettings
from mothership.relay.spool.jetstream.subjects import Subjects
from mothership.tls_verification import verification

KEY = "relay.spool.jetstream"
VERSION_MIN = (2, 12)
"""The first with atomic batches."""
VERSION_THAT_SYNCS_LATER = (2, 15)
"""Under `sync_interval: always` it syncs a replicated stream's log, and what the log made way for too late."""
PAYLOAD_BYTES_MIN = 2 * 1024**2
"""Room for one event of the largest size."""
REPLICAS_MIN = 3
MONITOR_SECONDS = 3.0
PAUSE_SECONDS = 0.25
NO_PEERS_CODE = 10005
"""Not enough servers are there, or have room: after a start of the cluster that passes."""


async def prepare(client: Client, js: JetStreamContext, settings: RelaySettings, subjects: Subjects) -> None:
    """Create or adapt the streams. Raises `ConfigurationError` where the cluster can't keep what is acknowledged."""
    to = settings.spool.jetstream
    found = [*_server_faults(client, to), *await _sync_faults(to)]
    if not found:
        batches = await _patiently(lambda: _stream(js, _batches_config(settings, subjects)), to.connect_seconds)
        stored = await _patiently(lambda: _stream(js, _letters_config(settings, subjects)), to.connect_seconds)
        found += [*_stream_faults(batches, to, RetentionPolicy.WORK_QUEUE), *_stream_faults(stored, to, None)]
    if found:
        raise ConfigurationError(found)


async def faults(client: Client, js: JetStreamContext, settings: RelaySettings, subjects: Subjects) -> list[str]:
    """What keeps this cluster from keeping the promise, as far as it can be seen without creating anything."""
    to = settings.spool.jetstream
    found = [*_server_faults(client, to), *await _sync_faults(to)]
    for name, retention in ((subjects.stream, RetentionPolicy.WORK_QUEUE), (subjects.letters_stream, None)):
        try:
            found += _stream_faults(await js.stream_info(name), to, retention)
        except NotFoundError:
            continue  # the first start creates it
    return found


async def _patiently(ask: Callable[[], Awaitable[StreamInfo]], seconds: float) -> StreamInfo:
    """A cluster that has just started elects its leader first."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await ask()
        except LOST as error:
            is_final = isinstance(error, BadRequestError) and error.err_code != NO_PEERS_CODE
            if is_final or asyncio.get_running_loop().time() >= until:
                reason = getattr(error, "description", None) or type(error).__name__
                raise ClusterUnavailable([f"{KEY}: the streams can't be created or read: {reason}"]) from None
        await asyncio.sleep(PAUSE_SECONDS)


async def ensure_consumer(js: JetStreamContext, settings: JetStreamSettings, subjects: Subjects, sink: str) -> None:
    """The durable consumer of a sink, which all instances share. Without it the batches stay where they are."""
    await cancellable(
        js.add_consumer(
            subjects.stream,
            ConsumerConfig(
                durable_name=sink,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=settings.ack_wait_seconds,
                max_deliver=-1,
                max_ack_pending=settings.max_ack_pending,
                filter_subject=subjects.batches_of(sink),
            ),
        )
    )


def _batches_config(settings: RelaySettings, subjects: Subjects) -> StreamConfig:
    to = settings.spool.jetstream
    return StreamConfig(
        name=subjects.stream,
        subjects=[subjects.all_batches, subjects.all_attempts],
        # What waits for a sink waits whether or not its consumer exists: `interest` would drop it without.
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        num_replicas=to.replicas,
        max_bytes=settings.spool.max_bytes,
        discard=DiscardPolicy.NEW,
        duplicate_window=to.duplicate_seconds,
        allow_atomic=True,
        allow_direct=False,  # a replica that lags would tell of attempts that were not made
    )


def _letters_config(settings: RelaySettings, subjects: Subjects) -> StreamConfig:
    to = settings.spool.jetstream
    return StreamConfig(
        name=subjects.letters_stream,
        subjects=[subjects.all_letters],
        storage=StorageType.FILE,
        num_replicas=to.replicas,
        discard=DiscardPolicy.NEW,
        duplicate_window=to.duplicate_seconds,
    )


async def _stream(js: JetStreamContext, wanted: StreamConfig) -> StreamInfo:
    """The stream as it is. Of one that exists only the bound is changed: the rest is its operator's."""
    assert wanted.name  # noqa: S101 - every stream of ours has a name
    try:
        info = await cancellable(js.stream_info(wanted.name))
    except NotFoundError:
        return await cancellable(js.add_stream(wanted))
    bound = wanted.max_bytes or -1
    if info.config.max_bytes == bound:
        return info
    return await cancellable(js.update_stream(info.config.evolve(max_bytes=bound)))


def _server_faults(client: Client, to: JetStreamSettings) -> Iterator[str]:
    version = client.connected_server_version
    if (version.major, version.minor) < VERSION_MIN:
        yield f"{KEY}.servers: NATS {version.major}.{version.minor} is too old: 2.12 or newer is needed"
    if (version.major, version.minor) == VERSION_THAT_SYNCS_LATER and "sync" not in to.accept:
        yield (
            f"{KEY}.servers: NATS {version.major}.{version.minor} acknowledges batches that a loss of power of all "
            "servers takes, whatever its sync_interval: use 2.14, or accept: [sync]"
        )
    if client.max_payload < PAYLOAD_BYTES_MIN:
        yield (
            f"{KEY}.servers: they take messages of {client.max_payload} bytes, and one event may need more: "
            "set `max_payload: 8MB` on each"
        )


def _stream_faults(info: StreamInfo, to: JetStreamSettings, retention: RetentionPolicy | None) -> Iterator[str]:
    config, name = info.config, info.config.name
    if (config.num_replicas or 1) < REPLICAS_MIN and "replicas" not in to.accept:
        yield (
            f"{KEY}: the stream {name} is on {config.num_replicas} server(s): losing one loses acknowledged batches; "
            f"give it three replicas, or say that it is meant: {KEY}.accept: [replicas]"
        )
    if config.storage != StorageType.FILE and "storage" not in to.accept:
        yield f"{KEY}: the stream {name} is in memory; create it anew with file storage, or accept: [storage]"
    if retention and config.retention != retention:
        yield f"{KEY}: the stream {name} has retention {config.retention}, not {retention}: delete it once it is empty"
    if config.discard != DiscardPolicy.NEW:
        yield f"{KEY}: the stream {name} discards old messages when it is full: set its discard policy to `new`"
    if config.max_age:
        yield f"{KEY}: the stream {name} drops messages by age: set its max_age to 0"
    if retention and not config.allow_atomic:
        yield f"{KEY}: the stream {name} takes no atomic batches: set allow_atomic"


async def _sync_faults(to: JetStreamSettings) -> list[str]:
    if "sync" in to.accept or to.sync_always:
        return []
    if not to.monitor_urls:
        reason = (
            f"{KEY}: whether the servers write to their disks before they acknowledge can't be seen: set "
            f"`sync_interval: always` on each and {KEY}.sync_always to true, or name their {KEY}.monitor_urls"
        )
        return [reason]
    found = []
    for url in to.monitor_urls:
        try:
            async with httpx2.AsyncClient(timeout=MONITOR_SECONDS, verify=verification(url, proxied=False)) as http:
                answer = orjson.loads((await http.get(f"{url.rstrip('/')}/jsz")).content)
        except (httpx2.HTTPError, ValueError) as error:
            found.append(f"{KEY}.monitor_urls: one of them gives no answer ({type(error).__name__})")
            continue
        config: dict[str, Any] = answer.get("config") or {}
        if not config.get("sync_always"):
            found.append(
                f"{KEY}.monitor_urls: server {answer.get('server_id', '?')[:8]} acknowledges before its disk has "
                "written: set `sync_interval: always` there, or accept: [sync]"
            )
    return found
