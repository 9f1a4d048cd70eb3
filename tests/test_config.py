"""One typed tree out of defaults, YAML and the environment, and a line for each fault."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import preloaded

from mothership.config import Settings, keys, load, load_all, relative_paths, section, variable
from mothership.config.document import read
from mothership.config.warnings import unwise
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
    assert settings.database.target().password == "mothership"
    spec = yaml.safe_load(EVERY_SPEC_KEY)
    known = {dotted for dotted, _ in keys()}
    for top in ("llm", "server", "database"):
        assert {f"{top}.{key}" for key in spec[top]} <= known


@pytest.mark.parametrize(("name", "dotted", "value"), [(n, d, v) for n, (d, v) in SPEC_VARIABLES.items()])
def test_every_variable_works_under_its_name(name: str, dotted: str, value: str) -> None:
    """A variable changes its key and nothing else."""
    assert variable(dotted) == name
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
        ("server: {port: many}", "server.port: must be a whole number"),
        ("server: {port: 99999}", "server.port: must be less than or equal to 65535"),
        ("log: {level: LOUD}", "log.level: must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ('pipeline: {processors: {redaction: {mask_patterns: ["a(b"]}}}', "redaction.mask_patterns[0]"),
        ('pipeline: {processors: {redaction: {mask_patterns: ["(?=a)"]}}}', "RE2"),
        ("pipeline: {processors: {redaction: {enabled: false}}}", "redaction"),
        ("server: {host: 10.0.0.5}", "server.host: 10.0.0.5 can be reached from other machines"),
        ("sinks: {timescaledb: {enabled: false}}", "no sink is enabled"),
        ("database: {port: 1}", "database: port is set without host"),
        ('llm: {api_key: "${NOT_THERE}", enabled: true}', "llm.api_key: the environment variable NOT_THERE is not set"),
        ("a: [", "line 1"),
        ("- 1", "is not a mapping of keys"),
        (
            "server: {port: 1}\nserver: {port: 2}",
            "line 2, column 1: can't be read as YAML: the key `server` is there twice",
        ),
        ("a: &a {b: *a}", "contains itself"),
        ("server: {port: !!int x}", "can't be read as YAML: bad syntax"),
        ("[" * 5000, "can't be read as YAML: bad syntax"),
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


def test_a_value_that_may_be_of_several_kinds_has_one_fault(tmp_path: Path) -> None:
    """And not one for each kind that it is not; a key that is called like a kind is a key."""
    path = written(
        tmp_path, "pipeline: {processors: {enrichment: {add_tags: {a: null, str: [1]}, severity_mapping: {int: x}}}}"
    )
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    at = "1: pipeline.processors.enrichment"
    assert [fault.removeprefix(f"{path}:") for fault in caught.value.faults] == [
        f"{at}.add_tags.a: must be one of: a text, a number, true or false",
        f"{at}.add_tags.str: must be one of: a text, a number, true or false",
        f"{at}.severity_mapping.int: must be a whole number",
    ]


@pytest.mark.parametrize("key", ["sinks.loki.url", "llm.endpoint"])
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://loki:99999", "(the port is a number from 1 to 65535)"),
        ("http://loki:0", "(the port is a number from 1 to 65535)"),
        ("http://loki:canary/x", "(the port is a number from 1 to 65535)"),
        ("http://[::1", "(an IPv6 address stands in brackets)"),
        ("http://[canary]:1/", "(an IPv6 address stands in brackets)"),
        ("http://u:can/canary@loki:3100", "(a `/` before an `@` is written %2F)"),
        ("http://u:canary@loki:99999", "(the port is a number from 1 to 65535)"),
        ("http://lo ki:3100", "without a space or a control character"),
        ("ftp://loki", "expected http://host:port"),
        ("loki:3100", "expected http://host:port"),
        ("http:///canary", "expected http://host:port"),
    ],
)
def test_a_malformed_address_is_told_by_its_part(tmp_path: Path, key: str, url: str, reason: str) -> None:
    """Before anything is opened: a port out of range would be found at the first push, and no fault quotes it."""
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, ""), {variable(key): url})
    [fault] = [fault for fault in caught.value.faults if key in fault]
    assert reason in fault
    assert "canary" not in fault


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """Nobody likes to repair a file one start at a time: syntax of quoting, keys, values, contradictions, files."""
    text = """\
