# ruff: noqa: INP001 - a script
"""Prints the part of requirements.lock that the service runs on: what `make test` and `make lint` need stays out.

    runtime_lock.py requirements.lock [PACKAGE]      with a name: what that package runs on, itself included

The lock says of each package who wants it (`# via`), so the answer needs no network, and every hash is the lock's.
"""

import re
import sys
from pathlib import Path

ROOT = "mothership (pyproject.toml)"


def runtime(lock: str, package: str | None = None) -> str:
    """Keep the packages that the project itself (or one package) wants, and what those want, and so on."""
    blocks = {re.split(r"[=\[ ]", block, maxsplit=1)[0]: block for block in re.split(r"\n(?=\S)", lock.strip())}
    wanted_by = {
        name: set(re.findall(r"^    #(?: via|  ) (.+?)$", block, re.MULTILINE)) for name, block in blocks.items()
    }
    kept: set[str] = {package or ROOT}
    while new := {name for name, by in wanted_by.items() if name not in kept and by & kept}:
        kept |= new
    return "\n".join(block for name, block in blocks.items() if name in kept) + "\n"


if __name__ == "__main__":
    sys.stdout.write(runtime(Path(sys.argv[1]).read_text(encoding="utf-8"), *sys.argv[2:3]))
