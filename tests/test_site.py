"""The documentation as a site: every link leads somewhere, nothing is fetched, and Markdown is not left as it was."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


class _Resources(HTMLParser):
    """What a browser fetches for a page by itself, and the texts of its paragraphs."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in {"script", "img", "iframe", "source"}:
            self.fetched.append(named.get("src") or "")
        if tag == "link" and named.get("rel") not in {"canonical", "prev", "next"}:
            self.fetched.append(named.get("href") or "")


def build(root: Path) -> subprocess.CompletedProcess[str]:
    """As `make docs` does it, in a directory of its own."""
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--strict", "--clean"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; the strict build itself refuses links and anchors that lead nowhere."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", root / "docs")
    shutil.copy(ROOT / "zensical.toml", root)
    done = build(root)
    assert done.returncode == 0, done.stderr
    return root / "site"


def test_a_link_and_an_anchor_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    """The check can fail: once for a page, once for a heading."""
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    (tmp_path / "docs").mkdir()
    for link in ("gone.md", "page.md#gone"):
        (tmp_path / "docs" / "page.md").write_text("# Page\n")
        (tmp_path / "docs" / "index.md").write_text(f"# Home\n\n[there]({link})\n")
        done = build(tmp_path)
        assert done.returncode != 0
        assert "1 issue found" in done.stderr


def test_every_page_is_in_the_site_and_in_its_navigation(site: Path) -> None:
    """A page that nobody can find is not there."""
    navigation = set(re.findall(r'= "([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text()))
    assert navigation == {str(page.relative_to(ROOT / "docs")) for page in PAGES}
    assert all((site / page).with_suffix(".html").exists() for page in navigation)


def test_a_page_fetches_nothing_from_elsewhere(site: Path) -> None:
    """It is read where there is no network: aboard, or behind a firewall."""
    for page in site.rglob("*.html"):
        resources = _Resources()
        resources.feed(page.read_text())
        assert resources.fetched
        assert not [address for address in resources.fetched if "//" in address], page.name
    styles = "".join(style.read_text() for style in site.rglob("*.css"))
    assert not re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//[^)]*", styles)


def test_no_list_or_table_is_left_as_its_markdown(site: Path) -> None:
    """A list right below a paragraph is one on GitHub and none here: it wants an empty line."""
    left = []
    for page in site.rglob("*.html"):
        for paragraph in re.findall(r"<p>((?:(?!</p>).)*)</p>", page.read_text(), re.DOTALL):
            left += re.findall(r"\n\s*(?:[-*] |\d+\. |\|)[^\n]{,40}", paragraph)
    assert not left


def slug(heading: str) -> str:
    """The anchor that GitHub gives it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_anchors_in_links_to_a_page_are_those_of_its_headings_on_github_too() -> None:
    """README and SECURITY.md are outside the site; and pages are read there as well as here."""
    missing = []
    for page in [*ROOT.glob("*.md"), *PAGES]:
        for target, anchor in re.findall(r"\]\(([^)#:\s]*)#([^)\s]+)\)", page.read_text()):
            text = ((page.parent / target) if target else page).read_text()
            if anchor not in {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}:
                missing.append(f"{page.name}: {target}#{anchor}")
    assert not missing
