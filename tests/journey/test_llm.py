"""The language model in the real service: there when it is on, and never in the way."""

from typing import Any

from tests.journey.conftest import Start, free_port


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
    stats = service.get("/stats").json()["pipeline"]["processors"]["LLMEnricher"]
    assert stats["processed"] == 5
    assert stats["confidence_threshold"] == 0.8
