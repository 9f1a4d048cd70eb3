"""What passwords and codes look like to the check where few words tell them: in rows, answers, messages and letters."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import value_validators
from mothership.pipeline.redaction.checker.shape_match import Context
from mothership.pipeline.redaction.checker.shape_scanner import forms

_PASSWORD = ("password", "user_and_password")
_CODE = ("one-time code", "one_time_code")
_NO_PASSWORD = frozenset(
    [
        "now",
        "expired",
        "changed",
        "required",
        "hidden",
        "onbekend",
        "verlopen",
        "gesperrt",
        "through",
        "changed,",
        "sent",
        "wrong",
    ]
)


def _is_said(context: Context) -> bool:
    """Tell whether what is told to be a password is one, and not what became of it."""
    return value_validators.value(context) and value_validators.bare(context.value).lower() not in _NO_PASSWORD


TOLD = (
    *forms(
        *_PASSWORD,
        r"(?i)(?:password|wachtwoord)[^\n:]{0,50} (?:is:|is nu) [^\s]{4}|reply to [\\\"]{1,4}password|passphrase zeil|@? pw [^\s]{4}",
        (
            r"(?i)(?:password|wachtwoord)[^\n:]{0,50} (?:is:|is nu) (?P<v>[^\s\"']{6,40})[.]?(?:$|\n)",
            _is_said,
        ),
        (r"(?i)reply to \"password:\" was '(?P<v>[^'\n]{4,})'", _is_said),
        (r"(?i)user [^\s]{1,40} pw (?P<v>[^\s\"']{5,})", _is_said),
    ),
    *forms(
        *_PASSWORD,
        r"(?i)select passwd [^\n]{1,80}-> ?'|;admin;|panel root/|user=[a-z]{1,20}:|-pwdb|sqlpwd|keypassphrase<|newpass |walletpassphrase|\+login |\\t\*\\t|\t\*\t",
        (r"(?i)select passwd [^\n]{1,80}-> ?'(?P<v>[^'\n]{4,})'", _is_said),
        (r";admin;(?P<v>[^\s;]{5,});", value_validators.made),
        (r"(?i)panel root/(?P<v>[a-z]{4,}[0-9]{1,4})", None),
        (r"(?:^|\n)user=[a-z]{2,20}:(?P<v>[^\s\"':]{5,})", _is_said),
        (r"-pwdb\n[a-z]{2,20}:(?P<v>[^\s\"':]{5,})", _is_said),
        (r"(?i)sqlpwd\" -value \"(?P<v>[^\"\n]{5,})", _is_said),
        (r"(?i)keypassphrase</name><value>(?P<v>[^<\n]{5,})", _is_said),
        (r"(?i)(?:newpass|cli walletpassphrase) \"?(?P<v>[^\s\"']{4,})", _is_said),
        (r"\+login [a-z]{2,20} (?P<v>[^\s+]{5,})", value_validators.made),
        (r"\"\t\*\t\"(?P<v>[^\"\n]{5,})", _is_said),
    ),
    *forms(
        *_PASSWORD,
        r"(?i)password for [^\n:]{2,40}[^\n]{0,50}:(?:\\n|\n) {1,4}[^\s]{8}",
        (r"(?i)password for [^\n:]{2,40}[^\n]{0,50}:\n {1,4}(?P<v>[^\s]{8,})", value_validators.made),
    ),
    *forms(
        *_CODE,
        r"(?i)(?:koden din er|kod za [a-z]{3,12} je|не говорите код|kod podtverzhdeniya:|code de validation [^\n:]{0,40}:|login code is|pin for device [0-9]{1,6}:|pickup_code[\\\": ]{1,6}|verify) [\\\"]{0,3}[0-9]|pickup_code",
        (
            r"(?i)(?:koden din er|kod za [a-z]{3,12} je|не говорите код|kod podtverzhdeniya:|code de validation [^\n:]{0,40}:|login code is|pin for device [0-9]{1,6}:|signal-cli [^\n]{0,40}verify) (?P<v>[0-9]{4,8}|[0-9]{3}-[0-9]{3}|[0-9]{2} [0-9]{2} [0-9]{2}|[0-9](?: [0-9]){5})(?:$|[^0-9A-Za-z])",
            None,
        ),
        (r"(?i)pickup_code\"?: ?\"?(?P<v>[0-9]{3,4}[ -]?[0-9]{2,4})", None),
    ),
    *forms(
        *_CODE,
        r"(?i)(?:activatiecode|recovery-[a-z-]{0,12}codes)|security key: [0-9a-z]{4} |\|ad[0-9a-z]{4}",
        (
            r"(?i)(?:activatiecode [^\n:]{0,40}|recovery-(?:[a-z]{2,8}-)?codes(?:\.txt)?)(?:: |\n)(?P<v>[0-9a-z]{4,6}-[0-9a-z]{4,6}(?:-[0-9a-z]{4})?)",
            value_validators.made_or_number,
        ),
        (r"(?i)security key: (?P<v>[0-9a-z]{4}(?: [0-9a-z]{4}){7,})", None),
        (r"\|AA[0-9]{4,14}\|AD(?P<v>[0-9A-Za-z]{4,})\|", None),
    ),
    *forms(
        "code of a card",
        "card_code",
        r"(?i)three digits are [0-9]{3}",
        (r"(?i)card[^\n]{0,60}three digits are (?P<v>[0-9]{3,4})(?:$|[^0-9A-Za-z])", None),
    ),
    *forms(
        "key",
        "named_key",
        r"(?i)/hooks/[0-9a-z]{10}|://hook\.[a-z0-9.]{3,40}/[0-9a-z]{10}|hc-ping\.com/|sentry_key=|secret_id: |acl token |issued token |invalid token: ",
        (r"(?:/hooks/|://hook\.[a-z0-9.]{3,40}/)(?P<v>[0-9A-Za-z]{20,})", value_validators.mixed),
        (r"(?i)(?:hc-ping\.com/|secret_id: |acl token )(?P<v>[0-9a-f]{8}-[0-9a-f-]{27})", None),
        (r"(?i)(?:sentry_key=|issued token )(?P<v>[0-9a-f]{32})", None),
        (r"(?i)invalid token: (?P<v>[0-9A-Za-z]{18,})", value_validators.made),
    ),
    *forms(
        "password",
        "command_password",
        r"rasdial [A-Za-z]|mc admin user add |config http-basic\.|vmrun -gu|ssh-keygen -p -P|account set -i root -p|AdminPassword -i|--from-literal=|vault kv put|bundle config [a-z.]{4,40} [a-z]{1,20}:|bcrypt\('|Secret: [^\s]{4}",
        (
            r"(?:rasdial [A-Za-z]+ [a-z]+|mc admin user add [a-z]+ [a-z]+|config http-basic\.[a-z]+ [a-z]+|vmrun -gu [a-z]+ -gp) (?P<v>[^\s\"']{4,})",
            _is_said,
        ),
        (r"(?:ssh-keygen -p -P|account set -i root -p|AdminPassword -i [0-9]) (?P<v>[^\s\"']{4,})", _is_said),
        (
            r"(?:--from-literal=[a-z.-]{1,40}=|vault kv put [a-z/.-]{1,60} [a-z]{1,20}=|bundle config [a-z.]{4,40} [a-z]{1,20}:|bcrypt\(')(?P<v>[^\s\"']{4,})",
            _is_said,
        ),
        (r"Username: [a-z]+ Secret: (?P<v>[^\s\"']{4,})", _is_said),
    ),
)
