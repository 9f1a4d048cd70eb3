"""One question to an OpenAI-compatible endpoint, one answer or one `CallFailed`, within bounds of time and bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import openai
import orjson

from mothership import __version__
from mothership.errors import CallFailed
from mothership.pipeline.llm.prompt import Question, messages
from mothership.pipeline.llm.settings import LLMSettings
from mothership.pipeline.llm.verdict import AnswerLengths, ModelAnswer, answer_lengths, schema
from mothership.ports import Clock
from mothership.retry import retry_after_seconds
from mothership.telemetry import log
from mothership.tls_verification import verification


def _strict(shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": shape}}


_FORMATS: tuple[Callable[[AnswerLengths], dict[str, Any] | None], ...] = (
    lambda most: _strict(schema(most, bounded=True)),
    lambda most: _strict(schema(most, bounded=False)),
    lambda _: {"type": "json_object"},
    lambda _: None,
)
_REFUSES_A_PARAMETER = frozenset({400, 422, 501})
_SENT_HEADERS = frozenset({"host", "content-type", "content-length", "accept", "connection"})
_TOKENS_MAX = 1_000_000
_BOM = b"\xef\xbb\xbf"
_TEXT_PARTS = frozenset({"text", "output_text"})


@dataclass(frozen=True, slots=True)
class EndpointCapabilities:
    """What this endpoint's model takes. Learnt from its refusals, once."""

    format: int = 0
    tokens_key: str = "max_tokens"
    temperature: bool = True

    def after(self, error: openai.APIStatusError) -> "EndpointCapabilities | None":
        """Tell what to try after a refusal, if there is something."""
        body = error.body if isinstance(error.body, dict) else {}
        inner = body.get("error")
        body = inner if isinstance(inner, dict) else body
        said = f"{body.get('param')} {body.get('message')}"[:2_000]
        if "max_completion_tokens" in said and self.tokens_key == "max_tokens":
            return replace(self, tokens_key="max_completion_tokens")
        if "temperature" in said and self.temperature:
            return replace(self, temperature=False)
        return replace(self, format=self.format + 1) if self.format + 1 < len(_FORMATS) else None


