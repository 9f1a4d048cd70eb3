"""A real server that answers from a script, refuses, asks to wait, and cuts the line."""

import gzip
import http.server
import threading
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class ScriptedAnswer:
    """What the server says next; status 0 cuts the line."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    body: Any

    @property
    def messages(self) -> list[Any]:
        """Its events."""
        messages: list[Any] = self.body["messages"]
        return messages


class ScriptedServer(http.server.ThreadingHTTPServer):
    """Answers from a script, then with success."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[ScriptedAnswer] = []
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        self.scheme = "http"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def stored(self) -> list[Any]:
        """Every event that arrived, as often as it did."""
        return [event for seen in self.seen for event in seen.messages]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that left."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def do_POST(self) -> None:
        """Take a batch."""
        raw = self.rfile.read(int(self.headers["content-length"]))
        body = orjson.loads(gzip.decompress(raw) if self.headers.get("content-encoding") == "gzip" else raw)
        with self.server.lock:
            answer = self.server.script.pop(0) if self.server.script else ScriptedAnswer()
            self.server.seen.append(Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if not answer.status:
            self.close_connection = True
            return
        said = orjson.dumps({"status": "success", "processed_events": 1} if answer.body is None else answer.body)
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(said))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Stay quiet."""
