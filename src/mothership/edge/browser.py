"""What a browser is told apart by, and how it is sent to where a person signs in."""

from collections.abc import Mapping
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from mothership.edge.caller import Permission
from mothership.edge.ingest_protocol import IngestResponse

CONSOLE = "/console"
SIGN_IN = f"{CONSOLE}/sign-in"
SIGN_OUT = f"{CONSOLE}/sign-out"
OPEN_FILES = f"{CONSOLE}/static/"
TRIALS = frozenset({f"{CONSOLE}/redaction/try", f"{CONSOLE}/redaction/pattern"})
"""What takes a form and changes nothing: for whoever may read."""
TRACE = f"{CONSOLE}/trace"
"""What became of events: a permission of its own."""
READING = frozenset({"GET", "HEAD"})
NEXT_CHARACTERS_MAX = 4096
_SEE_OTHER = 303


def is_console(path: str) -> bool:
    """Whether this is an address of the console."""
    return path == CONSOLE or path.startswith(f"{CONSOLE}/")


def is_page(path: str) -> bool:
    """Whether this is an address for people: the console's, or the beginning."""
    return path == "/" or is_console(path)


def permission(path: str, method: str) -> Permission:
    """What a page needs, or a form on it."""
    if path in {TRACE, f"{TRACE}.json"} or path.startswith(f"{TRACE}/"):
        return "trace"
    return "read" if method in READING or path in TRIALS else "manage"


def is_open_page(path: str) -> bool:
    """Whether a page is there for whoever is not signed in yet. They look after themselves."""
    return path in {SIGN_IN, SIGN_OUT} or path.startswith(OPEN_FILES)


def wants_page(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser asks for something to show."""
    return b"text/html" in headers.get(b"accept", b"") or b"hx-request" in headers


def wants_stream(accept: bytes) -> bool:
    """Whether events are asked for as they come, rather than a page."""
    return b"text/event-stream" in accept


def cookie_name(*, secure: bool) -> str:
    """Under TLS no other host and no plain HTTP can set a cookie of this name."""
    return "__Host-mothership" if secure else "mothership"


def session_cookie(headers: Mapping[bytes, bytes], *, secure: bool) -> str | None:
    """The session that a browser shows."""
    given = headers.get(b"cookie")
    if given is None:
        return None
    try:
        found = SimpleCookie(given.decode("latin-1")).get(cookie_name(secure=secure))
    except CookieError:
        return None
    return found.value if found else None


def is_foreign(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a page of somebody else made the browser send this."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in {b"same-origin", b"none"}
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host")


def to_sign_in(path: str, query: bytes, headers: Mapping[bytes, bytes]) -> IngestResponse:
    """Send a browser to the page where a person signs in, and from there back."""
    if headers.get(b"sec-fetch-site") == b"cross-site" and headers.get(b"sec-fetch-mode") == b"navigate":
        # Somebody followed a link from elsewhere: then the browser keeps the cookie back, until we ask it ourselves.
        page = b'<!doctype html><html lang="en"><meta http-equiv="refresh" content="0"><title>Mothership</title></html>'
        return IngestResponse(200, page, [(b"content-type", b"text/html; charset=utf-8"), NOT_KEPT])
    back = f"{path}?{query.decode('latin-1')}" if query else path
    target = SIGN_IN if path in {"/", CONSOLE} or len(back) > NEXT_CHARACTERS_MAX else f"{SIGN_IN}?next={quote(back)}"
    if b"hx-request" in headers:  # a part of a page that is open: all of it has to go
        return IngestResponse(401, b"", [(b"hx-redirect", SIGN_IN.encode()), NOT_KEPT])
    body = f'<a href="{escape(target)}">Sign in</a>'.encode()
    return IngestResponse(_SEE_OTHER, body, [(b"location", target.encode()), (b"content-type", b"text/html"), NOT_KEPT])


def safe_next(target: str) -> str:
    """Where to go after signing in: a page of ours and nowhere else."""
    parts = urlsplit(target)
    is_ours = not (parts.scheme or parts.netloc) and is_page(parts.path) and "\\" not in target and target.isprintable()
    return target if is_ours and target.startswith("/") and not target.startswith("//") else CONSOLE


NOT_KEPT = (b"cache-control", b"no-store")
