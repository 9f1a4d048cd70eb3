"""A real HTTP server that speaks the chat-completions protocol, records what it is asked, and can be vile."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Self

Request = dict[str, Any]
Behaviour = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]

VERDICT: dict[str, Any] = {
    "category": "authentication",
    "priority": "high",
    "summary": "A login failed.",
    "tags": ["login", "failure"],
    "confidence": 0.95,
}


def completion(content: Any, *, finish: str = "stop", usage: Any = None, refusal: Any = None) -> bytes:
    """The body of a chat completion."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "fake",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish,
                    "message": {"role": "assistant", "content": content, "refusal": refusal},
                }
            ],
            "usage": {"prompt_tokens": 300, "completion_tokens": 40} if usage is None else usage,
        }
    ).encode()


def http(status: int, body: bytes, *headers: str) -> bytes:
    """A whole response."""
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(content: Any, **extra: Any) -> Behaviour:
    """Answer with this text, or this object as JSON."""
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    return answers(200, completion(text, **extra))


def answers(status: int, body: bytes, *headers: str) -> Behaviour:
    """Answer with this status and body."""

    async def behave(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(http(status, body, *headers))

    return behave


async def hangs(_request: Request, _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(3_600)


async def streams_for_ever(_request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer with chunks that never end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
        await writer.drain()


async def drips_for_ever(_request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer with a byte now and then, so that no read times out."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def cuts_off(_request: Request, writer: asyncio.StreamWriter) -> None:
    """Close in the middle of an answer."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    writer.close()


class Endpoint:
    """`async with Endpoint() as endpoint`: listens on a free port of loopback; `behave` says what it does."""

    def __init__(self, behave: Behaviour | None = None) -> None:
        self.behave = behave or says(VERDICT)
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self.written = 0
        self.in_flight = 0
        self.in_flight_max = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def prompts(self) -> str:
        """Everything it was ever sent, as one text."""
        return json.dumps(self.requests, ensure_ascii=False)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                request = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
                self.requests.append(request)
                self.headers.append({":line": head[0], **headers})
                self.in_flight += 1
                self.in_flight_max = max(self.in_flight_max, self.in_flight)
                try:
                    await self.behave(request, writer)
                    await writer.drain()
                finally:
                    self.in_flight -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
