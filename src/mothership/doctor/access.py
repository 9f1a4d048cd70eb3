"""Who may enter: tokens and certificates that end, names that no certificate has, files that others can read."""

import ipaddress
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from mothership.config import plain_secrets
from mothership.doctor.finding import Finding, error, note, ok, warning
from mothership.doctor.patient import Patient
from mothership.edge.credentials import Credentials
from mothership.edge.expiry import Expiry, certificate_expiries, certificates, token_expiries
from mothership.edge.exposure import is_loopback

PART = "access"
SOON = timedelta(days=21)
"""What is left for somebody to notice and act."""
RENEW = {
    "server": "renew server.tls.cert_file; it is read again without a restart",
    "client_ca": "renew server.tls.client_ca_file, and the certificates that it has signed",
}
CERTIFICATE_COST = {
    "server": "nodes refuse the connection and keep their events",
    "client_ca": "no client certificate is taken any more",
}


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """See the module."""
    settings = patient.settings
    now = datetime.fromtimestamp(patient.clock(), UTC)
    tokens = list(Credentials(settings.auth, clock=patient.clock).tokens())
    for expiry in token_expiries(tokens):
        if found := _token(expiry, now):
            yield found
    if tokens:
        yield ok(PART, f"{len(tokens)} tokens are known" if len(tokens) > 1 else "1 token is known")
    elif is_loopback(settings.server.host):
        yield note(PART, "no token is set: whoever is on this machine may send and read")
    for expiry in certificate_expiries(settings.server.tls):
        yield _certificate(expiry, now)
    if settings.server.tls.cert_file and (found := _names(settings.server.tls.cert_file, settings.server.host)):
        yield found
    if patient.file and (found := _readable_secrets(patient.file)):
        yield found


def _token(expiry: Expiry, now: datetime) -> Finding | None:
    remedy = f"`mothership token new {expiry.name}` makes another; while both are listed, both work"
    cost = f"{expiry.name} is answered 401, and an EdgeBot drops what is answered so"
    if expiry.at <= now:
        return error(PART, f"the token of {expiry.name} expired on {_day(expiry.at)}", cost=cost, remedy=remedy)
    if expiry.at - now < SOON:
        return warning(PART, f"the token of {expiry.name} expires on {_day(expiry.at)}", cost=cost, remedy=remedy)
    return None


def _certificate(expiry: Expiry, now: datetime) -> Finding:
    what, cost, remedy = f"the certificate {expiry.name}", CERTIFICATE_COST[expiry.name], RENEW[expiry.name]
    if expiry.at <= now:
        return error(PART, f"{what} expired on {_day(expiry.at)}", cost=cost, remedy=remedy)
    if expiry.at - now < SOON:
        return warning(PART, f"{what} expires on {_day(expiry.at)}", cost=cost, remedy=remedy)
    return ok(PART, f"{what} is good until {_day(expiry.at)}")


def _names(path: Path, host: str) -> Finding | None:
    """A certificate for other names than the one address that the service listens on. With all of them any may do."""
    found = certificates(path)
    if not found:
        return None
    try:
        names = found[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return warning(
            PART,
            f"{path} names no host (it has no subjectAltName)",
            cost="no client that checks names takes it",
            remedy="have it issued with the names and addresses that nodes use",
        )
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or address.is_unspecified:
        return None
    if address in names.get_values_for_type(x509.IPAddress) or names.get_values_for_type(x509.DNSName):
        return None
    return warning(
        PART,
        f"{path} is not for {host}",
        cost="nodes that use this address refuse the connection",
        remedy="have it issued for the names and addresses that nodes use",
    )


def _readable_secrets(path: Path) -> Finding | None:
    """A configuration with secrets in the clear that every user of this machine can read."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    keys = plain_secrets(path) if mode & stat.S_IROTH else []
    if not keys:
        return None
    return warning(
        PART,
        f"every user of this machine can read {path}, which holds {', '.join(keys)}",
        cost="a secret that others can read",
        remedy=f"run `chmod o-r {path}`, or quote a variable there (`${{NAME}}`)",
    )


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
