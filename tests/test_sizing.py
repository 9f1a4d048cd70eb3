"""The page on sizing has the figures of its benchmark, each of them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_page_has_every_figure_of_the_benchmark_and_no_other() -> None:
    """By their names; what they are is the benchmark's to say."""
    table = (ROOT / "docs/reference/sizing.md").read_text().partition("## ")[0]
    told = re.findall(r"^\| (.+?) \| [\d,]+ \|$", table, re.MULTILINE)
    measured = re.findall(r'"([^"\n]+: (?:bytes|MB|µs))"', (ROOT / "bench/sizing.py").read_text())
    assert sorted(told) == sorted(measured)