server: {host: 10.0.0.5, tls: {cert_file: /nope.pem, key_file: /nope.key}}
sinks: {timescaledb: {enabled: false}}
llm: {endpoint: "${NOT_THERE}", enabled: true}
relay: {answer_seconds: many, spool: {max_bites: 1}}
log: {level: "${LEVEL?}"}
sink: 1
"""
    result = run("check", "--config", str(written(tmp_path, text)), LOKI_BATCH_SIZE="some")
    told = result.stderr.replace(str(tmp_path), "").replace("mothership: /mothership.yaml:", "").splitlines()
    assert result.returncode == 1
    # The endpoint's default wants a key, but the endpoint is what is faulty.
    assert sorted(line[:45] for line in told) == [
        "1: server.host: 10.0.0.5 can be reached from ",
        "1: server.tls.cert_file: can't be read: No su",
        "3: llm.endpoint: the environment variable NOT",
        "4: relay.answer_seconds: must be a number",
        "4: relay.spool.max_bites: unknown key; did yo",
        "5: log.level: `${` begins a form that is not ",
        "6: sink: unknown key; did you mean `sinks`?",
        "mothership: LOKI_BATCH_SIZE: sinks.loki.batch",
    ]


def test_no_fault_quotes_a_value(tmp_path: Path) -> None:
    """The value may be the secret."""
    text = "database: {dsn: [hunter2]}\nllm: {api_key: {a: hunter2}, endpoint: hunter2}\nserver: {port: hunter2}"
    assert "hunter2" not in "\n".join(faults(tmp_path, text))


SPECIFICATION = """\
server:
  host: "0.0.0.0"
  port: 8443
database:
  dsn: "postgresql://mothership:pass@localhost:5432/mothership"
  host: "localhost"
  port: 5432
  database: "mothership"
  user: "mothership"
  password: "mothership"
pipeline:
  processors:
    redaction:
      enabled: true
      salt: "your-secret-salt"
llm:
  enabled: false  # Default OFF for safety
  api_key: "${OPENAI_API_KEY}"
  circuit_breaker: {enabled: true, failure_threshold: 5, reset_timeout: 60}
"""
"""The parts of the specification's `config.yaml` that ask for something; `EVERY_SPEC_KEY` has them all."""


def test_the_specifications_own_file_loads_as_it_is(tmp_path: Path) -> None:
    """Its key is for a model that is off; nothing says who may enter, so it listens on loopback, and says so."""
    path = written(tmp_path, SPECIFICATION)
    settings, warnings = load_all(path, {})
    assert settings.llm.api_key is None
    assert settings.server.host == "127.0.0.1"
    assert len(warnings) == 1
    assert "it listens on 127.0.0.1 only, because 0.0.0.0 can be reached from other machines" in warnings[0]
    assert warnings[0].startswith(f"{path}:2: server.host: ")
    tokens = {"MOTHERSHIP_AUTH_TOKENS": "a-token-of-many-letters"}
    assert load_all(path, tokens).settings.server.host == "0.0.0.0"  # noqa: S104 - asked for
    assert load_all(path, tokens).warnings == []


def test_a_wide_bind_that_was_asked_for_here_is_refused_without_credentials(tmp_path: Path) -> None:
    """A variable is no line of an example: the port of a container would lead nowhere, and look healthy."""
    with pytest.raises(ConfigurationError, match=r"MOTHERSHIP_HOST: server\.host: 0\.0\.0\.0 can be"):
        load(None, {"MOTHERSHIP_HOST": "0.0.0.0"})  # noqa: S104 - refused
    assert "10.0.0.5 can be reached" in faults(tmp_path, "server: {host: 10.0.0.5}")[0]


def test_a_variable_that_is_not_set_is_missed_only_where_it_is_needed(tmp_path: Path) -> None:
    """Not in a part that is off, nor where the key's own variable says it."""
    quoted = 'llm: {enabled: true, api_key: "${OPENAI_API_KEY}"}'
    assert "OPENAI_API_KEY is not set" in faults(tmp_path, quoted)[0]
    key = load(written(tmp_path, quoted), {"MOTHERSHIP_LLM_API_KEY": "k-1"}).llm.api_key
    assert key is not None
    assert key.get_secret_value() == "k-1"
    off = 'llm: {enabled: "${ASK:-false}", api_key: "${OPENAI_API_KEY}"}\nsinks: {loki: {url: "${LOKI_AT}"}}'
    assert load(written(tmp_path, off), {}) == load(None, {})
    assert len(faults(tmp_path, off, {"ASK": "true", "LOKI_ENABLED": "true"})) == 2


