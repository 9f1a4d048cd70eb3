"""Rules for personal data."""
# ruff: noqa: E501, PLR2004, RUF001 - an expression reads best in one piece, and these are the signs that people write

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import REACH, CodeMatcher, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import (
    COUNTRY_CODES,
    IBAN_LENGTHS,
    card_network,
    digits_of,
    e164,
    iban,
    ip_address,
    luhn,
    ssn,
)

# --- e-mail ------------------------------------------------------------------------------------------------------

_LETTER = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_OTHER_LETTER = "\u0370-\u1fff\u3040-\ud7af"
# The local part is read backwards from the `@` and at most 64 characters far: forwards it would be quadratic.
_LOCAL = re.compile(rf"[{_LETTER}0-9._+'~-]{{1,64}}|[{_OTHER_LETTER}]{{1,32}}|\"[^\"\r\n]{{1,62}}\"")
_DOMAIN = re.compile(
    rf"@((?:(?:[{_LETTER}0-9](?:[{_LETTER}0-9-]{{0,61}}[{_LETTER}0-9])?|[{_OTHER_LETTER}]{{1,63}})\.){{1,8}})"
    rf"([{_LETTER}]{{2,24}}|[{_OTHER_LETTER}]{{2,12}})(?![{_LETTER}0-9]|-[a-z0-9])",
    re.IGNORECASE,
)
_ADDRESS = re.compile(rf"[{_LETTER}{_OTHER_LETTER}0-9._+'~\"-]{_DOMAIN.pattern}", re.IGNORECASE)
_FILE_AND_UNIT_ENDINGS = """
service socket target timer mount automount slice scope swap path device png jpg jpeg gif svg webp ico bmp css js jsx
ts tsx json xml html htm log txt conf cfg ini yml yaml toml jar war dll exe sys java class lock tmp bak gz tgz tar whl
deb rpm pem crt pid sock csv
"""
_NOT_TOP_LEVEL = frozenset(
    # Unit types of systemd (`user@1000.service`) and file names (`icon@2x.png`).
    _FILE_AND_UNIT_ENDINGS.split()
)


_URL_USER = re.compile(r"[a-z0-9+.-]://[^\s/?#\"<>]{0,128}\Z")


# Made by the sender's program: the part before the `@` is figures, and no mailbox.
_MESSAGE_ID = re.compile(
    r"(?:message[-_]?id|references|in[-_]reply[-_]to|content[-_]id|resent[-_](?:message[-_])?id)\W{1,8}(?:<[^>\s]{1,80}>\s)?<?(?P<made>[0-9A-Fa-f.$_-]{8,64})\Z",
    re.IGNORECASE,
)
_MADE_DIGITS_MIN = 5
# A message's identifier is alone in its field: `{"message_id": "<….@host>"}`.
_ALONE = re.compile(r"<(?:[0-9a-f]{32,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[\w.-]{1,255}>", re.IGNORECASE)
# Algorithms and requests that others than the IETF have named: RFC 4251, section 6.
_SSH_NAME = re.compile(
    r"(?:^|[^\w.+-])(?:(?:aes|chacha|hmac-|umac-|curve|sntrup|kex-|ssh-(?:rsa|dss|ed)|sk-|ecdsa-|rsa-sha|webauthn-|hostkeys-|rijndael-)[a-z0-9-]{1,48}"
    r"|zlib|eow|keepalive|ping|pong|tun|limits|expand-path|fsync|hardlink|lsetstat|posix-rename|f?statvfs|home-directory|users-groups-by-id|no-more-sessions|publickey-hostbound(?:-v00)?"
    r"|session-bind|restrict-destination-v00|associated-certs-v00|auth-agent(?:-req)?|(?:cancel-)?streamlocal-forward|(?:direct|forwarded)-streamlocal|x11-req|elevation)\Z"
)
_SSH_DOMAINS = frozenset(("@openssh.com", "@libssh.org", "@tinyssh.org", "@lysator.liu.se", "@ssh.com"))
# Of Kerberos: a machine's service, `host/web1.example.com@EXAMPLE.COM`, or the realm's own.
_PRINCIPAL = re.compile(
    r"(?:^|[^\w/.@-])(?:(?i:host|https?|nfs|cifs|ldap|imap|smtp|pop|ftp|dns|gc|postgres|kafka|hdfs|hive|yarn|mapred|zookeeper|hbase|impala|spark|livy|mssqlsvc|termsrv|wsman|rpc|restrictedkrbhost|ipp|xmpp|afs|ceph|oracle|sip)"
    r"/(?:[a-z0-9-]{1,63}\.[a-z0-9.-]{1,190}|(?=[a-z-]{0,63}[0-9])[a-z0-9-]{1,63})(?::[0-9a-z]{1,16})?|krbtgt/[A-Z0-9.-]{1,190}|kadmin/(?:admin|changepw|history)|kiprop/[a-z0-9.-]{1,190})\Z"
)


