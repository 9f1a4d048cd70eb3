"""docs/reference/protocol-conformance.md names tests, and these exist."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reference" / "protocol-conformance.md").read_text()


def named() -> list[str]:
    return sorted(set(re.findall(r"`([^` ]+\.py::[^` ]+)`", PAGE)))


@pytest.mark.parametrize("name", named())
def test_a_test_that_the_page_names_exists(name: str) -> None:
    """A renamed test must not leave a promise behind."""
    file, _, function = name.partition("::")
    path = TESTS / file if "/" in file else TESTS / "edge" / file
    tree = ast.parse(path.read_text())
    assert function in {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_sentence_names_a_test() -> None:
    """A row without one is a claim."""
    rows = [line for line in PAGE.splitlines() if re.match(r"\| (MUST|SHOULD|MAY) \|", line)]
    assert len(rows) > 30
    assert [row for row in rows if ".py::" not in row] == []
