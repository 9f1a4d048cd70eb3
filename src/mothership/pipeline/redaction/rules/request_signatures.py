"""The rule for signatures of requests: who has one can send the request again, and has what the secret made."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher, Rule

_HEADER = (
    r"(?:CB-ACCESS-(?:SIGN|PASSPHRASE)|(?:OK|KC-API|KC|FTX(?:US)?|X-BAPI|BAPI|X-BX|ACCESS|API|X-BITFLYER|HX|COINEX|X-MEXC)[-_](?:ACCESS-)?SIGN(?:ATURE)?|BFX-SIGNATURE|X-GEMINI-SIGNATURE|X-AUTH-SIGNATURE|AUTH-SIGNATURE|APISIGN"
    r"|X-OVH-Signature|X-OVH-Consumer|X-EBAY-SIGNATURE|X-Request-Signature|X-Api-Signature|X-Auth-Sign|X-Ca-Signature|X-TC-Signature|X-Sign(?:ature)?|oauth_signature|x-amz-signature|X-Goog-Signature)"
)
_CRUMB = r"(?:Jenkins-Crumb|(?<![A-Za-z])\.?crumb|RequestVerificationToken|authenticity_token|anti-?csrf|wpnonce)"


def _is_digest(text: str) -> bool:
    """Tell a signature from the name of a method: `HMAC-SHA1` names one."""
    return (
        any(map(str.isdigit, text))
        and re.fullmatch(r"(?:HMAC|RSA|ECDSA|ED)[-_]?(?:SHA)?-?[0-9]+", text, re.IGNORECASE) is None
    )


REQUEST_SIGNATURE = Rule(
    name="request_signature",
    description="Signatures of requests in their headers and parameters (`CB-ACCESS-SIGN`, `oauth_signature`, `X-OVH-Signature`, "
    "…), and crumbs against forged requests (`Jenkins-Crumb`).",
    source="interfaces of exchanges and clouds; RFC 5849, 3.4; Jenkins, Rails and ASP.NET",
    matchers=(
        Matcher(
            rf"{_HEADER}(?:{QUOTE})?\s{{0,2}}(?:=>|[=:,])\s{{0,2}}(?:\[\s?)?(?:{QUOTE})?(?:\$1\$|sha256=|v1=)?(?P<secret>[0-9A-Za-z+/%_.-]{{16,1024}}={{0,2}})",
            _is_digest,
            ignore_case=True,
        ),
        Matcher(
            rf"{_CRUMB}(?:{QUOTE})?\s{{0,2}}(?:=>|[=:,])\s{{0,2}}(?:{QUOTE})?(?P<secret>[0-9A-Za-z+/%_.-]{{10,512}}={{0,2}})",
            _is_digest,
            ignore_case=True,
        ),
    ),
    positives=(
        (
            "OK-ACCESS-SIGN: 4bLmZ0p7w1rUqvYcE9a3t5kXn8GhJd2fQsRzTy6oVuM=",
            "4bLmZ0p7w1rUqvYcE9a3t5kXn8GhJd2fQsRzTy6oVuM=",
        ),
        (
            '"cb-access-sign": "0c9e1f3ab77d52e46f80c1b2a39d4e5f60718293a4b5c6d7e8f901234567abcd"',
            "0c9e1f3ab77d52e46f80c1b2a39d4e5f60718293a4b5c6d7e8f901234567abcd",
        ),
        ("X-Ovh-Signature: $1$8f14e45fceea167a5a36dedd4bea2543a1b2c3d4", "8f14e45fceea167a5a36dedd4bea2543a1b2c3d4"),
        ('oauth_signature="tR3%2BT81lRX8HZPLpQxGkLwmY2a4%3D", oauth_version', "tR3%2BT81lRX8HZPLpQxGkLwmY2a4%3D"),
        ("-H 'Jenkins-Crumb: 9f2d7a31c4be58061e7f'", "9f2d7a31c4be58061e7f"),
        ("POST body _csrf=&authenticity_token=Qm9hdHMgYWdhaW5zdCB0aGU1", "Qm9hdHMgYWdhaW5zdCB0aGU1"),
    ),
    negatives=(
        'oauth_signature_method="HMAC-SHA1", oauth_signature=HMAC-SHA256, X-Signature: missing, crumb: invalid, breadcrumb=home-page-12',
        "No valid crumb was included in request for /job/build1234567890, CB-ACCESS-TIMESTAMP: 1741337012",
    ),
)
