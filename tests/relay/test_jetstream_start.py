"""What a start makes of a cluster: it refuses what can't keep the promise, says why, and quotes no secret."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import nkeys
import pytest
import trustme
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from tests.contracts.spools import append, leased
from tests.relay.nats_cluster import NatsCluster, cluster
from tests.relay.nats_logins import jwt_login, key, written
from tests.relay.support import rows_batch, settings

from mothership.config import Settings
from mothership.config.meaning import sentences
from mothership.errors import ConfigurationError
from mothership.relay.spool.jetstream.spool import JetStreamSpool

SECRET = "correct-horse-battery"


async def opened(servers: NatsCluster, /, **changes: Any) -> JetStreamSpool:
    """A spool on one server, which is accepted unless said otherwise."""
    to = {"servers": servers.urls, "stream": f"T{token_hex(6)}", "replicas": 1, "accept": ["replicas"], **changes}
    wanted = settings(spool={"kind": "jetstream", "jetstream": to, "max_bytes": 1 << 24})
    return await JetStreamSpool.open(wanted, time.time)


async def refusal(servers: NatsCluster, /, **changes: Any) -> str:
    """Why it is refused."""
    with pytest.raises(ConfigurationError) as refused:
        await opened(servers, **changes)
    assert all(fault.startswith("relay.spool.jetstream") for fault in refused.value.faults)
    return str(refused.value)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """One server."""
    with cluster(tmp_path_factory.mktemp("nats"), servers=1) as started:
        yield started


async def test_fewer_than_three_replicas_are_refused_unless_meant(alone: NatsCluster) -> None:
    """Losing one server would lose what was acknowledged."""
    assert "1 server" in await refusal(alone, accept=[], sync_always=True)
    assert "can't be created" in await refusal(alone, replicas=3, sync_always=True, connect_seconds=1.0)
    await (await opened(alone, sync_always=True)).close()


async def test_a_disk_that_is_written_later_is_refused_unless_it_is_known_not_to_be(alone: NatsCluster) -> None:
    """Seen by the server's monitoring, or said."""
    assert "sync_interval: always" in await refusal(alone)
    monitor = f"http://127.0.0.1:{alone.monitors[0]}"
    await (await opened(alone, monitor_urls=[monitor])).close()
    await (await opened(alone, accept=["replicas", "sync"])).close()
    assert "no answer" in await refusal(alone, monitor_urls=[f"http://127.0.0.1:{alone.ports[0]}"])


async def test_a_server_that_writes_later_is_seen(tmp_path: Path) -> None:
    """NATS's own default: every two minutes."""
    with cluster(tmp_path / "nats", servers=1, jetstream="sync_interval: 2m") as lazy:
        reason = await refusal(lazy, monitor_urls=[f"http://127.0.0.1:{lazy.monitors[0]}"])
        assert "acknowledges before its disk has written" in reason


@asynccontextmanager
async def saying_version(servers: NatsCluster, version: str) -> AsyncIterator[str]:
    """The server's address, where it gives itself out as another version."""
    tasks: set[asyncio.Task[Any]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        there, out = await asyncio.open_connection("127.0.0.1", servers.ports[0])
        writer.write(re.sub(rb'"version":"[^"]*"', b'"version":"%s"' % version.encode(), await there.readline()))
        try:
            await asyncio.gather(copy(reader, out), copy(there, writer))
        except (OSError, asyncio.CancelledError):  # the second ends the test; streams would print it
            pass
        finally:
            for each in (writer, out):
                each.close()
                with suppress(OSError):
                    await each.wait_closed()

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            target.write(chunk)
        target.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as listening:
        yield f"nats://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_version_that_syncs_later_than_it_says_is_refused_unless_meant(alone: NatsCluster) -> None:
    """Of 2.15.1 all three servers lost their power, and two had none of what they had acknowledged."""
    async with saying_version(alone, "2.15.1") as address:
        assert "2.15 acknowledges batches that a loss of power" in await refusal(
            alone, servers=[address], sync_always=True
        )
        await (await opened(alone, servers=[address], accept=["replicas", "sync"])).close()
    async with saying_version(alone, "2.11.9") as address:
        assert "NATS 2.11 is too old" in await refusal(alone, servers=[address], sync_always=True)
    async with saying_version(alone, "2.14.0") as address:
        await (await opened(alone, servers=[address], sync_always=True)).close()


async def test_small_messages_are_refused(tmp_path: Path) -> None:
    """One event may need more than a mebibyte."""
    with cluster(tmp_path / "nats", servers=1, max_payload="1MB") as small:
        assert "max_payload: 8MB" in await refusal(small, sync_always=True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"storage": StorageType.MEMORY}, "in memory"),
        ({"max_age": 3600.0}, "by age"),
        ({"discard": DiscardPolicy.OLD}, "discards old"),
        ({"retention": RetentionPolicy.LIMITS}, "retention"),
        ({"allow_atomic": False}, "allow_atomic"),
    ],
)
async def test_a_stream_that_loses_batches_is_refused(alone: NatsCluster, changes: dict[str, Any], reason: str) -> None:
    """One that somebody has made by hand."""
    name = f"T{token_hex(6)}"
    wanted: dict[str, Any] = {
        "name": name, "subjects": [f"{name}.batch.>"], "retention": RetentionPolicy.WORK_QUEUE,
        "storage": StorageType.FILE, "discard": DiscardPolicy.NEW, "allow_atomic": True, **changes,
    }  # fmt: skip
    async with alone.client() as client:
        await client.jetstream().add_stream(StreamConfig(**wanted))
    assert reason in await refusal(alone, stream=name, sync_always=True)


