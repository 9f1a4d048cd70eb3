"""The language model in the real service: there when it is on, and never in the way."""

import asyncio
import json
import random
import threading
from typing import Any

from tests.journey.conftest import Service, Start
from tests.journey.test_canaries import an_event
from tests.loopback import free_port
from tests.pipeline.llm.endpoint import Endpoint, says


def step(service: Service) -> Any:
    """What /stats says of it."""
    return service.get("/stats").json()["pipeline"]["processors"]["LLMEnricher"]


def test_a_dead_endpoint_costs_nothing_but_a_count(start: Start, database_dsn: str) -> None:
    """Events are stored as ever; the step is listed, its breaker is shown."""
    config: dict[str, Any] = {"llm": {"enabled": True, "endpoint": f"http://127.0.0.1:{free_port()}/v1"}}
    service = start(dsn=database_dsn, config=config)
    for number in range(5):
        event = {"type": "log", "message": f"connection {number} reset by peer"}
        answer = service.post({"messages": [event]}).json()
        assert answer["sink_results"]["tsdb"] == {"written": 1, "queued": 0, "errors": 0}
    health = service.get("/healthz").json()
    assert "LLMEnricher" in health["pipeline_processors"]
    assert "circuit_breaker" in health["llm"]
    stats = step(service)
    assert stats["processed"] == 5
    assert stats["confidence_threshold"] == 0.8


def test_no_canary_reaches_the_model(start: Start, database_dsn: str) -> None:
    """What is planted in events is in no prompt, whatever the model is told."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    verdict = {"category": "x", "priority": "low", "summary": "s", "tags": [], "confidence": 0.9}
    endpoint = Endpoint(says(json.dumps(verdict)))
    asyncio.run_coroutine_threadsafe(endpoint.__aenter__(), loop).result(10)
    try:
        config: dict[str, Any] = {
            "llm": {"enabled": True, "endpoint": endpoint.url, "prompt_words": "all", "requests_per_minute": 10_000}
        }
        service = start(dsn=database_dsn, config=config)
        secrets = []
        chance = random.Random(11)
        for _ in range(20):
            planted = [an_event(chance) for _ in range(20)]
            secrets += [secret for _, secret in planted]
            assert service.post({"messages": [event for event, _ in planted]}).status_code == 200
        service.until(lambda: not step(service)["queued"], "the last answer")
        assert step(service)["calls"]
        assert endpoint.prompts
        assert not [secret for secret in secrets if secret in endpoint.prompts]
    finally:
        asyncio.run_coroutine_threadsafe(endpoint.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
