"""What is installed is what was locked, and what ships says under which terms."""

import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tools import vendor

ROOT = Path(__file__).parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_one_version_and_its_hashes(lock: Path) -> None:
    """No address of an index either: where packages come from is the installer's business."""
    text = lock.read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(blocks) > 5
    for block in blocks:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,-]+\])?==[^ ]+", block), block[:60]
        assert "--hash=sha256:" in block, block[:60]
    assert "://" not in text
    assert "--index" not in text


def test_notice_and_licences_are_those_of_what_is_locked() -> None:
    """`make lint` checks it, too."""
    done = subprocess.run(
        [sys.executable, "tools/notice.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_notice_that_lacks_a_package_is_noticed(tmp_path: Path) -> None:
    """The check can fail."""
    for name in ("tools", "deploy"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("NOTICE", "THIRD_PARTY_LICENSES", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "src").symlink_to(ROOT / "src")
    script = (ROOT / "tools" / "notice.py").read_text()
    (tmp_path / "notice.py").write_text(script.replace("Path(__file__).parents[1]", f"Path({str(tmp_path)!r})"))
    (tmp_path / "NOTICE").write_text((ROOT / "NOTICE").read_text().replace("asyncpg", "x"))
    done = subprocess.run(
        [sys.executable, "notice.py", "--check"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "NOTICE is stale" in done.stderr


def test_what_the_console_serves_of_others_is_what_was_recorded() -> None:
    """By version, licence and hash, and nothing else lies beside it."""
    assert vendor.faults() == []
    for package in vendor.read():
        assert package["licence"] in {"0BSD", "MIT"}
        assert package["integrity"].startswith("sha512-")
        assert any(name.endswith(".LICENSE") for name in package["files"])
        assert f"{package['name']} {package['version']}: {package['licence']}" in (ROOT / "NOTICE").read_text()


def test_a_served_file_that_was_changed_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail."""
    for path in vendor.FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(vendor, "FOLDER", tmp_path)
    with (tmp_path / "htmx.min.js").open("ab") as file:
        file.write(b";")
    (tmp_path / "uPlot.min.css").unlink()
    (tmp_path / "new.js").touch()
    assert vendor.faults() == [
        "new.js: nobody recorded what this is",
        "htmx.min.js: is not the file that was recorded",
        "uPlot.min.css: is missing",
    ]


def test_the_setup_never_installs_a_package_of_the_system() -> None:
    """It says which one is missing, and ends."""
    script = (ROOT / "tools" / "setup").read_text()
    commands = [line for line in script.splitlines() if not line.lstrip().startswith(("#", "say "))]
    assert not [line for line in commands if "apt-get" in line]


def test_the_setup_refuses_an_installer_whose_hash_is_not_the_locked_one(tmp_path: Path) -> None:
    """Uv itself comes by its hash: one that was exchanged on its way is not run."""
    wheel = tmp_path / "uv-0.0.1-py3-none-any.whl"
    wheel.write_bytes(b"not what was locked")
    wrong = hashlib.sha256(b"something else").hexdigest()
    (tmp_path / "uv.lock").write_text(f"uv==0.0.1 --hash=sha256:{wrong}\n")
    command = ["-m", "pip", "install", "--no-index", "--find-links", str(tmp_path), "--require-hashes", "--no-deps"]
    python = next((path for path in (ROOT / ".tooling/bin/python", Path(sys.executable)) if path.exists()), None)
    assert python
    done = subprocess.run(
        [str(python), *command, "-r", str(tmp_path / "uv.lock"), "--target", str(tmp_path / "into")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull},
    )
    if "No module named pip" in done.stderr:
        pytest.skip("no pip here")
    assert done.returncode != 0
    assert "HASHES" in done.stderr
    assert "--require-hashes --no-deps -r .tooling/uv.lock" in (ROOT / "tools" / "setup").read_text()


def _sdist(place: Path, *, name: str, builder: str) -> str:
    """A package without a wheel, and its hash."""
    path = place / f"{name}-0.0.1.tar.gz"
    files = {
        "pyproject.toml": f'[build-system]\nrequires = ["{builder}"]\nbuild-backend = "{builder}"\n',
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.1\n",
    }
    with tarfile.open(path, "w:gz") as tar:
        for file, text in files.items():
            entry = tarfile.TarInfo(f"{name}-0.0.1/{file}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_builds_a_package_without_a_wheel_comes_by_its_hash_too(tmp_path: Path) -> None:
    """It runs code while it installs: one that was exchanged on its way must not."""
    source = _sdist(tmp_path, name="sourceonly", builder="builder")
    with zipfile.ZipFile(tmp_path / "builder-0.0.1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("builder.py", f"open({str(tmp_path / 'ran')!r}, 'w')\n")
        wheel.writestr("builder-0.0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: builder\nVersion: 0.0.1\n")
        wheel.writestr(
            "builder-0.0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("builder-0.0.1.dist-info/RECORD", "")
    (tmp_path / "requirements.lock").write_text(f"sourceonly==0.0.1 --hash=sha256:{source}\n")
    right = hashlib.sha256((tmp_path / "builder-0.0.1-py3-none-any.whl").read_bytes()).hexdigest()
    uv = Path(sys.executable).with_name("uv")
    more: list[str | Path] = ["--no-index", "--find-links", tmp_path, "--no-cache", "--target", tmp_path / "into"]
    for told, ran in (("0" * 64, False), (right, True)):
        (tmp_path / "build.lock").write_text(f"builder==0.0.1 --hash=sha256:{told}\n")
        command: list[str | Path] = [uv, "pip", "sync", "--python", sys.executable, "--require-hashes", *more]
        command += ["--build-constraints", tmp_path / "build.lock", tmp_path / "requirements.lock"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode != 0, "it builds nothing"
        assert ("Hash mismatch" in done.stderr) is not ran, done.stderr
        assert (tmp_path / "ran").exists() is ran


def test_every_installation_names_what_builds() -> None:
    """The setup, the image and the Debian package, out of the same lock."""
    assert "setuptools>=" in (ROOT / "pyproject.toml").read_text()
    for name in ("tools/setup", "deploy/debian/build.py"):
        assert "--build-constraints" in (ROOT / name).read_text(), name
    image = (ROOT / "Dockerfile").read_text()
    assert image.index("-r setuptools.lock") < image.index("--no-build-isolation --only-binary :all: --no-binary nkeys")
