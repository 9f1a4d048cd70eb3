"""A configuration in words, and as a file without its secrets: what `check` and the console show."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from mothership.config import Settings, escaped, variable
from mothership.edge.exposure import exposure_warning, is_loopback
from mothership.pipeline.redaction.coverage_gaps import not_covered


def sentences(settings: Settings) -> Iterator[str]:
    """The configuration in words."""
    yield _listening(settings)
    yield _entering(settings)
    if warning := exposure_warning(settings.server.host, settings.auth, settings.server.tls):
        yield f"Warning: {warning}."
    yield _redacting(settings)
    yield from not_covered(settings.pipeline.processors.redaction)
    yield _enriching(settings)
    yield _asking(settings)
    yield _keeping(settings)
    yield from _resting(settings)


def _listening(settings: Settings) -> str:
    server = settings.server
    scheme = "https" if server.tls.cert_file else "http"
    reach = "only this machine reaches it" if is_loopback(server.host) else "other machines reach it"
    crew = f" with {server.workers} worker processes" if server.workers > 1 else ""
    return f"It listens on {scheme}://{server.host}:{server.port}{crew}: {reach}."


def _entering(settings: Settings) -> str:
    auth, tls = settings.auth, settings.server.tls
    ways = [f"the tokens of {', '.join(token.name for token in auth.tokens)}"] if auth.tokens else []
    if auth.tokens_file:
        ways.append(f"the tokens in {auth.tokens_file}")
    if tls.client_ca_file:
        ways.append(f"client certificates of {tls.client_ca_file}")
    if auth.anonymous:
        return "Anyone may send and read: auth.anonymous is set."
    return f"Who may enter: {'; '.join(ways)}." if ways else "Who may enter: whoever is on this machine."


def _redacting(settings: Settings) -> str:
    redaction = settings.pipeline.processors.redaction
    return (
        f"Redaction drops {', '.join(redaction.drop_fields) or 'no field of yours'}, "
        f"hashes {', '.join(redaction.hash_fields) or 'none'}, masks {len(redaction.mask_patterns)} patterns of yours "
        f"and what the built-in rules find; what still looks unsafe then, the checker would "
        f"{redaction.checker.action}."
    )


def _enriching(settings: Settings) -> str:
    enrichment = settings.pipeline.processors.enrichment
    if not enrichment.enabled:
        return "Enrichment is off."
    return f"Enrichment adds the tags {', '.join(enrichment.add_tags) or '(none)'}, severity, service, place and time."


def _asking(settings: Settings) -> str:
    llm = settings.llm
    if not llm.enabled:
        return "No language model is used."
    return (
        f"The language model {llm.model} at {urlsplit(llm.endpoint).hostname} is asked about message templates, "
        f"at most {llm.requests_per_minute} times a minute; "
        f"what it says counts from confidence {llm.confidence_threshold:g}."
    )


def _keeping(settings: Settings) -> str:
    spool = settings.relay.spool
    if spool.kind == "jetstream":
        return (
            f"What can't be delivered waits in the JetStream stream {spool.jetstream.stream}: "
            f"{spool.max_bytes / 1024**3:.3g} GiB or {spool.max_age_seconds / 86400:.3g} days at most"
            + ("; in a file while that can't be reached." if spool.jetstream.fallback else ".")
        )
    return (
        f"What can't be delivered waits in {settings.server.data_dir}/spool: {spool.max_bytes / 1024**3:.3g} GiB or "
        f"{spool.max_age_seconds / 86400:.3g} days a worker at most."
    )


def _resting(settings: Settings) -> Iterator[str]:
    database, loki = settings.database, settings.sinks.loki
    if not settings.sinks.timescaledb.enabled:
        yield "Events are not written to a database."
    elif not database.is_external:
        yield f"Events are stored in an embedded PostgreSQL in {settings.server.data_dir}/postgres."
    else:
        yield f"Events rest in the database {database.target().database} at {database.target()}."
        if database.overruled:
            yield f"database.dsn wins over {', '.join(database.overruled)}."
    yield f"Events are pushed to Loki at {loki.url}." if loki.enabled else "Events are not pushed to Loki."


def printed(value: Any, at: str = "") -> Any:
    """A setting as a file may hold it. A secret is `${VARIABLE}`, to be set where the file is used."""
    if isinstance(value, BaseModel):
        tree = {}
        for name, field in type(value).model_fields.items():
            inner = f"{at}.{name}" if at else name
            hidden = not field.repr and getattr(value, name)
            tree[field.alias or name] = _quoted(inner) if hidden else printed(_as_json(value, name), inner)
        return tree
    if isinstance(value, SecretStr):
        return _quoted(at) if value else ""
    if isinstance(value, dict):
        return {printed(key): printed(inner, f"{at}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [printed(inner, f"{at}.{number}") for number, inner in enumerate(value)]
    return escaped(value) if isinstance(value, str) else value


def _quoted(dotted: str) -> str:
    """The variable that holds a secret, as a file quotes it."""
    return f"${{{variable(dotted)}}}"


def _as_json(model: BaseModel, name: str) -> Any:
    """A field's value: what holds models or secrets as it is, all else as JSON has it."""
    value = getattr(model, name)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else (value,)
    if any(isinstance(each, BaseModel | SecretStr) for each in inner):
        return value
    return model.model_dump(mode="json", include={name})[name]
