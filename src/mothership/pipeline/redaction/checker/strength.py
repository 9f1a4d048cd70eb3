"""How much a value looks as if it were made to be secret, by its characters and those beside it."""
# ruff: noqa: E501, PLR2004, RUF001 - expressions read best in one piece; lengths that only here mean something; signs that people write

import re
from itertools import pairwise

from mothership.pipeline.redaction.checker.shape_match import Context
from mothership.pipeline.redaction.checker.value_validators import bare, looks_like_secret

_BETWEEN = re.compile(r"[\s\"'`\\,;&<>|(){}\[\]=「」『』„“”«»、。：]+|://|:(?=\D)|\.{2,}")
"""What parts the words of a text."""
_TAKEN = re.compile(r"\[REDACTED|\*{3}|hash:[a-p]{4}:", re.IGNORECASE)
"""What redaction leaves: what stands behind it is something else."""
_TIME = re.compile(r"[0-9]{2,4}[-/:.][0-9a-z]{2,3}[-/:.][0-9]{2}", re.IGNORECASE)
_PRODUCT = re.compile(
    r"[a-z][a-z0-9_-]*/v?[0-9]|v?[0-9]+(?:[.:][0-9a-z]+)+(?:[+~-].*)?|.*\.[a-z0-9-]+@.*|.*@[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/.*)?",
    re.IGNORECASE,
)
"""Products with their version, versions, hosts, files."""
_WORDS = re.compile(r"(?:[A-Za-z][a-z]*|[A-Z]+|[0-9]+)(?:[-_./:+@#][A-Za-z]+)*(?:[-_./:#+@]?[0-9]{1,4})?")
_HEXADECIMAL = re.compile(r"(?:0x)?[0-9a-fA-F]+(?:[:-][0-9a-fA-F]+)*")


_KINDS = [re.compile(kind) for kind in ("[A-Z]", "[a-z]", "[0-9]", "[!#$%&*+?@^~]")]
KINDS_MIN = 3


def strong(token: str) -> bool:
    """Tell whether a word has three of four kinds of characters, mixed as in no name, number, time, path or product."""
    plain = bare(token)
    if not 6 <= len(plain) <= 128 or not looks_like_secret(token, named=_is_chosen(plain)):
        return False
    if _TIME.search(plain) or _PRODUCT.fullmatch(plain) or _HEXADECIMAL.fullmatch(plain) or plain.startswith("/"):
        return False
    return sum(kind.search(plain) is not None for kind in _KINDS) >= KINDS_MIN and _mixes(plain)


def _mixes(text: str) -> bool:
    """Tell a password from a word with a number at its end: `Port-2`, `ABC-123`."""
    return text[-1] in "!?#$%*" or _WORDS.fullmatch(text) is None or _is_chosen(text)


def _is_chosen(text: str) -> bool:
    """Tell a name with a sign and figures at its end, as people choose passwords: `Zomer_2024`, `Hiver2021`."""
    return re.fullmatch(r"[A-Z][a-z]{3,15}[@#!_.+-]?[0-9]{1,4}", text) is not None


_NOT_ITS_OWN = re.compile(
    r"(?:(?:sha|md|hmac-sha)[0-9]{1,3}|arn)[:-]\S+|enc\[\S+|[a-z0-9+.-]+://\S+|\S+\.(?:java|kt|scala|py|go|rb|js|ts|c|cc|cpp|rs|php|cs):[0-9]+"
    r"|(?:\$|\$\{|\{\{)\S+|@[a-z]+\S*",
    re.IGNORECASE,
)
"""What is public for its form: fingerprints, addresses, lines of source, and what stands for a value."""
_ANOTHER = re.compile(r"[\s,;&{(\[][\"']?[A-Za-z_][\w.-]{1,40}(?:[\"']\s?[:=]|=)|, ?[A-Za-z_]{1,24}:|[;]\s|\n")
"""The next name of a value: what stands behind it is that one's."""


