"""The key of the pseudonyms, and the pseudonyms."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from mothership import keys
from mothership.keys import KEY_BYTES

KEY_FILE = "pseudonym.key"

# Letters alone, so that no rule for digits ever takes a pseudonym for a number.
_LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")
PSEUDONYM = re.compile(r"hash:[a-p]{4}:[a-p]{32}")


def derive_key(salt: str) -> bytes:
    """Make a key of a configured salt."""
    return hashlib.blake2b(salt.encode(), digest_size=KEY_BYTES, person=b"mothership-salt").digest()


def load_or_make_key(data_dir: Path) -> bytes:
    """Return the key kept in the data directory; the first call makes it.

    Raises ConfigurationError when the file can't be used: a second key would part equal values.
    """
    return keys.load_or_make(data_dir / KEY_FILE)


class Pseudonyms:
    """Keyed names for values: equal values get equal names, and without the key none can be guessed back."""

    def __init__(self, key: bytes, previous: Sequence[bytes] = ()) -> None:
        self._key = _fitted(key)
        self._mark = _mark(self._key)
        self._previous = tuple(map(_fitted, previous))

    def of(self, value: str) -> str:
        """Return the value's pseudonym, or the value itself when it is one."""
        return value if PSEUDONYM.fullmatch(value) else _pseudonym(self._key, self._mark, value)

    def all_of(self, value: str) -> list[str]:
        """Return the value's pseudonyms under the present key and, newest first, the previous ones."""
        return [_pseudonym(key, _mark(key), value) for key in (self._key, *self._previous)]


def _fitted(key: bytes) -> bytes:
    return key if len(key) <= hashlib.blake2b.MAX_KEY_SIZE else hashlib.blake2b(key).digest()


def _mark(key: bytes) -> str:
    return _letters(hashlib.blake2b(key, digest_size=2, person=b"mothership-key").hexdigest())


def _pseudonym(key: bytes, mark: str, value: str) -> str:
    digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=key, digest_size=16).hexdigest()
    return f"hash:{mark}:{_letters(digest)}"


def _letters(digest: str) -> str:
    return digest.encode().translate(_LETTERS).decode()
