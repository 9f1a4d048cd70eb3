"""Rules for numbers of cards, persons and accounts, each with a check digit or a form of its own."""
# ruff: noqa: E501 - an expression reads best in one piece, and these are the signs that people write

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import REACH, CodeMatcher, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import (
    IBAN_LENGTHS,
    card_network,
    digits_of,
    iban,
    luhn,
    ssn,
)

# --- payment cards ----------------------------------------------------------------------------------------------------

# A class first, then what must not stand before it: so Python's `re` skips quickly to where a number may begin.
_CARD_NUMBER = (
    r"[2-68](?<![0-9].)(?:(?:(?<![A-Za-z0-9_-].)|(?<=[^0-9_%]-.)|(?<=^-.)|(?<=[Vv]isa.)|(?<=[Cc]ard.)|(?<=[Cc]ard_.)|(?<=cc_.)|(?<=pan.)|(?<=pan_.))(?<![0-9][.-].)(?<![_%]-.)(?:"
    r"(?<=[2-6])[0-9]{3}(?P<a>[ .-])[0-9]{4}(?P=a)[0-9]{4}(?P=a)[0-9]{4}(?:(?P=a)[0-9]{3})?"
    r"|(?<=3)[0-9]{3}(?P<b>[ .-])[0-9]{6}(?P=b)[0-9]{4,5}"
    r"|(?<=[2-6])[0-9]{12,18}+"
    r"|(?<=8)[0-9]{15}"
    r"|(?<=[2-6])[0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}"
    r")(?![A-Za-z0-9_])(?!\.[0-9]{3})(?!-[0-9]))"
)
_CARD = re.compile(
    _CARD_NUMBER.removesuffix(")") + "|(?P<none>[0-9]{7,}))",  # no card begins inside of it
    re.ASCII | re.DOTALL,
)
_CARD_ALONE = re.compile(_CARD_NUMBER, re.ASCII | re.DOTALL)
_PLAIN_CARD = re.compile(
    r"(?<![0-9.])(?:(?<=[A-Za-z_])|(?<=[0-9]_)|(?<==))(?:4[0-9]{15}|5[1-5][0-9]{14}|3[47][0-9]{13}|(?:6011|65[0-9]{2})[0-9]{12})(?![0-9]|[A-Fa-f][0-9A-Fa-f]|\.[0-9])",
    re.ASCII,
)
_TRACK = r"[Bb](?P<secret>[2-6][0-9]{12,18})\^[^^\r\n]{2,40}\^[0-9]{4}"
_SPACED_CARD = r"[2-6](?<![0-9A-Za-z.].)(?:[0-9]{3}(?P<s>  |_|\+|\t)[0-9]{4}(?P=s)[0-9]{4}(?P=s)[0-9]{4}|(?<=3)[47][0-9]{2}(?P<t>  |_|\+|\t)[0-9]{6}(?P=t)[0-9]{5})(?![0-9A-Za-z])"
_COUNTED_BEFORE = re.compile(
    r"(?:^|[^a-z])(?:order|bytes|octets|packets|offset|id|seq|sequence|epoch|rx|tx|ts|timestamp|serial|block|inode|snowflake|tweet"
    r"|request|req|counter[0-9]{0,2}|gauge[0-9]{0,2}|\w{0,20}(?:bytes?|octets|pkts|packets)(?:[_-]?(?:in|out|rx|tx|sent|received|read|written|total))?|txn?id|lsn|xid|zxid|cursor|nonce|hash|uptime|delta|size|count|number of \w{1,20})[\s:=#\"']{1,3}\Z",
    re.IGNORECASE,
)
_COUNTED_BEHIND = re.compile(r" ?(?:bytes|octets|packets|pkts|ns|us|µs|ms|ticks|cycles)(?![0-9A-Za-z])", re.IGNORECASE)
_GLUED_TO_CARD = re.compile(
    r"(?:card|visa|master|amex|pan|cc|payment|credit|debit|account|acct|number|no|num)(?:[_A-Za-z]{0,3}|=)\Z|[^A-Za-z0-9_][A-Za-z]\Z|\A[A-Za-z]\Z",
    re.IGNORECASE,
)
# A register's dump is of more groups than a card's number.
_GROUP_BEFORE = re.compile(r"[0-9]{3,5}[ -]\Z")
_GROUP_BEHIND = re.compile(r"[ -][0-9]{3,5}(?![0-9/])")
_BESIDE_CARD = (
    r"(?:card|maestro|jcb|uatp|\bpan|\bcc)\b[^\r\n0-9]{0,24}?(?:(?-i:VI|CA|MC|AX|DC|DS|JC|TP|MA))?"
    r"(?P<secret>[0-9]{12,19}|[0-9]{4}(?:[ -][0-9]{4}){2,4}|[0-9]{4}[ -][0-9]{6}[ -][0-9]{5})(?![0-9])"
)
_CARD_WORD = re.compile(r"card|visa|\bpan\b|\bcc\b|credit|debit|payment", re.IGNORECASE)


