"""The console as an ASGI application: each page and the same as JSON, its changes, the static files, signing in.

It stands behind `AccessMiddleware`, which has seen to it that whoever comes here may read, and with any other method
than GET may manage; the pages for signing in and out are open, and look after themselves.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mothership import __version__
from mothership.console import assets
from mothership.console.page import Change, Fields, Page, Trial
from mothership.console.respond import HEADERS, as_json
from mothership.edge import browser
from mothership.edge.caller import ANONYMOUS, Caller
from mothership.edge.sessions import Sessions
from mothership.errors import Refusal
from mothership.fairness import Holder
from mothership.log_limiter import LogLimiter
from mothership.telemetry import log

if TYPE_CHECKING:
    from jinja2 import Template

FORM_BYTES_MAX = 4 * 1024 * 1024
TRIAL_BYTES_MAX = 1024 * 1024
"""Of what is pasted, each byte of it written as three."""
FORM_FIELDS_MAX = 20_000
FORM_TOKEN = "form_token"  # noqa: S105 - a field's name
COMPRESSED_FROM_BYTES = 1024


class Console:
    """The pages of one worker."""

    def __init__(self, pages: Sequence[Page], sessions: Sessions) -> None:
        """The first page is the one that a person sees first."""
        self._pages = pages
        self._sessions = sessions
        self._log_signed_out = LogLimiter("info", "signed_out", key_seconds=0.0)
        self._navigation = [(page.address, page.title) for page in pages if page.in_navigation]
        routes = [
            Route(browser.CONSOLE, self._first),
            Route(browser.SIGN_IN, self._sign_in, methods=["GET", "POST"]),
            Route(browser.SIGN_OUT, self._sign_out, methods=["POST"]),
            Route(browser.OPEN_FILES + "{_digest}/{name:path}", assets.serve),
        ]
        for page in pages:
            routes += [Route(f"{page.address}.json", self._json(page)), Route(page.address, self._html(page))]
            routes += [
                Route(f"{page.address}{change.path}", self._change(page, change), methods=["POST"])
                for change in page.changes
            ]
            routes += [
                Route(f"{page.address}{trial.path}", self._trial(page, trial), methods=["POST"])
                for trial in page.trials
            ]
            routes += page.routes
        self.application = Starlette(
            routes=routes,
            middleware=[Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM_BYTES)],
            exception_handlers={Refusal: self._refused, HTTPException: self._refused},
        )
        self.application.router.redirect_slashes = False

    def render(
        self, request: Request, template: "str | Template", title: str, status: int = 200, **content: Any
    ) -> Response:
        """A page in the frame that all have; or, for htmx, what stands inside the frame alone."""
        from mothership.console.rendering import environment  # noqa: PLC0415 - no worker that shows no page has it

        caller = _caller(request)
        session = request.scope.get("session")
        found = environment().get_template(template)
        context = {
            "title": title,
            "here": request.scope["path"],
            "has_json": False,
            "fault": "",
            "navigation": [(path, name) for path, name in self._navigation if _may_see(caller, path)],
            "version": __version__,
            "caller": caller.name,
            "is_known": caller.name != ANONYMOUS.name,
            "has_session": session is not None,
            "may_manage": "manage" in caller.scopes,
            "form_token": lambda: self._sessions.form_token(_who(request)),
            **content,
        }
        if "hx-request" in request.headers:
            text = "".join(found.blocks["content"](found.new_context(context)))
        else:
            text = found.render(context)
        return HTMLResponse(text, status, HEADERS)

    async def _first(self, _request: Request) -> Response:
        return RedirectResponse(self._pages[0].address, 303, HEADERS)

    def _html(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            if page.stream is not None and browser.wants_stream(request.headers.get("accept", "").encode()):
                return await page.stream(request)
            return self.render(request, page.template, page.title, has_json=True, it=await page.content(request))

        return show

    def _json(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def tell(request: Request) -> Response:
            return as_json(await page.content(request))

        return tell

    def _change(self, page: Page, change: Change) -> Callable[[Request], Awaitable[Response]]:
        async def do(request: Request) -> Response:
            fields = await read_fields(request)
            self._check_is_ours(request, fields)
            caller = _caller(request)
            done = await change.act(fields, caller)
            log.info(change.name, **done)  # the caller's name is on each line of a request
            if not browser.wants_page(dict(request.headers.raw)):
                return as_json(done)
            query = urlencode({"done": change.name, **{f"done.{name}": value for name, value in done.items()}})
            return RedirectResponse(f"{page.address}{change.then}?{query}", 303, HEADERS)

        return do

    def _trial(self, page: Page, trial: Trial) -> Callable[[Request], Awaitable[Response]]:
        async def attempt(request: Request) -> Response:
            is_page = browser.wants_page(dict(request.headers.raw))
            status, fault, tried = 200, "", None
            try:
                fields = await read_fields(request, TRIAL_BYTES_MAX)
                self._check_is_ours(request, fields)
                tried = await trial.act(fields)
            except Refusal as refusal:
                if not is_page:
                    raise
                # A part of a page is replaced only by an answer that is good.
                status, fault = 200 if "hx-request" in request.headers else refusal.status, refusal.reason
            if not is_page:
                return as_json(tried or {})
            it = {**await page.content(request), **(tried or {})}
            return self.render(request, page.template, page.title, status, it=it, fault=fault)

        return attempt

    async def _sign_in(self, request: Request) -> Response:
        """Show the form, or take it."""
        if request.method != "POST":
            target = browser.safe_next(request.query_params.get("next", ""))
            return self._ask(request, target)
        fields = await read_fields(request)
        target = browser.safe_next(_one(fields, "next"))
        try:
            self._check_is_ours(request, fields)
            value = await request.scope["sign_in"](_one(fields, "token").strip())
        except Refusal as refusal:
            return self._ask(request, target, refusal)
        answer = RedirectResponse(target, 303, HEADERS)
        self._set_cookie(request, answer, value, int(self._sessions.seconds))
        return answer

    def _ask(self, request: Request, target: str, refusal: Refusal | None = None) -> Response:
        status = refusal.status if refusal else 200
        fault = "" if refusal is None else SIGN_IN_FAULTS.get(status, refusal.reason)
        answer = self.render(request, "sign-in.html", "Sign in", status, target=target, fault=fault)
        return _with_retry_after(answer, refusal)

    async def _sign_out(self, request: Request) -> Response:
        self._check_is_ours(request, await read_fields(request))
        if session := request.scope.get("session"):
            self._sessions.end(session)
            self._log_signed_out(Holder(session.token.name), None, client=session.token.name)
        answer = RedirectResponse(browser.SIGN_IN, 303, HEADERS)
        self._set_cookie(request, answer, "", 0)
        return answer

    def _check_is_ours(self, request: Request, fields: Fields) -> None:
        """Raise `Refusal` for what a page of somebody else made the browser send. A program shows credentials."""
        headers = dict(request.headers.raw)
        if b"authorization" in headers:
            return
        if browser.is_foreign(headers) or not self._sessions.is_form_token(_one(fields, FORM_TOKEN), _who(request)):
            raise Refusal(403, "this form is not one that was shown to you, or it is a day old: load the page again")

    def _set_cookie(self, request: Request, answer: Response, value: str, seconds: int) -> None:
        secure = bool(request.scope.get("secure"))
        answer.set_cookie(
            browser.cookie_name(secure=secure),
            value,
            max_age=seconds,
            path="/",
            secure=secure,
            httponly=True,
            samesite="strict",
        )

    async def _refused(self, request: Request, error: Exception) -> Response:
        """In the words of a page for a browser, as everywhere else for a program."""
        status, reason = 404, "there is no such page"
        if isinstance(error, Refusal):
            status, reason = error.status, error.reason
        elif isinstance(error, HTTPException):
            status, reason = error.status_code, reason if error.status_code == status else error.detail.lower()
        if browser.wants_page(dict(request.headers.raw)) and not request.scope["path"].endswith(".json"):
            answer = self.render(request, "refused.html", "Not possible", status, reason=reason)
        else:
            body = {"status": "refused", "reason": reason, "request_id": request.scope.get("request_id", "")}
            answer = as_json(body, status)
        return _with_retry_after(answer, error)


SIGN_IN_FAULTS = {
    401: "This token is not valid, or it has expired.",
    403: "This token can't be used here: it lacks the scope `read`, or the form was open for too long. Try again.",
    429: "Too many failed sign-ins from your address. Wait a minute, then try again.",
}


async def read_fields(request: Request, bytes_max: int = FORM_BYTES_MAX) -> Fields:
    """What a form brought, or a program as a JSON object of texts and lists of texts. Raises `Refusal` (400, 413)."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise Refusal(413, f"a form may have {bytes_max} bytes")
    try:
        if "json" in request.headers.get("content-type", ""):
            given = orjson.loads(body or b"{}")
            return {name: value if isinstance(value, list) else [str(value)] for name, value in given.items()}
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except (ValueError, AttributeError):
        raise Refusal(400, "not a form") from None


def _with_retry_after(answer: Response, error: Exception | None) -> Response:
    if isinstance(error, Refusal) and error.retry_after_seconds:
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after_seconds)))
    return answer


def _one(fields: Fields, name: str) -> str:
    return str(next(iter(fields.get(name, ())), ""))


def _caller(request: Request) -> Caller:
    caller: Caller = request.scope.get("caller", ANONYMOUS)
    return caller


def _may_see(caller: Caller, path: str) -> bool:
    """Whether the navigation offers a page: of those that need more than reading, to whoever has it."""
    needed = browser.permission(path, "GET")
    return needed == "read" or needed in caller.scopes


def _who(request: Request) -> str:
    """Whom a form is shown to: this session, or this name."""
    session = request.scope.get("session")
    return f"session {session.id}" if session else f"caller {_caller(request).name}"
