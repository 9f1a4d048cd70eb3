"""Rules for what authorizes a request: the header, and JSON Web Tokens wherever they stand."""
# ruff: noqa: E501 - an expression reads best in one piece

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import QUOTE, REACH, CodeMatcher, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import basic_credentials, has_digit, jwt
from mothership.pipeline.redaction.rules.vocabulary import is_written_out

_HEADER = rf"authorization(?:{QUOTE})?\s{{0,4}}(?:=>|[:=,])\s{{0,4}}(?:\[\s?)?(?:{QUOTE})?"


AUTHORIZATION = Rule(
    name="authorization",
    description="Credentials of an `Authorization` header, and `Bearer …` and `Basic …` wherever they stand.",
    source="RFC 9110, 11.6.2; RFC 6750; RFC 7617",
    matchers=(
        Matcher(
            _HEADER
            + r"(?:basic|bearer|token|apikey|negotiate|ntlm|jwt|dpop|sharedkey(?:lite)?|ssws|key|aws|goog[14])\s{1,4}"
            r"(?P<secret>[^\s\"'\\,;<>]{1,16384})",
            is_written_out,
            ignore_case=True,
        ),
        Matcher(
            _HEADER + r"(?:digest|hawk|oauth|aws4-hmac-sha256|signature)\s{1,4}"
            r"(?P<secret>(?:[\w-]{1,64}=(?:\\*\"[^\"\r\n]{0,1024}\"|[^\s,\"]{0,1024}),?[ ]?){1,40})",
            ignore_case=True,
        ),
        Matcher(
            _HEADER + r"[A-Za-z][\w-]{1,31}\s{1,4}(?P<secret>[0-9A-Za-z+/_.~=:-]{12,16384})(?![\w ])",
            has_digit,
            ignore_case=True,
        ),
        Matcher(
            _HEADER + r"(?P<secret>[0-9A-Za-z+/_.~=-]{8,16384}(?::[0-9A-Za-z+/_.~=-]{8,16384})?)",
            has_digit,
            ignore_case=True,
        ),
        Matcher(
            r"(?<![A-Za-z])bearer\s{1,4}(?P<secret>[0-9A-Za-z._~+/-]{12,16384}={0,2})",
            has_digit,
            ignore_case=True,
        ),
        Matcher(
            r"(?<![A-Za-z])basic\s{1,4}(?P<secret>[0-9A-Za-z+/]{6,2048}={0,2})",
            basic_credentials,
            ignore_case=True,
        ),
    ),
    positives=(
        ("Authorization: Bearer abc123", "abc123"),
        (
            "Authorization: key=AAAAk9TqLm3:APA91bHZv7Rk4NwPb8YcJd6HfS3aQw2ErTyUiOpAsDfGhJkLzXcVbNmQw1ErTyUiO",
            "APA91bHZv7Rk4NwPb8YcJd6HfS3aQw2E",
        ),
        ("> authorization: Basic dXNlcjpwYXNz\r\n> host: x", "dXNlcjpwYXNz"),
        ('{"Authorization":"Token 9944b09199c62bcf9418"}', "9944b09199c62bcf9418"),
        ('Authorization: Digest username="bob", realm="x", response="6629fae49393a05397450978507c4ef1"', "6629fae4"),
        ("sent with bearer 6f1ed002ab5595859014ebf0951522d9", "6f1ed002ab5595859014ebf0951522d9"),
        ("auth Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("Authorization: Splunk 098be711-1ae1-41be-a727-68ef131fc9a2", "098be711-1ae1-41be-a727-68ef131fc9a2"),
        ("Authorization: AWS 0PN5J17HBGZHT7JJ3X82:frJIUN8DYpKDtOLCwo//yllqDzg=", "frJIUN8DYpKDtOLCwo//yllqDzg="),
    ),
    negatives=(
        "authorization: granted for bob",
        "Authorization failed, bearer of the certificate unknown",
        "Basic authentication required, basic functionality only",
        "authorization=none",
    ),
)

_JWT = re.compile(r"(?<![A-Za-z0-9])eyJ[0-9A-Za-z_-]{5,16384}(?:\.[0-9A-Za-z_-]{0,16384}){1,4}", re.ASCII)
_JWT_PART = re.compile(r"[0-9A-Za-z_-]*")
_JWT_PART_MAX = 16_384 + len("eyJ")


def _jwts(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find tokens; what begins in a run of their characters that no dot ends is none, which is said once for all."""
    last = min(len(text), end + REACH)
    at = text.find("eyJ", start, end + 2)
    while at >= 0:
        run = _JWT_PART.match(text, at, last)
        stop = run.end() if run else at
        if text[stop : min(stop + 1, last)] != ".":
            yield None
            at = text.find("eyJ", stop, end + 2)
            continue
        match = _JWT.match(text, at, last) if stop - at <= _JWT_PART_MAX else None
        yield match.span() if match and jwt(match[0]) else None
        at = text.find("eyJ", max(at + 1, stop - _JWT_PART_MAX), end + 2)


JWT = Rule(
    name="jwt",
    description="JSON Web Tokens, signed, unsigned and encrypted: the first part must decode to a JOSE header.",
    source="RFC 7519, 7515, 7516",
    matchers=(
        CodeMatcher(_jwts, (_JWT,)),
        # Encoded once more: base64 of `eyJ`.
        Matcher(r"(?<![A-Za-z0-9+/])ZXlK[0-9A-Za-z+/]{60,16384}={0,2}"),
    ),
    positives=(
        (
            "jwt eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "eyJzdWIiOiIxMjM0NTY3ODkwIn0",
        ),
        ("x=eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ. end", "eyJzdWIiOiJib2IifQ"),
    ),
    negatives=("eyJub3RhIjoiand0In0 alone", "eyJxxxxxxx.not.one"),
)