@pytest.mark.parametrize(
    ("quoted", "environ", "text"),
    [
        ("${A:-b}", {}, "b"),
        ("${A:-b}", {"A": ""}, "b"),
        ("${A:-b}", {"A": "c"}, "c"),
        ("${A:-}", {}, ""),
        ("x${A:-http://h:1/p?q=1}y", {}, "xhttp://h:1/p?q=1y"),
        ("${A}", {"A": "${B}"}, "${B}"),
        ("$${A:-b}", {}, "${A:-b}"),
        ("$A $ {A} $", {}, "$A $ {A} $"),
    ],
)
def test_a_default_stands_for_a_variable_that_is_not_set(
    tmp_path: Path, quoted: str, environ: dict[str, str], text: str
) -> None:
    """As in a shell and in compose files."""
    path = written(tmp_path, f"pipeline: {{processors: {{enrichment: {{add_tags: {{a: {quoted!r}}}}}}}}}")
    assert load(path, environ).pipeline.processors.enrichment.add_tags == {"a": text}


@pytest.mark.parametrize("form", ["${A-b}", "${A:?}", "${A:+b}", "${}", "${a b}", "${1}", "${A", "${A:-${B}}", "${A!}"])
def test_another_form_is_a_fault_and_no_text(tmp_path: Path, form: str) -> None:
    """A password of `${DB_PASSWORD:?}` logs in nowhere."""
    found = faults(tmp_path, f"database:\n  host: db\n  password: {form!r}", {"A": "canary", "B": "canary"})
    assert len(found) == 1
    assert ":3: database.password: `${` begins a form that is not known here" in found[0]
    assert "canary" not in found[0]


@pytest.mark.parametrize(
    ("written_as", "kept"),
    [
        *((text, text) for text in ("no", "010", "22:30", "1.10", "2026-01-01", "0x10", "1e3", "1_000", "on")),
        *(("3", 3), ("1.5", 1.5), ("true", True), ("'3'", "3")),
    ],
)
def test_a_text_stays_the_text_that_it_looks_like(tmp_path: Path, written_as: str, kept: Any) -> None:
    """YAML 1.1 makes false, 8, 1350 and 1.1 of the first four."""
    path = written(tmp_path, f"pipeline: {{processors: {{enrichment: {{add_tags: {{a: {written_as}, no: x}}}}}}}}")
    tags = load(path, {}).pipeline.processors.enrichment.add_tags
    assert tags == {"a": kept, "no": "x"}
    assert type(tags["a"]) is type(kept)


def test_switches_and_numbers_are_read_in_every_spelling(tmp_path: Path) -> None:
    """What stays a text for a tag is still a switch for a switch."""
    text = """
llm: {enabled: no, confidence_threshold: 0.90}
server: {port: 09443, workers: 2}
sinks: {loki: {structured_metadata: off}}
pipeline: {processors: {redaction: {rules: {email: off, ipv4: on}}}}
"""
    settings = load(written(tmp_path, text), {})
    assert (settings.llm.enabled, settings.llm.confidence_threshold) == (False, 0.9)
    assert (settings.server.port, settings.sinks.loki.structured_metadata) == (9443, "off")
    rules = settings.pipeline.processors.redaction.rules
    assert (rules["email"].enabled, rules["ipv4"].enabled) == (False, True)


def test_a_dollar_can_be_written(tmp_path: Path) -> None:
    """`$${NAME}` is a text; a pattern's `$` needs nothing."""
    path = written(tmp_path, "pipeline: {processors: {enrichment: {add_tags: {a: '$${HOME}', b: 'x$'}}}}")
    assert load(path, {}).pipeline.processors.enrichment.add_tags == {"a": "${HOME}", "b": "x$"}


