"""The sessions of people in a browser, and the tokens against forgery on their forms.

A session is a signed cookie that names a token's entry: any worker can read it, no disk is needed to sign in, and it
ends with the token. One that was signed out leaves a mark in a directory that all workers see.
"""

import hashlib
import hmac
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cachetools import FIFOCache
from itsdangerous import BadData, URLSafeSerializer

from mothership.edge.auth_settings import TokenSettings
from mothership.edge.caller import Caller, Permission
from mothership.edge.credentials import Credentials
from mothership.ports import Clock
from mothership.telemetry import log

SCOPES: frozenset[Permission] = frozenset({"read", "manage", "trace"})
"""What a session can open, of what its token opens: no browser sends events."""
VALUE_CHARACTERS_MAX = 512
FORM_SECONDS = 24 * 3600.0
"""How long a form that was shown may be sent."""
ENDED_MAX = 10_000
"""Most signed-out sessions that are remembered by a worker whose disk takes no marks."""


class Session(NamedTuple):
    """Who is signed in."""

    id: str
    token: TokenSettings

    @property
    def caller(self) -> Caller:
        """With what a browser may do."""
        return Caller(self.token.name, self.token.scopes & SCOPES, self.token.requests_per_second)


class Sessions:
    """Makes them, finds them, ends them."""

    def __init__(
        self, credentials: Credentials, key: bytes, *, seconds: float, clock: Clock, ended_dir: Path | None = None
    ) -> None:
        """`key` is what all workers share; `ended_dir` is where they tell each other of those that were signed out."""
        self._credentials = credentials
        self._key = key
        self._sessions = URLSafeSerializer(key, salt="session")
        self._forms = URLSafeSerializer(key, salt="form")
        self.seconds = seconds
        self._clock = clock
        self._ended_dir = ended_dir
        self._ended: FIFOCache[str, None] = FIFOCache(ENDED_MAX)

    def start(self, token: TokenSettings) -> str:
        """Sign the holder of this token in; the cookie's value."""
        return str(self._sessions.dumps([secrets.token_urlsafe(16), self._reference(token), int(self._clock())]))

    def find(self, value: str | None) -> Session | None:
        """Whose session this is. None for one that is over, was signed out, or whose token is gone or has expired."""
        if not value or len(value) > VALUE_CHARACTERS_MAX:
            return None
        try:
            identity, reference, began = self._sessions.loads(value)
        except (BadData, ValueError):
            return None
        now = self._clock()
        if not 0 <= now - began < self.seconds or self._is_ended(identity):
            return None
        token = next((each for each in self._credentials.tokens() if self._reference(each) == reference), None)
        if token is None or (token.expires is not None and token.expires.timestamp() <= now):
            return None
        return Session(identity, token) if token.scopes & SCOPES else None

    def end(self, session: Session) -> None:
        """Sign out, in every worker; where the disk takes no mark, in this one."""
        self._ended[session.id] = None
        if self._ended_dir is None:
            return
        try:
            self._ended_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._forget_old_marks(self._ended_dir)
            self._mark(session.id, self._ended_dir).touch(mode=0o600)
        except OSError as error:
            log.error("sign_out_not_shared", reason=error.strerror)

    def form_token(self, who: str) -> str:
        """What a form must bring back, for this caller or session alone. Another one each time: nothing to guess at."""
        return str(self._forms.dumps([secrets.token_urlsafe(8), self._bound(who), int(self._clock())]))

    def is_form_token(self, value: str, who: str) -> bool:
        """Whether a form of ours, shown to the same, brought this."""
        try:
            _chance, bound, shown = self._forms.loads(value[:VALUE_CHARACTERS_MAX])
        except (BadData, ValueError):
            return False
        return hmac.compare_digest(str(bound), self._bound(who)) and 0 <= self._clock() - shown < FORM_SECONDS

    def _reference(self, token: TokenSettings) -> str:
        """Names an entry: a new token under the same name is another one, and the hash itself stays here."""
        return self._digest(token.hash)

    def _bound(self, who: str) -> str:
        return self._digest(f"form {who}")

    def _digest(self, text: str) -> str:
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()

    def _is_ended(self, identity: str) -> bool:
        return identity in self._ended or (
            self._ended_dir is not None and self._mark(identity, self._ended_dir).exists()
        )

    def _mark(self, identity: str, directory: Path) -> Path:
        return directory / self._digest(f"session {identity}")

    def _forget_old_marks(self, directory: Path) -> None:
        for mark in directory.iterdir():
            with suppress(FileNotFoundError):
                if self._clock() - mark.stat().st_mtime > self.seconds:
                    mark.unlink()