def _cards(text: str, start: int, end: int) -> Iterator[Span | None]:
    for match in _CARD.finditer(text, start, min(len(text), end + REACH)):
        if match.start() >= end:
            return
        if match["none"]:
            continue
        digits = digits_of(match[0])
        good = card_network(digits) and luhn(digits)
        # Lengths that barcodes and database ids share need a word beside them.
        plain = len(match[0]) == len(digits)
        if good and not plain and not _CARD_WORD.search(text, max(0, match.start() - 32), match.start()):
            good = not (
                _GROUP_BEFORE.search(text, max(0, match.start() - 6), match.start())
                or _GROUP_BEHIND.match(text, match.end())
            )
        if good and plain and not _CARD_WORD.search(text, max(0, match.start() - 32), match.start()):
            shared = len(digits) in {13, 17, 18, 19} and digits[:2] != "62"
            good = not (
                shared
                or _COUNTED_BEHIND.match(text, match.end())
                or _COUNTED_BEFORE.search(text, max(0, match.start() - 32), match.start())
            )
        yield match.span() if good else None


def _card(text: str) -> bool:
    digits = digits_of(text)
    return card_network(digits) and luhn(digits)


def _glued_cards(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find cards that stand right behind a word, as in file names."""
    for match in _PLAIN_CARD.finditer(text, start, min(len(text), end + REACH)):
        if match.start() >= end:
            break
        glued = _GLUED_TO_CARD.search(text, max(0, match.start() - 12), match.start())
        yield match.span() if glued and luhn(match[0]) else None


CARD = Rule(
    name="credit_card",
    description="Payment card numbers, plain or in groups: an issuer's prefix and length, and the check digit.",
    source="ISO/IEC 7812-1 (Luhn); issuer ranges as published by the networks",
    matchers=(
        CodeMatcher(_cards, (_CARD_ALONE,)),
        CodeMatcher(_glued_cards, (_PLAIN_CARD,)),
        Matcher(_SPACED_CARD, _card),
        Matcher(_TRACK, _card),
        Matcher(_BESIDE_CARD, _card, ignore_case=True),
    ),
    positives=(
        ("charged 4111111111111111 ok", "4111111111111111"),
        ("GDS: FOP CC VI4988053371474674/0928 AUTH 325953", "4988053371474674"),
        ("maestro card 501800000009", "501800000009"),
        ("card 180000000000002 JCB", "180000000000002"),
        ("card: 5500-0000-0000-0004.", "5500-0000-0000-0004"),
        ("amex 3782 822463 10005", "3782 822463 10005"),
        ('{"pan":"6011 1111 1111 1117"}', "6011 1111 1111 1117"),
        ("卡号4111111111111111已扣款", "4111111111111111"),
        ("pan=30569309025904&x=1", "30569309025904"),
        ("7,5555555555554444,123", "5555555555554444"),
        ("%B4111111111111111^DOE/JOHN^25121010000?", "4111111111111111"),
        ("pan=4111+1111+1111+1111&x=1", "4111+1111+1111+1111"),
        ("card 4111  1111  1111  1111", "4111  1111  1111  1111"),
        ("card 4111_1111_1111_1111", "4111_1111_1111_1111"),
        ("pan_4111111111111111_x.csv", "4111111111111111"),
        ("card=4111111111111111exp=0127", "4111111111111111"),
        ("card 4222222222222", "4222222222222"),
        ("visa4111111111111111 for 4111111111111111.00", "4111111111111111"),
    ),
    negatives=(
        "order 4111111111111112 shipped",
        "Received block blk_4539578763621486312 of size 67108864",
        "deleted blk_-4539578763621486",
        "ts=1732482748000 took 1732482748000000000",
        "lat=0.4111111111111111",
        "id 4111111111111111abcdef",
        "rx bytes=4111111111111111 order 4111111111111111, offset: 4111111111111111",
        "bytes_in=4111111111111111 pkts_out=4111111111111111, heap 4111111111111111 bytes, up 4111111111111111 ns",
        "epoch 4222222222222 delta 7834us, took 4222222222222",
        "blk_4111111111111111 0x4111111111111111 sha_4111111111111111af",
        "trace 6011000990139424-00f067aa0ba902b7",
    ),
    numbers=True,
)

# --- US social security numbers ---------------------------------------------------------------------------------------

_SSN = r"-(?<=[0-9]{3}-)(?<![A-Za-z0-9_]...-)(?<![0-9]-...-)[0-9]{2}-[0-9]{4}(?![A-Za-z0-9_])(?!-[0-9])"
_SSN_NAMED = (
    r"(?:ssn|social[ _-]?security)[a-z#. _-]{0,12}['\"]?[ :=#>'\"]{1,4}"
    r"(?P<secret>[0-9]{3}[ .]?[0-9]{2}[ .]?[0-9]{4})(?![A-Za-z0-9_])"
)


_PART_BEFORE = re.compile(
    r"(?:^|[^a-z])(?:p/?n|part(?:[ _-]?(?:no|number|num|nr))?|sku|article|artikel|art|item(?:[ _-]?(?:no|number|nr))?|s/n|serial|catalog(?:ue)?|cat|model|mpn|oem|spare)[\s:=#.\"']{1,4}\Z",
    re.IGNORECASE,
)


def _no_part(text: str, start: int, _end: int) -> bool:
    """Tell a person's number from a part's, by the word before it."""
    return _PART_BEFORE.search(text, max(0, start - 24), start) is None


def _valid_ssn(text: str) -> bool:
    return ssn(digits_of(text))


SSN = Rule(
    name="ssn",
    description="US social security numbers with dashes; with spaces or plain only beside their name.",
    source="Social Security Administration: number ranges never issued",
    matchers=(Matcher(_SSN, _valid_ssn, back=3, fits=_no_part), Matcher(_SSN_NAMED, _valid_ssn, ignore_case=True)),
    positives=(
        ("applicant 123-45-6789 approved", "123-45-6789"),
        ("SSN: 123456789", "123456789"),
        ('ssn="219 09 9999"', "219 09 9999"),
        ("<SpouseSSN>219099999</SpouseSSN>", "219099999"),
        ("(078-05-1120)", "078-05-1120"),
    ),
    negatives=(
        "part 000-12-3456",
        "part 666-12-3456",
        "part 912-34-5678",
        "P/N 740-11-8204 failed, sku 741-22-9931, part no. 742-33-1180, artikel 743-44-2291",
        "2024-01-15 123-00-6789",
        "uuid 1123-45-67890",
        "build 10-123-45-6789-2",
    ),
)

# --- IBAN -------------------------------------------------------------------------------------------------------------

_IBAN_HEAD = re.compile(
    r"[A-Za-z](?=[A-Za-z][0-9]{2}[ -]?[A-Za-z0-9])(?<![A-Za-z0-9].)[A-Za-z][0-9]{2}", re.ASCII | re.DOTALL
)
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])(?:{'|'.join(sorted(IBAN_LENGTHS))})[0-9]{{2}}(?:[ -]?[A-Za-z0-9]{{4}}){{2}}[ -]?[A-Za-z0-9]{{3}}",
    re.ASCII | re.IGNORECASE,
)
_CURRENCY = "(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|ISK|RSD|UAH|AED|SAR|QAR|KWD|BHD|ILS|EGP)"
"""MT940 writes the account's currency right behind it."""
_IBAN_BODY = {
    length: re.compile(
        rf"(?:[ -]?[A-Za-z0-9]{{4}}){{{length // 4 - 1}}}[ -]?[A-Za-z0-9]{{{length % 4}}}(?:(?![A-Za-z0-9])|(?={_CURRENCY}(?![A-Za-z0-9])))"
    )
    for length in IBAN_LENGTHS.values()
}


def _ibans(text: str, start: int, end: int) -> Iterator[Span | None]:
    for head in _IBAN_HEAD.finditer(text, start, min(len(text), end + REACH)):
        if head.start() >= end:
            return
        length = IBAN_LENGTHS.get(head[0][:2].upper(), 0)
        if not length:
            continue
        body = _IBAN_BODY[length].match(text, head.end())
        good = body is not None and iban(head[0] + body[0].replace(" ", "").replace("-", ""))
        yield (head.start(), body.end()) if body and good else None


IBAN = Rule(
    name="iban",
    description="International bank account numbers, plain or in groups: the country's length and the check digits.",
    source="ISO 13616; SWIFT IBAN registry",
    matchers=(CodeMatcher(_ibans, (_IBAN,)),),
    positives=(
        ("payout to DE89370400440532013000 done", "DE89370400440532013000"),
        ("iban=GB82 WEST 1234 5698 7654 32 and more", "GB82 WEST 1234 5698 7654 32"),
        ("(FR14 2004 1010 0505 0001 3M02 606)", "FR14 2004 1010 0505 0001 3M02 606"),
        ("nl91abna0417164300;", "nl91abna0417164300"),
        (":25:DE89370400440532013000EUR", "DE89370400440532013000"),
        ("iban_DE89370400440532013000_x.pdf", "DE89370400440532013000"),
    ),
    negatives=(
        "DE89370400440532013001 fails its check",
        "commit de89370400440532013000aa11bb22cc33dd44ee",
        "de305d54-75b4-431b-adb2-eb6014e546014",
        "model AT12 3456",
    ),
)