def test_a_variable_nobody_reads_is_named() -> None:
    """MOTHERSHIP_DB_DNS would start the embedded database in silence."""
    warnings = load_all(None, {"MOTHERSHIP_DB_DNS": "x", "MOTHERSHIP_PORT": "1", "PATH": "/bin"}).warnings
    assert warnings == ["MOTHERSHIP_DB_DNS: not a variable of Mothership; did you mean `MOTHERSHIP_DB_DSN`?"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TSDB_ENABLED", "MOTHERSHIP_SINKS__TIMESCALEDB__ENABLED"),
        ("LOKI_MAX_RETRIES", "MOTHERSHIP_SINKS__LOKI__MAX_RETRIES"),
        ("MOTHERSHIP_SERVER__PORT", "MOTHERSHIP_PORT"),
        ("MOTHERSHIP_DATABASE_RETENTION", "MOTHERSHIP_DATABASE__RETENTION"),
        ("MOTHERSHIP_LLM_MODEL", "MOTHERSHIP_LLM__MODEL"),
        ("QUEUE_MAX_SIZE", ""),
        ("LLM_BACKEND", ""),
    ],
)
def test_a_variable_that_only_looks_like_one_is_named_with_the_one_that_is_meant(name: str, meant: str) -> None:
    """From another service's set-up, or by another rule."""
    (line,) = load_all(None, {name: "1"}).warnings
    assert line.startswith(f"{name}: not a variable of Mothership; ")
    assert not meant or line.endswith(f"did you mean `{meant}`?")


def test_what_kubernetes_sets_for_a_service_is_passed_over() -> None:
    """A service called `mothership`, and one called `loki`, in the same namespace."""
    links = {
        "MOTHERSHIP_PORT": "tcp://10.0.0.7:8443",
        "MOTHERSHIP_SERVICE_HOST": "10.0.0.7",
        "MOTHERSHIP_SERVICE_PORT": "8443",
        "MOTHERSHIP_SERVICE_PORT_HTTPS": "8443",
        "MOTHERSHIP_PORT_8443_TCP": "tcp://10.0.0.7:8443",
        "MOTHERSHIP_PORT_8443_TCP_PROTO": "tcp",
        "MOTHERSHIP_PORT_8443_TCP_PORT": "8443",
        "MOTHERSHIP_PORT_8443_TCP_ADDR": "10.0.0.7",
        "LOKI_PORT": "tcp://10.0.0.8:3100",
        "LOKI_SERVICE_HOST": "10.0.0.8",
    }
    settings, warnings = load_all(None, links)
    assert (settings.server.port, warnings) == (8443, [])
    assert load(None, links | {"MOTHERSHIP_PORT": "9443"}).server.port == 9443


def test_a_variable_that_the_file_quotes_is_read(tmp_path: Path) -> None:
    """No warning for it."""
    path = written(tmp_path, "llm: {model: '${LLM_MODEL:-m}'}")
    assert load_all(path, {"LLM_MODEL": "x"}).warnings == []


def test_every_key_has_a_variable_and_every_variable_one_key() -> None:
    """The specification's name, or the rule's."""
    names = [variable(dotted) for dotted, field in keys() if not section(field.annotation)]
    assert len(set(names)) == len(names)
    assert {name for name in names if not name.startswith("MOTHERSHIP_")} >= {"LOKI_URL", "LOKI_ENABLED"}
    assert variable("relay.spool.max_bytes") == "MOTHERSHIP_RELAY__SPOOL__MAX_BYTES"


ODD_VALUES: dict[str, Any] = {
    "server.host": "127.0.0.2",
    "server.workers": 2,
    "auth.open_endpoints": ["/docs"],
    "database.retention": "40 days",
    "database.columnstore_after": "7 days",
    "relay.drain_rate": 5.5,
    "limits.depth": 32,
    "llm.circuit_breaker.enabled": False,
    "pipeline.processors.redaction.drop_fields": ["a", "b.c"],
    "pipeline.processors.redaction.mask_patterns": ["x{2},y", "z$"],
    "pipeline.processors.redaction.rules": {"email": "mask", "ipv4": False},
    "pipeline.processors.enrichment.add_tags": {"a": "no", "b": 3, "c": "1.10", "d": "${x}"},
    "pipeline.processors.enrichment.severity_mapping": {"bad": 3},
    "sinks.loki.max_label_values": None,
}


@pytest.mark.parametrize("dotted", [dotted for dotted in ODD_VALUES if ODD_VALUES[dotted] is not None])
def test_a_variable_says_whatever_a_file_can(tmp_path: Path, dotted: str) -> None:
    """Numbers, switches, durations, lists, mappings."""
    value = ODD_VALUES[dotted]
    tree = value
    for part in reversed(dotted.split(".")):
        tree = {part: tree}
    by_file = load(written(tmp_path, yaml.safe_dump(tree).replace("${", "$${")), {})
    text = (
        value
        if isinstance(value, str)
        else yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
    )
    assert by_file != load(None, {})
    assert load(None, {variable(dotted): text}) == by_file