def _emails(text: str, start: int, end: int) -> Iterator[Span | None]:
    at = text.find("@", start, end + 64)
    while at >= 0:
        local = _LOCAL.match(text[max(0, at - 64) : at][::-1])
        domain = _DOMAIN.match(text, at) if local else None
        if local and domain and domain[2].lower() not in _NOT_TOP_LEVEL and not _other_use(text, at, domain):
            name = local[0][::-1].lstrip(".'-~+")
            yield (at - len(name), domain.end()) if name and not name.endswith(".") else None
        else:
            yield None
        at = text.find("@", domain.end() if domain else at + 1, end + 64)


def _other_use(text: str, at: int, domain: "re.Match[str]") -> bool:
    """Tell a mailbox from a repository's address (`git@github.com:owner/name`), a URL's user, and names with an `@`."""
    if text.find("://", max(0, at - 160), at) >= 0 and _URL_USER.search(text, max(0, at - 160), at):
        return True
    if _is_message_id(text, at, domain) or _names_no_person(text, at, domain):
        return True
    return text[max(0, at - 3) : at] in {"git", "svn"} and text[domain.end() : domain.end() + 1] in {":", "/"}


def _is_message_id(text: str, at: int, domain: "re.Match[str]") -> bool:
    made = _MESSAGE_ID.search(text, max(0, at - 128), at)
    if made and len(digits_of(made["made"])) >= _MADE_DIGITS_MIN:
        return True
    return text[0] == "<" and domain.end() + 1 == len(text) and _ALONE.fullmatch(text) is not None


def _names_no_person(text: str, at: int, domain: "re.Match[str]") -> bool:
    """Tell the name of an SSH algorithm, and the Kerberos principal of a host or of a service."""
    if domain[0] in _SSH_DOMAINS:
        return _SSH_NAME.search(text, max(0, at - 64), at) is not None
    return domain[0].isupper() and _PRINCIPAL.search(text, max(0, at - 255), at) is not None


