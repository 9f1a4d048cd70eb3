# ruff: noqa: INP001 - a script
"""Exit status 0 when the service in this container is alive. Speaks http, or https where TLS is on."""

import os
import ssl
import sys
import urllib.request


def alive(port: str) -> bool:
    """Ask /livez on the loopback. The certificate is not checked: it is for the outside's name."""
    for scheme in ("http", "https"):
        try:
            context = ssl._create_unverified_context() if scheme == "https" else None  # noqa: S323, SLF001
            with urllib.request.urlopen(  # noqa: S310 - the scheme is one of the two above
                f"{scheme}://127.0.0.1:{port}/livez", timeout=3, context=context
            ) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except ssl.SSLError as error:
            if "CERTIFICATE_REQUIRED" in str(error):  # mutual TLS: it answered, and wants a client's certificate
                return True
        except OSError as error:
            if "CERTIFICATE_REQUIRED" in str(error):
                return True
    return False


if __name__ == "__main__":
    sys.exit(0 if alive(os.environ.get("MOTHERSHIP_PORT", "8443")) else 1)
