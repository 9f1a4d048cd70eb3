"""What makes the check sure that a value is no word: written apart from the rules' validators, on purpose."""
# ruff: noqa: E501, PLR2004, SIM905 - expressions read best in one piece, lists of words as text; figures are those of the standards

import re
from itertools import pairwise

from mothership.pipeline.redaction.checker.shape_match import Context

_MARKED = re.compile(
    r"\[REDACTED|\*{3}|hash:[a-p]{4}:|x{4}|\b(?:redacted|filtered)\b|(?:\.\.\.|…)[0-9a-z]|[-_](?:\.\.\.|…)$|^[.…]|^[*•#_.-]+$",
    re.IGNORECASE,
)
_TAKEN = re.compile(
    r"[$%@{<\[(~]|(?:put|insert|enter) (?:your|the) [a-z ]+$|(?:change|replace)[-_]?(?:me|this|it|with|in|by)(?:[-_][a-z]+)+$|--[a-z]|\\?[nrt]$|0x[0-9a-f]|enc\[(?:aes|pkcs)|hmac-sha256:[0-9a-f]{64}$|_channel=|[a-z_]+[=(]|\.[a-z]+$|(?:env|file|fd|stdin|ref|vault|ssm)(?::|$)",
    re.IGNORECASE,
)
"""Beginnings of what stands for a value: `$PASSWORD`, `%s`, `<password>`, a call, another assignment."""
_FIGURE = re.compile(
    r"[v~^#]?[0-9]+(?:[.:_-][0-9a-z]+){1,8}|#[0-9a-f]{3,8}|[0-9]+(?:ms|us|ns|s|m|h|d|kb|mb|gb|kib|mib|gib|k|b|x|th|st|nd|rd|bit|min|px|%)"
    r"|(?:sha|md|aes|rsa|ssh|utf|http|oauth|ipv|base|ed|x50|hmac|crc|ecdsa|curve|hs|rs|es|ps|pbkdf|bin)-?[0-9]{1,5}[a-z0-9_-]{0,12}"
    r"|(?:cram|digest|scram|gssapi|ntlm|xoauth|oauthbearer)[a-z0-9-]*"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[a-z_.$]+@[0-9a-f]{1,8}",
    re.IGNORECASE,
)
"""Versions, colours, dates, durations, sizes, algorithms, UUIDs, Java's objects."""
_NUMBERED_NAME = re.compile(
    r"[a-z]{1,4}[0-9]{1,4}|(?:server|client|worker|master|replica|shard|users?|tenant|group|device|switch|router|agent|version"
    r"|release|build|level|chunk|batch|queue|slave|store|stage|proxy)[-_]?[0-9]{1,4}|[a-z]{2,}(?:-[a-z0-9]{4,10})+",
    re.IGNORECASE,
)
"""Hosts, users, pods: `web01`, `user12`, `db-x2x7q`."""
_PATH = re.compile(
    r"[./~\\][^/\\]*[/\\]|/[a-z_.-]+$|[0-9a-z_.-]+(?:/[0-9a-z_.-]+)+$|.*\.(?:[a-z]{1,4}|conf|json|yaml|toml|service)$|[a-z]+://|.*::",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\\{2,4}[a-z0-9_.-]+(?:\\{1,2}[a-z0-9_.-]+\$?)+", re.IGNORECASE)
"""A share of Windows: `\\\\host\\share$`."""
_SENTENCE = re.compile(
    r"(?=.*\b(?:must|should|required|characters?|too (?:short|long|common|weak)|match)\b)(?:[a-z][a-z']*|[0-9]{1,3})[.,:;!]?(?: \(?(?:[a-z][a-z']*|[0-9]{1,3})[.,:;!)]{0,2}){1,}",
    re.IGNORECASE,
)
"""What a program answers to a password that it doesn't take."""
_OPENSSL = re.compile(r"error:[0-9A-F]{8}")
_MADE_LENGTH_MIN = 6
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)


def bare(value: str) -> str:
    """Return the value without the marks around it."""
    return value.strip("\"'`.,:;!?)]}>\\…")


def stands_for_nothing(value: str) -> bool:
    """Tell whether it is a placeholder, what redaction left, or a sentence."""
    return bool(
        _MARKED.search(value)
        or _OPENSSL.match(value)
        or _TAKEN.match(value)
        or (" " in value and _SENTENCE.fullmatch(value))
    )


def made(context: Context) -> bool:
    """Tell whether a value mixes letters with digits as no word does, and is no figure, name, path or placeholder."""
    return looks_like_secret(context.value) and not context.behind(1).startswith("(")


def looks_like_secret(value: str, *, named: bool = False) -> bool:
    """Tell whether it mixes letters with digits as no word does."""
    plain = bare(value)
    if len(plain) < _MADE_LENGTH_MIN or stands_for_nothing(value) or _FIGURE.fullmatch(plain) or _PATH.match(plain):
        return False
    if _SHARE.fullmatch(value):
        return False
    if not named and _NUMBERED_NAME.fullmatch(plain):
        return False
    digits = sum(map(str.isdigit, plain))
    letters = sum(map(str.isalpha, plain))
    return digits > 0 and letters > 1