EMAIL = Rule(
    name="email",
    description="E-mail addresses.",
    source="RFC 5321 and 5322; local part bounded to 64 characters, domain labels to 63",
    matchers=(CodeMatcher(_emails, (_ADDRESS,)),),
    positives=(
        ("login failed for alice@example.com from 10.0.0.1", "alice@example.com"),
        ("to=<bob.smith+tag@mail.example.co.uk>, relay=mx", "bob.smith+tag@mail.example.co.uk"),
        ("{'email':'o'brien@example.org'}", "o'brien@example.org"),
        ("联系alice@example.com谢谢", "alice@example.com"),
        ("mail to jürgen.müller@exämple.de now", "jürgen.müller@exämple.de"),
        ("user=ALICE@EXAMPLE.COM;id=4", "ALICE@EXAMPLE.COM"),
        ("to 用户@例子.中国 or al.ice@例え.jp", "al.ice@例え.jp"),
        ('from "alice smith"@example.com', "smith"),
        ("user alice\\x40example.com", "alice"),
        ("<a href='mailto:alice&#64;example.com'>", "alice"),
        ("<a href='mailto:alice&#x40;example.com'>", "alice"),
        ("alice@example.com_bak", "alice@example.com"),
        ("bounce alice=40example.com;", "alice"),
        ("patch by djm@openssh.com, alice-hmac-sha2@openssh.com", "djm@openssh.com"),
        ("AS_REQ 203.0.113.130: alice@PROD.INTERNAL for krbtgt/PROD.INTERNAL@PROD.INTERNAL", "alice@PROD.INTERNAL"),
        ("principal alice/admin@EXAMPLE.COM authenticated", "admin@EXAMPLE.COM"),
        ("kept in http/alice@EXAMPLE.COM", "alice@EXAMPLE.COM"),
        ("reply of host/alice.smith@example.com", "alice.smith@example.com"),
        ('{"message_id": "<alice.smith@example.com>"}', "alice.smith@example.com"),
        ("message-id=<alice.20240115@example.com>", "alice.20240115@example.com"),
        ("to=<f600bc29e59b50ea5c9dc7439b55034b@relay.example.com>, status=sent", "f600bc29e59b50ea5c9dc7439b55034b"),
    ),
    negatives=(
        "Started user@1000.service - User Manager for UID 1000.",
        "npm install lodash@4.17.21 @types/node@20.1.0",
        "loaded icon@2x.png",
        "java.lang.Object@1b6d3586 leaked",
        "removed; message-id=<20333045330187.4171EF89B27@nas-prod3.local>",
        "postfix/cleanup[19964]: B9954C9907: message-id=<f600bc29e59b50ea5c9dc7439b55034b@fw-27.corp.example.com>",
        '{"to": "<hidden>", "message_id": "<95fdd386-4485-d9fc-1406-cf2726199af1@gw-13.plant3.local>"}',
        'In-Reply-To: <9a1b-c2d3.e4f5.6@mail.example.com>, \\"Message-ID\\": \\"<20240115.8f3a@mail.example.com>\\"',
        "<95fdd386-4485-d9fc-1406-cf2726199af1@mail.example.com>",
        "debug2: ciphers stoc: chacha20-poly1305@openssh.com,aes128-ctr,aes256-gcm@openssh.com,rijndael-cbc@lysator.liu.se",
        "kex: sntrup761x25519-sha512@openssh.com MACs umac-128-etm@openssh.com, curve25519-sha256@libssh.org, none,zlib@openssh.com",
        "sk-ssh-ed25519-cert-v01@openssh.com, hostkeys-00@openssh.com, keepalive@openssh.com, posix-rename@openssh.com",
        "NEEDED_PREAUTH: host/bld-20.lan@PROD.INTERNAL for krbtgt/PROD.INTERNAL@PROD.INTERNAL, kadmin/changepw@EXAMPLE.COM",
        "HTTP/web.example.com@EXAMPLE.COM MSSQLSvc/db1.example.com:1433@EXAMPLE.COM nfs/nas2@EXAMPLE.COM",
        "cloning git@github.com:owner/repo.git",
        "root@localhost:~# ls",
        "sd=[exampleSDID@32473 iut=3]",
    ),
)

# --- payment cards -----------------------------------------------------------------------------------------------

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
    r"|request|req|counter[0-9]{0,2}|gauge[0-9]{0,2}|\w{0,20}(?:bytes?|octets|pkts|packets)|txn?id|lsn|xid|zxid|cursor|nonce|hash|uptime|delta|size|count|number of \w{1,20})[\s:=#\"']{1,3}\Z",
    re.IGNORECASE,
)
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
            good = not shared and not _COUNTED_BEFORE.search(text, max(0, match.start() - 32), match.start())
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
        "epoch 4222222222222 delta 7834us, took 4222222222222",
        "blk_4111111111111111 0x4111111111111111 sha_4111111111111111af",
        "trace 6011000990139424-00f067aa0ba902b7",
    ),
    numbers=True,
)

# --- US social security numbers ----------------------------------------------------------------------------------

_SSN = r"-(?<=[0-9]{3}-)(?<![A-Za-z0-9_]...-)(?<![0-9]-...-)[0-9]{2}-[0-9]{4}(?![A-Za-z0-9_])(?!-[0-9])"
_SSN_NAMED = (
    r"(?:ssn|social[ _-]?security)[a-z#. _-]{0,12}['\"]?[ :=#'\"]{1,4}"
    r"(?P<secret>[0-9]{3}[ .]?[0-9]{2}[ .]?[0-9]{4})(?![A-Za-z0-9_])"
)


def _valid_ssn(text: str) -> bool:
    return ssn(digits_of(text))


SSN = Rule(
    name="ssn",
    description="US social security numbers with dashes; with spaces or plain only beside their name.",
    source="Social Security Administration: number ranges never issued",
    matchers=(Matcher(_SSN, _valid_ssn, back=3), Matcher(_SSN_NAMED, _valid_ssn, ignore_case=True)),
    positives=(
        ("applicant 123-45-6789 approved", "123-45-6789"),
        ("SSN: 123456789", "123456789"),
        ('ssn="219 09 9999"', "219 09 9999"),
        ("(078-05-1120)", "078-05-1120"),
    ),
    negatives=(
        "part 000-12-3456",
        "part 666-12-3456",
        "part 912-34-5678",
        "2024-01-15 123-00-6789",
        "uuid 1123-45-67890",
        "build 10-123-45-6789-2",
    ),
)

