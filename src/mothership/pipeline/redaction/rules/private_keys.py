"""The rule for private keys: blocks, and what is known for one without its first line."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece; lengths of keys

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import CodeMatcher, Matcher, Rule, Span

_GAP = r"(?:[ +_]|%20)"
_BEGIN = re.compile(
    rf"-{{2,5}}{_GAP}?BEGIN{_GAP}(?:(?:[A-Z0-9]{{1,12}}{_GAP}){{0,4}}(?:PRIVATE|SECRET){_GAP}KEY(?:{_GAP}BLOCK)?"
    rf"|OpenVPN{_GAP}(?:Static|tls-crypt-v2{_GAP}(?:client|server)){_GAP}key(?:{_GAP}V[0-9])?){_GAP}?-{{2,5}}"
)
_END = re.compile(rf"-{{2,5}}{_GAP}?END{_GAP}[^-\r\n]{{1,60}}-{{2,5}}")
_END_MAX = 80  # characters
_BLOCK_MAX = 65_536
_BODY = re.compile(r"(?:\\+[nrt]|[\s|>\"',+]|%0[AaDd])*(?:[0-9A-Za-z+/=]{16}|Proc-Type|Version|Comment|Charset)")
_PUTTY = r"Private-Lines: [0-9]{1,3}(?:\\+[nr]|\s)+(?:[0-9A-Za-z+/=]{4,80}(?:\\+[nr]|\s)*){1,200}"


def _private_keys(text: str, start: int, end: int) -> Iterator[Span | None]:
    at = text.find("BEGIN", start, end + 8)
    stop: re.Match[str] | None = None
    searched = 0  # up to here there is no other end: looking again from every beginning would be quadratic
    while at >= 0:
        begin = _BEGIN.match(text, _dashes_before(text, at))
        if begin is None:
            yield None
            at = text.find("BEGIN", at + 5, end + 8)
            continue
        if stop is None or stop.start() < begin.end():
            first, last = max(begin.end(), searched - _END_MAX), begin.end() + _BLOCK_MAX
            stop = _END.search(text, first, last) if text.find("END", first, last) >= 0 else None
            searched = 0 if stop else last
        if stop is None and not _BODY.match(text, begin.end()):
            yield None  # the words alone, without a key behind them
            at = text.find("BEGIN", begin.end(), end + 8)
            continue
        # A block without its end was cut off: everything behind it may be key.
        last = stop.end() if stop else len(text)
        yield begin.start(), last
        at = text.find("BEGIN", last, end + 8)


def _dashes_before(text: str, at: int) -> int:
    first = at
    while first > 0 and at - first < 8 and text[first - 1] in "-_+ ":
        first -= 1
    return at - len(text[first:at].lstrip("_+ "))


PRIVATE_KEY = Rule(
    name="private_key",
    description="Private key blocks (PEM, OpenSSH, PGP, SSH2, PuTTY), across line breaks, real or written `\\n`; a "
    "block that was cut off goes to the end of the string.",
    source="RFC 7468, 4716, 9580; PuTTY PPK; age",
    matchers=(
        CodeMatcher(_private_keys, (_BEGIN,)),
        Matcher(_PUTTY),
        # Encoded: base64 of `-----BEGIN ` and the kinds of private keys.
        Matcher(
            r"LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0EgUFJJ|FQyBQUklW|PUEVOU1NI|FTkNSWVBU|EU0EgUFJJ)[0-9A-Za-z+/\r\n]{16,16000}={0,2}"
        ),
        Matcher(r"AGE-SECRET-KEY-1[0-9A-Z]{10,80}"),
        # Without its lines: DER in base64 begins alike for each kind, and otherwise than a public key or a certificate.
        Matcher(
            r"(?<![0-9A-Za-z+/])M(?:II[A-Za-z0-9+/]{1,4}(?:IBADANBgkqhkiG9w0BAQEFAASC|IBAAK[BC])|IG[HT]AgEAMB[AM]GByqGSM49AgEG|H[cQ]CAQEEI|C4CAQAwBQYDK2V|IGkAgEBBD)[0-9A-Za-z+/\r\n]{24,16000}={0,2}"
        ),
        # A wallet's: extended keys, and what stands behind the words for one in hexadecimal or base58.
        Matcher(r"(?<![0-9A-Za-z])[xyztuv]prv(?P<secret>[1-9A-HJ-NP-Za-km-z]{80,120})(?![0-9A-Za-z])"),
        Matcher(
            r"(?:WIF|priv(?:ate|kei?y)?)[\s_-]{0,2}(?:key)?[\s\"':=]{1,4}(?P<secret>[5KLc9][1-9A-HJ-NP-Za-km-z]{50,51})(?![0-9A-Za-z])",
        ),
    ),
    positives=(
        (
            "key:\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx\nabc/def+12==\n-----END RSA PRIVATE KEY-----\nok",
            "MIIEowIBAAKCAQEAx\nabc/def+12==",
        ),
        (
            '{"k":"-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkq\\n-----END PRIVATE KEY-----\\n"}',
            "MIIEvQIBADANBgkq",
        ),
        (
            "-----BEGIN OpenVPN Static key V1-----\n68358e94e65fd995324c7934e0bada66\n-----END OpenVPN Static key V1-----",
            "68358e94e65fd995324c7934e0bada66",
        ),
        (
            "ssh_host_rsa_key: MIIEowIBAAKCAQEAruaTVrByQ49ep0InLS552FeL1n1KZxtlI2MgJ30bnvoFN4YvjEHLYO9hBbiGxguV",
            "ruaTVrByQ49ep0InLS552FeL1n1KZxtlI2MgJ30bnvoFN4YvjEHLYO9hBbiGxguV",
        ),
        (
            "wif key 5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ".replace("wif", "WIF"),
            "5HueCGU8rMjxEXxiPuD5BDku4MkFqe",
        ),
        ("cut -----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjE", "b3BlbnNzaC1rZXktdjE"),
    ),
    negatives=(
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIE\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG\n-----END PUBLIC KEY-----",
        "expected -----BEGIN RSA PRIVATE KEY----- in file",
        "BEGIN TRANSACTION",
        "spki MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAdqw0PWA12teOHpZPFKiywN1YZ8sr, cert MIIDdzCCAl+gAwIBAgIEAfcELdFrqueEHkOo1",
        "OpenVPN Static key file: ta.key, -----BEGIN OpenVPN tls-auth-----",
    ),
)
