"""Rules for keys that are known by how their issuer writes them."""

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import CodeMatcher, Matcher, Rule, Span

_L, _R = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_SOURCE = "the issuer's documentation, compared with the rules of gitleaks and of GitHub secret scanning"


def _issued(
    name: str,
    description: str,
    expression: str,
    positives: tuple[str, ...],
    negatives: tuple[str, ...],
    *,
    source: str = _SOURCE,
    group: str = "",
) -> Rule:
    """Make a rule of keys that are known by themselves: by a prefix, and by how many of which characters follow it."""
    return Rule(
        name=name,
        description=description,
        source=source,
        matchers=(Matcher(_L + f"(?:{expression})" + _R),),
        positives=tuple((f"using {each} now", each) for each in positives),
        negatives=negatives,
        group=group,
    )


def _other(name: str, description: str, expression: str, positives: tuple[str, ...], *negatives: str) -> Rule:
    """Make a rule of the group that was one rule once: `vendor_token: false` switches off all of them."""
    return _issued(name, description, expression, positives, negatives, group="vendor_token")


def _no_digest(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]*|[0-9A-F]*", text) is None


def _no_words(text: str) -> bool:
    return any("0" <= char <= "9" for char in text) or any("A" <= char <= "Z" for char in text)


def _mixed(text: str) -> bool:
    return any(char.islower() for char in text) and any(char.isupper() for char in text)


