"""What makes the check sure that a shape's value is one: written apart from the rules' validators, on purpose."""
# ruff: noqa: E501, PLR2004, SIM905 - expressions read best in one piece, lists of words as text; figures are those of the standards

import base64
import binascii
import ipaddress
import re
from itertools import pairwise
from typing import Final, NamedTuple

from mothership.pipeline.redaction.rules.validators import IBAN_LENGTHS


class Context(NamedTuple):
    """A shape's match."""

    text: str
    start: int
    end: int
    """Of the value in the text."""

    @property
    def value(self) -> str:
        """What is in doubt."""
        return self.text[self.start : self.end]

    def before(self, characters: int) -> str:
        """Return what stands before the value, in lower case."""
        return self.text[max(0, self.start - characters) : self.start].lower()

    def behind(self, characters: int) -> str:
        """Return what stands behind the value, in lower case."""
        return self.text[self.end : self.end + characters].lower()


# --- values that nobody would take for a word ---------------------------------------------------------------------

_MARKED = re.compile(r"\[REDACTED|\*{3}|hash:[a-p]{4}:|x{4}|(?:\.\.\.|…)[0-9a-z]|^[.…]|^[*•#_.-]+$", re.IGNORECASE)
_TAKEN = re.compile(
    r"[$%@{<\[(~]|\\?[nrt]$|0x[0-9a-f]|enc\[(?:aes|pkcs)|hmac-sha256:[0-9a-f]{64}$|_channel=|[a-z_]+[=(]|\.[a-z]+$|(?:env|file|fd|stdin|ref|vault|ssm)(?::|$)",
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
_MADE_LENGTH_MIN: Final = 6
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)


def _plain(value: str) -> str:
    return value.strip("\"'`.,:;!?)]}>\\…")


def _stands_for_nothing(value: str) -> bool:
    return bool(_MARKED.search(value) or _TAKEN.match(value) or (" " in value and _SENTENCE.fullmatch(value)))


def made(context: Context) -> bool:
    """Tell whether a value mixes letters with digits as no word does, and is no figure, name, path or placeholder."""
    return _made(context.value) and not context.behind(1).startswith("(")


def _made(value: str, *, named: bool = False) -> bool:
    plain = _plain(value)
    if len(plain) < _MADE_LENGTH_MIN or _stands_for_nothing(value) or _FIGURE.fullmatch(plain) or _PATH.match(plain):
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
    mismatch incorrect wrong correct rotated rotation stored verified verify not never must should will cannot can was is
    for from with and the this that your here there example changeme placeholder test todo sensitive self request
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
    plain = _plain(text)
    if len(plain) < 4 or _stands_for_nothing(text) or plain.lower() in _STATES or _PATH.match(plain):
        return False
    return (not plain.isdigit() and not _NAME_LIKE.fullmatch(plain) and not _FIGURE.fullmatch(plain)) or _made(text)


def identified(context: Context) -> bool:
    """Tell whether what stands between quotation marks is a secret, and not the plugin: `IDENTIFIED WITH '…'`."""
    return value(context) and not re.search(r"\b(?:with|via) [\"'\\]{1,3}$", context.before(12))


_NO_SECRET = re.compile(
    r"(?:(?:page|next|public ?key|continuation|activity|cursor|sync|csrf_param|unexpected|invalid)[ _-]?token|secret-token|arn:\S*|param(?:eter)?)[\W_]*$"
)


def assigned(context: Context) -> bool:
    """Tell whether the value behind a name and a sign is a secret: directly behind `=` or in quotes also a word."""
    text = context.value
    before = context.before(60)
    if _NO_SECRET.search(before) or context.behind(1).startswith("("):
        return False
    tight = before[-1:] in ("=", '"', "'", ">", ";")
    if _made(text, named=tight):
        return True
    return tight and _value(text) and not context.behind(1).startswith(("[", "{", "."))


def yaml(context: Context) -> bool:
    """Tell whether what stands alone behind a name and a colon, in a line of its own, is a secret."""
    return _value(context.value) and len(_plain(context.value)) >= 6


