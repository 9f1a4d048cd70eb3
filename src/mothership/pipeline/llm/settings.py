"""What can be set about the LLM."""

from datetime import timedelta
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)

from mothership.durations import DurationOrSeconds
from mothership.service_urls import split_address


class CircuitBreakerSettings(BaseModel, frozen=True, extra="forbid"):
    """When to stop calling a failing endpoint."""

    enabled: bool = Field(default=True, description="Stop calling a failing endpoint for a while.")
    failure_threshold: PositiveInt = Field(default=5, description="Failed calls in a row after which no more are made.")
    reset_timeout: DurationOrSeconds = Field(
        default=timedelta(seconds=60), description="Time until one call is tried again; a number alone is seconds."
    )


class LLMSettings(BaseModel, frozen=True, extra="forbid"):
    """Enrichment by a language model behind an OpenAI-compatible endpoint."""

    enabled: bool = Field(
        default=False,
        description="Ask a language model about message templates.",
        json_schema_extra={"env": "MOTHERSHIP_LLM_ENABLED"},
    )
    endpoint: str = Field(
        default="https://api.openai.com/v1",
        description="Base URL of the API: OpenAI, Ollama, vLLM, llama.cpp or any other that speaks it.",
    )
    model: str = Field(default="gpt-3.5-turbo", min_length=1, max_length=200, description="Name of the model.")
    api_key: SecretStr | None = Field(
        default=None,
        description="Key for the endpoint; local servers need none.",
        json_schema_extra={"env": "MOTHERSHIP_LLM_API_KEY"},
    )
    proxy: SecretStr | None = Field(
        default=None, description="URL of an HTTP proxy for the calls; the usual proxy variables are not read."
    )
    confidence_threshold: float = Field(
        default=0.8,
        ge=0.8,
        le=1.0,
        description="Least confidence with which a verdict is put on events; 0.8 is also the lowest that can be set.",
    )
    max_tokens: int = Field(
        default=150,
        ge=50,
        le=4_000,
        description="Maximum number of tokens an answer may have. From 276 on an answer may use the full lengths "
        "of a verdict; "
        "with fewer a shorter one is asked for, so that it isn't cut off.",
    )
    temperature: float = Field(
        default=0.0, ge=0.0, le=2.0, description="Randomness of the model's answers; 0 for none."
    )
    circuit_breaker: CircuitBreakerSettings = Field(
        default_factory=CircuitBreakerSettings, description="When to stop calling a failing endpoint."
    )
    prompt_words: Literal["known", "all"] = Field(
        default="known",
        description="Which words of a template a prompt may hold: those of the built-in list of technical English and "
        "`extra_words`, with a placeholder for the rest, or `all` that the template has (for a model of your own).",
    )
    extra_words: tuple[str, ...] = Field(
        default=(), max_length=10_000, description="More words that a prompt may hold, such as names of your services."
    )
    prompt_chars_max: int = Field(
        default=600, ge=50, le=20_000, description="Characters of a template in a prompt; the rest is cut off."
    )
    prompt_tokens_max: int = Field(
        default=800,
        ge=500,
        le=20_000,
        description="Tokens of a whole prompt, estimated from above; a template is cut to fit.",
    )
    answer_bytes_max: int = Field(
        default=65_536,
        ge=1_024,
        le=10_000_000,
        description="Bytes of an answer that are read; a longer one is dropped.",
    )
    wait_seconds: NonNegativeFloat = Field(
        default=0.5,
        le=4.0,
        description="Longest a request is held for verdicts on new templates; 0 for never. "
        "Later events get them all the same.",
    )
    timeout_seconds: PositiveFloat = Field(default=10.0, le=600.0, description="Longest one call may take.")
    concurrency: int = Field(default=4, ge=1, le=100, description="Calls in flight at the same time.")
    queue_max: PositiveInt = Field(
        default=1_000,
        le=100_000,
        description="Templates that may wait for a call; more are asked about at a later event.",
    )
    requests_per_minute: PositiveInt = Field(
        default=60, description="Maximum number of calls a minute, for each process."
    )
    tokens_per_day: PositiveInt = Field(
        default=1_000_000,
        description="Maximum number of tokens a day (UTC), prompts and answers, for all instances on one "
        "database together.",
    )
    cost_per_day: PositiveFloat = Field(
        default=1.0, description="Most that may be spent a day (UTC), in the currency of the two prices."
    )
    price_per_million_prompt_tokens: NonNegativeFloat = Field(
        default=0.5, description="Price of a million prompt tokens; 0 for a model of your own."
    )
    price_per_million_answer_tokens: NonNegativeFloat = Field(
        default=1.5, description="Price of a million answer tokens; 0 for a model of your own."
    )
    cache_verdicts_max: PositiveInt = Field(
        default=10_000, le=1_000_000, description="Verdicts kept in memory; past it the one not used for longest goes."
    )
    cache_seconds: PositiveFloat = Field(
        default=30 * 86_400.0, description="How long a verdict is valid, in memory and in the database."
    )
    retry_seconds: PositiveFloat = Field(
        default=300.0, description="How long a template is left alone after a call about it brought no verdict."
    )

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_a_url(cls, value: str) -> str:
        value = value.strip()
        parts = split_address(value)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must hold no user, password, query or fragment; a key belongs in llm.api_key")
        return value.rstrip("/")

    @field_validator("extra_words")
    @classmethod
    def _words_are_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            if not word.isalpha() or len(word) > 64:  # noqa: PLR2004 - a word
                raise ValueError("each must be letters only, 64 at most")
        return tuple(word.lower() for word in value)

    @field_validator("api_key")
    @classmethod
    def _key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value().strip():
            return None
        secret = value.get_secret_value().strip()
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            raise ValueError("must be printable ASCII without spaces")
        return SecretStr(secret)

    @model_validator(mode="after")
    def _openai_wants_a_key(self) -> Self:
        if self.enabled and urlsplit(self.endpoint).hostname == "api.openai.com" and self.api_key is None:
            raise ValueError("api_key is missing: set MOTHERSHIP_LLM_API_KEY, or llm.endpoint to a local server")
        return self