def test_a_list_may_be_written_with_commas() -> None:
    """`MOTHERSHIP_AUTH__TRUSTED_PROXIES=10.0.0.1,10.0.0.2`."""
    assert load(None, {"MOTHERSHIP_AUTH__TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2"}).auth.trusted_proxies == (
        "10.0.0.1",
        "10.0.0.2",
    )


def test_a_fault_names_the_variable_or_the_line(tmp_path: Path) -> None:
    """Whoever set it has to find it again."""
    path = written(tmp_path, "server:\n  workers: x\n\nlimits:\n  events:\n    - 1\nlog: {levle: INFO}\n")
    found = sorted(load_faults(path, {"MOTHERSHIP_PORT": "many", "MOTHERSHIP_RELAY__ANSWER_SECONDS": "-1"}))
    assert [fault.split(": ")[:2] for fault in found] == [
        [f"{path}:2", "server.workers"],
        [f"{path}:5", "limits.events"],
        [f"{path}:7", "log.levle"],
        ["MOTHERSHIP_PORT", "server.port"],
        ["MOTHERSHIP_RELAY__ANSWER_SECONDS", "relay.answer_seconds"],
    ]
    (fault,) = load_faults(None, {"MOTHERSHIP_PIPELINE__PROCESSORS__REDACTION__RULES": "{a: [hunter2"})
    assert fault.startswith("MOTHERSHIP_PIPELINE__PROCESSORS__REDACTION__RULES: pipeline.processors.redaction.rules: ")
    assert "hunter2" not in fault


def load_faults(path: Path | None, environ: dict[str, str]) -> list[str]:
    """What is wrong with a file and an environment."""
    with pytest.raises(ConfigurationError) as caught:
        load(path, environ)
    return list(caught.value.faults)


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
    return preloaded.run(arguments, environ={"PATH": os.environ["PATH"], "HOME": "/", **environ})


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


@pytest.mark.parametrize("arguments", [[], ["--all"]])
def test_what_check_prints_loads_again(tmp_path: Path, arguments: list[str]) -> None:
    """Secrets as the variable to be set; odd values as they are; every key, or only what differs from the defaults."""
    tree: dict[str, Any] = yaml.safe_load(EVERY_SPEC_KEY.replace("${OPENAI_API_KEY}", "k-2"))
    for dotted, value in ODD_VALUES.items():
        *sections, last = dotted.split(".")
        node = tree
        for part in sections:
            node = node.setdefault(part, {})
        if value is not None:
            node[last] = value
    tree["auth"] = {"tokens": [{"name": "node", "hash": "sha256:" + "0" * 64}]}
    tree["pipeline"]["processors"]["redaction"]["previous_keys"] = ["hunter2-old"]
    path = written(tmp_path, yaml.safe_dump(tree).replace("${", "$${"))
    result = run("check", "--config", str(path), *arguments, HOME=str(Path.home()))  # where an ordinary user's data go
    assert result.returncode == 0, result.stderr
    assert not [secret for secret in ("k-2", "hunter2", "0" * 64, "your-secret-salt") if secret in result.stdout]
    (tmp_path / "again.yaml").write_text(result.stdout)
    secrets = {
        "MOTHERSHIP_LLM_API_KEY": "k-2",
        "MOTHERSHIP_DATABASE__PASSWORD": "mothership",
        "MOTHERSHIP_PIPELINE__PROCESSORS__REDACTION__SALT": "your-secret-salt",
        "MOTHERSHIP_PIPELINE__PROCESSORS__REDACTION__PREVIOUS_KEYS__0": "hunter2-old",
        "MOTHERSHIP_AUTH__TOKENS__0__HASH": "sha256:" + "0" * 64,
    }
    assert load_all(tmp_path / "again.yaml", secrets) == load_all(path, {})