# --- IBAN --------------------------------------------------------------------------------------------------------

_IBAN_HEAD = re.compile(
    r"[A-Za-z](?=[A-Za-z][0-9]{2}[ -]?[A-Za-z0-9])(?<![A-Za-z0-9].)[A-Za-z][0-9]{2}", re.ASCII | re.DOTALL
)
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])(?:{'|'.join(sorted(IBAN_LENGTHS))})[0-9]{{2}}(?:[ -]?[A-Za-z0-9]{{4}}){{2}}[ -]?[A-Za-z0-9]{{3}}",
    re.ASCII | re.IGNORECASE,
)
_IBAN_BODY = {
    length: re.compile(
        rf"(?:[ -]?[A-Za-z0-9]{{4}}){{{length // 4 - 1}}}[ -]?[A-Za-z0-9]{{{length % 4}}}(?![A-Za-z0-9])"
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
        ("iban_DE89370400440532013000_x.pdf", "DE89370400440532013000"),
    ),
    negatives=(
        "DE89370400440532013001 fails its check",
        "commit de89370400440532013000aa11bb22cc33dd44ee",
        "de305d54-75b4-431b-adb2-eb6014e546014",
        "model AT12 3456",
    ),
)

# --- telephone numbers -------------------------------------------------------------------------------------------

_INTERNATIONAL = (
    r"\+(?<![A-Za-z0-9_+.]\+)[1-9][0-9]{0,2}(?:[ .-]?\(0?[0-9]{0,4}\))?(?:[ ./-]?[0-9]){5,13}(?![0-9A-Za-z_])"
)


_DIALLED = r"00(?<![0-9][0-9A-Fa-f] ..)(?<! [A-Fa-f][0-9A-Fa-f] ..)(?<![A-Za-z0-9_/+.:-]..)[ ]?[1-9][0-9]{0,2}[ -](?:\(0\)[ -]?)?[1-9][0-9]{0,4}(?:[ -][0-9]{2,8}){1,4}(?![0-9A-Za-z_])(?![.-][0-9])"
_EUROPEAN = (
    r"[(08](?<![0-9][0-9A-Fa-f] .)(?<! [A-Fa-f][0-9A-Fa-f] .)(?<![A-Za-z0-9_/+.:-].)(?:"
    r"(?<=0)[1-9](?P<s>[ .-])[0-9]{2}(?P=s)[0-9]{2}(?P=s)[0-9]{2}(?P=s)[0-9]{2}"  # France
    r"|(?<=0)7[0-9]{3}[ -][0-9]{3}[ -]?[0-9]{3}"  # United Kingdom, mobile
    r"|(?:(?<=0)|(?<=\()0)(?:20[ -]|20\)[ -]?)[0-9]{4}[ -]?[0-9]{4}"  # London
    r"|(?<=\()0[1-9][0-9]{1,4}\)[ -]?[0-9]{3,4}[ -]?[0-9]{3,5}"  # an area code in parentheses
    r"|(?<=0)1[5-7][0-9][ /-][0-9]{7,8}"  # Germany, mobile
    r"|(?<=8) ?\([3489][0-9]{2}\) ?[0-9]{3}-[0-9]{2}-[0-9]{2}"  # Russia
    r")(?![0-9A-Za-z_])(?![ .:-]?[0-9A-Fa-f]{2}(?![a-z]))(?![.-][0-9])"
)
_NAMED_NUMBER = (
    r"(?:phone|mobile|msisdn|電話番号|電話|電话|电话|手机号?|телефон|τηλέφωνο|fax|whatsapp|callback|calling(?:party)?|called(?:party)?|(?<![a-z])(?:tlf|mob|gsm|sms|ani|dnis|caller|callee|clid|cli|tel(?:ephone|efon|éphone|éfono|efone)?(?:oon|oonnummer|onnummer)?|rufnummer|telefoonnummer|mobil(?:nummer)?|handy(?:nummer)?|cell))"
    r"(?:[ _-]?(?:number|no|nr|num))?(?:\.?['\"]?[ ]?(?:[:=：]|is\b|#)|(?<=nummer)(?=[ ][0(+])|\.(?=[ ][(+0]))[ ]?['\"]?"
    r"(?P<secret>\+?[(]?[0-9](?:[ ()./-]{0,2}[0-9]){6,14})(?![0-9A-Za-z_])"
)


