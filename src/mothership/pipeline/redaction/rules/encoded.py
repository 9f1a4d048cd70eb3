"""The rules for what is encoded."""
# ruff: noqa: E501 - an expression reads best in one piece

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from mothership.pipeline.redaction.rules.rule import REACH, CodeMatcher, Finder, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import readable

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


_SECRET_WORD = re.compile(
    r"pass|pwd|secret|token|key|cred|/user:|net1?(?:\.exe)? use|-u\b|logon|invoke-|downloadstring|http", re.IGNORECASE
)

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
        Matcher(r"Password>\s{0,8}<Value>(?P<secret>[^<]{1,1024})", ignore_case=True),
    ),
    positives=(
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
        "334 UGFzc3dvcmQ6",
        "AUTHENTICATE PLAIN failed, XOAUTH2 not supported, SAMLResponse missing",
        "powershell -ec ZQBjAGgAbwAgAGgAZQBsAGwAbwAgAHcAbwByAGwAZAA=",
        "std::password::policy",
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