def mixed(context: Context) -> bool:
    """Tell whether a value has letters of both cases, or letters and digits, and isn't hexadecimal."""
    text = context.value
    both = any(map(str.isupper, text)) and any(map(str.islower, text))
    some = any(map(str.isdigit, text)) and any(map(str.isalpha, text))
    return "[REDACTED" not in text and "***" not in text and (both or some) and not _HEX.fullmatch(text)


_STATES = frozenset(
    """
    none null nil true false yes no off on anonymous required optional missing empty invalid valid expired changed change failed
    failure success successful successfully accepted rejected denied granted disabled enabled unset set unknown undefined
    default string text boolean object array number integer char varchar bytes password passwd secret token key value
    auth login username user hidden redacted masked removed filtered encrypted encryption prompt given provided supplied
    needed found files compat systemd sss ldap pam reset policy history expiry expires length type name strength hash
    mismatch incorrect wrong correct expire rotated rotation stored verified verify not never must should will cannot can was is
    for from with and the this that your here there example changeme placeholder test todo sensitive self request
    onbekend gewijzigd verlopen ongeldig vergeten unbekannt geändert abgelaufen ungültig vergessen inconnu modifié expiré
    desconocida cambiada caducada expirada sconosciuta scaduta zmienione nieznane
    bearer basic req.body input env process.env os.environ config settings options params args data level authentication server
    """.split()
)
_NAME_LIKE = re.compile(
    r"[a-z]+(?:[A-Z][a-z]+)+|[A-Z][a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+|[a-z]+(?:-[a-z]+){1,4}|[a-z]+(?:[.:][A-Za-z]+)+"
)


def value(context: Context) -> bool:
    """Tell whether a value where only a secret stands is one: anything but a placeholder or a state."""
    return _value(context.value)


def _value(text: str) -> bool:
    plain = bare(text)
    if len(plain) < 4 or stands_for_nothing(text) or plain.lower() in _STATES or _PATH.match(plain):
        return False
    return (
        not plain.isdigit() and not _NAME_LIKE.fullmatch(plain) and not _FIGURE.fullmatch(plain)
    ) or looks_like_secret(text)


_OF_A_SETTING = re.compile(
    r"\b(?:with|via|until|set [a-z_.]{1,40}(?<!password) ?(?:=|to)|default_[a-z]{1,20} ?=|(?:name|language) ?=) ?[\"'\\]{1,3}$"
)


def identified(context: Context) -> bool:
    """Tell whether what stands between quotation marks is a secret, and not the plugin: `IDENTIFIED WITH '…'`."""
    return value(context) and not _OF_A_SETTING.search(context.before(60))


_NO_SECRET = re.compile(
    r"(?:(?:page|next|public ?key|continuation|activity|cursor|sync|csrf_param|unexpected|invalid|bos|eos|pad|unk|sep|cls|mask|eo[dmt]|start|end)[ _-]?token|loadcredential(?:encrypted)?|secret-token|arn:\S*|param(?:eter)?)[\W_]*$"
)


_A_NAME_BEHIND = re.compile(r"[\"']\s?=>")


def assigned(context: Context) -> bool:
    """Tell whether the value behind a name and a sign is a secret: directly behind `=` or in quotes also a word."""
    text = context.value
    before = context.before(60)
    if _NO_SECRET.search(before) or context.behind(1).startswith("(") or _A_NAME_BEHIND.match(context.behind(4)):
        return False
    tight = before[-1:] in ("=", '"', "'", ">", ";")
    if looks_like_secret(text, named=tight):
        return True
    return tight and _value(text) and not context.behind(1).startswith(("[", "{", "."))


def yaml(context: Context) -> bool:
    """Tell whether what stands alone behind a name and a colon, in a line of its own, is a secret."""
    return _value(context.value) and len(bare(context.value)) >= 6


def columns(context: Context) -> bool:
    """Tell whether a table's column that is named for a secret holds one in the row behind the heading."""
    heading, _, rows = context.value.strip().partition("\n")
    sign = next((sign for sign in ",;\t|" if sign in heading), "")
    if not sign:
        return False
    names = [name.strip(" \"'").lower() for name in heading.split(sign)]
    return any(
        name in {"password", "passwd", "secret", "token", "api_key", "pwd"}
        and looks_like_secret(cells[place].strip(" \"'"), named=True)
        for row in rows.split("\n")
        for cells in [row.split(sign)]
        if len(cells) == len(names)
        for place, name in enumerate(names)
    )


_OPTION = re.compile(
    r"(?:^|[\s\"',])(?:-{1,2}|/(?=r?p[ :]))(?:[a-z-]{0,20}(?:pass(?:word|wd|phrase|in|out)?|pw|rp|apikey|secret|token|auth)[\s=\"',:]{1,4}|[awkxd][\s=\"',]{1,4}|[pu][\s=\"',]{0,4})(?:a[0-9]=)?"
    r"(?:pass:)?[\"'\\]{0,3}(?P<v>[^\s\"'\\;&<>|-][^\s\"'\\;&<>|]{2,})",
    re.IGNORECASE,
)


