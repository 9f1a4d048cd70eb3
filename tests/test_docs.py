"""The pages name only what is there."""

import functools
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from prometheus_client import REGISTRY

import mothership.telemetry
from mothership.config import CONFIG_VARIABLE, keys, section, variable
from mothership.edge import loki_push_events, otlp_events

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
DASHBOARDS = sorted([*(ROOT / "deploy").rglob("*.json"), *(ROOT / "deploy").rglob("*.rules.yml")])
OTHER_NAMES = {
    "mothership_token",
    "mothership_migrations",
    "mothership_keys",
    "mothership_tags",
    "mothership_data",
    "mothership_policies",
}
"""Tables, fields and rules of that form."""


@functools.cache
def metrics() -> set[str]:
    """The names under which Prometheus knows them."""
    assert mothership.telemetry
    names = set[str]()
    for family in REGISTRY.collect():
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count", "")}.get(family.type, ("",))
        names |= {family.name + suffix for suffix in suffixes}
    return names


@functools.cache
def variables() -> set[str]:
    """Those that configure the service, and those of its clients, tests and Compose files."""
    names = {variable(dotted) for dotted, _ in keys()} | {CONFIG_VARIABLE}
    names |= {"MOTHERSHIP_TOKEN", "MOTHERSHIP_TEST_TIMESCALE_DSN"}
    for file in ROOT.glob("compose*.y*ml"):
        names |= set(re.findall(r"\$\{(\w+)", file.read_text()))
    return names


@pytest.mark.parametrize("page", [*PAGES, *DASHBOARDS], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_metric_that_a_page_names_exists(page: Path) -> None:
    """An alert on a metric that is gone never fires."""
    named = set(re.findall(r"\bmothership_[a-z0-9_]+[a-z0-9]\b", page.read_text()))
    assert not named - metrics() - OTHER_NAMES


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_variable_that_a_page_names_exists(page: Path) -> None:
    """A variable that nothing reads is a lie."""
    named = set(re.findall(r"\b(?:MOTHERSHIP|LOKI)_[A-Z0-9_]+\b(?!\.md)", page.read_text()))
    assert not named - variables()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    """Also after files have moved."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """Tests, benchmarks and sources are named by their paths."""
    named = set(
        re.findall(r"\b((?:tests|bench|src|tools|deploy)/[\w/.]+\.(?:py|yaml|yml|json|sql|sh))\b", page.read_text())
    )
    named |= set(re.findall(r"`((?:tests|bench|src|tools|deploy|docs)/[\w/.]*)`", page.read_text()))
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    """`make` without a rule is the worst first impression."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`|\$ )make ([a-z-]+)", page.read_text(), re.MULTILINE))
    assert not named - targets


def test_the_configuration_reference_has_every_key_under_its_own_section() -> None:
    """In their order; `llm.prompt_words` under `llm.circuit_breaker` would be looked for in the wrong place."""
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text().split("\n## Entries of")[0]
    named, under = [], ""
    for level, name in re.findall(r"^(##|####) `(.+)`$", page, re.MULTILINE):
        under = name if level == "##" else under
        assert level == "##" or name.rpartition(".")[0] == under
        named.append(name)
    assert set(named) == {dotted for dotted, _ in keys()}
    assert [name for name in named if section(dict(keys())[name].annotation)] == [
        dotted for dotted, field in keys() if section(field.annotation)
    ]
    assert not re.findall(r"timedelta|Settings|\bstr\b|\bint\b|AwareDatetime", page)


@pytest.mark.parametrize(
    "name",
    [
        *("pip install -r requirements.txt", "python -m app.server", "docker build -t mothership:1.5 .", "docker run"),
        *("docker-compose -f ../compose.observability.yml up -d", "../docs/LOKI_GRAFANA_SETUP.md", "config.yaml"),
        *(f"python -m tests.test_{name}" for name in ("pipeline", "llm", "server", "loki_sink")),
        *("app/server.py", "app/config.py", "app/pipeline/processor.py", "app/pipeline/processors_redaction.py"),
        *("app/pipeline/processors_enrich.py", "app/pipeline/llm_enricher.py", "app/storage/tsdb.py"),
        *("app/storage/loki.py", "app/storage/sinks.py", "requirements.txt", "Dockerfile", "README.md"),
        *("LOKI_ENABLED", "LOKI_URL", "LOKI_TENANT_ID", "LOKI_USERNAME", "LOKI_PASSWORD", "LOKI_BATCH_SIZE"),
        *("LOKI_BATCH_TIMEOUT_SECONDS", "MOTHERSHIP_DB_DSN", "MOTHERSHIP_LLM_ENABLED", "MOTHERSHIP_LLM_API_KEY"),
        "MOTHERSHIP_LOG_LEVEL",
    ],
)
def test_what_the_specification_names_is_mapped_to_what_is_here(name: str) -> None:
    """Each of its commands, files and variables."""
    page = (ROOT / "docs" / "getting-started" / "coming-from-the-specification.md").read_text()
    assert f"`{name}" in page


@pytest.mark.parametrize("module", [loki_push_events, otlp_events], ids=lambda module: module.__name__)
def test_the_inputs_become_what_the_page_says(module: ModuleType) -> None:
    """The tables stand beside the code; the tests of the inputs hold them to it."""
    table = "\n".join(line for line in (module.__doc__ or "").splitlines() if line.startswith("|"))
    assert table
    assert table in (ROOT / "docs" / "reference" / "inputs.md").read_text()


def test_the_page_of_metrics_is_what_is_declared() -> None:
    """Name, type, unit, labels and meaning of each."""
    command = [sys.executable, "tools/metrics_docs.py", "--check"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stderr == ""
