"""One typed tree out of defaults, YAML and the environment, and a line for each fault."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mothership.config import keys, load, unknown_variables, variable
from mothership.errors import ConfigurationError

SPEC_VARIABLES = {
    "MOTHERSHIP_DB_DSN": ("database.dsn", "postgresql://u:p@h:5432/d"),
    "MOTHERSHIP_LLM_ENABLED": ("llm.enabled", "true"),
    "MOTHERSHIP_LLM_API_KEY": ("llm.api_key", "k-1"),
    "MOTHERSHIP_LOG_LEVEL": ("log.level", "WARNING"),
    "MOTHERSHIP_HOST": ("server.host", "127.0.0.2"),
    "MOTHERSHIP_PORT": ("server.port", "9443"),
    "MOTHERSHIP_DATA_DIR": ("server.data_dir", "somewhere"),
    "MOTHERSHIP_WORKERS": ("server.workers", "3"),
    "MOTHERSHIP_AUTH_TOKENS": ("auth.tokens", "a-token-of-many-letters"),
    "LOKI_ENABLED": ("sinks.loki.enabled", "true"),
    "LOKI_URL": ("sinks.loki.url", "https://loki.example.org"),
    "LOKI_TENANT_ID": ("sinks.loki.tenant_id", "edgebot"),
    "LOKI_USERNAME": ("sinks.loki.username", "me"),
    "LOKI_PASSWORD": ("sinks.loki.password", "secret"),
    "LOKI_BATCH_SIZE": ("sinks.loki.batch_size", "7"),
    "LOKI_BATCH_TIMEOUT_SECONDS": ("sinks.loki.batch_timeout_seconds", "0.5"),
}
COMPANIONS = {
    "MOTHERSHIP_LLM_ENABLED": {"MOTHERSHIP_LLM_API_KEY": "k-1"},
    "LOKI_USERNAME": {"LOKI_PASSWORD": "secret"},
    "LOKI_PASSWORD": {"LOKI_USERNAME": "me"},
}
"""What makes sense only together."""
EVERY_SPEC_KEY = """
server: {host: "0.0.0.0", port: 8443}
auth: {anonymous: true}
database: {host: localhost, port: 5432, database: mothership, user: mothership, password: mothership}
pipeline:
  processors:
    redaction:
      enabled: true
      drop_fields: ["password", "secret", "token", "key"]
      mask_patterns: ["password=\\\\S+", "\\\\b\\\\d{3}-\\\\d{2}-\\\\d{4}\\\\b"]
      hash_fields: ["username", "email"]
      salt: "your-secret-salt"
    enrichment:
      enabled: true
      add_tags: {processed_by: mothership, version: "1.5"}
      severity_mapping: {emergency: 0, alert: 1, critical: 2, error: 3, warning: 4, notice: 5, info: 6, debug: 7}
llm:
  enabled: false
  endpoint: "https://api.openai.com/v1"
  model: "gpt-3.5-turbo"
  api_key: "${OPENAI_API_KEY}"
  confidence_threshold: 0.8
  max_tokens: 150
  temperature: 0.0
  circuit_breaker: {enabled: true, failure_threshold: 5, reset_timeout: 60}
sinks:
  timescaledb: {enabled: true}
  loki:
    enabled: false
    url: "http://localhost:3100"
    tenant_id: null
    username: null
    password: null
    batch_size: 100
    batch_timeout_seconds: 5.0
    max_retries: 3
    retry_backoff_seconds: 1.0
    timeout_seconds: 30.0
"""


def written(tmp_path: Path, text: str) -> Path:
    """A configuration file with this text."""
    path = tmp_path / "mothership.yaml"
    path.write_text(text)
    return path


def faults(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong with this text."""
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, text), environ or {})
    return list(caught.value.faults)


def test_every_key_of_the_specification_is_taken(tmp_path: Path) -> None:
    """The specification's example, key by key."""
    settings = load(written(tmp_path, EVERY_SPEC_KEY), {"OPENAI_API_KEY": "k-2"})
    assert settings.llm.api_key is not None
    assert settings.llm.api_key.get_secret_value() == "k-2"
    assert settings.pipeline.processors.enrichment.severity_mapping["alert"] == 1
    assert settings.sinks.loki.batch_timeout_seconds == 5.0
    assert settings.database.connect_arguments()["password"] == "mothership"
    spec = yaml.safe_load(EVERY_SPEC_KEY)
    known = {dotted for dotted, _ in keys()}
    for section in ("llm", "server", "database"):
        assert {f"{section}.{key}" for key in spec[section]} <= known