_WHOSE = re.compile(
    r"\b(?:for|of|von|für|voor|del?|du|user|disk|device|host|account|gebruiker|benutzer|usuario|usuário)(?: (?:user|account|id|uid))*[:=]? +[\"']?[^\s\"']+",
    re.IGNORECASE,
)
"""Whose it is."""


def strong_word(context: Context) -> bool:
    """Tell whether any word of a stretch, up to what redaction left and to the next name, is strong."""
    stretch = _ANOTHER.split(_TAKEN.split(context.value)[0])[0]
    return any(map(strong, _BETWEEN.split(_WHOSE.sub(" ", _NOT_ITS_OWN.sub(" ", stretch)))))


_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[ ./-]?[01][0-9][ ./-]?[0-3][0-9]|[0-3]?[0-9][./ -][01]?[0-9][./ -](?:19|20)?[0-9]{2}(?:$|[^0-9])"
)


_COUNTED = re.compile(
    r"(?:^|[^a-z])(?:[a-z]*id|ids|order|ref|no|nr|ticket|error|status|exit|response|product|discount|postal|source|country|account|user|users|uid|case|imei|iccid|seq|time"
    r"|ts|port|pid|step|line|row|rows|job|session|transaction|count|of|after|in|max|min|limit|drift|length|ttl|to|type|list|rule|doc|queue|build|version|page|room|with)[\s:=#\"'>]{1,4}(?:code(?: is)?[\s:=]{0,2})?$"
)
_UNIT = re.compile(r" ?(?:ms|ns|us|s\b|sec|users|times|bytes|rows|%|entries|messages|sensors|line)")


def _is_counted(context: Context) -> bool:
    return _COUNTED.search(context.before(24)) is not None or _UNIT.match(context.behind(10)) is not None


def number_to_call(context: Context) -> bool:
    """Tell whether figures behind a word for a telephone are its number: no date, time or row of few figures."""
    digits = [char for char in context.value if char.isdigit()]
    text = "".join(digits)
    if not 9 <= len(digits) <= 13 or len(set(digits)) < 5 or _DATE.match(context.value):
        return False
    if re.match("1[67]", text) and len(digits) in {10, 13}:
        return False  # seconds or milliseconds since 1970
    if _is_counted(context) and not re.search(r"\b(?:to|no|nr|with)\W*$", context.before(8)):
        return False
    if text[0] == "0" or context.value[0] in "+(":
        return True
    return (
        9 <= len(digits) <= 10 if " " in context.value or "-" in context.value else text[0] > "1" or len(digits) == 11
    )


def code_to_type(context: Context) -> bool:
    """Tell whether figures are a code that somebody is to type, and count or date nothing."""
    return not (_is_counted(context) or _DATE.match(context.value) or len(set(context.value)) < 2)


_NO_CODE = re.compile(
    r"(?:bar|post|postal|zip|geo|uni|status|error|err|exit|return|op|en|de|qr|key|source|vs|country|area|currency|lang(?:uage)?|product|item|reason|response|result"
    r"|fault|trouble|event|http|tax|sort|swift|bank|branch|colou?r|hex|promo|discount|store|project|cost|article|artikel|fehler|fout|erreur|chyb|błęd|station"
    r"|airport|unlocode|function|object|nace|iata|icao|auth|approval|storings)[ _-]?(?:codes?|k[oó]d|kode|koodi|codice|c[oó]digo|код)\b"
    r"|(?:code|k[oó]d|codice|c[oó]digo|код) (?:d['’]|de )?(?:err|błęd|ошиб|chyb|fehl|fout|fel\b|erro)"
)
"""Codes that everybody may know."""


_GIVEN = re.compile(r"(?:code|k[oó]d) to $|\bwith (?:code|pin) $")
"""`Twój kod to …`, `disarmed with code …`: neither counts."""


