"""Rules for keys that are known by how their issuer writes them."""

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import Far, Finder, Rule, Span, either, far, matcher

_L, _R = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_SOURCE = "the issuer's documentation, compared with the rules of gitleaks and of GitHub secret scanning"


def _rule(
    name: str,
    description: str,
    shapes: tuple[tuple[str, str], ...],
    positives: tuple[str, ...],
    negatives: tuple[str, ...],
    others: tuple[tuple[str | Far, Finder], ...] = (),
) -> Rule:
    """Make a rule of literal prefixes, each with the expression of what follows it; `others` begin with none."""
    return Rule(
        name=name,
        description=description,
        source=_SOURCE,
        gates=(*(_gate(prefix, rest) for prefix, rest in shapes), *(gate for gate, _ in others)),
        find=either(
            *(matcher(_L + re.escape(prefix) + rest + _R, before=(prefix,)) for prefix, rest in shapes),
            *(find for _, find in others),
        ),
        positives=tuple((f"using {each} now", each) for each in positives),
        negatives=negatives,
    )


def _gate(prefix: str, rest: str) -> str:
    """Ask for the prefix and a few characters: a long bounded repeat would make a big automaton."""
    kind = re.match(r"\[[^\]]+\]", rest)
    return rf"[^0-9A-Za-z]{re.escape(prefix)}" + (f"{kind[0]}{{6}}" if kind else "")


def _no_digest(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]*|[0-9A-F]*", text) is None


def _mixed(text: str) -> bool:
    return any(char.islower() for char in text) and any(char.isupper() for char in text)


