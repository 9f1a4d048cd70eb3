"""Composes the settings that live beside what they set. The only reader of the environment.

Defaults < YAML file (`--config`, `MOTHERSHIP_CONFIG`, `./config.yaml`) < environment.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mothership.edge.auth import AuthSettings, check_exposure
from mothership.edge.limits import LimitSettings
from mothership.edge.tls import TLSSettings
from mothership.errors import ConfigurationError
from mothership.pipeline.enrichment.enrichment import EnrichmentSettings
from mothership.pipeline.llm.settings import LLMSettings
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.pipeline.templates.templates import TemplateSettings
from mothership.relay.settings import RelaySettings
from mothership.sinks.loki.sink import LokiSettings
from mothership.sinks.tsdb.sink import DatabaseSettings, TimescaleSinkSettings
from mothership.telemetry import LogSettings

VARIABLE = re.compile(r"\$(\$)?\{([A-Za-z_][A-Za-z0-9_]*)\}")
CONFIG_VARIABLE = "MOTHERSHIP_CONFIG"


def default_data_dir() -> Path:
    """`/var/lib/mothership` for root, otherwise the user's own data directory."""
    if os.geteuid() == 0:
        return Path("/var/lib/mothership")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "mothership"


class ServerSettings(BaseModel, frozen=True, extra="forbid"):
    """Where the service listens and keeps its files."""

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. Anything but loopback needs credentials: see `auth`.",
        json_schema_extra={"env": "MOTHERSHIP_HOST"},
    )
    port: int = Field(
        default=8443,
        ge=0,
        le=65535,
        description="TCP port to listen on; 0 lets the system choose a free one.",
        json_schema_extra={"env": "MOTHERSHIP_PORT"},
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Directory of the spool, the keys and the embedded database. "
        "`/var/lib/mothership` for root, otherwise `mothership` in the user's data directory.",
        json_schema_extra={"env": "MOTHERSHIP_DATA_DIR"},
    )
    workers: PositiveInt = Field(
        default=1,
        le=256,
        description="Worker processes. Each has its own spool and connections.",
        json_schema_extra={"env": "MOTHERSHIP_WORKERS"},
    )
    shutdown_seconds: PositiveFloat = Field(
        default=10.0, description="Longest an orderly stop may take; what is not delivered by then waits in the spool."
    )
    tls: TLSSettings = Field(default_factory=TLSSettings, description="Certificates, for HTTPS and mutual TLS.")


class ProcessorSettings(BaseModel, frozen=True, extra="forbid"):
    """The two deterministic phases."""

    redaction: RedactionSettings = Field(default_factory=RedactionSettings, description="What may not be kept.")
    enrichment: EnrichmentSettings = Field(default_factory=EnrichmentSettings, description="What is added.")


class PipelineSettings(BaseModel, frozen=True, extra="forbid"):
    """What happens to an event between the door and the disk."""

    processors: ProcessorSettings = Field(default_factory=ProcessorSettings, description="The deterministic phases.")
    templates: TemplateSettings = Field(default_factory=TemplateSettings, description="Messages reduced to templates.")


class SinkSettings(BaseModel, frozen=True, extra="forbid"):
    """Where events rest."""

    timescaledb: TimescaleSinkSettings = Field(
        default_factory=TimescaleSinkSettings,
        description="PostgreSQL, with the TimescaleDB extension where there is one.",
    )
    loki: LokiSettings = Field(default_factory=LokiSettings, description="Grafana Loki.")


class Settings(BaseSettings):
    """Every key of the configuration."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, validate_default=False)

    server: ServerSettings = Field(default_factory=ServerSettings, description="Where the service listens.")
    auth: AuthSettings = Field(default_factory=AuthSettings, description="Who may enter.")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="How much may enter.")
    database: DatabaseSettings = Field(
        default_factory=DatabaseSettings, description="The database; without `dsn` and `host` an embedded one."
    )
    pipeline: PipelineSettings = Field(default_factory=PipelineSettings, description="What happens to an event.")
    llm: LLMSettings = Field(default_factory=LLMSettings, description="Enrichment by a language model.")
    relay: RelaySettings = Field(default_factory=RelaySettings, description="Disk first, then forward.")
    sinks: SinkSettings = Field(default_factory=SinkSettings, description="Where events rest.")
    log: LogSettings = Field(default_factory=LogSettings, description="How the service speaks about itself.")

    @model_validator(mode="after")
    def _is_consistent(self) -> "Settings":
        if faults := check_exposure(self.server.host, self.auth, self.server.tls):
            raise ValueError("; ".join(faults))
        if not (self.sinks.timescaledb.enabled or self.sinks.loki.enabled):
            raise ValueError("no sink is enabled: set sinks.timescaledb.enabled or sinks.loki.enabled to true")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: it has read the environment by the names that the keys declare."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration, or raise `ConfigurationError` with one line for each fault."""
    environ = os.environ if environ is None else environ
    tree = _merge(_without_empty(_read_yaml(_file(path, environ), environ), Settings), _from_environment(environ))
    try:
        return Settings(**tree)
    except ValidationError as error:
        raise ConfigurationError([_fault(detail) for detail in error.errors(include_url=False)]) from None