@pytest.mark.parametrize(("name", "dotted", "value"), [(n, d, v) for n, (d, v) in SPEC_VARIABLES.items()])
def test_every_variable_works_under_its_name(name: str, dotted: str, value: str) -> None:
    """A variable changes its key and nothing else."""
    assert {n: d for d, field in keys() if (n := variable(field))}[name] == dotted
    environ = {name: value, **COMPANIONS.get(name, {})}
    changed, plain = load(None, environ), load(None, {})
    node, bare = changed, plain
    for part in dotted.split("."):
        node, bare = getattr(node, part), getattr(bare, part)
    assert node != bare


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """Defaults, then YAML, then the environment."""
    path = written(tmp_path, "server: {port: 1111, workers: 2}")
    settings = load(path, {"MOTHERSHIP_PORT": "2222"})
    assert (settings.server.port, settings.server.workers) == (2222, 2)


def test_an_empty_variable_counts_as_not_set() -> None:
    """Compose files pass empty variables."""
    assert load(None, {"MOTHERSHIP_PORT": "", "LOKI_TENANT_ID": ""}).server.port == 8443


def test_the_file_is_found_by_option_variable_or_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, MOTHERSHIP_CONFIG, ./config.yaml, in that order."""
    named = written(tmp_path, "server: {port: 1001}")
    (tmp_path / "config.yaml").write_text("server: {port: 1002}")
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "other.yaml"
    other.write_text("server: {port: 1003}")
    assert load(None, {}).server.port == 1002
    assert load(None, {"MOTHERSHIP_CONFIG": str(named)}).server.port == 1001
    assert load(other, {"MOTHERSHIP_CONFIG": str(named)}).server.port == 1003


def test_a_missing_file_that_was_named_is_a_fault(tmp_path: Path) -> None:
    """A typing error must not start the service on defaults."""
    with pytest.raises(ConfigurationError, match="can't be read"):
        load(tmp_path / "absent.yaml", {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("server: {prot: 1}", "server.prot: unknown key; did you mean `port`?"),
        ("sink: {}", "sink: unknown key; did you mean `sinks`?"),
        ("pipeline: {processors: {redaction: {drop_field: []}}}", "did you mean `drop_fields`?"),
        ("server: {port: many}", "server.port: must be a valid integer"),
        ("server: {port: 99999}", "server.port: must be less than or equal to 65535"),
        ("log: {level: LOUD}", "log.level: must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ('pipeline: {processors: {redaction: {mask_patterns: ["a(b"]}}}', "redaction.mask_patterns[0]"),
        ('pipeline: {processors: {redaction: {mask_patterns: ["(?=a)"]}}}', "RE2"),
        ("pipeline: {processors: {redaction: {enabled: false}}}", "redaction"),
        ("server: {host: 0.0.0.0}", "server.host: 0.0.0.0 can be reached from other machines"),
        ("sinks: {timescaledb: {enabled: false}}", "no sink is enabled"),
        ("database: {port: 1}", "database: port is set without host"),
        ('llm: {api_key: "${NOT_THERE}"}', "llm.api_key: the environment variable NOT_THERE is not set"),
        ("a: [", "line 1"),
        ("- 1", "holds no mapping"),
        (
            "server: {port: 1}\nserver: {port: 2}",
            "line 2, column 1: can't be read as YAML: the key `server` is there twice",
        ),
        ("a: &a {b: *a}", "contains itself"),
        ("pipeline: {processors: {redaction: {rule_files: 5}}}", "rule_files"),
        ("llm: {confidence_threshold: 2}", "llm.confidence_threshold"),
        ("server: {tls: {cert_file: a.pem}}", "cert_file and key_file belong together"),
    ],
)
def test_a_fault_is_one_line_with_key_and_reason(tmp_path: Path, text: str, line: str) -> None:
    """What, where, and the nearest valid name."""
    found = faults(tmp_path, text)
    assert any(line in fault for fault in found), found
    assert all("\n" not in fault for fault in found)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """Nobody likes to repair a file one start at a time."""
    assert len(faults(tmp_path, "server: {prot: 1, port: x}\nlog: {level: LOUD}")) == 3


def test_no_fault_quotes_a_value(tmp_path: Path) -> None:
    """The value may be the secret."""
    text = "database: {dsn: [hunter2]}\nllm: {api_key: {a: hunter2}, endpoint: hunter2}\nserver: {port: hunter2}"
    assert "hunter2" not in "\n".join(faults(tmp_path, text))


def test_a_dollar_can_be_written(tmp_path: Path) -> None:
    """`$${NAME}` is a text; a pattern's `$` needs nothing."""
    path = written(tmp_path, "pipeline: {processors: {enrichment: {add_tags: {a: '$${HOME}', b: 'x$'}}}}")
    assert load(path, {}).pipeline.processors.enrichment.add_tags == {"a": "${HOME}", "b": "x$"}