_MEASURED_BEFORE = re.compile(
    r"(?:delta|offset|diff|drift|skew|slew|step|adjust\w{0,6}|error|bias|lag|change|correction|by|freq\w{0,6}|seq|incr\w{0,8})[\s:=]{0,3}\Z",
    re.IGNORECASE,
)
_UNIT_BEHIND = re.compile(
    r"\s?(?:bytes|[kmgt]i?b|[mun]?s|secs?|seconds|packets|octets|ppm|ppb|drift|%|rows|records|lines|ticks|[km]?hz|bits)(?![a-z])",
    re.IGNORECASE,
)
_NUMBERED_BEFORE = re.compile(
    r"(?:^|[^a-z])(?:v|ver|version|build|release|rev|revision|firmware|ref|reference|order|ticket|invoice|case|serial|part|sku|model|s/n)[\s:=#.]{0,3}\Z",
    re.IGNORECASE,
)
_CODE = re.compile(r"\+([0-9]{1,3})(?=[ .(-])")


def _no_quantity(text: str, start: int, end: int) -> bool:
    """Tell a telephone number from a signed quantity, and from a version or a reference."""
    if _UNIT_BEHIND.match(text, end):
        return False
    before = max(0, start - 24)
    return (_MEASURED_BEFORE if text[start] == "+" else _NUMBERED_BEFORE).search(text, before, start) is None


def _american(sign: str, area: str, size: int, rest: str) -> Matcher:
    """Make a matcher that starts from the sign behind the area code."""
    begins = rf"(?<![A-Za-z0-9_/+].{{{size}}})" + rf"(?:(?<![0-9][ .-].{{{size}}})|{_dialled_one(size)})"
    ends = r"(?: ?(?:x|ext\.?)[ ]?[0-9]{1,6})?(?![0-9A-Za-z_])(?![.-][0-9])"
    return Matcher(rf"{sign}{area}{begins}{rest}{ends}", fits=_no_quantity, back=size - 1)


def _dialled_one(size: int) -> str:
    return "|".join(rf"(?<={one}[ .-].{{{size}}})" for one in ("[^0-9]1", "^1", "001"))


_AMERICAN = (
    _american(r"\)", r"(?:(?<=\([2-9][0-9]{2}\))|(?<=\(123\)))", 5, r"[ -]?[0-9]{3}[ .-][0-9]{4}"),
    _american(r"(?P<s>[.-])", r"(?:(?<=[2-9][0-9]{2}.)|(?<=123.))", 4, r"[0-9]{3}(?P=s)[0-9]{4}"),
    _american(r"\)", r"(?<=\([1-9][0-9]\))", 4, "[ ]?9?[0-9]{4}-[0-9]{4}"),  # Brazil
)


def _international(text: str) -> bool:
    code = _CODE.match(text)
    return e164(digits_of(text)) and (code is None or code[1] in COUNTRY_CODES)


def _dialled(text: str) -> bool:
    return e164(digits_of(text)[2:])


_SPOKEN_NUMBER = (
    r"(?:(?:phone|tel|mobile|msisdn|fax|whatsapp|call|caller|callback|dial(?:l?ed|ing)?|ring|reach(?:\sme)?(?:\sat)?|tlf|mob\.?|電話|电话|(?:sms|text)\s(?:message\s)?(?:sent\s)?to|contact)"
    r"(?:\s(?:number|no|nr|num|to|from))?[.:]?\s{1,2}|callerid[= ](?:\\{0,4}[\"'][^\"'\r\n]{0,40}\\{0,4}[\"'])?\s?<|sips?:|tel:|ATDT?)"
    r"(?P<secret>(?:00[1-9]|0[1-9]|\+?[1-9])[0-9]{0,13}(?:[ ]?[-/ .][ ]?\(?[0-9]{2,8}\)?){0,5})(?![0-9A-Za-z_.:/-]?[0-9A-Za-z_])"
)


