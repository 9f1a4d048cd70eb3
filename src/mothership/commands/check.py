"""`mothership check`: what a configuration means, without starting anything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import yaml

from mothership.app import faults
from mothership.commands.options import config_option
from mothership.config import Settings, load, unknown_variables
from mothership.edge.auth import is_loopback
from mothership.errors import ConfigurationError
from mothership.pipeline.redaction.coverage import not_covered

HIDDEN = "(hidden)"
SECRETS = frozenset({"hash", "dsn", "password", "salt", "previous_keys", "api_key", "token", "bearer_token", "proxy"})


@click.command()
@config_option
@click.option("--quiet", is_flag=True, help="Print faults only.")
def check(config: Path | None, quiet: bool) -> None:
    """Validate a configuration, and print it in full with what it means.

    Exit status 1 and one line a fault when it can't be used. Secrets are hidden.
    """
    settings = load(config)
    if found := faults(settings):
        raise ConfigurationError(found)
    for line in unknown_variables():
        click.echo(f"mothership: warning: {line}", err=True)
    if quiet:
        return
    click.echo(yaml.safe_dump(_hidden(settings.model_dump(mode="json", by_alias=True)), sort_keys=False, width=110))
    click.echo("# What it means")
    for sentence in sentences(settings):
        click.echo(f"# - {sentence}")


def sentences(settings: Settings) -> Iterator[str]:
    """The configuration in words."""
    yield _listening(settings)
    yield _entering(settings)
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
        return "Anyone may enter: auth.anonymous is set."
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
        return "No language model is asked."
    return (
        f"The language model {llm.model} at {urlsplit(llm.endpoint).hostname} is asked about message templates, "
        f"at most {llm.requests_per_minute} times a minute; "
        f"what it says counts from confidence {llm.confidence_threshold:g}."
    )


def _keeping(settings: Settings) -> str:
    spool = settings.relay.spool
    return (
        f"What can't be delivered waits in {settings.server.data_dir}/spool: {spool.max_bytes / 1024**3:.3g} GiB or "
        f"{spool.max_age_seconds / 86400:.3g} days a worker at most."
    )


def _resting(settings: Settings) -> Iterator[str]:
    database, loki = settings.database, settings.sinks.loki
    if not settings.sinks.timescaledb.enabled:
        yield "Events are not written to a database."
    elif not database.is_external:
        yield f"Events rest in an embedded PostgreSQL in {settings.server.data_dir}/postgres."
    else:
        where = urlsplit(database.dsn.get_secret_value()).hostname if database.dsn else database.host
        yield f"Events rest in the database at {where or 'a Unix socket'}."
        if database.overruled:
            yield f"database.dsn wins over {', '.join(database.overruled)}."
    yield f"Events are pushed to Loki at {loki.url}." if loki.enabled else "Events are not pushed to Loki."


def _hidden(node: Any) -> Any:
    """The same tree, with every secret that is set replaced."""
    if isinstance(node, dict):
        return {key: HIDDEN if key in SECRETS and value else _hidden(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_hidden(value) for value in node]
    return node