async def test_nobody_there_is_one_line(tmp_path: Path) -> None:
    """After the time that a start waits."""
    reason = await refusal(_Nowhere(tmp_path), connect_seconds=0.5, sync_always=True)
    assert reason == "relay.spool.jetstream.servers: none of them can be reached"


class _Nowhere(NatsCluster):
    """Never started."""

    @property
    def urls(self) -> list[str]:
        """Where nobody listens."""
        return ["nats://127.0.0.1:1"]


async def test_credentials_are_shown_and_never_told(tmp_path: Path) -> None:
    """A user of an account of its own; with a wrong password one line that does not quote it."""
    accounts = f'accounts: {{ MS: {{ jetstream: enabled, users: [{{ user: ship, password: "{SECRET}" }}] }} }}'
    with cluster(tmp_path / "nats", servers=1, extra=accounts) as guarded:
        spool = await opened(guarded, user="ship", password=SECRET, sync_always=True)
        await append(spool, rows_batch(1), "a")
        assert (await leased(spool, "a")).batches == (rows_batch(1),)
        await spool.close()
        reason = await refusal(guarded, user="ship", password=f"{SECRET}x", sync_always=True)
        assert reason == "relay.spool.jetstream: the servers refuse the credentials"
        assert SECRET not in repr(settings(spool={"jetstream": {"user": "ship", "password": SECRET}}))


async def keeps(servers: NatsCluster, **login: Any) -> None:
    """Log in, keep a batch, read it back."""
    spool = await opened(servers, **login, sync_always=True)
    await append(spool, rows_batch(1), "a")
    assert (await leased(spool, "a")).batches == (rows_batch(1),)
    await spool.close()


REFUSED = "relay.spool.jetstream: the servers refuse the credentials"


async def test_a_token_lets_in(tmp_path: Path) -> None:
    """And another one does not; nor does none."""
    with cluster(tmp_path / "nats", servers=1, extra=f'authorization {{ token: "{SECRET}" }}') as guarded:
        await keeps(guarded, token=SECRET)
        for login in ({"token": f"{SECRET}x"}, {"user": "ship", "password": SECRET}, {}):
            assert await refusal(guarded, **login, sync_always=True) == REFUSED


async def test_an_nkey_lets_in(tmp_path: Path) -> None:
    """Its seed stays here: the server knows the public part, and asks for a signature."""
    user, other = key(nkeys.PREFIX_BYTE_USER), key(nkeys.PREFIX_BYTE_USER)
    account = f"accounts: {{ MS: {{ jetstream: enabled, users: [{{ nkey: {user.public} }}] }} }}"
    with cluster(tmp_path / "nats", servers=1, extra=account) as guarded:
        await keeps(guarded, nkey_file=written(tmp_path / "ship.nk", f"{user.seed}\n"))
        stranger = written(tmp_path / "stranger.nk", other.seed)
        assert await refusal(guarded, nkey_file=stranger, sync_always=True) == REFUSED


