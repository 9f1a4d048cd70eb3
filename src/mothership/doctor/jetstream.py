"""The spool's cluster, where it is on one: can it be reached, does it keep the promise, are its servers in step."""

from collections.abc import AsyncIterator

from mothership.doctor.finding import Finding, error, note, ok, warning
from mothership.doctor.patient import Patient
from mothership.errors import ConfigurationError
from mothership.extras import JETSTREAM
from mothership.plurals import counted

PART = "jetstream"
NOT_KEPT = "nothing can be acknowledged: /ingest answers 503, or the local file takes over if relay says so"
LESS_SAFE = "the service does not start, because what it acknowledges could be lost"
CONNECT_SECONDS = 5.0


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """See the module."""
    relay = patient.settings.relay
    if relay.spool.kind != "jetstream":
        yield note(PART, "relay.spool.kind is file: no cluster is used")
        return
    if not JETSTREAM.is_installed:
        yield error(PART, JETSTREAM.missing, cost="the service does not start", remedy="install it")
        return
    # Its client is an extra.
    from mothership.relay.spool.jetstream import cluster  # noqa: PLC0415 - its library is an extra
    from mothership.relay.spool.jetstream.connection import LOST, connect  # noqa: PLC0415 - its library is an extra
    from mothership.relay.spool.jetstream.counts import stream_state  # noqa: PLC0415 - its library is an extra
    from mothership.relay.spool.jetstream.subjects import Subjects  # noqa: PLC0415 - its library is an extra

    subjects = Subjects(relay.spool.jetstream.stream)
    try:
        client = await connect(relay.spool.jetstream.model_copy(update={"connect_seconds": CONNECT_SECONDS}))
    except ConfigurationError as unusable:
        for fault in unusable.faults:
            yield error(PART, fault, cost=NOT_KEPT, remedy="start the servers, or correct what the line names")
        return
    try:
        found = await cluster.faults(client, client.jetstream(), relay, subjects)
        for fault in found:
            yield error(PART, fault, cost=LESS_SAFE, remedy="do what the line says, then run this again")
        if not found:
            yield ok(PART, f"NATS {client.connected_server_version} keeps what it acknowledges")
        state = await stream_state(client, subjects.stream, subjects.all_batches)
        late = [one["name"] for one in state.replicas if one.get("offline") or not one.get("current")]
        if late:
            yield warning(
                PART,
                f"of {counted(len(state.replicas) + 1, 'server')} of the stream {len(late)} is away or behind: "
                + ", ".join(late),
                cost="if another one is lost, nothing can be acknowledged",
                remedy="look at that server; it catches up by itself once it runs",
            )
        else:
            yield ok(
                PART,
                f"{counted(len(state.replicas) + 1, 'server')} in step; {counted(state.messages, 'message')} waiting",
            )
        letters = await stream_state(client, subjects.letters_stream, subjects.all_letters)
        if letters.messages:
            yield warning(
                PART,
                f"{counted(letters.messages, 'dead letter')} on the cluster",
                cost="these events are in no sink",
                remedy="`mothership dead-letters list` says why; then retry or drop them",
            )
    except LOST:
        yield note(PART, f"there is no stream {subjects.stream} yet, or it has no leader: the first start creates it")
    finally:
        await client.close()
