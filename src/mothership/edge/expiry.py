"""When certificates and tokens end: for `/metrics` and for `mothership doctor`."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mothership.edge.auth_settings import TokenSettings
from mothership.edge.tls import TLSSettings

if TYPE_CHECKING:
    from cryptography import x509


class Expiry(NamedTuple):
    """Something that ends."""

    name: str
    """`server` or `client_ca` for certificates, a token's own for tokens."""
    at: datetime


def certificate_expiries(tls: TLSSettings) -> Iterator[Expiry]:
    """Of each file the first certificate to end. A file that can't be read is another's business."""
    for name, path in (("server", tls.cert_file), ("client_ca", tls.client_ca_file)):
        ends = [certificate.not_valid_after_utc for certificate in certificates(path)] if path else []
        if ends:
            yield Expiry(name, min(ends))


def token_expiries(tokens: Iterable[TokenSettings]) -> Iterator[Expiry]:
    """Of each name the last token to end, because all of them work; none for a name with one that never ends."""
    ends: dict[str, datetime | None] = {}
    for token in tokens:
        known = ends.get(token.name, token.expires)
        ends[token.name] = max(known, token.expires) if known and token.expires else None
    yield from (Expiry(name, at) for name, at in ends.items() if at)


def certificates(path: Path) -> "list[x509.Certificate]":
    """Every certificate in a PEM file; none when it can't be read."""
    from cryptography import x509  # noqa: PLC0415 - no start without certificates waits for it

    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return []