async def test_a_file_of_credentials_lets_in(tmp_path: Path) -> None:
    """A user's JWT and seed, as `nsc` writes them, with an operator's server; one of another operator's is refused."""
    login, other = jwt_login(), jwt_login()
    with cluster(tmp_path / "nats", servers=1, extra=login.server) as guarded:
        await keeps(guarded, credentials_file=written(tmp_path / "ship.creds", login.credentials))
        stranger = written(tmp_path / "stranger.creds", other.credentials)
        assert await refusal(guarded, credentials_file=stranger, sync_always=True) == REFUSED


@pytest.mark.parametrize("name", ["credentials_file", "nkey_file"])
@pytest.mark.parametrize("text", [None, "", f"nothing of the kind: {SECRET}\n", "-----BEGIN NATS USER JWT-----\n"])
async def test_a_login_that_can_not_be_read_is_told_at_once(
    alone: NatsCluster, tmp_path: Path, name: str, text: str | None
) -> None:
    """The client looks for a line in the file for ever, and takes a missing one for a server that is away."""
    path = tmp_path / "login"
    if text is not None:
        written(path, text)
    reason = await refusal(alone, **{name: path}, sync_always=True)
    assert reason.startswith(f"relay.spool.jetstream.{name}: ")
    assert SECRET not in reason


async def test_a_certificate_can_be_the_login(tmp_path: Path) -> None:
    """The server takes the name in it for the user; without one there is no connection at all."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name, issued in (
        ("server", authority.issue_cert("127.0.0.1")), ("ship", authority.issue_cert("ship")),
        ("stranger", authority.issue_cert("stranger")),
    ):  # fmt: skip
        issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / f"{name}.pem")
    tls = (
        f'tls {{ cert_file: "{tmp_path}/server.pem", key_file: "{tmp_path}/server.pem", ca_file: "{tmp_path}/ca.pem", '
        "verify_and_map: true, timeout: 10 }\n"
        "accounts: { MS: { jetstream: enabled, users: [{ user: ship }] } }"
    )
    with cluster(tmp_path / "nats", servers=1, extra=tls) as guarded:
        await keeps(guarded, ca_file=tmp_path / "ca.pem", client_cert_file=tmp_path / "ship.pem")
        stranger = {"ca_file": tmp_path / "ca.pem", "client_cert_file": tmp_path / "stranger.pem"}
        assert await refusal(guarded, **stranger, sync_always=True) == REFUSED
        nobody = await refusal(guarded, ca_file=tmp_path / "ca.pem", sync_always=True, connect_seconds=2.0)
        assert nobody == "relay.spool.jetstream.servers: none of them can be reached"


async def test_tls_both_ways(tmp_path: Path) -> None:
    """The server's certificate is verified, and one is shown where the server asks for it."""
    authority, other = trustme.CA(), trustme.CA()
    place = tmp_path / "certificates"
    place.mkdir()
    authority.cert_pem.write_to_path(place / "ca.pem")
    other.cert_pem.write_to_path(place / "other.pem")
    for name, issued in (("server", authority.issue_cert("127.0.0.1")), ("client", authority.issue_cert("ship"))):
        issued.private_key_and_cert_chain_pem.write_to_path(place / f"{name}.pem")
    tls = (
        f'tls {{ cert_file: "{place}/server.pem", key_file: "{place}/server.pem", ca_file: "{place}/ca.pem", '
        "verify: true, timeout: 10 }"
    )
    with cluster(tmp_path / "nats", servers=1, extra=tls) as secured:
        shown = {"client_cert_file": place / "client.pem", "sync_always": True}
        spool = await opened(secured, **shown, ca_file=place / "ca.pem")
        await append(spool, rows_batch(1), "a")
        await spool.close()
        assert "none of them can be reached" in await refusal(
            secured, **shown, ca_file=place / "other.pem", connect_seconds=2.0
        )
        missing = await refusal(secured, **shown, ca_file=place / "nowhere.pem")
        assert "certificates can't be read: No such file or directory" in missing


def test_check_says_where_it_waits(alone: NatsCluster) -> None:
    """`mothership check` prints what a configuration means."""
    spool = {"kind": "jetstream", "jetstream": {"servers": alone.urls, "stream": "SHIP", "fallback": True}}
    lines = "\n".join(sentences(Settings.model_validate({"relay": {"spool": spool}})))
    assert "waits in the JetStream stream SHIP: 4 GiB or 7 days at most; in a file while" in lines
