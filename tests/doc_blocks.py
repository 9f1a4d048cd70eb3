"""The blocks of code in the documentation, and which of them are not run, for what reason."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL, SQL = ("bash", "console", "sh", "shell"), ("sql",)
_FENCE = re.compile(
    r"^(?P<indent> *)(?:<!-- not run(?: here)?(?:: |, )(?P<reason>.+?) -->\n *)?"
    r"```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One fenced block; `reason` says why it is not run, and is empty for one that is."""

    page: Path
    line: int
    language: str
    text: str
    reason: str

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """All of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("text"))
        yield Block(page, line, found["language"], textwrap.dedent(found["text"]), found["reason"] or "")


def runnable(page: Path) -> list[Block]:
    """Those in a shell's words or in SQL that are not marked as not run."""
    return [block for block in blocks(page) if block.language in (*SHELL, *SQL) and not block.reason]