def code_of_somebody(context: Context) -> bool:
    """Tell whether figures behind a word for a code are one that somebody is to type, and none of a standard's."""
    before = context.before(48)
    return (code_to_type(context) or _GIVEN.search(before) is not None) and _NO_CODE.search(before) is None


def code_in_groups(context: Context) -> bool:
    """Tell whether groups of letters and figures are a code: letters of one case, figures, no date and no name."""
    text = context.value
    parts = text.split("-")
    numbered = sum(any(map(str.isdigit, part)) for part in parts)
    if _DATE.match(text) or not (any(map(str.isdigit, text)) and any(map(str.isalpha, text))):
        return False
    return (
        (text.isupper() or text.islower())
        and max(map(len, parts)) - min(map(len, parts)) < 2
        and 2 * numbered >= len(parts)
    )


_RANGES = re.compile(
    r"(?:\+|00)?(?:1[2-9][0-9]|2[07]|2[1-689][0-9]|3[0-469]|3[578][0-9]|4[013-9]|42[0-9]|5[1-8]|5[09][0-9]|6[0-6]|6[789][0-9]|7|8[1246]|85[0-9]|88[0-9]|9[0-58]|9[679][0-9])[1-9]"
)
"""What a number begins with that is dialled abroad: a country, and no nought behind it."""


def subscriber(context: Context) -> bool:
    """Tell whether figures in one piece are a number to call: national with its nought, or a country's."""
    text = context.value
    digits = text.lstrip("+")
    if len(set(digits)) < 4 or _NUMBERED_BY.search(context.before(20)) or _DATE.match(digits):
        return False
    return re.fullmatch("0[1-9][0-9]{8,9}", digits) is not None or _RANGES.match(text) is not None


_NUMBERED_BY = re.compile(
    r"(?:[a-z_]*id|report|order|ref|reference|ticket|imsi|imei|iccid|session|seq|time|ts|timestamp|bytes|size|serial|transaction|invoice|account|message_?id|msg_?id|job|tag|cseq)[\s:=#\"'>]{1,4}$"
)


def number_in_groups(context: Context) -> bool:
    """Tell whether figures directly behind a word for a telephone are its number, also one of eight figures."""
    digits = "".join(filter(str.isdigit, context.value))
    if not 8 <= len(digits) <= 13 or len(set(digits)) < 4 or _is_counted(context):
        return False
    return len(digits) > 8 or re.fullmatch("[2-9][0-9](?: [0-9]{2}){3}", context.value) is not None


def strong_value(context: Context) -> bool:
    """Tell whether a value is strong, and no fingerprint."""
    return strong(context.value) and not re.search(r"(?:sha|md|hmac-sha)[0-9]{1,3}:$", context.before(16))


def random_key(context: Context) -> bool:
    """Tell whether a value was made by chance: long, of letters and digits in no order."""
    text = context.value.rstrip("=")
    letters = [char for char in text if char.isalpha()]
    turns = sum(one.isupper() != other.isupper() for one, other in pairwise(letters))
    if len(letters) < 6 or len(set(text)) < 10 or not any(map(str.isdigit, text)) or turns < 0.25 * len(letters):
        return False
    return not (_PUBLIC.search(context.before(40)) or _NUMBERED.fullmatch(text))


def drawn_by_lot(context: Context) -> bool:
    """Tell whether figures and letters, if of one case only, stand in no order: figures among the letters throughout."""
    text = context.value
    turns = sum(one.isdigit() != other.isdigit() for one, other in pairwise(text))
    return len(set(text)) >= 10 and 4 * turns >= len(text) and _PUBLIC.search(context.before(40)) is None


_PUBLIC = re.compile(
    r"(?:public|pub|peer|host|next|page|continuation|cursor|sync|cache|partition|idempotency|ssh|trusted|primary|foreign|object|row|sort|dedup|event|message|group|storage|index|lookup|hash|join|unique|shard)[ _-]?(?:page)?[ _-]?(?:key|token)"
)
_NUMBERED = re.compile(r"[A-Za-z]+[-_]?[0-9]+")