AWS = Rule(
    name="aws_key",
    description="AWS access key ids, and secret access keys beside the word `aws`.",
    source=_SOURCE,
    gates=(
        r"(?:A3T[0-9A-Z]|AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{6}",
        far(r"(?i)aws", r"[^\"]*(?:secret|key)[^\"]*[^0-9a-z/+\"]"),
    ),
    find=either(
        matcher(
            _L + r"(?:A3T[0-9A-Z]|AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}" + _R, before=("AKIA", "ASIA", "ABIA", "ACCA", "A3T")
        ),
        matcher(
            r"aws[^\r\n]{0,40}?(?:secret|key)[^\r\n]{0,16}?[^0-9A-Za-z/+](?P<secret>[0-9A-Za-z/+]{40})(?![0-9A-Za-z/+=])",
            _no_digest,
            ignore_case=True,
            before=("aws",),
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

GCP = _rule(
    "gcp_key",
    "Google API keys, OAuth client secrets and access tokens.",
    (("AIza", r"[0-9A-Za-z_-]{35}"), ("GOCSPX-", r"[0-9A-Za-z_-]{20,40}"), ("ya29.", r"[0-9A-Za-z_-]{20,2048}")),
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
    gates=(r"[0-9]Q~[0-9A-Za-z_~.-]{8}", r"(?:ASt|ACDb|AzFu|AzSe|AIoT|ARm|AzCa|ABa|APIM)[0-9A-Za-z+/]{5,8}="),
    find=_azure,
    positives=(
        ("secret abc8Q~dEfGhIjKlMnOpQrStUvWxYz0123456789_ used", "abc8Q~dEfGhIjKlMnOpQrStUvWxYz0123456789_"),
        ("k=" + "Zm9vYmFyYmF6cXV4" * 4 + "Zm9vYmFyYmF6" + "+AStAbCdEg==", "Zm9vYmFyYmF6cXV4" * 4),
    ),
    negatives=("sha512 z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg== ok",),
)

GITHUB = _rule(
    "github_token",
    "GitHub personal, OAuth, app and refresh tokens.",
    (
        *((prefix, r"[0-9A-Za-z]{30,255}") for prefix in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
        ("github_pat_", r"[0-9A-Za-z_]{22,255}"),
    ),
    (
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0abcdefghijkl_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU",
    ),
    ("ghp_short", "graph_16C7e42F292c6912E7710c838347Ae178B4a"),
)

GITLAB = _rule(
    "gitlab_token",
    "GitLab personal, deploy, runner, job, feed, trigger and agent tokens.",
    tuple(
        (prefix, r"[0-9A-Za-z_=-]{20,300}(?:\.[0-9a-z]{2}\.[0-9a-z]{7,9})?")
        for prefix in (
            *("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-"),
            *("glffct-", "GR1348941"),
        )
    ),
    ("glpat-AbCdEfGhIjKlMnOpQrSt", "glrt-AbCdEfGhIj_lMnOpQrSt"),
    ("glpat-short", "glpattern-AbCdEfGhIjKlMnOpQrSt"),
)

SLACK = Rule(
    name="slack_token",
    description="Slack tokens and webhook URLs.",
    source=_SOURCE,
    gates=(r"xox[a-z](?:\.xox[a-z])?-[0-9A-Za-z]", r"xapp-[0-9]", r"hooks\.slack\.com/"),
    find=either(
        matcher(_L + r"xox[a-z](?:\.xox[a-z])?-[0-9A-Za-z-]{10,400}", before=("xox",)),
        matcher(_L + r"xapp-[0-9]-[0-9A-Za-z-]{10,400}", before=("xapp-",)),
        matcher(
            r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[0-9A-Za-z/+_-]{20,200})",
            before=("hooks.slack.com/",),
        ),
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

STRIPE = _rule(
    "stripe_key",
    "Stripe secret and restricted keys and webhook secrets (publishable keys are public).",
    (
        *((f"{kind}_{mode}_", r"[0-9A-Za-z]{10,250}") for kind in ("sk", "rk") for mode in ("live", "test", "prod")),
        ("whsec_", r"[0-9A-Za-z+/=]{24,100}"),
    ),
    ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "whsec_AbCdEfGhIjKlMnOpQrStUvWxYz012345"),
    ("pk_live_4eC39HqLyjWDarjtT1zdp7dc", "task_live_4eC39HqLyjWDarjtT1zdp7dc"),
)

OPENAI = Rule(
    name="openai_key",
    description="OpenAI keys (and Anthropic's and OpenRouter's, which begin alike).",
    source=_SOURCE,
    gates=(r"[^0-9A-Za-z_-]sk-[0-9A-Za-z_-]{8}",),
    find=matcher(
        r"(?<![A-Za-z0-9_-])sk-(?:(?:proj|svcacct|admin|None|ant|or)-[0-9A-Za-z_-]{20,300}|[0-9A-Za-z]{20,100})(?![A-Za-z0-9_-])",
        lambda text: any("0" <= char <= "9" for char in text) or any("A" <= char <= "Z" for char in text),
        before=("sk-",),
    ),
    positives=(
        ("key sk-AbCdEfGhIjKlMnOpQrStT3BlbkFJUvWxYzAbCdEfGhIj0123 used", "sk-AbCdEfGhIjKlMnOpQrStT3BlbkFJ"),
        ("sk-proj-AbCd_EfGh-IjKlMnOpQrStUvWx0123456789", "sk-proj-AbCd_EfGh-IjKlMnOpQrStUvWx0123456789"),
    ),
    negatives=("task-0123456789abcdef0123456789", "disk-sk-small", "sk-learn-contrib-package"),
)

TWILIO = _rule(
    "twilio_key",
    "Twilio API keys and account SIDs.",
    (("SK", r"[0-9a-fA-F]{32}"), ("AC", r"[0-9a-f]{32}")),
    ("SK0123456789abcdef0123456789abcdef", "AC0123456789abcdef0123456789abcdef"),
    ("SK0123", "DESK0123456789abcdef0123456789abcdef"),
)

SENDGRID = _rule(
    "sendgrid_key",
    "SendGrid API keys.",
    (("SG.", r"[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{16,64}"),),
    ("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",),
    ("MSG.1234", "SG.short.x"),
)

NPM = _rule(
    "npm_token",
    "npm access tokens.",
    (("npm_", r"[0-9A-Za-z]{30,60}"),),
    ("npm_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",),
    ("npm_config_registry", "npm_lifecycle_event"),
)

PYPI = _rule(
    "pypi_token",
    "PyPI upload tokens.",
    (("pypi-", r"(?:AgE[0-9A-Za-z_-]{16,1000}|[0-9A-Za-z_-]{60,1000})"),),
    ("pypi-AgEIcHlwaS5vcmcCJDAxMjM0NTY3LTg5YWItY2RlZi0wMTIzLTQ1Njc4OWFiY2RlZg",),
    ("pypi-server started", "pypi-mirror-frontend"),
)

OTHERS = _rule(
    "vendor_token",
    "Tokens of other issuers with an unmistakable prefix: Hugging Face, DigitalOcean, Databricks, HashiCorp Vault, "
    "Grafana, New Relic, Docker, Atlassian, Shopify, Linear, Notion, Square, Mailchimp, Cloudflare, Doppler, Postman, "
    "Sentry, Supabase, Terraform Cloud, Groq, Facebook, Bitbucket, OpenStack, CAS, Figma, Heroku, Google refresh "
    "tokens; Discord's beside its name.",
    (
        ("hf_", r"[0-9A-Za-z]{30,60}"),
        ("gsk_", r"[0-9A-Za-z]{40,60}"),
        ("1//0", r"[0-9A-Za-z_-]{40,200}"),
        ("dop_v1_", r"[0-9a-f]{64}"),
        ("doo_v1_", r"[0-9a-f]{64}"),
        ("dor_v1_", r"[0-9a-f]{64}"),
        ("dapi", r"[0-9a-f]{32}(?:-[0-9])?"),
        ("hvs.", r"[0-9A-Za-z_-]{24,300}"),
        ("hvb.", r"[0-9A-Za-z_-]{24,300}"),
        ("glsa_", r"[0-9A-Za-z]{32}_[0-9a-fA-F]{8}"),
        ("glc_", r"[0-9A-Za-z+/=]{32,400}"),
        ("NRAK-", r"[0-9A-Z]{27}"),
        ("dckr_pat_", r"[0-9A-Za-z_-]{20,60}"),
        ("ATATT3", r"[0-9A-Za-z_=-]{60,300}"),
        ("shpat_", r"[0-9a-fA-F]{32}"),
        ("shpca_", r"[0-9a-fA-F]{32}"),
        ("shppa_", r"[0-9a-fA-F]{32}"),
        ("shpss_", r"[0-9a-fA-F]{32}"),
        ("lin_api_", r"[0-9A-Za-z]{40}"),
        ("secret_", r"[0-9A-Za-z]{43}"),
        ("ntn_", r"[0-9A-Za-z]{40,60}"),
        ("sq0atp-", r"[0-9A-Za-z_-]{22,43}"),
        ("sq0csp-", r"[0-9A-Za-z_-]{43}"),
        ("EAAA", r"[0-9A-Za-z_-]{60}"),
        ("EAACEdEose0cBA", r"[0-9A-Za-z]{20,400}"),
        ("EAA", r"[B-Z][0-9A-Za-z]{80,400}"),
        ("TGT-", r"[0-9A-Za-z_-]{24,200}"),
        ("ATBB", r"[0-9A-Za-z]{24,40}"),
        ("gAAAAAB", r"[0-9A-Za-z_=-]{60,400}"),
        ("dp.pt.", r"[0-9A-Za-z]{40,44}"),
        ("PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
        ("sntrys_", r"[0-9A-Za-z_=+/-]{40,400}"),
        ("sbp_", r"[0-9a-f]{40}"),
        ("xkeysib-", r"[0-9a-f]{64}-[0-9A-Za-z]{16}"),
        ("key-", r"[0-9a-f]{32}"),
        ("figd_", r"[0-9A-Za-z_-]{36,60}"),
        ("HRKU-", r"AA[0-9A-Za-z_-]{50,70}"),
        ("v1.0-", r"[0-9a-f]{24}-[0-9a-f]{146}"),
    ),
    (
        "hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh",
        "dapi0123456789abcdef0123456789abcdef",
        "hvs.CAESIJ0123456789abcdefghijkl",
        "gsk_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGhIjKlMnOpQrStUv0123",
        "EAACEdEose0cBA" + "aB3dEf9hIjKlMnOpQrStUvWxYz" * 4,
        "1//0gAbCdEfGhIjKlMnOpQrStUvWxYz-AbCdEfGhIjKlMnOp_rStUv",
        "figd_AbCdEfGhIjKlMnOpQrStUvWxYz-AbCdEfGhIj",
        "0123456789abcdef0123456789abcdef-us12",
        "discord bot MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.aB3dEf9hIjKlMnOpQrStUvWxYz0",
        "AbCdEfGhIjKlMn.atlasv1." + "aB3dEf9hIjKlMnOpQrStUvWxYz01234567" * 2,
    ),
    (
        *("hf_short", "gsk_short", "http://x/1//0/2", "dapiary", "key-0123456789abcdef0123456789abcdef0"),
        *("commit 0123456789abcdef0123456789abcdef-usage", "x.atlasv1.short", "discord joined guild.server.channel"),
    ),
    (
        (
            r"[0-9a-f]{6}-us[0-9]",
            matcher(r"-(?<=[0-9a-f]{32}-)(?<![0-9A-Za-z][0-9a-f]{32}-)us[0-9]{1,2}(?![0-9A-Za-z])", back=32),
        ),
        (
            r"\.atlasv1\.",
            matcher(r"\.(?<=[0-9A-Za-z]{14}\.)atlasv1\.[0-9A-Za-z_=-]{60,70}(?![0-9A-Za-z_=-])", back=14),
        ),
        (
            far(r"(?i)discord", r"[^\"]*\.[0-9A-Za-z_-]{6}\."),
            matcher(
                r"discord[^\r\n]{0,60}?(?<![0-9A-Za-z_.-])"
                r"(?P<secret>(?-i:[MNO])[0-9A-Za-z_-]{23,25}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,38})(?![0-9A-Za-z_.-])",
                ignore_case=True,
                before=("discord",),
            ),
        ),
    ),
)

TELEGRAM = Rule(
    name="telegram_token",
    description="Tokens of Telegram bots.",
    source=_SOURCE,
    gates=(r"[0-9]{8}:[0-9A-Za-z_-]{8}",),
    find=either(
        *(
            matcher(
                rf":(?<=[0-9]{{{size}}}:)(?:(?<![A-Za-z0-9][0-9]{{{size}}}:)|(?<=bot[0-9]{{{size}}}:))A?[0-9A-Za-z_-]{{34,35}}(?![0-9A-Za-z_-])",
                _mixed,
                back=size,
            )
            for size in (8, 9, 10)
        )
    ),
    positives=(
        ("GET https://api.telegram.example/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1/getMe", "AAHdqTcvCH1vGWJx"),
        ("token 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", "AAHdqTcvCH1vGWJx"),
    ),
    negatives=("1234567890:1234567890", "12345678:da39a3ee5e6b4b0d3255bfef95601890afd807"),
)

VENDORS = (AWS, GCP, AZURE, GITHUB, GITLAB, SLACK, STRIPE, OPENAI, TWILIO, SENDGRID, NPM, PYPI, OTHERS, TELEGRAM)
