"""The rule for keys behind the name of the service that gave them: `PAGERDUTY_KEY=…`, `wandb token …`, `codaKEY-…`.

Behind a word for a key alone only what is random by its looks is one. With the service's name before the word it need
not be: hexadecimal digits and UUIDs, which are ids elsewhere, small letters, and no sign between.
"""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece; lengths of keys

import re

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.service_names import SERVICES, WORDS
from mothership.pipeline.redaction.rules.validators import turns
from mothership.pipeline.redaction.rules.vocabulary import is_written_out

LENGTH_MIN = 14
LONG = 20
"""From here on letters alone are no word."""
NAME_CHARACTERS = 48
_WORD = r"(?:key|token|secret|access|private|pat|credential)"
_NAME_ENDS = re.compile(r"[a-z0-9]+\Z")
_QUALIFIED = re.compile(
    r"(?:api|app|apps|web|live|test|prod|production|sandbox|sample|personal|private|secret|access|client|server|master|user|account"
    r"|read|write|rest|auth|oauth2?|bearer|license|ingest|integration|service|admin|bot|org|team|project|public|publishable|my|our|the|x)\Z"
)
_UUID = re.compile(r"[0-9a-z]{8}(?:-[0-9a-z]{4,6}){2,8}(?:-[0-9a-z]{2,16})?", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{24,128}", re.IGNORECASE)
_NO_KEY = re.compile(
    r"\.[A-Za-z]{2,5}\Z|/.*/|\A[A-Za-z]+(?:[._:/-][A-Za-z]+)+\Z|://|\A[0-9]{4}-[0-9]{2}-[0-9]{2}|\A[0-9]{1,3}(?:\.[0-9]{1,3}){3}|@[a-z]"
)
"""A file, a path, words, an address, a time."""
_FILLED = re.compile(r"(?:x|X){6}")
"""What a manual writes for a key."""
_PUBLIC = re.compile(r"(?:public|publishable|publish)[\s_.-]{0,2}\Z")


def _service(before: str) -> str:
    """Return the name of the service that stands before the word for a key; empty if there is none."""
    while True:
        before = before.rstrip(" _.-:/\"'\t")
        name = _NAME_ENDS.search(before)
        if name is None:
            return ""
        if name[0] in SERVICES or name[0] in WORDS:
            return name[0]
        for service in (name[0].removesuffix("api"), name[0].removesuffix("app"), name[0].removesuffix("io")):
            if service in SERVICES:
                return service
        joined = re.sub(r"[\s_.-]", "", before[-24:])
        for length in range(min(len(joined), 20), 5, -1):
            if joined[-length:] in SERVICES and not joined[:-length].endswith(tuple("abcdefghijklmnopqrstuvwxyz")):
                return joined[-length:]
        shorter = _QUALIFIED.sub("", before)
        if shorter == before:
            return ""
        before = shorter


def _looks_made(value: str) -> bool:
    """Tell a key from words, a file, an address or a count: by how often letters and figures take turns, or its length."""
    letters, figures = sum(map(str.isalpha, value)), sum(map(str.isdigit, value))
    if _NO_KEY.search(value) or not letters:
        return figures >= LONG + 5 and value.isdigit()
    if _UUID.fullmatch(value) or _HEX.fullmatch(value):
        return True
    if not figures:
        return len(value) >= LONG and value.isalpha()
    return figures >= 3 and (turns(value) >= 3 or len(value) >= LONG)


def _looks_random(value: str) -> bool:
    """The same where the service's name may be a word."""
    plain = value.replace("-", "").replace("_", "").isalnum()
    return _HEX.fullmatch(value) is not None or (
        plain and len(value) >= LONG and turns(value) >= 3 and _looks_made(value)
    )


def _key(text: str, match: "re.Match[str]", _last: int) -> Span | None:
    before = text[max(0, match.start() - NAME_CHARACTERS) : match.start()].lower()
    service, value = _service(before), match["secret"].rstrip(".,;:")
    if not service or _PUBLIC.search(before) or _FILLED.search(value) or not is_written_out(value):
        return None
    if len(value) < LENGTH_MIN or not (_looks_random(value) if service in WORDS else _looks_made(value)):
        return None
    return match.start("secret"), match.start("secret") + len(value)


SERVICE_KEY = Rule(
    name="service_key",
    description="Keys behind the name of the service that gave them and a word for one (`PAGERDUTY_KEY=…`, `wandb token …`): "
    "hexadecimal digits, UUIDs and others that are no words.",
    source="the names of services that Kingfisher knows keys of, and of others",
    matchers=(
        Matcher(
            rf"{_WORD}s?(?:[\s_.-]{{0,2}}(?:key|token|secret|access|code|tok|id|value))?(?:{QUOTE})?"
            rf"(?:\s{{0,8}}(?:=>|:=|[=:,])\s{{0,4}}|[\s.-]{{1,3}})(?:{QUOTE})?(?P<secret>[0-9A-Za-z][0-9A-Za-z+/=_~.@:-]{{13,255}})",
            ignore_case=True,
            read=_key,
        ),
        Matcher(
            rf"sonar(?:qube|cloud)?[._-]?(?:login|token)(?:{QUOTE})?\s{{0,4}}(?:=>|[=:,])\s{{0,4}}(?:{QUOTE})?(?P<secret>[0-9a-f]{{40}})(?![0-9a-z])",
            ignore_case=True,
        ),
    ),
    positives=(
        ("props.put('sonar.login', '0b7d3e9f5a1c8264e0f9b3d7c5a1e8f2064c9b7d')", "0b7d3e9f5a1c8264e0f9b3d7c5a1e8f2064c9b7d"),
        ('ado_pat = "q7ztlw2rk9xn4vb7pm1chd5ys8fg3ja6q7ztlw2rk9xn4vb7pm1c"', "q7ztlw2rk9xn4vb7pm1chd5ys8fg3ja6q7ztlw2rk9xn4vb7pm1c"),
        ("PAGERDUTY_KEY=u3x-Vs7Zb4mT6d23KA9q", "u3x-Vs7Zb4mT6d23KA9q"),
        ("wandb token 8c1f0e7ab24d5963f1a08b7c6d5e4f3a2b1c0d9e saved", "8c1f0e7ab24d5963f1a08b7c6d5e4f3a2b1c0d9e"),
        ('onesignal_key = "7d1e6a02-94bc-4c1f-8a35-0be6f2d9c417"', "7d1e6a02-94bc-4c1f-8a35-0be6f2d9c417"),
        ("geckoboardKEY: q8ZtLw2Rk9Xn4Vb7Pm1C", "q8ZtLw2Rk9Xn4Vb7Pm1C"),
        ("mailsac SECRET k_4hT9w2QpZ7xN1mB6vC3rL8sD5fG0jK", "k_4hT9w2QpZ7xN1mB6vC3rL8sD5fG0jK"),
        ("codacy-access-0f9d27c4-51ab-4e36-9d80-c7b1e2a4f653", "0f9d27c4-51ab-4e36-9d80-c7b1e2a4f653"),
        ("spotify_secret: qwmzntrkvbplxcjdhgsyaoeu", "qwmzntrkvbplxcjdhgsyaoeu"),
        ("the pixabay.key is set, WALKSCORE_API_KEY 5b0e6c1d9f8a7234e1c0b9a8d7f6e5c4", "5b0e6c1d9f8a7234e1c0b9a8d7f6e5c4"),
        ("semaphore_key = 9c7e5b3a1d2f4068ac9e7b5d3f1a2c4e", "9c7e5b3a1d2f4068ac9e7b5d3f1a2c4e"),
    ),
    negatives=(
        "github access granted to robot-deployments-2024, slack token rotated: 2026-11-30T10:00:00Z",
        "stripe publishable key pk.not.secret, jira access log /var/log/jira/access_log.2026-11-30, openai token usage=1234567",
        "grafana key=dashboards/production/overview, sentry token expired, datadog key configuration/integrations/nginx",
        "the key 550e8400-e29b-41d4-a716-446655440000 of the cache, front access 10.20.30.40:8443/healthz",
        "route4me: key orders-by-region-2024, vault access denied for service-account-7, consul key services/web/instances",
    ),
)  # fmt: skip