def option(context: Context) -> bool:
    """Tell whether an option of a command takes a made value, or a user and one: `bob:hunter2`, `bob,hunter2`."""
    for match in _OPTION.finditer(context.value):
        words = re.split("[:,%/]", match["v"], maxsplit=1)
        if looks_like_secret(words[-1]) or (len(words) == 1 and looks_like_secret(match["v"])):
            return True
    return False


def header(context: Context) -> bool:
    """Tell whether what stands behind a header's scheme is no word."""
    text = bare(context.value)
    return not stands_for_nothing(text) and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def made_or_number(context: Context) -> bool:
    """Tell whether a value is made or a number of some length."""
    return looks_like_secret(context.value) or bare(context.value).isdigit()


def any_made(context: Context) -> bool:
    """Tell whether any word of a command is made, also as the part behind a colon or slash."""
    words = re.split(r"[\s\"',/@%|:]+", context.value)
    return any(map(looks_like_secret, words))


def code(context: Context) -> bool:
    """Tell whether a number stands where a code does."""
    return not re.search(
        r"(?:gpio|mapping|error|status|exit|zip|country|state|max|min|length|digits)[\s:=-]*(?:pin|code|otp)?[\s:=]*$",
        context.before(24),
    )


def quoted(context: Context) -> bool:
    """Tell whether a string among quoted ones is made, or has a sign where no word has one."""
    return any(looks_like_secret(each, named=True) for each in re.findall(r"[\"']([^\"'\n]{5,})[\"']", context.value))


_NO_SECRET_KEY = re.compile(
    r"(?:public|pub|peer|cache|primary|foreign|host|restore|websocket|ssh|index|object|event|trusted|authorized|idempotency|dedup|partition)[_ -]?key\W*[a-z]*\W*$"
)


def random_key(context: Context) -> bool:
    """Tell whether what stands behind `key` was made by chance, and the key is none that everybody may know."""
    text = context.value
    kinds = (str.isupper, str.islower, str.isdigit)
    return (
        all(any(map(kind, text)) for kind in kinds)
        and text.count("-") < 2
        and sum(map(str.isdigit, text)) > 2
        and not text.startswith(("AAAA", "MII", "sha"))
        and _random(text)
        and not _NO_SECRET_KEY.search(context.before(40))
    )


def last_quoted(context: Context) -> bool:
    """Tell whether one of a call's arguments between quotation marks is made, and no address of something."""
    texts = re.findall(r"[\"']([^\"'\n]{5,})[\"']", context.value)
    return any(
        looks_like_secret(each) and "://" not in each and not re.search(r"^[0-9.]+$|\.[a-z]{2,}$", each)
        for each in texts
    )


def quoted_words(context: Context) -> bool:
    """Tell whether what stands between quotation marks is a value: no placeholder, nor made of words for one."""
    words = context.value.lower().split()
    return not stands_for_nothing(context.value) and not any(word in _STATES for word in words)


def random_part(context: Context) -> bool:
    """Tell whether what stands behind a known prefix was made by chance: many characters, digits or both cases."""
    return _random(context.value)


def random_parts(context: Context) -> bool:
    """Tell whether every long part of a value was made by chance, one of them of letters and digits."""
    long = [part for part in re.split("[^0-9A-Za-z]+", context.value) if len(part) >= 10]
    return any(map(_made_by_chance, long)) and all(part.isdigit() or _random(part) for part in long)


def _made_by_chance(text: str) -> bool:
    return any(map(str.isdigit, text)) and _random(text)


def _random(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    turns = sum(one.isupper() != other.isupper() for one, other in pairwise(letters))
    return len(set(text)) >= 8 and bool(letters) and (any(map(str.isdigit, text)) or turns >= 0.4 * len(letters))


def varied(context: Context) -> bool:
    """Tell a key in a path from a name: hexadecimal digits alone, or letters in both cases and digits."""
    text = context.value
    if len(text) >= 32 and re.fullmatch("[0-9a-f]+", text):
        return True
    return all(any(map(kind, text)) for kind in (str.isupper, str.islower, str.isdigit))


_COMPLAINTS = frozenset(
    "not no passphrase password failed incorrect wrong invalid denied permission unable cannot".split()
)


def no_complaint(context: Context) -> bool:
    """Tell words that are a passphrase from what a program says instead of asking for one."""
    return _COMPLAINTS.isdisjoint(context.value.rpartition(": ")[2].split())


_WHOSE = re.compile(r"(?i)(?:von|door|user|gebruiker|benutzer|account|konto|host|server)\W*$")


def password_of(context: Context) -> bool:
    """Tell a password behind words for whose it is from the name of who has one."""
    return made(context) and _WHOSE.search(context.before(24)) is None


_NUMBERED = re.compile(r"(?i)(?:user|account|uid|id|drift|step|port|line|row)\W*$")


def no_users_number(context: Context) -> bool:
    """Tell a code from the number of who has one: `totp drift for user 3312`."""
    return _NUMBERED.search(context.before(16)) is None
