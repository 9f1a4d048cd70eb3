"""What makes the check sure that a value is somebody's: written apart from the rules' validators, on purpose."""
# ruff: noqa: E501, PLR2004, SIM905 - expressions read best in one piece, lists of words as text; figures are those of the standards

import ipaddress
import re

from mothership.pipeline.redaction.checker.shape_match import Context
from mothership.pipeline.redaction.rules.identity import NOBODY
from mothership.pipeline.redaction.rules.validators import IBAN_LENGTHS

_TOP = frozenset(
    """
    com org net edu gov mil int info biz name pro io ai app dev cloud online shop site xyz tech email company
    example live news blog agency group world today health care bank law int coop museum travel jobs art studio design
    services solutions systems network global digital media school academy university hospital clinic
    ac ad ae af ag al am ao ar at au az ba bb bd be bf bg bh bi bj bn bo br bs bt bw by bz ca cc cd ch ci cl cm cn co cr
    cu cv cy cz de dj dk dm do dz ec ee eg es et eu fi fj fr ga ge gh gi gl gm gn gr gt gy hk hn hr ht hu id ie il in iq
    ir is it je jm jo jp ke kg kh kr kw kz la lb li lk lr lt lu lv ly ma mc md me mg mk ml mm mn mo mr mt mu mv mw mx my
    mz na ne ng ni nl no np nz om pa pe pg ph pk pl pr ps pt pw py qa ro rs ru rw sa sc sd se sg si sk sl sm sn so sr st
    su sv sy sz td tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va ve vn ye za zm zw
    """.split()
)


_SSH = re.compile(
    r"(?:^|[^0-9a-z._+-])(?:[a-z0-9-]*(?:[0-9]{2}|sha[0-9])[a-z0-9-]*|rijndael-cbc|zlib|eow|keepalive|ping|pong|tun|limits|fsync|hardlink|lsetstat|x11-req|elevation|[a-z0-9]+-[a-z0-9-]+)@$"
)
_SERVICE = re.compile(
    r"(?:^|[^0-9a-z/._@-])(?!http/[a-z]+@)(?:krbtgt|kadmin|kiprop|[a-z]{2,18}(?=/[^@]*[.0-9-]))/[a-z0-9.-]+(?::[0-9a-z]+)?@$"
)
_ID_OF_MESSAGE = re.compile(
    r"(?:message.?id|references|reply.to|content.id|resent)[^0-9a-z]{1,8}(?:<[^>]*> )?<?[0-9a-f.$_-]*[0-9][0-9a-f.$_-]*@$"
)
_ONLY_AN_ID = re.compile(r"<[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12,44}@[^@]*>", re.IGNORECASE)


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


_COUNTED = re.compile(
    r"(?:^|[^a-z])(?:order|bytes?|octets|packets|offset|id|seq|sequence|epoch|rx|tx|ts|timestamp|serial|block|inode"
    r"|snowflake|tweet|request|req|txid|txnid|lsn|xid|zxid|cursor|nonce|hash|uptime|delta|size|count|blk|trace|span|pid"
    r"|sentbyte|rcvdbyte|sentpkt|rcvdpkt|sent|received|sessionid|sha|commit|build|ref|reference|invoice|ticket|case"
    r"|number|no|time|nsec|usec|duration|value|counter(?:32|64)?|gauge(?:32|64)?|imei|iccid|meid|isbn|ean|gtin|tracking|parcel|batch|(?:bytes?|octets|packets|pkts)[_-]?(?:in|out|read|written|total)|pkts)[\s:=#\"'_-]{1,3}$"
)
_UNIT = re.compile(r" ?(?:bytes|octets|packets|pkts|ns|us|µs|ms|ticks|cycles)(?![0-9a-z])")
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
    if (
        _COUNTED.search(before)
        or _UNIT.match(context.behind(9))
        or re.search(r"0x$|[0-9a-f]_$", before)
        or re.match(r"[a-fx_-]", behind)
    ):
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


_PART = re.compile(
    r"(?i)(?:^|[^a-z])(?:p/?n|part(?: ?(?:no|number))?|sku|article|artikel|item(?: ?no)?|s/n|serial|model|mpn|oem|spare)[\s:=#.\"']{1,4}$"
)


def issued(context: Context) -> bool:
    """Tell whether the US Social Security Administration can have issued a number."""
    digits = "".join(filter(str.isdigit, context.value))
    return (
        digits[:3] not in {"000", "666"}
        and digits[3:5] != "00"
        and digits[5:] != "0000"
        and not re.search(r"[0-9a-f]-$", context.before(2))
        and not _PART.search(context.before(24))
    )


def account(context: Context) -> bool:
    """Tell whether a text begins with an IBAN: a word's end at its country's length, the remainder of ISO 7064.

    At least half of it are digits, or any `lb01 cron …` on its way through a log would be one in 97 times.
    """
    places = [place for place, char in enumerate(context.value) if char != " "]
    length = IBAN_LENGTHS.get(context.value[:2].upper(), 0)
    if not 0 < length <= len(places) or context.value[places[length - 1] + 1 :][:1].isalnum():
        return False
    compact = "".join(context.value[place] for place in places[:length])
    if 2 * sum(map(str.isdigit, compact)) < length:
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


_NUMBERED = re.compile(
    r"(?:offset|delta|by|adjusted|drift|diff|version|ver|v|ref|order|id|range|build|serial|part|sku|model|uid|pid|port|size|bytes)[\s:=#]{0,3}$"
)
_UNITS = re.compile(r"\s?(?:bytes?|ms|us|ns|s|drift|packets|rows|%|km|m|hz)\b")


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


def account_number(context: Context) -> bool:
    """Tell an account's number from a row of one digit."""
    return len(set(context.value) - set(" -")) > 2


def behind_routing_number(context: Context) -> bool:
    """Tell whether the nine digits before are the number of a bank in the United States: 3, 7 and 1 times each add up to tens."""
    digits = [int(char) for char in context.before(9) if char.isdigit()]
    return len(digits) == 9 and sum(digits[place] * (3, 7, 1)[place % 3] for place in range(9)) % 10 == 0


_DATED = re.compile(r"[0-9]{2}[ -][0-9]{2}[ -](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[ -][0-9]{2}[ -][0-9]{2}")


def called(context: Context) -> bool:
    """Tell a number to call from a date and from a reference, by how many digits it has."""
    digits = sum(map(str.isdigit, context.value))
    return 9 <= digits <= (12 if context.value[0] in "01" else 10) and _DATED.match(context.value) is None


def is_somebody(context: Context) -> bool:
    """Tell whether a login's name is neither everybody's nor taken out: `hash` begins a pseudonym."""
    return context.value.lower().rstrip(".") not in {*NOBODY, "hash"}