def columns(context: Context) -> bool:
    """Tell whether a table's column that is named for a secret holds one in the row behind the heading."""
    heading, _, rows = context.value.strip().partition("\n")
    sign = next((sign for sign in ",;\t|" if sign in heading), "")
    if not sign:
        return False
    names = [name.strip(" \"'").lower() for name in heading.split(sign)]
    return any(
        name in {"password", "passwd", "secret", "token", "api_key", "pwd"}
        and _made(cells[place].strip(" \"'"), named=True)
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
        if _made(words[-1]) or (len(words) == 1 and _made(match["v"])):
            return True
    return False


def header(context: Context) -> bool:
    """Tell whether what stands behind a header's scheme is no word."""
    text = _plain(context.value)
    return not _stands_for_nothing(text) and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def made_or_number(context: Context) -> bool:
    """Tell whether a value is made or a number of some length."""
    return _made(context.value) or _plain(context.value).isdigit()


def any_made(context: Context) -> bool:
    """Tell whether any word of a command is made, also as the part behind a colon or slash."""
    words = re.split(r"[\s\"',/@%|:]+", context.value)
    return any(map(_made, words))


def code(context: Context) -> bool:
    """Tell whether a number stands where a code does."""
    return not re.search(
        r"(?:gpio|mapping|error|status|exit|zip|country|state|max|min|length|digits)[\s:=-]*(?:pin|code|otp)?[\s:=]*$",
        context.before(24),
    )


def quoted(context: Context) -> bool:
    """Tell whether a string among quoted ones is made, or has a sign where no word has one."""
    return any(_made(each, named=True) for each in re.findall(r"[\"']([^\"'\n]{5,})[\"']", context.value))


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
    return any(_made(each) and "://" not in each and not re.search(r"^[0-9.]+$|\.[a-z]{2,}$", each) for each in texts)


def quoted_words(context: Context) -> bool:
    """Tell whether what stands between quotation marks is a value: no placeholder, nor made of words for one."""
    words = context.value.lower().split()
    return not _stands_for_nothing(context.value) and not any(word in _STATES for word in words)


# --- credentials --------------------------------------------------------------------------------------------------


_MARKER_BEGINS = "[redacted:"


def url_password(context: Context) -> bool:
    """Tell whether what stands between `:` and `@` of a URL is a password."""
    text = context.value
    return (
        not _stands_for_nothing(text)
        and not context.before(len(_MARKER_BEGINS)).endswith(_MARKER_BEGINS)
        and not re.fullmatch(r"[0-9]{1,5}(?:[,?].*)?", text)
        and text.lower() not in {"password", "pass", "pwd", "secret"}
    )


def basic(context: Context) -> bool:
    """Tell whether base64 holds `user:password`."""
    return ":" in _decoded(context.value)


def plain(context: Context) -> bool:
    """Tell whether base64 holds what SASL PLAIN sends."""
    return "\0" in _decoded(context.value)


def encoded_credential(context: Context) -> bool:
    """Tell whether base64 holds JSON that names a credential."""
    return _NAMED_IN_JSON.search(_decoded(context.value)) is not None


def hex_command(context: Context) -> bool:
    """Tell whether a command line in hexadecimal holds a made word, or an option for a password."""
    text = context.value
    line = bytes.fromhex(text[: len(text) // 2 * 2]).decode("utf-8", "replace")
    return _HEX_OPTION.search(line) is not None


_NAMED_IN_JSON = re.compile(
    r"\"(?:auths?|[a-z_.-]{0,20}(?:password|passwd|secret|token|api_?key))\"\s?:\s?[\"{]", re.IGNORECASE
)
_HEX_OPTION = re.compile(r"passw|secret|token|\x00-p[^\x00]", re.IGNORECASE)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True).decode()
    except (ValueError, binascii.Error):
        return ""


def cookie(context: Context) -> bool:
    """Tell whether a cookie's value is made."""
    return any(map(_made, re.split(r"[\s;=]+", context.value)))


def session(context: Context) -> bool:
    """Tell whether a session's id is random: neither a number, a UUID nor a name with a number."""
    text = _plain(context.value)
    if not _made(text) or re.fullmatch(r"[0-9_.-]+|s-1-5-.*|[a-z]+-?[0-9]+", text, re.IGNORECASE):
        return False
    return len(text) >= 16 or (any(map(str.isupper, text)) and any(map(str.islower, text)))


# --- personal data --------------------------------------------------------------------------------------------------

_TOP = frozenset(
    """
    com org net edu gov mil int info biz name pro io ai app dev cloud online shop site xyz tech email company
    ac ad ae af ag al am ao ar at au az ba bb bd be bf bg bh bi bj bn bo br bs bt bw by bz ca cc cd ch ci cl cm cn co cr
    cu cv cy cz de dj dk dm do dz ec ee eg es et eu fi fj fr ga ge gh gi gl gm gn gr gt gy hk hn hr ht hu id ie il in iq
    ir is it je jm jo jp ke kg kh kr kw kz la lb li lk lr lt lu lv ly ma mc md me mg mk ml mm mn mo mr mt mu mv mw mx my
    mz na ne ng ni nl no np nz om pa pe pg ph pk pl pr ps pt pw py qa ro rs ru rw sa sc sd se sg si sk sl sm sn so sr st
    su sv sy sz td tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va ve vn ye za zm zw
    """.split()
)


_SSH: Final = re.compile(
    r"(?:^|[^0-9a-z._+-])(?:[a-z0-9-]*(?:[0-9]{2}|sha[0-9])[a-z0-9-]*|rijndael-cbc|zlib|eow|keepalive|ping|pong|tun|limits|fsync|hardlink|lsetstat|x11-req|elevation|[a-z0-9]+-[a-z0-9-]+)@$"
)
_SERVICE: Final = re.compile(
    r"(?:^|[^0-9a-z/._@-])(?!http/[a-z]+@)(?:krbtgt|kadmin|kiprop|[a-z]{2,18}(?=/[^@]*[.0-9-]))/[a-z0-9.-]+(?::[0-9a-z]+)?@$"
)
_ID_OF_MESSAGE: Final = re.compile(
    r"(?:message.?id|references|reply.to|content.id|resent)[^0-9a-z]{1,8}(?:<[^>]*> )?<?[0-9a-f.$_-]*[0-9][0-9a-f.$_-]*@$"
)
_ONLY_AN_ID: Final = re.compile(r"<[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12,44}@[^@]*>", re.IGNORECASE)


def _names_no_mailbox(context: Context, before: str) -> bool:
    """Tell names with an `@`: SSH's algorithms, Kerberos's services, and identifiers of messages."""
    if context.value in {"openssh.com", "libssh.org", "tinyssh.org", "lysator.liu.se", "ssh.com"}:
        return _SSH.search(before) is not None
    if context.value.isupper() and _SERVICE.search(before):
        return True
    return _ID_OF_MESSAGE.search(before) is not None or _ONLY_AN_ID.fullmatch(context.text) is not None


def mail_domain(context: Context) -> bool:
    """Tell whether a domain behind `@` can be one that takes mail."""
    top = context.value.rpartition(".")[2].lower()
    before = context.before(80)
    return (
        (top in _TOP or not top.isascii())
        and not re.match(r":[^\s\"']|/", context.behind(2))
        and not before.endswith("git@")
        and not re.search(r"://[^\s/:@]*@$", before)
        and not _names_no_mailbox(context, context.before(160))
    )


_COUNTED: Final = re.compile(
    r"(?:^|[^a-z])(?:order|bytes?|octets|packets|offset|id|seq|sequence|epoch|rx|tx|ts|timestamp|serial|block|inode"
    r"|snowflake|tweet|request|req|txid|txnid|lsn|xid|zxid|cursor|nonce|hash|uptime|delta|size|count|blk|trace|span|pid"
    r"|sentbyte|rcvdbyte|sentpkt|rcvdpkt|sent|received|sessionid|sha|commit|build|ref|reference|invoice|ticket|case"
    r"|number|no|time|nsec|usec|duration|value|counter(?:32|64)?|gauge(?:32|64)?|imei|iccid|meid|isbn|ean|gtin|tracking|parcel|batch)[\s:=#\"'_-]{1,3}$"
)
_CARD = re.compile(
    r"(?:^|[^a-z])(?:pan|card|cards|cc|ccn|ccnum|visa|master(?:card)?|amex|maestro|diners|discover|jcb|karte\w{0,8}|kaart|carte|tarjeta|charged|卡号)[^0-9]{0,12}$"
)


def card(context: Context) -> bool:
    """Tell whether digits are a payment card's: the check digit, and an issuer's beginning or a word for it."""
    digits = [int(char) for char in context.value if char.isdigit()]
    total = sum(sum(divmod(digit * (1 + place % 2), 10)) for place, digit in enumerate(reversed(digits)))
    if total % 10 or len(set(digits)) < 2:
        return False
    before, behind = context.before(32), context.behind(1)
    if _CARD.search(before):
        return True
    if _COUNTED.search(before) or re.search(r"0x$|[0-9a-f]_$", before) or re.match(r"[a-fx_-]", behind):
        return False
    if re.search(r"[0-9][ :_-]{1,2}$", before) or re.match(r"[ _-]{1,2}[0-9]", context.behind(3)):
        return False  # one of many groups
    start = int("".join(map(str, digits[:4])))
    length = len(digits)
    if length == 16:
        return (
            start // 1000 == 4
            or 5100 <= start < 5600
            or 2221 <= start <= 2720
            or start == 6011
            or 6440 <= start < 6600
            or 3528 <= start <= 3589
        )
    return length == 15 and start // 100 in (34, 37)


def issued(context: Context) -> bool:
    """Tell whether the US Social Security Administration can have issued a number."""
    digits = "".join(filter(str.isdigit, context.value))
    return (
        digits[:3] not in {"000", "666"}
        and digits[3:5] != "00"
        and digits[5:] != "0000"
        and not re.search(r"[0-9a-f]-$", context.before(2))
    )


def account(context: Context) -> bool:
    """Tell whether a text begins with an IBAN: its country's length, and the remainder of ISO 7064."""
    compact = context.value.replace(" ", "").upper()
    compact = compact[: IBAN_LENGTHS.get(compact[:2], 0)]
    if len(compact) < 15:
        return False
    rest = 0
    for char in compact[4:] + compact[:4]:
        number = int(char, 36)
        rest = (rest * (100 if number > 9 else 10) + number) % 97
    return rest == 1


_NUMBERED: Final = re.compile(
    r"(?:offset|delta|by|adjusted|drift|diff|version|ver|v|ref|order|id|range|build|serial|part|sku|model|uid|pid|port|size|bytes)[\s:=#]{0,3}$"
)
_UNITS: Final = re.compile(r"\s?(?:bytes?|ms|us|ns|s|drift|packets|rows|%|km|m|hz)\b")


def phone(context: Context) -> bool:
    """Tell whether digits behind `+` or `00` are a telephone number's: told by their groups, or a word before."""
    text = context.value
    digits = "".join(filter(str.isdigit, text))
    if _NUMBERED.search(context.before(16)) or _UNITS.match(context.behind(10)) or not 9 <= len(digits) <= 15:
        return False
    if re.search(r"[0-9]\s$", context.before(2)) or re.match(r"\s[0-9]", context.behind(2)):
        return False  # one of many numbers
    if text.startswith("00"):
        return " " in text and len(text.split()) > 2
    groups = [group for group in re.split(r"[ ./()-]+", text) if group not in {"", "0"}]
    return (len(groups) > 1 and len(groups[1]) > 1) or re.search(
        r"[a-z]{2}[\s:=\"'<(]{1,3}$", context.before(8)
    ) is not None


def near_phone(context: Context) -> bool:
    """Tell whether digits behind a word for a telephone are its number."""
    text = context.value
    digits = "".join(filter(str.isdigit, text))
    if not 8 <= len(digits) <= 15 or re.search(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    return (
        len(digits) >= 9
        and (digits.startswith(("0", "+")) or len(digits) in (10, 11, 12))
        and not digits.startswith("1")
    ) or digits.startswith("0")


def written(context: Context) -> bool:
    """Tell whether digits in a national form are a telephone number."""
    if re.search(r"[0-9]\s$", context.before(2)) or re.match(r"\s[0-9]", context.behind(2)):
        return False
    return (
        not _NUMBERED.search(context.before(16))
        and not _COUNTED.search(context.before(24))
        and not re.match(r"\s?[0-9a-f]{2}\b", context.behind(4))
    )


def address(context: Context) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ipaddress.ip_address(context.value)
    except ValueError:
        return False
    return True


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
