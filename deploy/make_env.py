# ruff: noqa: INP001, T201 - a script that says what it made
"""Makes .env for the Compose files out of deploy/env.example: a token for a first node, and passwords of chance.

python3 deploy/make_env.py [FILE]      any Python 3 will do; nothing is overwritten
"""

import hashlib
import os
import re
import secrets
import sys
from pathlib import Path

EXAMPLE = Path(__file__).with_name("env.example")


def filled(text: str, token: str) -> str:
    """The example with every password in it, and the token's hash."""
    named = f"first=sha256:{hashlib.sha256(token.encode()).hexdigest()}"
    text = text.replace("\nMOTHERSHIP_AUTH_TOKENS=\n", f"\nMOTHERSHIP_AUTH_TOKENS={named}\n")
    return re.sub(r"^(\w+_PASSWORD)=$", lambda found: f"{found[1]}={secrets.token_hex(24)}", text, flags=re.MULTILINE)


def main() -> int:
    """Write it and print the token; the exit status."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else ".env")
    token = f"ms_{secrets.token_urlsafe(32)}"
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        print(f"{path}: {os.strerror(error.errno or 0)}", file=sys.stderr)
        return 1
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(filled(EXAMPLE.read_text(encoding="utf-8"), token))
    print(f"{path} written. The token of a first node; it is shown this once:", file=sys.stderr)
    print(token)
    return 0


if __name__ == "__main__":
    sys.exit(main())