def _spoken(text: str) -> bool:
    """Tell whether digits behind a word such as `call` are a telephone number: grouped, or with a prefix to dial."""
    digits = digits_of(text)
    if not 8 <= len(digits) <= 15 or text.count(".") == 3:
        return False
    if digits.startswith("00"):
        return e164(digits[2:])
    grouped = any(not char.isdigit() for char in text.lstrip("+"))
    return (grouped and len(digits) >= 9) or (digits[0] == "0" and len(digits) >= 9)


def _plain_number(text: str) -> bool:
    digits = digits_of(text)
    return 10 <= len(digits) <= 15 and e164(digits if len(digits) > 10 else "1" + digits)


_NAMED_PLAIN = r"(?:msisdn\s{1,2}|sips?:\+?|callerid[= ](?:\\{0,4}[\"'][^\"'\r\n]{0,40}\\{0,4}[\"'])?\s?<\+?)(?P<secret>[1-9][0-9]{9,14})(?=[@>\s,;]|\Z)"


# A machine's name for the other end of a call; and `"Name" <number>`, as Asterisk writes who calls.
_NAMED_E164 = (
    r"(?:(?<![A-Za-z])(?:wa_?id|(?:caller|called|callee|calling|connectedline)(?:[-_ ]?id)?(?:[-_ ]?num(?:ber)?)?)(?:\\{0,3}[\"'])?\s?[:=]\s?(?:\\{0,3}[\"'])?"
    r"|(?<![A-Za-z])(?:anruf|ruf)\s(?:von|an)\s|\"{1,2}\s<)(?P<secret>(?:00|\+)?[1-9][0-9]{8,14})(?![0-9A-Za-z_.:-]|\s?times)"
)
_CDR = r"\"(?P<secret>[1-9][0-9]{9,14})(?=\",\"[0-9*#+]{0,20}\",\"(?:from|to|outbound|inbound)-)"


def _with_country(text: str) -> bool:
    """Tell whether plain digits are a telephone number with its country's code."""
    digits = digits_of(text)
    return len(digits) >= 10 and e164(digits.removeprefix("00"))


def _no_address(text: str) -> bool:
    return text.count(".") != 3  # four groups with dots are an IP address