def test_check_prints_what_differs_from_the_defaults(tmp_path: Path) -> None:
    """What was decided is not lost among what was not; and a decision for the default is none."""
    path = written(tmp_path, "server: {port: 8443, workers: 2}\nsinks: {loki: {batch_size: 7}}\nlimits:\n")
    assert yaml.safe_load(run("check", "--config", str(path)).stdout) == {
        "server": {"workers": 2},
        "sinks": {"loki": {"batch_size": 7}},
    }
    everything = yaml.safe_load(run("check", "--config", str(path), "--all").stdout)
    assert set(everything) == set(Settings.model_fields)
    assert "Every setting has its default" in run("check", "--config", str(written(tmp_path, ""))).stdout


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("server: {data_dir: /tmp/x}", "server.data_dir: /tmp/x does not last"),
        ("{auth: {anonymous: true}, server: {host: 0.0.0.0}}", "auth.anonymous: no credentials"),
        ("auth: {anonymous: true, tokens_file: /nowhere}", "auth.anonymous: is set beside tokens"),
        ("auth: {trusted_proxies: [0.0.0.0/0]}", "auth.trusted_proxies: 0.0.0.0/0"),
        ("database: {dsn: 'postgresql://u:p@db.example/d'}", "database.dsn: sslmode is prefer"),
        ("database: {chunk_interval: 1 minute}", "database.chunk_interval: "),
        ("database: {fingerprint_days: 1}", "database.fingerprint_days: "),
        ("pipeline: {processors: {redaction: {checker: {action: flag}}}}", "checker.action: is `flag`"),
        ("pipeline: {processors: {redaction: {checker: {audit_share: 0}}}}", "checker.audit_share: is 0"),
        ("relay: {answer_seconds: 2}", "relay.answer_seconds: with relay.room_seconds it makes 5 s"),
        (
            "sinks: {loki: {enabled: true, url: 'http://loki.example', username: u, password: p}}",
            "sinks.loki.url: is plain HTTP",
        ),
        (
            "llm: {enabled: true, endpoint: 'http://llm.example/v1', api_key: k}",
            "llm.endpoint: is plain HTTP",
        ),
        ("log: {batches: each}", "log.batches: every batch has a line"),
    ],
)
def test_what_is_legal_and_unwise_is_said(tmp_path: Path, text: str, key: str) -> None:
    """With what it costs and what would be better; the defaults are wise."""
    [found] = [each for each in unwise(load(written(tmp_path, text))) if key in str(each)]
    assert found.cost
    assert found.remedy
    assert list(unwise(load(written(tmp_path, "")))) == []


def test_a_relative_data_directory_in_a_variable_is_unwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file it begins where the file is; the variable's depends on where the service is started."""
    monkeypatch.chdir("/")  # the tests' own place may be one that does not last
    [found] = unwise(load(None, {"MOTHERSHIP_DATA_DIR": "data"}))
    assert str(found).startswith("server.data_dir: data is relative")


def test_a_relative_path_in_a_file_begins_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every path of every section and every list, also by a variable that the file quotes."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    tree: dict[str, Any] = {}
    paths = [dotted for dotted, field in keys() if "Path" in str(field.annotation)]
    assert len(paths) > 8
    for dotted in paths:
        *sections, last = dotted.split(".")
        node = tree
        for part in sections:
            node = node.setdefault(part, {})
        node[last] = ["a/b", "/c"] if last == "rule_files" else f"some/{dotted}"
    document = read(written(tmp_path / "etc", yaml.safe_dump(tree)))
    assert document.directory == tmp_path / "etc"
    relative_paths.resolve(Settings, tree, document.directory)
    for dotted in paths:
        node = tree
        for part in dotted.split("."):
            node = node[part]
        wanted: list[Any] = [[f"{tmp_path}/etc/a/b", "/c"], f"{tmp_path}/etc/some/{dotted}"]
        assert node in wanted

    path = written(tmp_path / "etc", "server: {data_dir: '${WHERE}/data'}")
    assert load(path, {"WHERE": "kept"}).server.data_dir == tmp_path / "etc/kept/data"
    assert load(path, {"WHERE": "/kept"}).server.data_dir == Path("/kept/data")
    assert load(Path("../etc/mothership.yaml"), {"WHERE": "x"}).server.data_dir.is_absolute()


def test_a_relative_path_elsewhere_begins_where_the_service_is_started(tmp_path: Path) -> None:
    """In a variable; and a file that is a link, as Kubernetes mounts them, counts where the link is."""
    path = written(tmp_path, "server: {data_dir: data}")
    assert load(path, {"MOTHERSHIP_DATA_DIR": "own"}).server.data_dir == Path("own")
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted/config.yaml").symlink_to(path)
    assert load(tmp_path / "mounted/config.yaml", {}).server.data_dir == tmp_path / "mounted/data"
    assert load(None, {}).server.data_dir == Settings().server.data_dir


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
