"""The page on redaction says what the code does."""

from pathlib import Path

from bench.redaction import rules_table

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "redaction.md"


def test_the_page_s_table_of_rules_is_that_of_the_code() -> None:
    """Stale? `python -m bench.redaction --rules` prints it."""
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition("<!-- rules -->")[2].partition("<!-- /rules -->")[0]
    assert shown.strip() == rules_table()
