"""Keys that an address is made of, and keys behind the plain word for one that look like an id."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece; lengths of keys

import re

from mothership.pipeline.redaction.rules.keys_by_word import is_random_small
from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher
from mothership.pipeline.redaction.rules.vocabulary import is_random

_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_HEX = r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})"
_UUID_ONLY = re.compile(_UUID, re.IGNORECASE)


def _is_secret_path(text: str) -> bool:
    """Tell the secret part of a hook's address from the name of a hook."""
    parts = text.strip("/").split("/")
    return any(
        _UUID_ONLY.fullmatch(each)
        or is_random_small(each)
        or (len(each) >= 24 and is_random(each) and any(map(str.isdigit, each)))
        for each in parts
    )


KEYS_IN_ADDRESSES = (
    Matcher(r"(?<![0-9A-Za-z])private\s(?:key:?\s)?(?P<secret>[0-9A-Za-z+/]{43}=)(?![0-9A-Za-z+/=])", ignore_case=True),
    Matcher(rf"(?<![a-z])key=(?P<secret>{_HEX})(?=[^\r\n]{{0,24}}?otp)"),
    Matcher(
        rf"(?<![A-Za-z0-9])X-[\w-]{{2,24}}-(?:Auth|Key|Token|Secret)(?:{QUOTE})?\s?(?::=|=>|[:=])\s?(?:{QUOTE})?(?P<secret>[0-9A-Za-z][0-9A-Za-z._~+/=-]{{7,1024}})",
        lambda text: len(text) >= 16 and any(map(str.isdigit, text)),
        ignore_case=True,
    ),
    Matcher(r"erlang\.?cookie[^\r\n]{0,24}?(?:content|value|is|:|=|to)\s{1,2}[\"']?(?P<secret>(?=[0-9A-Z]{0,40}[A-Z])[0-9A-Z]{16,64})(?![0-9A-Za-z])", ignore_case=True),
    Matcher(r"basic\s(?:auth\s)?user\s(?P<secret>[0-9A-Za-z]{16,64}):[xX](?![0-9A-Za-z])", is_random_small),
    Matcher(rf"[?&]u=[^&\s]{{1,40}}&h=(?P<secret>{_HEX})(?=&)"),
    Matcher(r"bearer\s[a-z]{3,16}\s(?P<secret>[0-9a-z]{24,128})(?![\w-])", is_random_small, ignore_case=True),
    Matcher(r"(?<![0-9A-Za-z])ha1\s{0,60}\|(?:\s{0,4}(?:\r?\n|\\n)[|+-]{0,400}){1,2}[^\r\n]{0,300}?\|\s(?P<secret>[0-9a-f]{32})\s{1,4}\|"),
    Matcher(r"<session_?id>(?P<secret>[^<>\s]{16,4096})</", ignore_case=True),
    Matcher(r"<field\sid=\\?\"52\\?\"\svalue=\\?\"(?P<secret>[0-9A-F]{16,32})\\?\""),
    Matcher(
        r"https?://[\w.:-]{3,128}/(?:[\w.-]{1,40}/){0,4}(?:web)?hooks?(?:/(?:catch|incoming|v[0-9]|in|services?|[0-9]{3,12})){0,3}/(?P<secret>[0-9A-Za-z@/_-]{16,256})",
        _is_secret_path,
    ),
    Matcher(r"https?://(?:hook|hooks)\.[\w.-]{3,64}/(?P<secret>[0-9A-Za-z/_-]{20,128})", _is_secret_path),
    Matcher(rf"(?<![A-Za-z])GenieKey\s(?P<secret>{_UUID})(?![\w-])"),
    Matcher(rf"(?<![A-Za-z])OAuth2?\s(?P<secret>{_HEX})(?![0-9A-Za-z])"),
    Matcher(r"/api/(?P<secret>[0-9A-F]{10})(?=/(?:lights|groups|config|scenes|sensors)(?![\w-]))"),
    Matcher(r"/(?:webhookb?2?|IncomingWebhook)/(?P<secret>[0-9a-f]{8}-[0-9A-Za-z@/-]{40,256})"),
    Matcher(rf"(?:hc-ping\.com|healthchecks\.[a-z]{{2,8}}/ping|/ping)/(?P<secret>{_UUID})(?![\w-])"),
    Matcher(r"pagerduty\.com/(?:integration|generic|x-ere)/(?P<secret>[0-9A-Za-z]{20,40})"),
    Matcher(rf"(?:sentry_key|InstrumentationKey|instrumentation_?key)=(?P<secret>{_HEX}|{_UUID})(?![\w-])", ignore_case=True),
    Matcher(
        rf"(?<![A-Za-z])(?:(?:api|access|auth|acl|hec|refresh|session|service|deploy|registration|enrollment|join|nomad|consul|bot|ingest|user|license)[-_ ])?(?:api-?key|token|secret_?id)(?:{QUOTE})?(?:\s(?:is|was|for\s[\w.@-]{{1,40}})|\s?[:=])?\s{{1,2}}(?:{QUOTE})?(?P<secret>{_UUID})(?![\w-])",
        ignore_case=True,
    ),
    Matcher(rf"secret_?id(?:{QUOTE})?\s?[:=]\s{{0,12}}(?:{QUOTE})?(?P<secret>{_UUID})(?![\w-])", ignore_case=True),
    Matcher(
        rf"(?<![A-Za-z])(?:issued|using|with|new|generated|created|revok(?:ed?|ing)|got|sent|apns|device|push|rotated|expired|stored|steam)\s(?:an?\s|the\s)?(?:(?:access|api|auth|bearer|device|push|session|refresh)\s)?(?:token|key(?==))(?:=|:?\s)\s?[<\"']?(?P<secret>{_HEX})(?![0-9A-Za-z_-])",
        ignore_case=True,
    ),
    Matcher(r"(?:invalid|bad|expired|unknown|revoked|wrong)\s(?:[a-z]{2,10}\s)?token:\s{1,2}[\"']?(?P<secret>[0-9A-Za-z_-]{16,512})(?![0-9A-Za-z_.:-])", is_random_small, ignore_case=True),
    Matcher(r"(?:consumer|access|client|app|application|api)\skey\s(?P<secret>[0-9A-Za-z]{16,64})(?=\s(?:and\s)?secret)", is_random_small, ignore_case=True),
)  # fmt: skip
KEYS_IN_ADDRESSES_POSITIVES = (
    ("POST https://chat.example.org/hooks/k7qx2mvb9tzr4wlp0shdyc6nfj 200", "k7qx2mvb9tzr4wlp0shdyc6nfj"),
    ("https://hook.eu1.example.com/k7qx2mvb9tzr4wlp0shdyc6nfjga3eui", "k7qx2mvb9tzr4wlp0shdyc6nfjga3eui"),
    ("opsgenie: GenieKey 3f7c9e12-84ab-4d6e-b1f0-92c7d5e8a634", "3f7c9e12-84ab-4d6e-b1f0-92c7d5e8a634"),
    ("statuspage: OAuth 9f3c1a77e0b24d58a6c1f0e39b7d24c8", "9f3c1a77e0b24d58a6c1f0e39b7d24c8"),
    ("GET /api/9F8E7D6C5B/lights", "9F8E7D6C5B"),
    ("GET https://hc-ping.com/3f7c9e12-84ab-4d6e-b1f0-92c7d5e8a634", "3f7c9e12-84ab-4d6e-b1f0-92c7d5e8a634"),
    ("sentry_key=9f3c1a77e0b24d58a6c1f0e39b7d24c8", "9f3c1a77e0b24d58a6c1f0e39b7d24c8"),
    ("consul acl token 3f7c9e12-84ab-4d6e-b1f0-92c7d5e8a634", "3f7c9e12-84ab-4d6e-b1f0-92c7d5e8a634"),
    ("secret_id: 3f7c9e12-84ab-4d6e-b1f0-92c7d5e8a634", "3f7c9e12-84ab-4d6e-b1f0-92c7d5e8a634"),
    ("issued token 9f3c1a77e0b24d58a6c1f0e39b7d24c8 to client", "9f3c1a77e0b24d58a6c1f0e39b7d24c8"),
    ("invalid token: k7Qx2mVb9TzR4wLp0sHd", "k7Qx2mVb9TzR4wLp0sHd"),
)
KEYS_IN_ADDRESSES_NEGATIVES = (
    "https://example.org/webhooks/order-created, https://x.org/hooks/post-receive-production, GET /ping/3, https://hooks.example.org/docs/getting-started-guide",
    "request 3f7c9e12-84ab-4d6e-b1f0-92c7d5e8a634 has no token, invalid token: expected_semicolon_here, token bucket 3f7c9e12, new token type",
)
