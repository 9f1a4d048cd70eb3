"""A client says with `?parse=` whether its lines are to be read; otherwise the configuration does."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

BODY = {"messages": [{"type": "log", "message": "x"}]}


@pytest.mark.parametrize(("query", "wanted"), [("", None), ("?parse=true", True), ("?parse=false", False)])
async def test_the_batch_says_whether_its_lines_are_to_be_read(
    make_client: Callable[..., httpx2.AsyncClient], acceptor: Any, query: str, wanted: bool | None
) -> None:
    """And by which input it came."""
    async with make_client() as client:
        answer = await client.post(f"/ingest{query}", json=BODY)
    assert answer.status_code == 200
    (batch,) = acceptor.batches
    assert (batch.input, batch.parse) == ("ingest", wanted)


@pytest.mark.parametrize("word", ["yes", "%F1%9C%B0%B8", "%FF", ""])
async def test_a_word_that_is_neither_is_refused(make_client: Callable[..., httpx2.AsyncClient], word: str) -> None:
    """A slip must not go unnoticed."""
    async with make_client() as client:
        answer = await client.post(f"/ingest?parse={word}", json=BODY)
    assert answer.status_code == 400
    assert answer.json()["reason"] == "the parameter `parse` must be true or false"
