"""The language model's endpoint: the way there, and one question about a template of our own, with a strict schema."""

import secrets
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from mothership.doctor import network
from mothership.doctor.finding import Finding, Severity, error, note, ok, warning
from mothership.doctor.patient import Patient
from mothership.errors import CallFailed, InvalidVerdict
from mothership.pipeline.llm.prompt import PromptBuilder
from mothership.pipeline.llm.settings import LLMSettings
from mothership.pipeline.llm.verdict import read_verdict
from mothership.pipeline.templates.template_tree import template_of_text

PART = "llm"
COST = "events are stored as before, without what the model would add"
TEMPLATE = "connection to database failed after <*> attempts"
REMEDIES = {
    "unauthorized": "correct llm.api_key",
    "not_found": "correct llm.endpoint (it ends in /v1 as a rule) and llm.model",
    "timeout": "raise llm.timeout_seconds, or take a faster model",
    "rate_limited": "lower llm.requests_per_minute, or raise the account's limit",
    "connection": "look at the endpoint's certificate, and whether a proxy is needed (llm.proxy)",
}


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """See the module."""
    settings = patient.settings.llm
    if not settings.enabled:
        return
    url = urlsplit(settings.endpoint)
    if settings.proxy is None:
        reached = True
        port = url.port or (443 if url.scheme == "https" else 80)
        async for finding in network.reach(PART, url.hostname or "", port, key="llm.endpoint", cost=COST):
            reached = finding.severity < Severity.ERROR
            yield finding
        if not reached:
            return
    yield await _ask(settings)


async def _ask(settings: LLMSettings) -> Finding:
    # The client library takes as long to import as all the rest.
    from mothership.pipeline.llm.client import LLMClient  # noqa: PLC0415 - its library takes long to import

    client = LLMClient(settings, time.time)
    began = time.perf_counter()

    async def at_once() -> None:
        """There is nothing to wait for before another try."""

    try:
        question = PromptBuilder(settings).question(template_of_text(TEMPLATE))
        answer = await client.ask(question, secrets.token_hex(8), at_once)
        read_verdict(answer, str)
    except CallFailed as failure:
        remedy = REMEDIES.get(failure.outcome, "look at the endpoint's own log")
        return error(PART, f"{settings.model} does not answer: {failure.outcome}", cost=COST, remedy=remedy)
    except InvalidVerdict as failure:
        return warning(
            PART,
            f"{settings.model} answers, and not in the form that is asked for: {failure.reason}",
            cost=f"such answers are thrown away: {COST}",
            remedy="take a model or a server that follows JSON schemas, or raise llm.max_tokens",
        )
    finally:
        await client.close()
    seconds = time.perf_counter() - began
    if not client.is_strict:
        return note(PART, f"{settings.model} answers in {seconds:.1f} s; its endpoint does not take a strict schema")
    return ok(PART, f"{settings.model} answers by a strict schema, in {seconds:.1f} s")
