"""The certificates that httpx verifies servers with: none for plain HTTP, whose reading takes 50 ms of each start."""

import ssl


def verification(url: str, *, proxied: bool) -> ssl.SSLContext | bool:
    """Return what httpx verifies servers with: the trusted certificates, or none at all where no TLS can come.

    For clients that follow no redirects.
    """
    if proxied or not url.lower().startswith("http://"):
        return True
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
