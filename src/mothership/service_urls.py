"""Addresses of other services, as a configuration names them: what is wrong is told by its part, and quotes nothing."""

from urllib.parse import SplitResult, urlsplit

EXPECTED = "is not an address: expected http://host:port or https://host:port"


def split_address(value: str) -> SplitResult:
    """Take an http or https URL apart. Raises ValueError that names the malformed part."""
    if any(sign.isspace() or not sign.isprintable() for sign in value):
        raise ValueError(f"{EXPECTED}, without a space or a control character")
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError(f"{EXPECTED} (an IPv6 address stands in brackets)") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(EXPECTED)
    if "@" in parts.path:
        raise ValueError(f"{EXPECTED} (a `/` before an `@` is written %2F)")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"{EXPECTED} (the port is a number from 1 to 65535)")
    return parts
