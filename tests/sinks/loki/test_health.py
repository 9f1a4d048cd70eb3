"""Can it take a write now?"""

import pytest
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki
from tests.starvation import unstarved_time

from mothership.errors import SinkError


async def test_ready_is_asked(loki: StrictLoki, sink_of: SinkOf) -> None:
    """200 is well, 503 is not."""
    sink = sink_of(loki)
    assert await sink.health() == (True, "")
    loki.ready = 503
    assert (await sink.health()).healthy is False


@pytest.mark.parametrize("status", [401, 403, 404, 302])
async def test_hosted_loki_that_hides_ready_is_judged_by_the_last_push(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf, status: int
) -> None:
    """Grafana Cloud and most gateways pass pushes on, and nothing else."""
    sink = sink_of(loki, max_retries=0)
    loki.ready = status
    assert (await sink.health()).healthy
    loki.next.append(Disturbance(status=503))
    with pytest.raises(SinkError):
        await sink.write([batch(row())])
    assert await sink.health() == (False, "Loki answers 503")
    await sink.write([batch(row())])
    assert (await sink.health()).healthy


async def test_health_answers_soon_when_loki_is_gone(loki: StrictLoki, sink_of: SinkOf) -> None:
    """Within two seconds, and without raising."""
    sink = sink_of(loki)
    await loki.stop()
    began = unstarved_time()
    assert not (await sink.health()).healthy
    assert unstarved_time() - began < 2
