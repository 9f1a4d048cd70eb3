"""Which service a command asks, and with what credentials: the same options for each that asks one."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mothership.shipping.target import ShipTarget

_OPTIONS = (
    click.option("--url", default="http://127.0.0.1:8443", show_default=True, help="URL of the Mothership."),
    click.option("--token", envvar="MOTHERSHIP_TOKEN", help="Bearer token; prefer the variable MOTHERSHIP_TOKEN."),
    click.option(
        "--client-cert", type=click.Path(exists=True, path_type=Path), help="Certificate for mutual TLS (PEM)."
    ),
    click.option(
        "--client-key", type=click.Path(exists=True, path_type=Path), help="Its private key, if not in the same file."
    ),
    click.option(
        "--ca", type=click.Path(exists=True, path_type=Path), help="CA that signed the server's certificate (PEM)."
    ),
    click.option(
        "--timeout-seconds",
        default=30.0,
        show_default=True,
        type=click.FloatRange(min=0.0, min_open=True),
        help="Maximum time to wait for a connection.",
    ),
)


def service_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options, as its argument `target`."""

    @functools.wraps(command)
    def run(
        *,
        url: str,
        token: str | None,
        client_cert: Path | None,
        client_key: Path | None,
        ca: Path | None,
        timeout_seconds: float,
        **more: Any,
    ) -> None:
        target = ShipTarget(
            url, token=token, client_cert=client_cert, client_key=client_key, ca=ca, timeout_seconds=timeout_seconds
        )
        command(target=target, **more)

    decorated: Callable[..., None] = run
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
