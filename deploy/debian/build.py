# ruff: noqa: INP001, T201, S603 - a script that says what it made, with programs of the system
"""Builds the Debian package out of the locked wheels: `make deb`.

    build.py [--out DIR] [--arch amd64|arm64] [--python 3.11 --python 3.12 …] [--compression xz|none]

One package serves every Debian and Ubuntu whose Python is among those named. What it installs is a virtual environment
with a `lib/python3.X` for each of them: the interpreter that starts takes its own. Wheels come by the hashes of
requirements.lock; other architectures' too, as nothing is compiled or run.
"""

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "deploy"))
from runtime_lock import runtime  # noqa: E402 - beside the Dockerfile, which runs it by itself

PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
FROM_SOURCE = "nkeys"
"""Plain Python that has no wheel. The Dockerfile names it, too."""
UV = Path(sys.executable).with_name("uv")
CONTROL = """\
Package: mothership
Version: {version}
Architecture: {architecture}
Maintainer: Mothership contributors <mothership@localhost>
Installed-Size: {kibibytes}
Depends: python3 (>= {oldest}), python3 (<< {after_newest}), libc6 (>= 2.28), libgcc-s1, libstdc++6, adduser,
 systemd | systemd-standalone-sysusers | systemd-sysusers, init-system-helpers (>= 1.54)
Recommends: ca-certificates
Section: net
Priority: optional
Description: takes, redacts and stores the events of an EdgeBot fleet
 The service that a fleet of EdgeBot nodes reports to. It removes personal data
 and secrets from events, enriches them, and stores them in TimescaleDB (or an
 embedded PostgreSQL) and in Loki.
"""
FILES = (
    ("mothership.service", "usr/lib/systemd/system/mothership.service", 0o644),
    ("mothership.sysusers", "usr/lib/sysusers.d/mothership.conf", 0o644),
    ("mothership.sh", "usr/bin/mothership", 0o755),
    ("config.yaml", "etc/mothership/config.yaml", 0o644),
    ("mothership.env", "etc/mothership/mothership.env", 0o600),
)
SHARED = {"zsh/site-functions": "zsh/vendor-completions"}
"""Where Debian wants what deploy/share has in the usual place."""
DOCUMENTS = ("README.md", "CHANGELOG.md", "NOTICE", "THIRD_PARTY_LICENSES", "docs/reference/configuration.md")


def environment(place: Path, pythons: list[str], architecture: str) -> None:
    """A virtual environment for the system's Python, of whichever of these versions it is."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        whole = (ROOT / "requirements.lock").read_text(encoding="utf-8")
        lock, builders = work / "runtime.lock", work / "builders.lock"
        lock.write_text(runtime(whole), encoding="utf-8")
        builders.write_text(runtime(whole, "setuptools"), encoding="utf-8")
        _uv("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", work, ROOT)
        for version in pythons:
            target = place / "lib" / f"python{version}" / "site-packages"
            into = ["pip", "install", "--no-deps", "--link-mode", "copy", "--target", target]
            of: list[str | Path] = [
                "--python-version",
                version,
                "--python-platform",
                PLATFORMS[architecture],
                "--only-binary",
                ":all:",
            ]
            of += ["--no-binary", FROM_SOURCE, "--build-constraints", builders]
            _uv(*into, *of, "--require-hashes", "-r", lock)
            _uv(*into, *of, next(work.glob("*.whl")))
            for folder in ("bin", "share"):  # what the system's own directories have
                shutil.rmtree(target / folder, ignore_errors=True)
            (target / ".lock").unlink(missing_ok=True)
    _link_equal_files(place)
    (place / "bin").mkdir()
    (place / "bin/python3").symlink_to("/usr/bin/python3")
    _write(place / "pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n", 0o644)
    program = "#!/opt/mothership/bin/python3 -I\nfrom mothership.__main__ import main\n\nmain()\n"
    _write(place / "bin/mothership", program, 0o755)


def tree(place: Path, pythons: list[str], architecture: str) -> None:
    """All that the package holds."""
    environment(place / "opt/mothership", pythons, architecture)
    for source, target, mode in FILES:
        _write(place / target, (HERE / source).read_text(encoding="utf-8"), mode)
    for name in DOCUMENTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        _write(place / "usr/share/doc/mothership" / Path(name).name, text, 0o644)
    shared = ROOT / "deploy/share"
    for path in sorted(each for each in shared.rglob("*") if each.is_file()):
        folder = path.parent.relative_to(shared).as_posix()
        target = place / "usr/share" / SHARED.get(folder, folder) / path.name
        if folder.startswith("man/"):
            target = target.with_name(f"{path.name}.gz")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            target.chmod(0o644)
        else:
            _write(target, path.read_text(encoding="utf-8"), 0o644)
    _write(place / "usr/share/doc/mothership/copyright", (ROOT / "LICENSE").read_text(encoding="utf-8"), 0o644)


def control(place: Path, pythons: list[str], architecture: str) -> None:
    """What dpkg is told."""
    newest = pythons[-1].partition(".")[2]
    size = sum(path.lstat().st_size for path in place.rglob("*") if not path.is_dir())
    text = CONTROL.format(
        version=_version(),
        architecture=architecture,
        kibibytes=size // 1024,
        oldest=pythons[0],
        after_newest=f"3.{int(newest) + 1}~",
    )
    _write(place / "DEBIAN/control", text, 0o644)
    conffiles = [f"/{target}\n" for _, target, _ in FILES if target.startswith("etc/")]
    _write(place / "DEBIAN/conffiles", "".join(conffiles), 0o644)
    for name in ("postinst", "prerm", "postrm"):
        _write(place / "DEBIAN" / name, (HERE / name).read_text(encoding="utf-8"), 0o755)


def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _link_equal_files(place: Path) -> None:
    """What is the same for every Python is there once."""
    known: dict[tuple[bytes, int], Path] = {}
    for path in sorted(place.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        same = known.setdefault((hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mode), path)
        if same != path:
            path.unlink()
            path.hardlink_to(same)


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _uv(*arguments: str | Path) -> None:
    subprocess.run([UV, "-q", *arguments], check=True)


def _dated(place: Path) -> None:
    """Give everything the time of the last commit, so that the same source makes the same package."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if told is None:
        command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    os.environ["SOURCE_DATE_EPOCH"] = told
    for path in (place, *place.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
        os.utime(path, (int(told), int(told)), follow_symlinks=False)


def main() -> None:
    """Build one."""
    parser = argparse.ArgumentParser(description="Build the Debian package.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--arch", choices=PLATFORMS, default="arm64" if os.uname().machine == "aarch64" else "amd64")
    parser.add_argument("--python", action="append", choices=PYTHONS)
    parser.add_argument("--compression", choices=("xz", "none"), default="xz")
    told = parser.parse_args()
    pythons = sorted(told.python or PYTHONS)
    told.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "root"
        tree(place, pythons, told.arch)
        control(place, pythons, told.arch)
        _dated(place)
        build = ["dpkg-deb", "--root-owner-group", f"-Z{told.compression}", "--build", place, told.out]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    print(*sorted(told.out.glob(f"mothership_*_{told.arch}.deb")))


if __name__ == "__main__":
    main()