AWS = Rule(
    name="aws_key",
    description="AWS access key ids, and secret access keys beside the word `aws`.",
    source=_SOURCE,
    matchers=(
        Matcher(_L + r"(?:A3T[0-9A-Z]|AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}" + _R),
        Matcher(
            r"aws[^\r\n]{0,40}?(?:secret|key)[^\r\n]{0,16}?[^0-9A-Za-z/+](?P<secret>[0-9A-Za-z/+]{40})(?![0-9A-Za-z/+=])",
            _no_digest,
            ignore_case=True,
        ),
    ),
    positives=(
        ("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE"),
        ("aws secret: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ),
    negatives=(
        "AKIASHORT",
        "XAKIAIOSFODNN7EXAMPLE",
        "aws key sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ),
)

GCP = _issued(
    "gcp_key",
    "Google API keys, OAuth client secrets and access tokens.",
    r"AIza[0-9A-Za-z_-]{35}|GOCSPX-[0-9A-Za-z_-]{20,40}|ya29\.[0-9A-Za-z_-]{20,2048}",
    ("AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", "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", "ya29.a0AfH6SMBx1234567890abcd"),
    ("AIzaTooShort", "ya29.short"),
)

_AD_SECRET = re.compile(r"Q~(?<=[0-9]Q~)[0-9A-Za-z_~.-]{31,34}(?![0-9A-Za-z_~-])")
_AD_HEAD = re.compile(r"[0-9][0-9A-Za-z_~.-]{3}(?![0-9A-Za-z_~.-])")
_SIGNED_TAIL = re.compile(
    r"(?:\+ASt|ACDb|AzFu|AzSe|AIoT|\+ARm|AzCa|\+ABa|APIM)[0-9A-Za-z+/]{5,8}={0,2}(?![0-9A-Za-z+/=])"
)
_SIGNED_HEAD = re.compile(r"[0-9A-Za-z+/]{32,76}(?![0-9A-Za-z+/])")


def _azure(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find the fixed middle of a key and read on from there, backwards too."""
    for middle, tail, head in (
        ("Q~", _AD_SECRET, _AD_HEAD),
        *(
            (sign, _SIGNED_TAIL, _SIGNED_HEAD)
            for sign in ("+ASt", "ACDb", "AzFu", "AzSe", "AIoT", "+ARm", "AzCa", "+ABa", "APIM")
        ),
    ):
        at = text.find(middle, start, end + 80)
        while at >= 0:
            behind = tail.match(text, at)
            before = head.match(text[max(0, at - 80) : at][::-1]) if behind else None
            yield (at - before.end(), behind.end()) if behind and before else None
            at = text.find(middle, at + 2, end + 80)


AZURE = Rule(
    name="azure_key",
    description="Azure AD client secrets; storage, Cosmos DB and other account keys by the signature inside them.",
    source=_SOURCE + "; Microsoft identifiable keys",
    matchers=(CodeMatcher(_azure, (r"[0-9]Q~[0-9A-Za-z_~.-]{31}", _SIGNED_TAIL.pattern)),),
    positives=(
        ("secret abc8Q~dEfGhIjKlMnOpQrStUvWxYz0123456789_ used", "abc8Q~dEfGhIjKlMnOpQrStUvWxYz0123456789_"),
        ("k=" + "Zm9vYmFyYmF6cXV4" * 4 + "Zm9vYmFyYmF6" + "+AStAbCdEg==", "Zm9vYmFyYmF6cXV4" * 4),
    ),
    negatives=("sha512 z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg== ok",),
)

GITHUB = _issued(
    "github_token",
    "GitHub personal, OAuth, app and refresh tokens.",
    r"gh[pousr]_[0-9A-Za-z]{30,255}|github_pat_[0-9A-Za-z_]{22,255}",
    (
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0abcdefghijkl_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU",
    ),
    ("ghp_short", "graph_16C7e42F292c6912E7710c838347Ae178B4a"),
)

GITLAB = _issued(
    "gitlab_token",
    "GitLab personal, deploy, runner, job, feed, trigger and agent tokens.",
    r"(?:gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-|GR1348941)[0-9A-Za-z_=-]{20,300}"
    r"(?:\.[0-9a-z]{2}\.[0-9a-z]{7,9})?",
    ("glpat-AbCdEfGhIjKlMnOpQrSt", "glrt-AbCdEfGhIj_lMnOpQrSt"),
    ("glpat-short", "glpattern-AbCdEfGhIjKlMnOpQrSt"),
)

SLACK = Rule(
    name="slack_token",
    description="Slack tokens and webhook URLs.",
    source=_SOURCE,
    matchers=(
        Matcher(_L + r"xox[a-z](?:\.xox[a-z])?-[0-9A-Za-z-]{10,400}"),
        Matcher(_L + r"xapp-[0-9]-[0-9A-Za-z-]{10,400}"),
        Matcher(r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[0-9A-Za-z/+_-]{20,200})"),
    ),
    positives=(
        ("bot xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx", "xoxb-123456789012-1234567890123"),
        (
            "POST https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        ),
    ),
    negatives=("xoxo-hugs", "foxox-1234567890123"),
)

STRIPE = _issued(
    "stripe_key",
    "Stripe secret and restricted keys and webhook secrets (publishable keys are public).",
    r"[sr]k_(?:live|test|prod)_[0-9A-Za-z]{10,250}|whsec_[0-9A-Za-z+/=]{24,100}",
    ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "whsec_AbCdEfGhIjKlMnOpQrStUvWxYz012345"),
    ("pk_live_4eC39HqLyjWDarjtT1zdp7dc", "task_live_4eC39HqLyjWDarjtT1zdp7dc"),
)

OPENAI = Rule(
    name="openai_key",
    description="OpenAI keys (and Anthropic's and OpenRouter's, which begin alike).",
    source=_SOURCE,
    matchers=(
        Matcher(
            r"(?<![A-Za-z0-9_-])sk-(?:(?:proj|svcacct|admin|None|ant|or)-[0-9A-Za-z_-]{20,300}|[0-9A-Za-z]{20,100})(?![A-Za-z0-9_-])",
            _no_words,
        ),
    ),
    positives=(
        ("key sk-AbCdEfGhIjKlMnOpQrStT3BlbkFJUvWxYzAbCdEfGhIj0123 used", "sk-AbCdEfGhIjKlMnOpQrStT3BlbkFJ"),
        ("sk-proj-AbCd_EfGh-IjKlMnOpQrStUvWx0123456789", "sk-proj-AbCd_EfGh-IjKlMnOpQrStUvWx0123456789"),
    ),
    negatives=("task-0123456789abcdef0123456789", "disk-sk-small", "sk-learn-contrib-package"),
)

TWILIO = _issued(
    "twilio_key",
    "Twilio API keys and account SIDs.",
    r"SK[0-9a-fA-F]{32}|AC[0-9a-f]{32}",
    ("SK0123456789abcdef0123456789abcdef", "AC0123456789abcdef0123456789abcdef"),
    ("SK0123", "DESK0123456789abcdef0123456789abcdef"),
)

SENDGRID = _issued(
    "sendgrid_key",
    "SendGrid API keys.",
    r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{16,64}",
    ("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",),
    ("MSG.1234", "SG.short.x"),
)

NPM = _issued(
    "npm_token",
    "npm access tokens.",
    r"npm_[0-9A-Za-z]{30,60}",
    ("npm_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",),
    ("npm_config_registry", "npm_lifecycle_event"),
)

PYPI = _issued(
    "pypi_token",
    "PyPI upload tokens.",
    r"pypi-(?:AgE[0-9A-Za-z_-]{16,1000}|[0-9A-Za-z_-]{60,1000})",
    ("pypi-AgEIcHlwaS5vcmcCJDAxMjM0NTY3LTg5YWItY2RlZi0wMTIzLTQ1Njc4OWFiY2RlZg",),
    ("pypi-server started", "pypi-mirror-frontend"),
)

_HEX = "0123456789abcdef"
_MIXED = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"

OTHERS = (
    _other("huggingface_token", "Hugging Face access tokens.", r"hf_[0-9A-Za-z]{30,60}", ("hf_" + _MIXED,), "hf_short"),
    _other(
        "groq_key", "Groq API keys.", r"gsk_[0-9A-Za-z]{40,60}", ("gsk_" + _MIXED + "AbCdEfGhIjKlMnOp",), "gsk_short"
    ),
    _other(
        "google_refresh_token",
        "Google OAuth refresh tokens.",
        r"1//0[0-9A-Za-z_-]{40,200}",
        ("1//0gAbCdEfGhIjKlMnOpQrStUvWxYz-AbCdEfGhIjKlMnOp_rStUv",),
        "http://x/1//0/2",
    ),
    _other(
        "digitalocean_token",
        "DigitalOcean personal, OAuth and refresh tokens.",
        r"do[por]_v1_[0-9a-f]{64}",
        ("dop_v1_" + _HEX * 4,),
        "dop_v1_short",
    ),
    _other(
        "databricks_token", "Databricks access tokens.", r"dapi[0-9a-f]{32}(?:-[0-9])?", ("dapi" + _HEX * 2,), "dapiary"
    ),
    _other(
        "vault_token",
        "HashiCorp Vault service and batch tokens.",
        r"hv[sb]\.[0-9A-Za-z_-]{24,300}",
        ("hvs.CAESIJ0123456789abcdefghijkl",),
        "hvs.short",
    ),
    _other(
        "grafana_token",
        "Grafana service account and Cloud tokens.",
        r"glsa_[0-9A-Za-z]{32}_[0-9a-fA-F]{8}|glc_[0-9A-Za-z+/=]{32,400}",
        ("glsa_" + _MIXED[:32] + "_0a1b2c3d", "glc_" + _MIXED),
        "glsa_short",
    ),
    _other(
        "newrelic_key", "New Relic user keys.", r"NRAK-[0-9A-Z]{27}", ("NRAK-" + _MIXED.upper()[:27],), "NRAK-SHORT"
    ),
    _other(
        "docker_token",
        "Docker Hub access tokens.",
        r"dckr_pat_[0-9A-Za-z_-]{20,60}",
        ("dckr_pat_" + _MIXED[:27],),
        "dckr_pat_x",
    ),
    _other(
        "atlassian_token",
        "Atlassian API tokens.",
        r"ATATT3[0-9A-Za-z_=-]{60,300}",
        ("ATATT3" + _MIXED * 2,),
        "ATATT3short",
    ),
    _other(
        "shopify_token",
        "Shopify access tokens and shared secrets.",
        r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
        ("shpat_" + _HEX * 2,),
        "shpat_short",
    ),
    _other(
        "linear_key", "Linear API keys.", r"lin_api_[0-9A-Za-z]{40}", ("lin_api_" + _MIXED + "aB3d",), "lin_api_short"
    ),
    _other(
        "notion_token",
        "Notion integration tokens.",
        r"secret_[0-9A-Za-z]{43}|ntn_[0-9A-Za-z]{40,60}",
        ("secret_" + _MIXED + "aB3dEf9", "ntn_" + _MIXED + "aB3dEf9"),
        "ntn_short",
    ),
    _other(
        "square_token",
        "Square access tokens and OAuth secrets.",
        r"sq0atp-[0-9A-Za-z_-]{22,43}|sq0csp-[0-9A-Za-z_-]{43}|EAAA[0-9A-Za-z_-]{60}",
        ("sq0atp-" + _MIXED[:22], "sq0csp-" + _MIXED + "aB3dEf9"),
        "sq0atp-short",
    ),
    _other(
        "facebook_token",
        "Facebook access tokens.",
        r"EAACEdEose0cBA[0-9A-Za-z]{20,400}|EAA[B-Z][0-9A-Za-z]{80,400}",
        ("EAACEdEose0cBA" + "aB3dEf9hIjKlMnOpQrStUvWxYz" * 4,),
        "EAABshort",
    ),
    _other(
        "cas_ticket",
        "Tickets of the CAS single sign-on.",
        r"TGT-[0-9A-Za-z_-]{24,200}",
        ("TGT-1-" + _MIXED,),
        "TGT-short",
    ),
    _other(
        "bitbucket_token", "Bitbucket app passwords.", r"ATBB[0-9A-Za-z]{24,40}", ("ATBB" + _MIXED[:32],), "ATBBshort"
    ),
    _other(
        "fernet_token",
        "Fernet tokens, as OpenStack Keystone issues them.",
        r"gAAAAAB[0-9A-Za-z_=-]{60,400}",
        ("gAAAAAB" + _MIXED * 2,),
        "gAAAAABshort",
    ),
    _other(
        "doppler_token",
        "Doppler personal tokens.",
        r"dp\.pt\.[0-9A-Za-z]{40,44}",
        ("dp.pt." + _MIXED + "aB3d",),
        "dp.pt.x",
    ),
    _other(
        "postman_key",
        "Postman API keys.",
        r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
        ("PMAK-" + (_HEX * 2)[:24] + "-" + _HEX * 2 + "ab",),
        "PMAK-short",
    ),
    _other(
        "sentry_token",
        "Sentry organisation tokens.",
        r"sntrys_[0-9A-Za-z_=+/-]{40,400}",
        ("sntrys_" + _MIXED * 2,),
        "sntrys_x",
    ),
    _other("supabase_token", "Supabase access tokens.", r"sbp_[0-9a-f]{40}", ("sbp_" + (_HEX * 3)[:40],), "sbp_short"),
    _other(
        "brevo_key",
        "Brevo (Sendinblue) API keys.",
        r"xkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16}",
        ("xkeysib-" + _HEX * 4 + "-" + _MIXED[:16],),
        "xkeysib-short",
    ),
    _other("mailgun_key", "Mailgun API keys.", r"key-[0-9a-f]{32}", ("key-" + _HEX * 2,), f"key-{_HEX * 2}0"),
    _other(
        "figma_token",
        "Figma access tokens.",
        r"figd_[0-9A-Za-z_-]{36,60}",
        ("figd_AbCdEfGhIjKlMnOpQrStUvWxYz-AbCdEfGhIj",),
        "figd_x",
    ),
    _other(
        "heroku_key",
        "Heroku API keys.",
        r"HRKU-AA[0-9A-Za-z_-]{50,70}",
        ("HRKU-AA" + _MIXED + "AbCdEfGhIjKlMnOpQrStUv",),
        "HRKU-AA",
    ),
    _other(
        "cloudflare_key",
        "Cloudflare Origin CA keys.",
        r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}",
        ("v1.0-" + (_HEX * 2)[:24] + "-" + (_HEX * 10)[:146],),
        "v1.0-2024-01",
    ),
    Rule(
        name="mailchimp_key",
        description="Mailchimp API keys.",
        source=_SOURCE,
        matchers=(Matcher(r"-(?<=[0-9a-f]{32}-)(?<![0-9A-Za-z][0-9a-f]{32}-)us[0-9]{1,2}(?![0-9A-Za-z])", back=32),),
        positives=(("using 0123456789abcdef0123456789abcdef-us12 now", "0123456789abcdef0123456789abcdef-us12"),),
        negatives=("commit 0123456789abcdef0123456789abcdef-usage",),
        group="vendor_token",
    ),
    Rule(
        name="terraform_token",
        description="Terraform Cloud and Enterprise API tokens.",
        source=_SOURCE,
        matchers=(Matcher(r"\.(?<=[0-9A-Za-z]{14}\.)atlasv1\.[0-9A-Za-z_=-]{60,70}(?![0-9A-Za-z_=-])", back=14),),
        positives=(
            (f"using AbCdEfGhIjKlMn.atlasv1.{'aB3dEf9hIjKlMnOpQrStUvWxYz01234567' * 2} now", "aB3dEf9hIjKlMnOp"),
        ),
        negatives=("x.atlasv1.short",),
        group="vendor_token",
    ),
    Rule(
        name="discord_token",
        description="Tokens of Discord bots, beside its name.",
        source=_SOURCE,
        matchers=(
            Matcher(
                r"discord[^\r\n]{0,60}?(?<![0-9A-Za-z_.-])"
                r"(?P<secret>(?-i:[MNO])[0-9A-Za-z_-]{23,25}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,38})(?![0-9A-Za-z_.-])",
                ignore_case=True,
            ),
        ),
        positives=(("discord bot MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.aB3dEf9hIjKlMnOpQrStUvWxYz0", "GaBcDe.aB3dEf9hIj"),),
        negatives=("discord joined guild.server.channel",),
        group="vendor_token",
    ),
)

TELEGRAM = Rule(
    name="telegram_token",
    description="Tokens of Telegram bots.",
    source=_SOURCE,
    matchers=tuple(
        Matcher(
            rf":(?<=[0-9]{{{size}}}:)(?:(?<![A-Za-z0-9][0-9]{{{size}}}:)|(?<=bot[0-9]{{{size}}}:))A?[0-9A-Za-z_-]{{34,35}}(?![0-9A-Za-z_-])",
            _mixed,
            back=size,
        )
        for size in (8, 9, 10)
    ),
    positives=(
        ("GET https://api.telegram.example/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1/getMe", "AAHdqTcvCH1vGWJx"),
        ("token 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", "AAHdqTcvCH1vGWJx"),
    ),
    negatives=("1234567890:1234567890", "12345678:da39a3ee5e6b4b0d3255bfef95601890afd807"),
)

VENDORS = (AWS, GCP, AZURE, GITHUB, GITLAB, SLACK, STRIPE, OPENAI, TWILIO, SENDGRID, NPM, PYPI, *OTHERS, TELEGRAM)
