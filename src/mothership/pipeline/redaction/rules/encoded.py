"""The rules for what is encoded."""
# ruff: noqa: E501 - an expression reads best in one piece

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from mothership.pipeline.redaction.credential_names import says_credential
from mothership.pipeline.redaction.rules.rule import QUOTE, REACH, CodeMatcher, Finder, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import readable
from mothership.pipeline.redaction.rules.vocabulary import looks_like_secret

_BASE64 = re.compile(r"(?<![0-9A-Za-z+/_=-])[0-9A-Za-z+/_-]{16,16384}={0,2}(?![0-9A-Za-z+/_=-])")


def base64_finder(unsafe: Callable[[str], bool]) -> Finder:
    """Find base64 whose text `unsafe` objects to."""

    def find(text: str, start: int, end: int) -> Iterator[Span | None]:
        for match in _BASE64.finditer(text, start, min(len(text), end + REACH)):
            if match.start() >= end:
                return
            plain = readable(match[0])
            yield match.span() if plain and unsafe(plain) else None

    return find


def _never(_text: str) -> bool:
    return False


def _text_of(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        return b""


def _speaks_of_a_secret(text: str) -> bool:
    """Tell whether a PowerShell command in UTF-16 holds a word for a secret, or names a user beside something."""
    plain = _text_of(text).decode("utf-16-le", errors="replace")
    return _SECRET_WORD.search(plain) is not None


def _three_parts(text: str) -> bool:
    """Tell whether base64 holds what SASL PLAIN sends: who, a zero byte, the password."""
    return b"\0" in _text_of(text)[:256]


def _speaks_of_one(text: str) -> bool:
    """Tell whether audit's hexadecimal command line has an option that takes a password."""
    return _OPTION.search(bytes.fromhex(text).decode("utf-8", errors="replace")) is not None


_OPTION = re.compile(r"pass|pwd|secret|token|api-?key|\0-[pPaw][^\0]|\0-[pPaw]\0|:[^\0/]+@", re.IGNORECASE)
_SECRET_WORD = re.compile(
    r"pass|pwd|secret|token|key|cred|/user:|net1?(?:\.exe)? use|-u\b|logon|invoke-|downloadstring|http", re.IGNORECASE
)


def _holds_login(text: str) -> bool:
    """Tell whether base64 holds `user:password`, or JSON with a name for a credential in it."""
    plain = readable(text)
    if plain.startswith("{"):
        return _holds_credential(text)
    return _USER_AND_PASSWORD.fullmatch(plain) is not None


def _holds_credential(text: str) -> bool:
    """Tell whether base64 holds JSON with a name for a credential in it."""
    try:
        read = json.loads(readable(text))
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and any(
        name in {"auth", "auths"} or says_credential(name) for name in _names(read, 3)
    )


def _names(read: dict[str, Any], depth: int) -> Iterator[str]:
    yield from read
    for inner in read.values() if depth else ():
        if isinstance(inner, dict):
            yield from _names(inner, depth - 1)


def _holds_password(text: str) -> bool:
    """Tell whether base64 that a program decodes on the spot holds a password or a login."""
    plain = readable(text)
    return looks_like_secret(plain) or _USER_AND_PASSWORD.fullmatch(plain) is not None or _holds_credential(text)


def _is_answer(text: str) -> bool:
    """Tell base64 from a word."""
    return not text.isalpha() and bool(_text_of(text.rstrip("=")))


_USER_AND_PASSWORD = re.compile(r"[^\s:{}\"'/]{1,64}:[^\s:/][^\r\n]{2,256}")

ENCODED_CREDENTIAL = Rule(
    name="encoded_credential",
    description="Credentials that are known to be encoded where they stand: LDIF's `userPassword:: …`, what follows SMTP's "
    "`334 UGFzc3dvcmQ6`, SASL's first answers, PowerShell's `-EncodedCommand`, SAML's answers, `unattend.xml`.",
    source="RFC 2849, 4616, 4954, 7628; Microsoft's documentation of powershell.exe and of answer files; SAML 2.0 bindings",
    matchers=(
        Matcher(
            r"(?:userPassword|unicodePwd|userPKCS12|sambaNTPassword|authPassword|krbPrincipalKey|ipaNTHash|pwdHistory|password|secret|pwd)"
            r"(?:;[\w-]{1,32})?::[ \t]{1,4}(?P<secret>[0-9A-Za-z+/\r\n ]{4,4096}={0,2})",
            ignore_case=True,
        ),
        Matcher(
            r"334\sUGFzc3dvcmQ6\W{1,12}(?:[A-Z]:\s?|client:?\s?|\w{1,12}\[[0-9]{1,7}\]:\s?)?(?P<secret>[0-9A-Za-z+/]{4,512}={0,2})(?![0-9A-Za-z+/])"
        ),
        Matcher(r"334\sVXNlcm5hbWU6\W{1,12}(?P<secret>[0-9A-Za-z+/]{4,512}={0,2})(?![0-9A-Za-z+/])"),
        Matcher(
            r"\s[-/]e(?:nc?|ncodedcommand|c)\s{1,4}[\"']?(?P<secret>[0-9A-Za-z+/]{16,16384}={0,2})",
            _speaks_of_a_secret,
            ignore_case=True,
        ),
        Matcher(
            r"SAML(?:Response|Request|Assertion|art)=?[\"']?\s?[:=]\s?[\"']?(?P<secret>[0-9A-Za-z+/%_-]{40,16384}={0,2})",
            ignore_case=True,
        ),
        Matcher(r"XOAUTH2(?:\s[\w ]{1,40}:)?\s{1,2}(?P<secret>[0-9A-Za-z+/]{16,8192}={0,2})", ignore_case=True),
        Matcher(r"OAUTHBEARER(?:\s[\w ]{1,40}:)?\s{1,2}(?P<secret>[0-9A-Za-z+/]{16,8192}={0,2})", ignore_case=True),
        Matcher(
            r"AUTHENTICATE\s(?:PLAIN\s)?(?P<secret>[0-9A-Za-z+/]{8,1024}={0,2})(?![0-9A-Za-z+/])",
            _three_parts,
            ignore_case=True,
        ),
        Matcher(
            r"(?:basic|auth(?:orization|data)?|credentials?|creds|b64|base64|dockercfg|userinfo|remember-?me|login|user:pass\w{0,5})(?:\s(?:auth\s)?(?:header|string|value))?\)?[^\r\n0-9A-Za-z+/=]{1,3}(?:\(base64\)\s)?[=:\s\"']{0,4}(?P<secret>[0-9A-Za-z+/]{8,4096}={0,2})(?![0-9A-Za-z+/=])",
            _holds_login,
            ignore_case=True,
        ),
        Matcher(r"(?<![0-9A-Za-z+/_-])eyJ[0-9A-Za-z+/]{16,8192}={0,2}(?![0-9A-Za-z+/=._-])", _holds_credential),
        Matcher(
            r"(?:atob|base64_decode|b64decode|FromBase64String|decodeBase64|Base64\.decode\w{0,12}|base64ToString|Buffer\.from)\(\s?b?\\{0,3}[\"'](?P<secret>[0-9A-Za-z+/_-]{8,4096}={0,2})\\{0,3}[\"']",
            _holds_password,
            ignore_case=True,
        ),
        # XMPP: whatever the mechanism, what a client answers holds its password or proves that it has it
        Matcher(
            r"<(?:auth|response)\s[^<>]{0,240}>\s{0,8}(?P<secret>[0-9A-Za-z+/]{8,4096}={0,2})\s{0,8}</", _is_answer
        ),
        Matcher(r"OBF:[0-9a-z]{12,512}"),
        Matcher(r"proctitle=(?P<secret>(?:[0-9A-F]{2}){8,4096})(?![0-9A-Za-z])", _speaks_of_one),
        Matcher(
            rf"(?:hex|unhex|from_?hex|decode)\(\s?{QUOTE}(?P<secret>(?:[0-9a-f]{{2}}){{6,256}}){QUOTE}[^\r\n]{{0,24}}?pass",
            ignore_case=True,
        ),
        Matcher(r"Negotiate\s{1,2}(?P<secret>(?:YII|TlRMTVNTUAA)[0-9A-Za-z+/]{32,16384}={0,2})"),
        Matcher(r"Password>\s{0,8}<Value>(?P<secret>[^<]{1,1024})", ignore_case=True),
    ),
    positives=(
        ("basic auth header: b3BzOmJyaWRnZTgyOQ==", "b3BzOmJyaWRnZTgyOQ=="),
        ("credentials (base64) b3BzOmNvZmZlZTIyOTc=", "b3BzOmNvZmZlZTIyOTc="),
        (
            ".dockerconfigjson: eyJhdXRocyI6IHsici5pbyI6IHsiYXV0aCI6ICJZVHB4In19fQ==",
            "eyJhdXRocyI6IHsici5pbyI6IHsiYXV0aCI6",
        ),
        (
            "body_b64=eyJ1c2VyIjogIm9wcyIsICJwYXNzd29yZCI6ICJHNWRZVkFnNUF5In0=",
            "eyJ1c2VyIjogIm9wcyIsICJwYXNzd29yZCI6ICJH",
        ),
        ("Buffer.from('b3BzOndzeFFXRSM2Mg==', 'base64')", "b3BzOndzeFFXRSM2Mg=="),
        (
            "<auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>a2ltOndpbGxvdzc=</auth>",
            "a2ltOndpbGxvdzc=",
        ),
        ("OBF:1v2j1uum1xtv1zej1zer1xtn1uvk1v1v", "1v2j1uum1xtv1zej1zer1xtn1uvk1v1v"),
        ("proctitle=6D7973716C002D75726F6F74002D7053656372337421", "6D7973716C002D75726F6F74002D7053656372337421"),
        ("userPassword:: bTlraG9MRHJaRFRzTmRFRQ==", "bTlraG9MRHJaRFRzTmRFRQ=="),
        ("unicodePwd:: lwGS2IY4MkPmS7vmvhPiOSN3+kjuJQ==", "lwGS2IY4MkPmS7vmvhPiOSN3+kjuJQ=="),
        ("< 334 UGFzc3dvcmQ6 > Y29iYWx0c2FmZnJvbjI=", "Y29iYWx0c2FmZnJvbjI="),
        (
            "powershell -EncodedCommand bgBlAHQAIAB1AHMAZQAgAC8AdQBzAGUAcgA6AHMAdgBjACAAaAB1AG4AdABlAHIAMgA=",
            "bgBlAHQAIAB1AHMAZQAgAC8AdQBzAGUAcgA6AHMAdgBjACAAaAB1AG4AdABlAHIAMgA=",
        ),
        (
            "SAMLResponse=PHNhbWxwOlJlc3BvbnNlh/v3P5dQTh1s8eSkm0yCYjgY7sYunSnmBK3Bsmn2",
            "PHNhbWxwOlJlc3BvbnNlh/v3P5dQTh1s8eSkm0yCYjgY7",
        ),
        ("SASL XOAUTH2 initial response: dXNlcj1hbm5AZXhhbXBsZS5vcmcBYXV0aD1C", "dXNlcj1hbm5AZXhhbXBsZS5vcmcBYXV0aD1C"),
        ("AUTHENTICATE AHJvb3QAZmFsY29udGh1bmRlcnM=", "AHJvb3QAZmFsY29udGh1bmRlcnM="),
        ("<AdministratorPassword><Value>en3aWq1lM+/shryYTauCLBysxB</Value>", "en3aWq1lM+/shryYTauCLBysxB"),
    ),
    negatives=(
        "<auth mechanism='PLAIN'/>, <auth type='basic'>required</auth>, <response code='200'>OK</response>",
        "334 UGFzc3dvcmQ6",
        "AUTHENTICATE PLAIN failed, XOAUTH2 not supported, SAMLResponse missing",
        "powershell -ec ZQBjAGgAbwAgAGgAZQBsAGwAbwAgAHcAbwByAGwAZAA=",
        "std::password::policy, basic authentication, auth: eyJub3RhIjoiand0In0, base64: aGVsbG8gd29ybGQ=, atob('aGVsbG8gd29ybGQ=')",
        "login description_b64=QmFsbGFzdCBwdW1wIHN0YXJib2FyZCwgMjUwIG0zL2ggNjE=, proctitle=2F7573722F7362696E2F73736864",
    ),
)

BASE64 = Rule(
    name="base64",
    description="Base64 that decodes to a text in which another rule finds something (off by default: it costs more).",
    source="RFC 4648",
    matchers=(CodeMatcher(base64_finder(_never), (_BASE64,)),),
    positives=(("body cGFzc3dvcmQ9aHVudGVyMiBtYWlsPWFAYi5jbw== end", "cGFzc3dvcmQ9aHVudGVyMiBtYWlsPWFAYi5jbw=="),),
    negatives=("body aGVsbG8gd29ybGQsIGhlbGxvIGFnYWlu end",),
    default=False,
)
