"""`mothership token`: make credentials for nodes and readers."""

import secrets
from datetime import UTC, datetime, timedelta

import click

from mothership.edge.auth_settings import TokenSettings, hashed
from mothership.edge.caller import NAME_PATTERN

PREFIX = "ms_"
"""Lets secret scanners know one when they see it."""
CHANCE_BYTES = 32


@click.group()
def token() -> None:
    """Credentials for nodes and readers."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["ingest", "read", "manage", "trace"]),
    default=["ingest"],
    help="What the token opens; repeatable.",
)
@click.option("--days", type=click.IntRange(min=1), help="Days until it expires. Default: never.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Maximum requests per second.")
def new(name: str, scopes: tuple[str, ...], days: int | None, rate: float | None) -> None:
    """Make a token for NAME, print it once, and the lines that let it in.

    The token goes to the node (`auth_token`); the lines go under `auth.tokens` or into `auth.tokens_file`. Only its
    hash is kept, so a lost token is replaced by a new one: while both are listed, both work.
    """
    secret = new_secret()
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days) if days else None
    try:
        made = TokenSettings.model_validate(
            {
                "name": name,
                "hash": hashed(secret),
                "scopes": scopes,
                "expires": expires,
                "requests_per_second": rate,
            }
        )
    except ValueError:
        raise click.BadParameter(f"it must match {NAME_PATTERN}", param_hint="NAME") from None
    click.echo("# The token; it is shown this once:", err=True)
    click.echo(secret)
    click.echo("\n# For auth.tokens in config.yaml, or auth.tokens_file:", err=True)
    click.echo(_lines(made), err=True)
    click.echo("\n# Or as a variable, where it opens `ingest` and `read`:", err=True)
    click.echo(f"# MOTHERSHIP_AUTH_TOKENS={made.name}={made.hash}", err=True)


def new_secret() -> str:
    """A token that nobody guesses."""
    return PREFIX + secrets.token_urlsafe(CHANCE_BYTES)


def _lines(made: TokenSettings) -> str:
    lines = [f"- name: {made.name}", f"  hash: {made.hash}", f"  scopes: [{', '.join(sorted(made.scopes))}]"]
    if made.expires:
        lines.append(f"  expires: {made.expires.isoformat()}")
    if made.requests_per_second:
        lines.append(f"  requests_per_second: {made.requests_per_second:g}")
    return "\n".join(lines)
