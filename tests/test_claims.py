"""Each promise of the pages about security names the tests that hold it, and these exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "claims.md").read_text()


def listed(section: str) -> dict[str, list[str]]:
    """The claims of a section of docs/reference/claims.md, each with its tests."""
    text = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (part,) = [each for each in text if each.startswith(section)]
    rows = [line.strip("|").split(" | ", 1) for line in part.splitlines() if line.startswith("| ") and "::" in line]
    return {claim.strip(): re.findall(r"`([^`]+::[^`]+)`", tests) for claim, tests in rows}


def promises_of_the_readme() -> list[str]:
    part = (ROOT / "README.md").read_text().partition("## What it promises")[2].partition("\n## ")[0]
    return re.findall(r"^\d+\. \*\*(.+?)\*\*", part, re.MULTILINE)


def lines_of_the_threat_model() -> list[str]:
    part = (
        (ROOT / "docs" / "explanation" / "threat-model.md")
        .read_text()
        .partition("| who | could try |")[2]
        .partition("\n## ")[0]
    )
    return [line.split(" | ")[1].strip() for line in part.splitlines() if line.startswith("|") and "---" not in line]


def sections_and_bounds_of_the_security_pages() -> list[str]:
    page = "".join((ROOT / "docs" / name).read_text() for name in ("how-to/let-nodes-in.md", "reference/security.md"))
    titles = re.findall(r"^##+ (.+)$", page, re.MULTILINE)
    leads = re.findall(r"^\*\*([A-Z][^*]*\.)\*\*", page, re.MULTILINE)
    bounds = page.partition("| bound | key |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1].strip() for line in bounds.splitlines() if line.startswith("|") and "---" not in line]
    return titles + leads + rows


@pytest.mark.parametrize(
    ("section", "claims"),
    [
        ("README", promises_of_the_readme()),
        ("Threat model", lines_of_the_threat_model()),
        ("Security", sections_and_bounds_of_the_security_pages()),
    ],
    ids=["README", "threat model", "security"],
)
def test_every_claim_has_its_test_and_every_test_a_claim(section: str, claims: list[str]) -> None:
    """What is promised and held by nothing is a wish; what is listed and promised no more is stale."""
    assert len(claims) > 5
    assert set(claims) == set(listed(section))
    assert all(listed(section).values())


def test_every_test_that_a_claim_names_exists() -> None:
    """By its file and its name."""
    missing = []
    for name in sorted(set(re.findall(r"`([\w/]+\.py::\w+)`", PAGE))):
        path, _, function = name.partition("::")
        tree = ast.parse((ROOT / "tests" / path).read_text()) if (ROOT / "tests" / path).exists() else ast.parse("")
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        if function not in names:
            missing.append(name)
    assert not missing
