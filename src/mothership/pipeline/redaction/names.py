"""Which fields a list of names means."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

NAMES_REMEMBERED = 8_192
SHAPES_REMEMBERED = 512
NAME_CHARACTERS_MAX = 64
SHAPE_CHARACTERS_MAX = 512

_CREDENTIAL_WORDS = """
password passwd passphrase passcode pwd pass secret token credential credentials api_key api_token api_secret
auth_token auth_key access_key access_token access_key_secret refresh_token id_token session_token bearer_token
csrf_token xsrf_token client_secret client_key consumer_secret app_secret shared_secret secret_key secret_access_key
private_key private_key_pem ssh_key ssh_private_key signing_key signing_secret encryption_key master_key account_key
shared_access_key storage_key subscription_key hmac_key webhook_secret jwt bearer authorization proxy_authorization
www_authenticate cookie cookies set_cookie session_cookie connection_string conn_str dsn_password community
community_string snmp_community ro_community rw_community auth_passphrase priv_passphrase ssn social_security_number
social_security credit_card credit_card_number card_number cc_number cvv cvv2 cvc security_code otp totp_secret
mfa_secret recovery_code recovery_codes mnemonic seed_phrase pem pkcs12 keytab passwords tokens secrets api_keys
auth_cookie sid_token password_hash passwd_hash secret_key_base app_key license_key pre_shared_key psk pw pin bindpw
rootpw userpw adminpw jsessionid phpsessid read_community write_community rocommunity rwcommunity trap_community
community_name read_only_community read_write_community kennwort passwort senha contraseña mot_de_passe
"""
CREDENTIAL_FIELDS: Final = tuple(_CREDENTIAL_WORDS.split())
"""Names that say credential or personal number, removed beside the operator's own."""

_SUFFIX_WORDS = """
password passwd passphrase passcode pwd secret apikey apitoken authtoken accesstoken refreshtoken idtoken sessiontoken
bearertoken csrftoken secretkey privatekey accesskey encryptionkey signingkey masterkey accountkey clientsecret
communitystring communityname authorization setcookie
"""
_SUFFIXES: Final = tuple(_SUFFIX_WORDS.split())
_NUMBERED: Final = frozenset({"password", "passwd", "pwd", "pass", "pw", "secret", "passphrase"})
"""Folded endings that say the same behind any prefix: `db_password`, `oauthClientSecret`, `X-Api-Key`."""

_TOKEN = re.compile(r"(?:.*[-_. ])?[a-z0-9]*[-_. ]tokens?|.*[a-z]Token", re.DOTALL)
_SHORT = re.compile(
    r"(?:.*[-_. ])?(?:pw|psk)|(?:.*[-_. ])?(?:account|admin|amqp|api|app|auth|basic|bind|cert|client|database|db|email"
    r"|ftp|host|http|imap|jenkins|key|keystore|ldap|login|mail|mongo|mqtt|my|mysql|new|old|pg|pop3|postgres|proxy"
    r"|rabbitmq|redis|remote|root|server|service|smtp|snmp|sql|ssh|sudo|svc|truststore|user|usr|vnc|vpn|web|wifi|win)"
    r"[-_. ]?pass",
    re.DOTALL | re.IGNORECASE,
)
"""Short endings that say password only as a word of their own, or behind what has one: `smtp_pass`, not `bypass`."""
_HUMP = r"(?:[-_. ]|(?<=[a-z])(?=[A-Z]))"
_PLURALS: Final = ("tokens", "secrets", "passwords", "cookies", "credentials", "apikeys", "recoverycodes")
"""Folded endings under which a number says how many there are."""
_STATE = re.compile(
    rf"(?:(?i:is|has|have|no|use|uses|with|require|requires|needs|allow|show)){_HUMP}",
)
_COUNTED = re.compile(
    rf"(?:(?i:last|next|prev|page|continuation|max|min|num|total|count|prompt|completion|input|output|pagination|sync"
    rf"|cursor)){_HUMP}",
)
_TAIL = re.compile(r"(?:hash|base|value|plain|plaintext|confirm|confirmation|encrypted|base64|[0-9]+)\Z")
_SENTENCE = re.compile(r"[=,;\"(){}<>|]|:\s")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_SEPARATORS = dict.fromkeys(map(ord, "-_ "))


