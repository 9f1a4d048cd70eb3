"""The servers' files that operators are given are started as they stand, but for names, ports and places."""

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import trustme
import yaml
from tests.contracts.spools import append, leased
from tests.doc_blocks import ROOT, blocks
from tests.loopback import free_port
from tests.relay.nats_cluster import SERVER
from tests.relay.support import rows_batch

from mothership.config import Settings
from mothership.relay.spool.jetstream.spool import JetStreamSpool

PAGE = ROOT / "docs/explanation/cluster.md"
NAMES = ("a", "b", "c")


def documented(language: str) -> str:
    """The page's block of this language."""
    [found] = [block.text for block in blocks(PAGE) if block.language == language]
    return found.replace('"…"', '"correct-horse"')


@contextlib.contextmanager
def three(file: str, place: Path) -> Iterator[list[int]]:
    """Servers by this file, on loopback; their ports."""
    clients, routes = ([free_port() for _ in NAMES] for _ in range(2))
    running = []
    for name, client, route in zip(NAMES, clients, routes, strict=True):
        text = file.replace('server_name: "nats-a"', f"server_name: nats-{name}")
        text = text.replace("/etc/nats", str(place)).replace("/var/lib/nats", f"{place}/{name}")
        text = text.replace('"/data"', f'"{place}/{name}"').replace("0.0.0.0:6222", f"127.0.0.1:{route}")
        for other, port in zip(NAMES, routes, strict=True):
            text = re.sub(rf"nats://(nats-)?{other}:6222", f"nats://127.0.0.1:{port}", text)
        text = re.sub(r"^(listen|http): .*\n", "", text, flags=re.MULTILINE) + f"\nlisten: 127.0.0.1:{client}\n"
        written = place / f"{name}.conf"
        written.write_text(text)
        environ = {"NATS_NAME": f"nats-{name}", "NATS_PASSWORD": "correct-horse"}
        with (place / f"{name}.log").open("wb") as out:
            running.append(subprocess.Popen([SERVER, "-c", written], env=environ, stdout=out, stderr=out))
    try:
        yield clients
    finally:
        for each in running:
            each.kill()
            each.wait()


async def keeps(settings: dict[str, Any], clients: list[int], scheme: str) -> None:
    """A batch is kept there and handed out."""
    to = settings["relay"]["spool"]["jetstream"]
    to["servers"] = [f"{scheme}://127.0.0.1:{port}" for port in clients]
    settings["relay"]["spool"]["max_bytes"] = 1 << 26  # what a small disk can reserve
    spool = await JetStreamSpool.open(Settings.model_validate(settings).relay, time.time)
    await append(spool, rows_batch(1), "a")
    assert (await leased(spool, "a")).batches[0].rows == rows_batch(1).rows
    await spool.close()


async def test_the_servers_and_the_instance_of_the_page_find_each_other(tmp_path: Path) -> None:
    """With TLS, the account and the password that it names."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "server.crt")
    issued.private_key_pem.write_to_path(tmp_path / "server.key")
    settings = yaml.safe_load(documented("yaml"))
    settings["relay"]["spool"]["jetstream"]["ca_file"] = str(tmp_path / "ca.pem")
    with three(documented("text"), tmp_path) as clients:
        await keeps(settings, clients, "tls")


async def test_the_servers_of_the_compose_file_start(tmp_path: Path) -> None:
    """By the file that is mounted into each."""
    settings = yaml.safe_load(documented("yaml"))
    del settings["relay"]["spool"]["jetstream"]["ca_file"]
    with three((ROOT / "deploy/nats/nats.conf").read_text(), tmp_path) as clients:
        await keeps(settings, clients, "nats")
