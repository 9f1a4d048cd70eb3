"""Rules for keys that are known by how their issuer writes them."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise

from mothership.pipeline.redaction.rules.rule import CodeMatcher, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.vocabulary import NO_NAME

CAPITALS_MIN = 4
"""Pairs of capitals side by side: a name in a program with an acronym in it has two."""
_L, _R = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_SOURCE = "the issuer's documentation, compared with the rules of gitleaks and of GitHub secret scanning"


_FILLED = re.compile(r"x{10}|X{10}")


def is_filled(text: str) -> bool:
    """Tell what a manual writes for a key, `x` ten times over; not any letter: `A` is what zero bytes are in base64."""
    return _FILLED.search(text) is not None


def varied(text: str) -> bool:
    """Tell what is made by chance from a name in a program: by a digit, or by letters that no word has."""
    if is_filled(text):
        return False
    if any("0" <= char <= "9" for char in text):
        return True
    capitals = sum(first.isupper() and second.isupper() for first, second in pairwise(text))
    return capitals >= CAPITALS_MIN or NO_NAME.search(text.lower()) is not None


def is_jumbled(text: str) -> bool:
    """Tell a key from a name: letters and digits change often, and no part of it is a word or a number."""
    parts = re.split(r"[-_=]+", text)
    longest = max(parts, key=len)
    kinds = ["d" if char.isdigit() else "l" for char in longest]
    changes = sum(first != second for first, second in pairwise(kinds))
    return len(longest) >= 12 and changes >= 4  # noqa: PLR2004 - of a dozen letters and digits by chance five change


def _read_table() -> Iterator[Rule]:
    """Make the rules of `vendors.toml`: keys that are known by themselves."""
    table = files(__package__).joinpath("vendors.toml").read_text(encoding="utf-8")
    for vendor in tomllib.loads(table)["vendor"]:
        before = vendor.get("before", "")
        yield Rule(
            name=vendor["id"],
            description=vendor["description"],
            source=f"{vendor['source']}, looked at on {vendor['looked_at']}",
            matchers=(Matcher(f"{re.escape(before) or _L}(?P<secret>{vendor['expression']}){_R}", varied),),
            positives=tuple((f"using {before}{each} now", each) for each in vendor["examples"]),
            negatives=tuple(vendor.get("near_misses", ())),
            group=vendor.get("group", ""),
        )


def _no_digest(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]*|[0-9A-F]*", text) is None and not is_filled(text)


def _no_words(text: str) -> bool:
    return any("0" <= char <= "9" for char in text) or any("A" <= char <= "Z" for char in text)


def _mixed(text: str) -> bool:
    return any(char.islower() for char in text) and any(char.isupper() for char in text)


AWS = Rule(
    name="aws_key",
    description="AWS access key ids, and secret access keys beside the word `aws`.",
    source=_SOURCE,
    matchers=(
        Matcher(_L + r"(?:A3T[0-9A-Z]|AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}" + _R, lambda text: not is_filled(text)),
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
        "AKIAXXXXXXXXXXXXXXXX aws_secret_access_key=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "XAKIAIOSFODNN7EXAMPLE",
        "aws key sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ),
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
    matchers=(CodeMatcher(_azure, (_AD_SECRET, _SIGNED_TAIL)),),
    positives=(
        ("secret abc8Q~dEfGhIjKlMnOpQrStUvWxYz0123456789_ used", "abc8Q~dEfGhIjKlMnOpQrStUvWxYz0123456789_"),
        ("k=" + "Zm9vYmFyYmF6cXV4" * 4 + "Zm9vYmFyYmF6" + "+AStAbCdEg==", "Zm9vYmFyYmF6cXV4" * 4),
    ),
    negatives=("sha512 z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg== ok",),
)

SLACK = Rule(
    name="slack_token",
    description="Slack tokens and webhook URLs.",
    source=_SOURCE,
    matchers=(
        Matcher(_L + r"xox[a-z](?:\.xox[a-z])?-[0-9A-Za-z-]{10,400}", varied),
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
    negatives=("xoxo-hugs", "foxox-1234567890123", "xoxb-your-token-here"),
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

OTHERS = (
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
                r"(?P<secret>(?-i:[MNO])[0-9A-Za-z_-]{23,25}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,40})(?![0-9A-Za-z_.-])",
                ignore_case=True,
            ),
            Matcher(
                r"(?:bot|client)\.(?:run|login|start)\(\s?[\"'](?P<secret>[MNO][0-9A-Za-z_-]{22,29}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,44})[\"']",
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

# Whose keys have no form of their own: known beside the issuer's name alone (gitleaks, rule set of 2026-07).
_ISSUERS = """
adafruit adobe airtable algolia alibaba asana beamer bitbucket bittrex codecov cohere coinbase confluent contentful
datadog discord droneci dropbox etsy fastly finicity finnhub flickr freshbooks gitter hubspot intercom jfrog artifactory
bintray kraken kucoin launchdarkly linkedin looker mailchimp mattermost meraki messagebird netlify nytimes okta plaid
rapidapi sendbird snyk squarespace sumologic travis twitch twitter yandex zendesk openweathermap mapbox
"""
ISSUERS = tuple(_ISSUERS.split())
NAMED = Rule(
    name="named_vendor_key",
    description="Keys without a form of their own, beside the name of the service that issued them.",
    source="gitleaks, rule set of 2026-07, looked at on 2026-11-29",
    matchers=(
        Matcher(
            rf"(?:{'|'.join(ISSUERS)})[\w.-]{{0,30}}[\"'`\]]{{0,3}}[ \t]{{0,4}}(?:=>|:=|:{{1,3}}=?|=)"
            r"[ \t\"'`=]{0,5}(?P<secret>[0-9A-Za-z_=-]{15,100})(?![\w./@:-])",
            is_jumbled,
            ignore_case=True,
        ),
    ),
    positives=(
        ('datadog: "3f0c2d9e8b7a6153f2e1d0c9b8a7f6e54c3b2a19"', "3f0c2d9e8b7a6153f2e1d0c9b8a7f6e54c3b2a19"),
        ("OPENWEATHERMAP_APP = 1a8b87aa213e906c35b13a414e6933cc", "1a8b87aa213e906c35b13a414e6933cc"),
        ("cohere => q7ZkTyVbN3xRwYcPd2sLhJgF5aE8uIoB4qMzXvKn", "q7ZkTyVbN3xRwYcPd2sLhJgF5aE8uIoB4qMzXvKn"),
    ),
    negatives=(
        "bitbucket: my-organisation-name-2, travis: travis-ci-build-number-12",
        "discord: 123456789012345678, okta: 00u1234567890",
        "netlify = deploy-preview-4711--example",
        "datadog: agent-7.52.1-linux-amd64",
    ),
    group="vendor_token",
)

VENDORS = (AWS, AZURE, SLACK, OPENAI, *_read_table(), *OTHERS, TELEGRAM, NAMED)