def keys(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key with its pydantic field, sections before what they hold."""
    for name, field in model.model_fields.items():
        dotted = f"{prefix}{name}"
        yield dotted, field
        if inner := section(field.annotation):
            yield from keys(inner, f"{dotted}.")


def section(annotation: Any) -> type[BaseModel] | None:
    """The model behind an annotation, `Model` or `Model | None`, if there is one."""
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    models = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
    return models[0] if models else None


def variable(field: Any) -> str | None:
    """The environment variable that a key declares."""
    extra = field.json_schema_extra
    return extra.get("env") if isinstance(extra, dict) else None


def unknown_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """One line for each MOTHERSHIP_ or LOKI_ variable that nothing reads: most likely a slip of the pen."""
    environ = os.environ if environ is None else environ
    known = [name for _, field in keys() if (name := variable(field))] + [CONFIG_VARIABLE]
    return [
        f"{name}: not a variable of Mothership{_nearest(name, known)}"
        for name in environ
        if name.startswith("MOTHERSHIP_") and name not in known and not name.startswith("MOTHERSHIP_TEST_")
    ]


def _file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is None and (named := environ.get(CONFIG_VARIABLE)):
        path = Path(named)
    if path is not None:
        return path
    here = Path("config.yaml")
    return here if here.exists() else None


def _read_yaml(path: Path | None, environ: Mapping[str, str]) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
    except OSError as error:
        raise ConfigurationError([f"{path}: can't be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigurationError([f"{path}: is not UTF-8 text"]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "bad syntax"
        raise ConfigurationError([f"{path}{where}: can't be read as YAML: {problem}"]) from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigurationError([f"{path}: holds no mapping of keys; it begins like `server:`"])
    missing: list[str] = []
    try:
        filled = _fill(tree, environ, "", missing)
    except RecursionError:
        raise ConfigurationError([f"{path}: a part of it contains itself"]) from None
    if missing:
        raise ConfigurationError(missing)
    return filled  # type: ignore[no-any-return]  # a dict goes in, a dict comes out


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: the last would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping, or an error that names the key and its line."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key `{key.value}` is there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _without_empty(tree: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The same without sections that hold nothing, as when all their lines are commented out."""
    kept = {}
    for key, value in tree.items():
        field = model.model_fields.get(key)
        inner = section(field.annotation) if field else None
        if inner and value is None:
            continue
        kept[key] = _without_empty(value, inner) if inner and isinstance(value, dict) else value
    return kept


def _fill(node: Any, environ: Mapping[str, str], at: str, missing: list[str]) -> Any:
    """Replace `${NAME}` in every string by the variable's value; `$${NAME}` stays as `${NAME}`."""
    if isinstance(node, dict):
        return {key: _fill(value, environ, f"{at}.{key}" if at else str(key), missing) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, environ, f"{at}[{position}]", missing) for position, value in enumerate(node)]
    if not isinstance(node, str):
        return node

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return f"${{{match[2]}}}"
        if match[2] not in environ:
            missing.append(f"{at}: the environment variable {match[2]} is not set")
            return ""
        return environ[match[2]]

    return VARIABLE.sub(value, node)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The keys whose variable is set, as a tree. An empty variable counts as not set, as in compose files."""
    tree: dict[str, Any] = {}
    for dotted, field in keys():
        name = variable(field)
        if name and environ.get(name):
            *sections, last = dotted.split(".")
            node = tree
            for part in sections:
                node = node.setdefault(part, {})
            node[last] = environ[name]
    return tree


def _merge(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        below = merged.get(key)
        if isinstance(value, dict) and below is not None:
            # What is no section where one belongs stays, to be refused.
            merged[key] = _merge(below, value) if isinstance(below, dict) else below
        else:
            merged[key] = value
    return merged


def _fault(detail: Any) -> str:
    """One line: dotted key, reason, nearest valid name. Never the value: it may be a secret."""
    location = [part for part in detail["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    dotted = ""
    for part in location:
        dotted += f"[{part}]" if isinstance(part, int) else f"{'.' if dotted else ''}{part}"
    if detail["type"] == "extra_forbidden":
        return f"{dotted}: unknown key{_nearest(str(location[-1]), _siblings(location[:-1]))}"
    reason = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    reason = reason.replace("Input should be", "must be", 1)
    return f"{dotted}: {reason}" if dotted else reason


def _siblings(location: list[Any]) -> list[str]:
    model: type[BaseModel] | None = Settings
    for part in location:
        field = model.model_fields.get(part) if model else None
        model = section(field.annotation) if field else None
    return list(model.model_fields) if model else []


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else (f"; known here: {', '.join(sorted(known))}" if known else "")