class LLMClient:
    """Speaks to the endpoint of the settings and to nothing else: no redirects, no retries, no ambient credentials."""

    def __init__(self, settings: LLMSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._capabilities = EndpointCapabilities()
        self._lengths = answer_lengths(settings.max_tokens)
        key = settings.api_key.get_secret_value() if settings.api_key else ""
        transport = BoundedTransport(
            httpx2.AsyncHTTPTransport(
                verify=verification(settings.endpoint, proxied=settings.proxy is not None),
                proxy=settings.proxy.get_secret_value() if settings.proxy else None,
                limits=httpx2.Limits(max_connections=settings.concurrency + 1, keepalive_expiry=30.0),
            ),
            bytes_max=settings.answer_bytes_max,
            authorization=f"Bearer {key}" if key else None,
        )
        self._http = httpx2.AsyncClient(transport=transport, follow_redirects=False, trust_env=False)
        # Every argument that is left out would be read from the environment.
        self._client = openai.AsyncOpenAI(
            base_url=settings.endpoint,
            api_key=key or "none",
            organization="",
            project="",
            max_retries=0,
            timeout=settings.timeout_seconds,
            http_client=self._http,
        )
        # Taken now: the library imports these parts when they are first touched, which would hold the event loop up.
        self._completions = self._client.chat.completions.with_raw_response

    @property
    def is_strict(self) -> bool:
        """Whether the endpoint took a strict schema, as far as it was asked."""
        return _FORMATS[self._capabilities.format](self._lengths) not in ({"type": "json_object"}, None)

    async def close(self) -> None:
        """Give back every connection."""
        await self._http.aclose()

    async def ask(self, question: Question, nonce: str, before_retry: Callable[[], Awaitable[None]]) -> ModelAnswer:
        """Ask, or raise `CallFailed`. `before_retry` is awaited before each request after one that was refused."""
        capabilities: EndpointCapabilities | None = self._capabilities
        while capabilities is not None:
            try:
                answer = await self._once(question, nonce, capabilities)
            except openai.APIStatusError as error:
                if error.status_code not in _REFUSES_A_PARAMETER:
                    raise _failed(error, self._clock()) from None
                capabilities = capabilities.after(error)
                await before_retry()
                continue
            if capabilities != self._capabilities:
                self._capabilities = capabilities
                log.info("llm_dialect_learnt", format=capabilities.format, tokens_key=capabilities.tokens_key)
            return answer
        raise CallFailed("bad_request")

    async def _once(self, question: Question, nonce: str, capabilities: EndpointCapabilities) -> ModelAnswer:
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                response = await self._completions.create(**self._request(question, nonce, capabilities))
                return _answer(response.content)
        except (TimeoutError, openai.APITimeoutError):
            raise CallFailed("timeout") from None
        except openai.APIConnectionError as error:
            raise (error.__cause__ if isinstance(error.__cause__, CallFailed) else CallFailed("connection")) from None
        except openai.APIStatusError:
            raise
        except CallFailed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the library makes of a strange answer is one count
            log.warning("llm_answer_unreadable", error=type(error).__name__)
            raise CallFailed("unreadable") from None

    def _request(self, question: Question, nonce: str, capabilities: EndpointCapabilities) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._settings.model,
            "messages": messages(question, nonce),
            capabilities.tokens_key: self._settings.max_tokens,
        }
        if capabilities.temperature:
            request["temperature"] = self._settings.temperature
        if (form := _FORMATS[capabilities.format](self._lengths)) is not None:
            request["response_format"] = form
        return request


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Lets out only the headers a call needs, and in only so many bytes of an answer, not compressed."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, bytes_max: int, authorization: str | None) -> None:
        self._inner = inner
        self._bytes_max = bytes_max
        self._authorization = authorization

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request and bound what comes back."""
        headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() in _SENT_HEADERS]
        # Compressed, a few bytes could stand for any number.
        headers += [("accept-encoding", "identity"), ("user-agent", f"Mothership/{__version__}")]
        if self._authorization:
            headers.append(("authorization", self._authorization))
        # A request of its own: the library reads its own headers back from the one it made.
        sent = httpx2.Request(
            request.method, request.url, headers=headers, stream=request.stream, extensions=request.extensions
        )
        response = await self._inner.handle_async_request(sent)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            await response.aclose()
            raise CallFailed("compressed")
        stream = response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            raise CallFailed("unreadable")
        response.stream = _BoundedStream(stream, self._bytes_max)
        return response

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, bytes_max: int) -> None:
        self._inner = inner
        self._left = bytes_max

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            self._left -= len(part)
            if self._left < 0:
                raise CallFailed("too_long")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


def _failed(error: openai.APIStatusError, now: float) -> CallFailed:
    """Sort a status that is no 2xx. The text of the answer is not looked at."""
    status = error.status_code
    outcome = {401: "unauthorized", 403: "unauthorized", 404: "not_found", 408: "timeout", 429: "rate_limited"}.get(
        status
    )
    if outcome is None:
        outcome = "redirect" if status < 400 else "bad_request" if status < 500 else "server_error"  # noqa: PLR2004 - statuses
    return CallFailed(
        outcome, retry_after_seconds=retry_after_seconds(error.response.headers.get("retry-after"), now=now)
    )


def _answer(body: bytes) -> ModelAnswer:
    """Read a chat completion, whatever it is made of."""
    try:
        tree = orjson.loads(body.removeprefix(_BOM))
        choice = tree["choices"][0]
        message = choice["message"]
        content, refusal, finish = message.get("content"), message.get("refusal"), choice.get("finish_reason")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise CallFailed("unreadable") from None
    usage = tree.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    refusal = refusal or any(part.get("type") == "refusal" for part in parts)
    if parts:
        # Thoughts are parts of their own kind.
        texts = [part.get("text") for part in parts if part.get("type", "text") in _TEXT_PARTS]
        content = "".join(text for text in texts if isinstance(text, str))
    return ModelAnswer(
        content=content if isinstance(content, str) else None,
        stop="refusal" if refusal or finish == "content_filter" else "truncated" if finish == "length" else "",
        prompt_tokens=_count(usage.get("prompt_tokens")),
        answer_tokens=_count(usage.get("completion_tokens")),
    )


def _count(value: Any) -> int | None:
    return min(value, _TOKENS_MAX) if type(value) is int and value >= 0 else None