def fold(name: str) -> str:
    """Make one name of all its spellings: `API-Key`, `api_key` and `apiKey` are equal."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name.translate(_INVISIBLE))
    return name.translate(_SEPARATORS).casefold()


def _last_part(key: str) -> str:
    """Return what a key calls its value: the end of `http.request.header.cookie` and of `user[password]`."""
    plain = key.strip(" \t\"'`:=$@-[]")
    if key.startswith("[") or "[REDACTED:" in key or _SENTENCE.search(plain):
        return ""  # a marker or a line of text, not a name
    last = plain.rpartition("/")[2] if "/" in plain else plain.rpartition(".")[2]
    return last.rpartition(":")[2].rpartition("[")[2]


_PEOPLE: Final = (
    *("email", "emailaddress", "mail", "mailaddress", "username", "user", "login", "loginname", "logonname"),
    *("accountname", "principalname", "upn", "owner"),
)


def names_person(name: str) -> bool:
    """Tell whether a field of this name, or path of names, holds an e-mail address or the name of a user."""
    return fold(name[-NAME_CHARACTERS_MAX:]).replace(".", "").endswith(_PEOPLE)


class FieldNames:
    """A compiled list of field names and dotted paths, asked once for each key that was not seen before."""

    def __init__(self, names: Iterable[str], *, credentials: bool = False) -> None:
        listed = tuple(names)
        self.paths = tuple(tuple(fold(part) for part in name.split(".")) for name in listed if "." in name)
        self._listed = frozenset(fold(name) for name in listed if "." not in name)
        self._names = set(self._listed)
        self._suffixes: tuple[str, ...] = ()
        if credentials:
            self._names |= {fold(name) for name in CREDENTIAL_FIELDS}
            self._suffixes = _SUFFIXES
        self._known: dict[str, bool] = {}
        self._shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        """For the keys of an object, in order, those of them that are named: machines send few shapes of objects."""

    def __bool__(self) -> bool:
        return bool(self._names or self.paths)

    def __contains__(self, key: str) -> bool:
        known = self._known.get(key)
        return self._learn(key) if known is None else known

    def is_count(self, key: str, value: Any) -> bool:
        """Tell whether a named field only says how many: `tokens: 4096`. Never where the operator listed its name."""
        if type(value) is not int and type(value) is not float:
            return False
        name = fold(_last_part(key))
        return name.endswith(_PLURALS) and not {name, fold(key)} & self._listed

    def among(self, value: dict[str, Any]) -> tuple[str, ...]:
        """Return the keys of an object that are named."""
        shape = tuple(value)
        named = self._shapes.get(shape)
        if named is None:
            named = tuple([key for key in shape if key in self])
            if len(shape) <= SHAPE_CHARACTERS_MAX and sum(map(len, shape)) <= SHAPE_CHARACTERS_MAX:
                if len(self._shapes) >= SHAPES_REMEMBERED:
                    self._shapes.clear()
                self._shapes[shape] = named
        return named

    def _learn(self, key: str) -> bool:
        if len(self._known) >= NAMES_REMEMBERED:
            self._known.clear()
        self._known[key] = answer = self._is_named(key)
        return answer

    def _is_named(self, key: str) -> bool:
        if fold(key) in self._names:
            return True
        last = _last_part(key)
        name = fold(last)
        if name in self._names:
            return True
        if not self._suffixes or _STATE.match(last):
            return False
        stem = _TAIL.sub("", name)
        if name.endswith(self._suffixes) or (stem != name and (stem in _NUMBERED or stem.endswith(self._suffixes))):
            return True
        if _SHORT.fullmatch(last):
            return True
        return _TOKEN.fullmatch(last) is not None and _COUNTED.match(last) is None
