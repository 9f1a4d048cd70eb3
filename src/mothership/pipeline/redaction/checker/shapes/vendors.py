"""What issuers' tokens look like to the check where an example alone doesn't tell."""

from mothership.pipeline.redaction.checker.shape_scanner import Shape

_B = r"(?:^|[^0-9A-Za-z])"


def _token(rule: str, sign: str, rest: str) -> Shape:
    return Shape(rule.replace("_", " "), rule, sign, rf"{_B}{sign}{rest}")


VENDORS = (
    _token("alibaba_key", r"LTAI[0-9A-Za-z]{4}", r"[0-9A-Za-z]{8,}"),
    _token("asana_token", r"[0-9]/[0-9]{13,}:", r"[0-9a-f]{32}"),
    _token("clickhouse_key", r"4b1d[0-9A-Za-z]{12}", r"[0-9A-Za-z]{26,}"),
    _token("defuse_ciphertext", r"def50200[0-9a-f]{8}", r"[0-9a-f]{100,}"),
    _token("discord_webhook", r"webhooks/[0-9]{17,}/", r"[0-9A-Za-z_-]{40,}"),
    _token("expo_push_token", r"Expo(?:nent)?PushToken\[", r"[0-9A-Za-z_-]{16,}"),
    _token("gitlab_token", r"GR1348941", r"[0-9A-Za-z_-]{16,}"),
    _token("neon_key", r"npg_[0-9A-Za-z]{4}", r"[0-9A-Za-z]{6,}"),
    _token("newrelic_other_key", r"eu01xx[0-9a-f]{8}", r"[0-9a-f]{20,}NRAL"),
    _token("nuget_key", r"oy2[0-9a-z]{8}", r"[0-9a-z]{35}"),
    _token("okta_token", r"SSWS 00", r"[0-9A-Za-z_-]{30,}"),
    _token("scaleway_key", r"SCW[0-9A-Z]{8}", r"[0-9A-Z]{9}"),
    _token("sumologic_id", r"receiver/v1/http/", r"[0-9A-Za-z_=-]{40,}"),
    _token("teams_webhook", r"webhookb2/[0-9A-Fa-f-]{30}", r"[0-9A-Fa-f@-]+/IncomingWebhook/[0-9A-Za-z]{16}"),
    _token("telnyx_key", r"KEY[0-9A-F]{8}", r"[0-9A-F]{6,}_[0-9A-Za-z]{10,}"),
    _token("twitter_bearer", r"A{20}", r"A*[0-9A-Za-z%]{40,}"),
    _token("zapier_webhook", r"hooks\.zapier\.com/hooks/catch/", r"[0-9]+/[0-9A-Za-z]{4,}"),
)
