"""Writes requirements.txt: the service and what it runs on, in the versions of requirements.lock, for pip alone.

    tools/requirements_txt.py [--check]       with --check: exit status 1 when it is not what the lock says

Pip takes no directory together with hashes, and who runs `pip install -r requirements.txt` in a clone wants the service
as well. The hashes are in requirements.lock, which `make`, the image and the Debian package are made from.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "deploy"))
from runtime_lock import runtime  # noqa: E402 - beside the Dockerfile, which runs it by itself

TARGET = ROOT / "requirements.txt"
HEAD = """\
# What Mothership runs on, and Mothership itself: pip install -r requirements.txt, in a clone of the repository.
# Written by `make lock` from requirements.lock, which has the hashes too; `make lint` checks it.
"""


def made() -> str:
    """Its contents."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9][^\s;\\]*==[^\s\\]+(?: ; [^\\\n]+?)?)(?: \\)?$", runtime(lock), re.MULTILINE)
    return HEAD + "\n".join([*pins, ".[all]"]) + "\n"


def main() -> None:
    """Write, or check."""
    if "--check" not in sys.argv:
        TARGET.write_text(made(), encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != made():
        sys.exit("requirements.txt is stale: run `make lock` and commit it")


if __name__ == "__main__":
    main()
