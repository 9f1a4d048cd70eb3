"""The tokens that let callers in: kept hashed, found in constant time, read again when their file changes."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from mothership.edge.auth_settings import AuthSettings, TokenSettings, hashed
from mothership.edge.file_watcher import FileWatcher
from mothership.errors import ConfigurationError
from mothership.ports import Clock
from mothership.telemetry import log
from mothership.yaml_errors import UNREADABLE

_TOKENS = TypeAdapter(tuple[TokenSettings, ...])
_NOBODY = TokenSettings(name="nobody", hash="sha256:" + "0" * 64)


class Credentials:
    """Every token of configuration and file."""

    def __init__(self, settings: AuthSettings, *, clock: Clock) -> None:
        """Raises `ConfigurationError` when the file can't be read."""
        # Found by a keyed hash of the hash: what a look-up's time tells is worth nothing without this key.
        self._key = secrets.token_bytes(32)
        self._clock = clock
        self.use(settings)

    def use(self, settings: AuthSettings) -> None:
        """Know these from now on. Raises `ConfigurationError`, and nothing has changed, when the file can't be read."""
        found = self._index(settings.tokens, _from_file(settings.tokens_file))
        files = [settings.tokens_file] if settings.tokens_file else []
        self._file = FileWatcher(files, clock=self._clock, settle=True)
        self._settings, self._found = settings, found

    def find(self, token: str) -> TokenSettings | None:
        """Return whose token this is. Expiry is the caller's business."""
        if self._file.changed():
            self._reload()
        digest = hashed(token)
        found = self._found.get(self._blind(digest), _NOBODY)
        return found if hmac.compare_digest(digest, found.hash) else None

    def tokens(self) -> Iterable[TokenSettings]:
        """Every token that there is now, expired ones among them."""
        if self._file.changed():
            self._reload()
        return self._found.values()

    def is_token(self, text: str) -> bool:
        """Whether this is one of the tokens, in the clear. Reads no file."""
        return self._blind(hashed(text)) in self._found

    def named(self, name: str, *, now: float) -> TokenSettings | None:
        """Return the entry of this name: it also says what a certificate of that name opens.

        Of several the last one that has not expired; of none such the last.
        """
        entries = [token for token in self._found.values() if token.name == name]
        good = [token for token in entries if token.expires is None or token.expires.timestamp() > now]
        return next(reversed(good or entries), None)

    def _reload(self) -> None:
        try:
            self._found = self._index(self._settings.tokens, _from_file(self._settings.tokens_file))
        except ConfigurationError as error:
            # Nodes drop what is answered 401, so a slip of the pen in the file must not lock them out.
            log.error("tokens_file_unusable", faults=error.faults, kept=len(self._found))
        else:
            log.info("tokens_read_again", tokens=len(self._found))

    def _index(self, *groups: Iterable[TokenSettings]) -> dict[bytes, TokenSettings]:
        return {self._blind(token.hash): token for group in groups for token in group}

    def _blind(self, digest: str) -> bytes:
        return hashlib.blake2b(digest.encode(), key=self._key, digest_size=16).digest()


def _from_file(path: Path | None) -> tuple[TokenSettings, ...]:
    if path is None:
        return ()
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        if found is None:
            raise ConfigurationError(["auth.tokens_file: holds no list: no tokens is written `[]`"])
        return _TOKENS.validate_python(found)
    except OSError as error:
        raise ConfigurationError([f"auth.tokens_file: can't be read: {error.strerror}"]) from None
    except ValidationError as error:
        faults = [
            f"auth.tokens_file: {'.'.join(map(str, detail['loc'])) or 'the list'}: {detail['msg']}"
            for detail in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ConfigurationError(faults) from None
    except UNREADABLE:
        raise ConfigurationError(["auth.tokens_file: not a YAML list of credentials"]) from None
