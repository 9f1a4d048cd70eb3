"""Fetches what the console serves that others wrote, from the npm registry, and records what it is.

    tools/vendor.py             fetch the packages of the manifest anew, check them by their hash, and write the files
    tools/vendor.py --check     exit status 1 when a file is not the one that was recorded; needs no network

The manifest is `src/mothership/console/static/vendor/manifest.json`. To move to another version, change it there,
remove `integrity` of the package and run this: the new value is written down to be reviewed. npm asks the registry that
it is configured for.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "src" / "mothership" / "console" / "static" / "vendor"
MANIFEST = FOLDER / "manifest.json"


def read() -> list[dict[str, Any]]:
    """The packages: name, version, licence, integrity, and of each file its place in the package and its SHA-256."""
    packages: list[dict[str, Any]] = json.loads(MANIFEST.read_text(encoding="utf-8"))["packages"]
    return packages


def fetch(package: dict[str, Any], into: Path) -> None:
    """Write the package's files, and into the entry what they are."""
    spec = f"{package['name']}@{package['version']}"
    command = ["npm", "pack", spec, "--json", "--ignore-scripts", "--pack-destination", str(into)]
    packed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]
    archive = into / packed["filename"]
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if package.setdefault("integrity", integrity) != integrity:
        sys.exit(f"vendor: {spec} is not what was recorded: {integrity}")
    with tarfile.open(archive) as members:

        def content(name: str) -> bytes:
            member = members.extractfile(f"package/{name}")
            if member is None:
                sys.exit(f"vendor: {spec} has no file {name}")
            return member.read()

        package["licence"] = json.loads(content("package.json"))["license"]
        for name, file in package["files"].items():
            found = content(file["from"])
            (FOLDER / name).write_bytes(found)
            file["sha256"] = hashlib.sha256(found).hexdigest()


def faults() -> list[str]:
    """What is not as recorded, one line each."""
    recorded = {name: file["sha256"] for package in read() for name, file in package["files"].items()}
    there = {path.name for path in FOLDER.iterdir()} - {MANIFEST.name}
    found = [f"{name}: nobody recorded what this is" for name in sorted(there - recorded.keys())]
    for name, expected in recorded.items():
        path = FOLDER / name
        if not path.exists():
            found.append(f"{name}: is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            found.append(f"{name}: is not the file that was recorded")
    return found


def main() -> None:
    """Fetch, or check."""
    if "--check" in sys.argv:
        sys.exit("\n".join(f"vendor: {fault}" for fault in faults()) or 0)
    packages = read()
    with tempfile.TemporaryDirectory() as into:
        for package in packages:
            fetch(package, Path(into))
    MANIFEST.write_text(json.dumps({"packages": packages}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
