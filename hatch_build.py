"""Tells a package the commit that it was built of: `mothership --version` names it."""

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMMIT_FILE = "src/mothership/COMMIT"


class CommitHook(BuildHookInterface):
    """Adds a file with the commit, where there is a clone, or `MOTHERSHIP_COMMIT` says it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the files are collected."""
        root = Path(self.root)
        if version == "editable" or (root / COMMIT_FILE).exists():  # a clone is asked; a source package has the file
            return
        if commit := os.environ.get("MOTHERSHIP_COMMIT") or _of_clone(root):
            made = Path(self.directory) / "COMMIT"
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(commit + "\n", encoding="ascii")
            inside = COMMIT_FILE if self.target_name == "sdist" else COMMIT_FILE.removeprefix("src/")
            build_data["force_include"][str(made)] = inside

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """After them."""
        del version, build_data, artifact_path
        (Path(self.directory) / "COMMIT").unlink(missing_ok=True)


def _of_clone(root: Path) -> str | None:
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
