"""The key of the pseudonyms, and the pseudonyms."""

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from pathlib import Path

from mothership import key_files
from mothership.key_files import KEY_BYTES
from mothership.telemetry import log

KEY_FILE = "pseudonym.key"
FORMER_KEY_FILES = "pseudonym-former-*.key"
FILE_PREFIX = "file:"
"""Before the path of a key file, where a former salt could stand."""
SALT_CHARACTERS_MIN = 16
SALT_COMMAND = "openssl rand -base64 32"
DOCUMENTED_SALTS = frozenset({"your-secret-salt"})
"""What the specification's sample has for a salt: known to everybody, so it protects nothing."""

# Letters alone, so that no rule for digits ever takes a pseudonym for a number.
_LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")
_MAC = re.compile(
    r"(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.IGNORECASE
)
_ADDRESS = re.compile(r"[0-9a-fA-F:.]*[:.][0-9a-fA-F:.]+")


def derive_key(salt: str) -> bytes:
    """Make a key of a configured salt."""
    return hashlib.blake2b(salt.encode(), digest_size=KEY_BYTES, person=b"mothership-salt").digest()


def former_key(told: str) -> bytes:
    """Return the key that a former salt made, or that a former key file (`file:…`) holds.

    Raises ConfigurationError when the file can't be used.
    """
    if not told.startswith(FILE_PREFIX):
        return derive_key(told)
    return key_files.load(Path(told.removeprefix(FILE_PREFIX)), "pipeline.processors.redaction.previous_keys")


def load_or_make_key(data_dir: Path) -> bytes:
    """Return the key kept in the data directory; the first call makes it.

    Raises ConfigurationError when the file can't be used: a second key would part equal values.
    """
    return key_files.load_or_make(data_dir / KEY_FILE)


def adopt_key(data_dir: Path, key: bytes, former: bytes | None) -> None:
    """Keep this key from now on, and the former one for looking up what it made.

    A disk that takes neither is said; then the same is tried at the next start.
    """
    try:
        if former is not None:
            key_files.replace(data_dir / FORMER_KEY_FILES.replace("*", _mark(former)), former)
        key_files.replace(data_dir / KEY_FILE, key)
    except OSError as error:
        log.warning("pseudonym_key_not_kept", path=str(data_dir / KEY_FILE), reason=error.strerror)


def kept_former_keys(data_dir: Path) -> list[bytes]:
    """Return the keys that this data directory had before, for looking up.

    Raises ConfigurationError when a file can't be used.
    """
    return [key_files.load(path, "server.data_dir") for path in sorted(data_dir.glob(FORMER_KEY_FILES))]


class Pseudonyms:
    """Keyed names for values: equal values get equal names, and without the key none can be guessed back."""

    def __init__(self, key: bytes, previous: Sequence[bytes] = (), *, normalize: bool = True) -> None:
        self._key = _fitted(key)
        self._mark = _mark(self._key)
        self._previous = tuple(map(_fitted, previous))
        self._normalize = normalize
        marks = "|".join(dict.fromkeys(map(_mark, (self._key, *self._previous))))
        self.pattern = rf"hash:(?:{marks}):[a-p]{{32}}"
        """What a pseudonym of this instance looks like: one with another mark is a value like any other."""
        self._own = re.compile(self.pattern)

    def of(self, value: str, *, person: bool = False) -> str:
        """Return the value's pseudonym, or the value itself when it is one of this instance.

        The several ways to write a MAC or IP address get one pseudonym; where the value names a `person` (an e-mail
        address, a user name), so do those that differ in case and surrounding blanks.
        """
        if self._own.fullmatch(value):
            return value
        return _pseudonym(self._key, self._mark, _normal(value, person=person) if self._normalize else value)

    def all_of(self, value: str) -> list[str]:
        """Return the pseudonyms that a value may have been given, in any kind of field, the present key's first."""
        forms = dict.fromkeys((_normal(value, person=True), _normal(value, person=False), value))
        return [_pseudonym(key, _mark(key), form) for key in (self._key, *self._previous) for form in forms]


def _normal(value: str, *, person: bool) -> str:
    if _MAC.fullmatch(value):
        digits = re.sub("[^0-9a-f]", "", value.lower())
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
    if _ADDRESS.fullmatch(value):
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return value
        return str(getattr(address, "ipv4_mapped", None) or address)
    return value.strip().casefold() if person else value


def _fitted(key: bytes) -> bytes:
    return key if len(key) <= hashlib.blake2b.MAX_KEY_SIZE else hashlib.blake2b(key).digest()


def _mark(key: bytes) -> str:
    return _letters(hashlib.blake2b(key, digest_size=2, person=b"mothership-key").hexdigest())


def _pseudonym(key: bytes, mark: str, value: str) -> str:
    digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=key, digest_size=16).hexdigest()
    return f"hash:{mark}:{_letters(digest)}"


def _letters(digest: str) -> str:
    return digest.encode().translate(_LETTERS).decode()