PHONE = Rule(
    name="phone",
    description="Telephone numbers: international with `+`, the usual written forms of North America, France, the "
    "United Kingdom and Germany; other forms beside a word such as `phone`.",
    source="ITU-T E.164; North American Numbering Plan; national numbering plans",
    matchers=(
        Matcher(_NAMED_NUMBER, _no_address, ignore_case=True),
        Matcher(_SPOKEN_NUMBER, _spoken, ignore_case=True, fits=_no_quantity),
        Matcher(_NAMED_PLAIN, _plain_number, ignore_case=True),
        Matcher(_NAMED_E164, _with_country, ignore_case=True, fits=_no_quantity),
        Matcher(_CDR, _with_country),
        Matcher(_INTERNATIONAL, _international, fits=_no_quantity),
        *_AMERICAN,
        Matcher(_DIALLED, _dialled),
        Matcher(_EUROPEAN),
    ),
    positives=(
        ("call +14155552671 now", "+14155552671"),
        ("Tel. (030) 901820-0, Fax. 030 901820-1", "(030) 901820-0"),
        ("sms to +44 20 7946 0958 sent", "+44 20 7946 0958"),
        ("fax (415) 555-2671", "(415) 555-2671"),
        ("call 001-581-896-0013x3890 or (464)567-8901x123", "581-896-0013x3890"),
        ("or (555) 123-4567 ext. 12", "(555) 123-4567 ext. 12"),
        ("ring 0044 20 7946 0958 now", "0044 20 7946 0958"),
        ("ligue (11) 91234-5678", "(11) 91234-5678"),
        ("caller 415-555-2671 hung up", "415-555-2671"),
        ("Tel: 030 901820", "030 901820"),
        ("mobile=07911123456", "07911123456"),
        ("ring 06 12 34 56 78, please", "06 12 34 56 78"),
        ("+49 (0)30 901820", "+49 (0)30 901820"),
        ("call 0049 89 1234567", "0049 89 1234567"),
        ("phone 415 555 2671", "415 555 2671"),
        ("From: <sip:4155552671@10.0.0.1>", "4155552671"),
        ("MSISDN 447911123456 attached", "447911123456"),
        ("Tel. 089 / 1234567", "089 / 1234567"),
        ("dropped 8 (495) 123-45-67 at 10:00", "8 (495) 123-45-67"),
        ("from 00 33 6 12 34 56 78, or 0049 89 1234567", "00 33 6 12 34 56 78"),
        ("sms sent to 0412 345 678 status=ok", "0412 345 678"),
        ("call 06-12345678 back", "06-12345678"),
        ('callerid="Bob" <4155552671>', "4155552671"),
        ("kontakt: tlf 0912 34 567", "0912 34 567"),
        ("FBB500 voice call MO dialled 00870773123456 duration 12s", "870773123456"),
        ("ATDT004791234567", "4791234567"),
        ("caller=4791234567 callee=4722334455", "4722334455"),
        ("手机号:13812345678", "13812345678"),
        ('{"wa_id": "393301507663", "type": "text"}', "393301507663"),
        ("Event: Newchannel CallerIDNum: 4797809792 CallerIDName: Kim", "4797809792"),
        ("Ankommender Anruf von 004915186818697 an MSN 638534", "004915186818697"),
        ('"","48512598894","314","from-trunk","x"', "48512598894"),
        ('"""Kim"" <5511968155174>","PJSIP/trunk-000083ae"', "5511968155174"),
    ),
    negatives=(
        "at 2024-01-15T08:15:23+0000 up",
        "version 415.555.26.71",
        "peer 203.101.45.59:5070",
        "dump 06 12 34 56 78 9a bc",
        "pid 4155552671",
        "range 100-200-3000",
        "caller=0x7f3a12345678 wa_id: 1700000000, wa_id=1700000000123, callee_id=12345678901234567, called 4791234567 times",
        'wa_id=12, "took" <5511968155> wa_ids=4791234567',
        "id 00000012345678 and 0012345678901",
        "0x415-555-2671",
        "diff @@ -1,7 +14155552 @@",
        "delta +21821941977, offset=+4763745565 drift, adjusted by +14155552671",
        "+4 434 303 9824 bytes and +14155552671 bytes",
        "v 476.786.4518, ref 274-784-5647, order 415-555-2671",
        "call id 4155552671, call 1234567890 ended after 300, text 12345678",
        "sms queue 12345678 len 300, contact 12345 at 123456, ring 3 of 12",
        "system call 0x0000 12 34, call 10.0.0.12:5060, calling 2026-11-24 10:00:00",
    ),
)

# --- addresses of machines: off unless asked for, because operators need them -------------------------------------

IPV4 = Rule(
    name="ipv4",
    description="IPv4 addresses (off by default: operators need them).",
    source="RFC 791",
    matchers=(Matcher(r"(?<![0-9A-Za-z_.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z_])(?!\.[0-9])", ip_address),),
    positives=(("from 10.251.37.240:35757", "10.251.37.240"),),
    negatives=("oid 1.3.6.1.2.1", "version 300.1.2.3"),
    default=False,
    group="identity",
)

IPV6 = Rule(
    name="ipv6",
    description="IPv6 addresses (off by default: operators need them).",
    source="RFC 4291",
    matchers=(Matcher(r"(?<![0-9A-Za-z_:.])[0-9A-Fa-f:]{2,39}(?:\.[0-9]{1,3}){0,3}(?![0-9A-Za-z_:])", ip_address),),
    positives=(("peer [2001:db8::7334]:443", "2001:db8::7334"),),
    negatives=("at 13:55:31", "mac 00:1b:44:11:3a:b7"),
    default=False,
    group="identity",
)

MAC = Rule(
    name="mac",
    description="MAC addresses (off by default: operators need them).",
    source="IEEE 802",
    matchers=(
        Matcher(
            r"(?<![0-9A-Za-z_:-])(?:[0-9A-Fa-f]{2}(?P<s>[:-])(?:[0-9A-Fa-f]{2}(?P=s)){4}[0-9A-Fa-f]{2}"
            r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![0-9A-Za-z_:-])"
        ),
    ),
    positives=(("wlan0 00:1b:44:11:3a:b7 up", "00:1b:44:11:3a:b7"),),
    negatives=("sha 00:1b:44:11:3a:b7:aa:bb",),
    default=False,
    group="identity",
)

PERSONAL = (EMAIL, CARD, SSN, IBAN, PHONE, IPV4, IPV6, MAC)
