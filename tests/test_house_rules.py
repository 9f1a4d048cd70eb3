"""What no linter says of the package's own code."""

import ast
import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mothership import errors

PACKAGE = Path(__file__).parent.parent / "src" / "mothership"
SEAM_AND_MAKER = frozenset({"Activity", "Chain", "Relay", "Repairs"})
"""A protocol named as what fulfils it."""

THIRD_PERSON = re.compile(
    r"(Add|Answer|Ask|Build|Check|Close|Compute|Convert|Count|Create|Decode|Delete|Drop|Encode|Find|Forget|Get|Give|Hold"
    r"|Keep|Let|Load|Look|Make|Merge|Open|Parse|Put|Read|Remember|Remove|Replace|Return|Run|Save|Send|Start|Store|Take"
    r"|Tell|Turn|Wait|Write|Yield)s "
)


@functools.cache
def nodes() -> list[tuple[Path, ast.AST]]:
    """All classes and functions, each with its file."""
    return [
        (path.relative_to(PACKAGE), node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path, node in nodes():
        if isinstance(node, ast.ClassDef):
            yield path, node


def test_one_name_is_one_class() -> None:
    """Who searches for a class finds one."""
    named = Counter(node.name for _, node in classes() if not node.name.startswith("_"))
    assert {name for name, count in named.items() if count > 1} <= SEAM_AND_MAKER


@pytest.mark.parametrize("method", ["__len__", "__bool__"])
def test_no_object_of_ours_is_false(method: str) -> None:
    """`templates if templates else …` took a step that knew no template yet for one that was switched off.

    Without these two mypy (`truthy-bool`) refuses every question whether such an object is true. So what counts has a
    `count`, and what may be empty says `is_empty`.
    """
    own = [
        f"{path}: {node.name}"
        for path, node in classes()
        if method in {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    ]
    assert own == []


def test_every_exception_to_a_rule_says_why() -> None:
    """`# noqa: CODE - reason`, in one form."""
    silent = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in path.read_text().splitlines()
        if re.search(r"# noqa(?!: [A-Z0-9, ]+ - \S)", line) and not line.startswith("# ruff:")
    ]
    assert silent == []


def test_constants_are_told_by_their_letters() -> None:
    """Capitals say it; `Final` said it again in one package of nine."""
    assert [path.name for path in PACKAGE.rglob("*.py") if re.search(r"\bFinal\b", path.read_text())] == []


def test_every_error_is_in_one_file() -> None:
    """But for those that never leave their module, and click's own."""
    elsewhere = [
        f"{path}: {node.name}"
        for path, node in classes()
        if path.name != "errors.py"
        and not node.name.startswith("_")
        and any(ast.unparse(base).endswith(("Error", "Exception")) for base in node.bases)
        and not any(ast.unparse(base).startswith("click.") for base in node.bases)
    ]
    assert elsewhere == []


def test_the_drawing_of_the_errors_is_their_tree() -> None:
    """Who looks for what may be raised reads the drawing alone."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ((?:[│ ]   )*(?:[├└]── )?)(\w+Error|[A-Z]\w+)(?:  |$)", line):
            depth = len(match[1]) // 4
            above[depth:] = [match[2]]
            drawn[match[2]] = above[depth - 1] if depth else "Exception"
    told = {
        name: one.__bases__[0].__name__
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, Exception)
    }
    assert drawn == told


def test_docstrings_have_one_mood() -> None:
    """A function is told what to do (`Keep a batch`), or its answer is named (`What waits`); it is never `Keeps`."""
    functions = [
        (path, node, ast.get_docstring(node) or "")
        for path, node in nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [
        f"{path.name}: {node.name}: {said[:40]}" for path, node, said in functions if THIRD_PERSON.match(said)
    ] == []
