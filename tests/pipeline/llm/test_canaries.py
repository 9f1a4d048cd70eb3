"""The whole pipeline with planted secrets, against an endpoint that records what it is sent."""

import asyncio
import json
from typing import Any

import pytest
from tests.pipeline.llm.endpoint import VERDICT, Endpoint, says
from tests.pipeline.llm.harness import MemoryStore, batch_of
from tests.starvation import PATIENCE_SECONDS

from mothership import metric_registry
from mothership.pipeline.chain import Chain
from mothership.pipeline.enrichment import enrichment
from mothership.pipeline.enrichment.enrichment import EnrichmentSettings
from mothership.pipeline.llm.enricher import LLMEnricher, LLMSettings
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.pipeline.templates.templates import Templates, TemplateSettings
from mothership.sample.fleet import sample

NOW = 1_760_000_000.0


@pytest.mark.parametrize("words", ["known", "all"])
async def test_no_canary_is_ever_in_a_prompt_an_audit_line_or_the_store(
    endpoint: Endpoint, words: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """2,000 events with planted secrets through redaction, enrichment, templates and the LLM step."""
    events, planted = sample(2_000, seed=11, now=NOW)
    assert len(planted) > 50
    redactor = redaction.build(RedactionSettings(), key=b"k" * 32)
    templates = Templates(TemplateSettings())
    settings = LLMSettings(
        enabled=True,
        endpoint=endpoint.url,
        model="fake",
        prompt_words="known" if words == "known" else "all",
        requests_per_minute=10_000,
    )
    store = MemoryStore()
    enricher = LLMEnricher(settings, templates, redactor.text, store=store)
    steps = [*redactor.processors, *enrichment.build(EnrichmentSettings()), templates]
    chain = Chain(steps, enricher)
    running = asyncio.get_running_loop().create_task(enricher.run())
    try:
        for start in range(0, len(events), 100):
            await chain.run(batch_of(*events[start : start + 100]))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while enricher.status().queued:  # noqa: ASYNC110 - nobody signals it
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(endpoint.requests) > 10
    assert enricher.status().applied > 100
    out = capsys.readouterr()
    everything = "\n".join(
        [
            endpoint.prompts,
            json.dumps(endpoint.headers),
            caplog.text,
            out.out,
            out.err,
            metric_registry.exposition()[0].decode(),
            json.dumps([record.decode() for record in store.records.values()]),
        ]
    )
    leaked = {
        secret.kind for secret in planted if secret.value in everything or secret.value.lower() in everything.lower()
    }
    assert leaked == set()


async def test_the_real_redaction_redacts_the_answer(endpoint: Endpoint) -> None:
    """A lying model's mail address and card number end as the rules of the service say."""
    endpoint.behave = says({**VERDICT, "summary": "Ask jane.roe@corp.example or charge 4111 1111 1111 1111."})
    redactor = redaction.build(RedactionSettings(), key=b"k" * 32)
    templates = Templates(TemplateSettings())
    settings = LLMSettings(enabled=True, endpoint=endpoint.url, model="fake", wait_seconds=4.0)
    enricher = LLMEnricher(settings, templates, redactor.text)
    running = asyncio.get_running_loop().create_task(enricher.run())
    event: dict[str, Any] = {"type": "log", "message": "service started"}
    try:
        batch = batch_of(event)
        templates(batch)
        await enricher(batch)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert event["llm"]["category"] == "authentication"
    assert "jane" not in json.dumps(event)
    assert "4111" not in json.dumps(event)
