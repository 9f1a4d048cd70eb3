"""Asks a service for its overview, and for what its charts show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2

from mothership.errors import OverviewError, ShippingError
from mothership.shipping import connection_diagnosis
from mothership.shipping.target import ShipTarget, http_client, page, shown

PATH = "/console/overview"
HOUR_SECONDS = 3600
BODY_BYTES_MAX = 16 * 1024 * 1024


@dataclass
class OverviewHistory:
    """The last hour: a time with a value each."""

    events: dict[float, float] = field(default_factory=dict)
    answer_seconds: dict[float, float] = field(default_factory=dict)
    waiting: dict[float, float] = field(default_factory=dict)

    @property
    def newest(self) -> float:
        """The last time that is known."""
        return max(self.events, default=0.0)

    def add(self, columns: Mapping[str, Any]) -> None:
        """What is new; what is older than an hour goes."""
        p95 = columns["answer_seconds"].get("p95", [])
        queued = [values for name, values in columns["levels"].items() if name.startswith("queued.")]
        for i, at in enumerate(map(float, columns["at"])):
            self.events[at] = float(sum(values[i] for values in columns["types"].values()))
            self.waiting[at] = float(sum(values[i] for values in queued))
            if i < len(p95) and p95[i] is not None:
                self.answer_seconds[at] = float(p95[i])
        oldest = self.newest - HOUR_SECONDS
        for table in (self.events, self.answer_seconds, self.waiting):
            for at in [at for at in table if at < oldest]:
                del table[at]


class OverviewClient:
    """Of one service. Use it as a context."""

    def __init__(self, target: ShipTarget) -> None:
        """Raise `OverviewError` for an address or certificates that can't be used."""
        self._target = target
        self.history = OverviewHistory()
        try:
            self.page = page(target.url, PATH)
            self._client = http_client(target, "Top")
        except ShippingError as error:
            raise OverviewError(str(error), is_final=True) from None

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.__aexit__()

    @property
    def shown_url(self) -> str:
        """Where it asks, without what is secret in it."""
        return shown(self.page).removesuffix(PATH)

    async def ask(self) -> Mapping[str, Any]:
        """The overview, as it is; `history` is brought up to date. Raises `OverviewError`."""
        content = await self._get(f"{self.page}.json")
        columns = await self._get(f"{self.page}/history.json?since={self.history.newest}")
        try:
            self.history.add(columns)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise self._foreign() from None
        return content

    async def _get(self, url: str) -> Mapping[str, Any]:
        try:
            answer = await self._client.get(url)
        except httpx2.TooManyRedirects:
            raise OverviewError(f"{shown(url)} redirects in circles", is_final=True) from None
        except (httpx2.RequestError, httpx2.InvalidURL, OSError) as error:
            fault = await connection_diagnosis.explain(error, self.page, self._target.client_certificate)
            raise OverviewError(fault.reason, is_final=fault.is_final) from None
        content = _json(answer)
        if answer.is_success and content is not None:
            return content
        if answer.is_success:
            raise self._foreign()
        reason = str((content or {}).get("reason") or f"answered {answer.status_code}")
        if answer.status_code not in connection_diagnosis.FINAL_STATUSES:
            raise OverviewError(reason, is_final=False)
        has_token = bool(self._target.token)
        advice = connection_diagnosis.refused(answer.status_code, self.page, adds=PATH, has_token=has_token)
        text = f"{shown(self.page)}: {reason}" + (f"; {advice}" if advice else "")
        raise OverviewError(text, is_final=True)

    def _foreign(self) -> OverviewError:
        return OverviewError(f"{shown(self.page)} is no Mothership with a console", is_final=True)


def _json(answer: httpx2.Response) -> Mapping[str, Any] | None:
    if len(answer.content) > BODY_BYTES_MAX:
        return None
    try:
        content = answer.json()
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