def test_a_variable_nobody_reads_is_named() -> None:
    """MOTHERSHIP_DB_DNS would start the embedded database in silence."""
    lines = unknown_variables({"MOTHERSHIP_DB_DNS": "x", "MOTHERSHIP_PORT": "1", "PATH": "/bin"})
    assert lines == ["MOTHERSHIP_DB_DNS: not a variable of Mothership; did you mean `MOTHERSHIP_DB_DSN`?"]


def test_every_key_says_what_it_means() -> None:
    """The reference is made from these."""
    silent = [dotted for dotted, field in keys() if not field.description]
    assert not silent


def test_a_section_whose_lines_are_all_commented_out_is_an_empty_one(tmp_path: Path) -> None:
    """Operators do this all the time."""
    assert load(written(tmp_path, "llm:\npipeline:\n  processors:\n    redaction:\n"), {}) == load(None, {})


def test_what_is_no_section_stays_a_fault_below_a_variable(tmp_path: Path) -> None:
    """The variable must not hide it."""
    assert faults(tmp_path, "server: 5", {"MOTHERSHIP_PORT": "1"})


def test_a_level_is_read_in_any_case() -> None:
    """`info` is no riddle."""
    assert load(None, {"MOTHERSHIP_LOG_LEVEL": "info"}).log.level == "INFO"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command as an operator types it."""
    return subprocess.run(
        [sys.executable, "-m", "mothership", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": "/", **environ},
        timeout=60,
    )


def test_check_says_what_a_configuration_means_and_hides_secrets(tmp_path: Path) -> None:
    """In full, in sentences, with exit status 0."""
    path = written(
        tmp_path, "database: {dsn: 'postgresql://u:hunter2@db.example:5432/d'}\nserver: {data_dir: /nowhere}"
    )
    result = run("check", "--config", str(path), LOKI_ENABLED="true", LOKI_USERNAME="me", LOKI_PASSWORD="hunter2")
    assert result.returncode == 0, result.stderr
    assert "hunter2" not in result.stdout + result.stderr
    assert yaml.safe_load(result.stdout)["sinks"]["loki"]["enabled"] is True
    for sentence in (
        "listens on http://127.0.0.1:8443",
        "db.example",
        "pushed to Loki",
        "Redaction drops password",
        "Not covered: ",
    ):
        assert sentence in result.stdout


@pytest.mark.parametrize("command", ["check", "serve"])
@pytest.mark.parametrize(
    "text",
    [
        "server: {prot: 1}",
        "pipeline: {processors: {redaction: {rule_files: [/nope.yaml]}}}",
        "sinks: {loki: {enabled: true, ca_file: /nope.pem}}",
        "server: {tls: {cert_file: /nope.pem, key_file: /nope.key}}",
        "auth: {tokens_file: /nope.yaml}",
        "pipeline: {processors: {enrichment: {geo: {database: /nope.mmdb}}}}",
    ],
)
def test_a_configuration_that_cant_be_used_ends_before_anything_is_opened(
    tmp_path: Path, command: str, text: str
) -> None:
    """Exit status 1, a line for each fault, no traceback, no data directory."""
    data_dir = tmp_path / "data"
    result = run(
        command, "--config", str(written(tmp_path, text)), MOTHERSHIP_DATA_DIR=str(data_dir), MOTHERSHIP_PORT="0"
    )
    assert result.returncode == 1, result.stdout
    assert result.stderr.startswith("mothership: ")
    assert "Traceback" not in result.stderr
    assert not data_dir.exists()
