"""What keys look like to the check behind the abbreviations of standards, products, streams and refusals."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import strength, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms
from mothership.pipeline.redaction.rules.vendors import ISSUERS

_ISSUER = rf"(?i)(?:{'|'.join(ISSUERS)})"
_BEHIND_ISSUER = rf"{_ISSUER}[0-9A-Za-z_.-]{{0,30}}[\"'\]\\]{{0,4}}\s{{0,4}}(?:=>|:=|[:=])[\s\"'\\]{{0,5}}(?P<v>[0-9A-Za-z]{{20,100}})(?:$|[^0-9A-Za-z_./@:-])"
_SHORT = r"(?:GUEK|GBEK|GAK|KEK|ZMK|TMK|LTK|IRK|PMK|AppS?Key|NwkS?Key)"

KEYS_BY_WORD = (
    *forms(
        "key",
        "named_key",
        rf"{_SHORT}[\"'\\]* ?[:=]",
        (rf"{_SHORT}[\"'\\]{{0,4}} ?[:=] ?[\"'\\]{{0,4}}(?:0x)?[0-9A-Fa-f]{{32}}", None),
    ),
    *forms(
        "password",
        "named_key",
        r"(?i)(?:command:| )key [0-9] |tac_plus|plaintext [^ ]|= ?0x[0-9a-f]+ \\*\"|<<\\*\"",
        (r"(?:command:|\n ?| )key [0-9] (?P<v>[^\s\"]{6,})(?:$|\n)", value_validators.made),
        (r"tac_plus[^\n]{0,80}key = \"(?P<v>[^\"\n]{4,})\"", value_validators.value),
        (r"password (?:operator|manager)[^\n]{0,60}\" plaintext [^\s\"\[]{6,}", None),
        (r"(?i)(?:passwd|password|pw|secret|token) = 0x[0-9a-f]{1,16} \"[^\"\n\[]{4,}\"", None),
        (r"(?i)(?:password|secret|token)(?: =>|:|=) <<\"[^\"\n\[]{4,}\"", None),
    ),
    *forms(
        "key",
        "named_vendor_key",
        _ISSUER,
        (_BEHIND_ISSUER, strength.drawn_by_lot),
        (_BEHIND_ISSUER, strength.random_key),
    ),
    *forms(
        "key",
        "named_key",
        "(?:GenieKey|OAuth2?) [0-9a-f]{8}",
        (
            r"(?:GenieKey|OAuth2?) (?:[0-9a-f]{32,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:$|[^0-9A-Za-z-])",
            None,
        ),
    ),
    *forms(
        "product key",
        "named_key",
        r"(?:ipk|[Kk]ey)[^0-9A-Za-z\n]+[0-9A-Z]{5}-[0-9A-Z]{5}-",
        (r"(?:ipk|[Kk]ey)[^0-9A-Za-z\n]{1,6}[0-9A-Z]{5}(?:-[0-9A-Z]{5}){4}(?:$|[^0-9A-Za-z-])", None),
    ),
    *forms(
        "stream key",
        "named_key",
        r"rtmps?://[^\s]+/|stream key: [0-9a-z]{4}-",
        (r"rtmps?://[^\s\"']{4,120}/(?:live_[0-9]{5,12}_[0-9A-Za-z]{16,}|[0-9a-z]{4}(?:-[0-9a-z]{4}){3,4})", None),
        (r"stream key: [0-9a-z]{4}(?:-[0-9a-z]{4}){3,5}(?:$|[^0-9a-z-])", None),
    ),
    *forms(
        "password",
        "named_key",
        r"(?i)app(?:lication)?[ -]password(?: [a-z]+)?: ?|setsteamaccount ",
        (
            r"(?i)app(?:lication)?[ -]password(?: [a-z]{1,12})?: ?[0-9A-Za-z]{4,5}(?:[ -][0-9A-Za-z]{4,5}){3,7}(?:$|[^0-9A-Za-z])",
            None,
        ),
        (r"setsteamaccount [0-9A-F]{32}", None),
    ),
    *forms(
        "token",
        "named_key",
        r"(?i)token [0-9a-f]{32}|secret[_ ]?id +[=:]? *[0-9a-f]{8}-",
        (r"(?i)(?:denied|invalid|rejected|expired|unknown)[^\n]{0,40} token [0-9a-f]{32}", None),
        (r"(?i)token [0-9a-f]{32,64}:? (?:is )?(?:invalid|expired|revoked)", None),
        (r"(?i)secret_id {1,40}[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", None),
        (r"(?i)secret id {1,8}= {1,4}[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", None),
    ),
)
