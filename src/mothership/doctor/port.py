"""The port: free, or had by the service itself, which then says whether it is ready."""

import errno
import os
import socket
import ssl
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx2

from mothership import workers
from mothership.doctor.finding import Finding, error, ok
from mothership.doctor.patient import Patient

PART = "port"
READY_SECONDS_MAX = 5.0
DOES_NOT_START = "the service does not start"


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """See the module."""
    server = patient.settings.server
    place = f"{f'[{server.host}]' if ':' in server.host else server.host}:{server.port}"
    if server.port == 0:
        yield ok(PART, "the system chooses one that is free")
        return
    if patient.is_running:
        yield ok(PART, f"a service runs on {patient.data_dir}")
        yield await _ready(patient, place)
        return
    try:
        workers.bind(server.host, server.port).close()
    except socket.gaierror:
        yield error(
            PART,
            f"server.host: the name {server.host} is not known here",
            cost=DOES_NOT_START,
            remedy="write an address of this machine, or 0.0.0.0 for all",
        )
    except OSError as failure:
        yield error(PART, f"{place}: {os.strerror(failure.errno or 0)}", cost=DOES_NOT_START, remedy=_remedy(failure))
    else:
        yield ok(PART, f"{place} is free")


def _remedy(failure: OSError) -> str:
    if failure.errno == errno.EADDRINUSE:
        return "stop what has it (`ss -ltnp` tells), or choose another server.port"
    if failure.errno == errno.EACCES:
        return "ports under 1024 are root's: choose another server.port, or give the service CAP_NET_BIND_SERVICE"
    return "choose an address of this machine in server.host, or 0.0.0.0 for all"


async def _ready(patient: Patient, place: str) -> Finding:
    """Ask the service that runs. Its certificate is looked at elsewhere."""
    server = patient.settings.server
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(server.host, place.rpartition(":")[0])  # noqa: S104 - narrowed
    scheme = "https" if server.tls.cert_file else "http"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    remedy = "look at its log, and at the other findings here"
    try:
        async with httpx2.AsyncClient(verify=context, trust_env=False, timeout=READY_SECONDS_MAX) as client:
            answer = await client.get(f"{scheme}://{host}:{server.port}/readyz")
    except httpx2.HTTPError as failure:
        if server.tls.client_ca_file and server.tls.client_required:
            return ok(PART, "it wants a client certificate, so whether it is ready was not asked")
        return error(
            PART,
            f"it does not answer at {scheme}://{host}:{server.port} ({type(failure).__name__})",
            cost="no batch is taken",
            remedy=f"it may run with another configuration than this one, or be starting: {remedy}",
        )
    if answer.status_code != HTTPStatus.OK:
        return error(PART, "it says that it is not ready", cost="batches are answered 503", remedy=remedy)
    return ok(PART, "it says that it is ready")
