"""What a password looks like to the check beside its user, and on the line below, where no word says what it is."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_RULE = "user_and_password"
_BEFORE = r"(?:stats auth |neo4j_auth[=:] ?|sst_auth\s?=\s?[\"']?|userpwd[, ]+[\"']?| login=|rpcauth=)"

USER_PASSWORDS = (
    *forms(
        "password",
        _RULE,
        r"<<[-~ \\\"']*[A-Za-z_]",
        (
            r"(?i)(?:(?:kinit|sudo -S|passwd|password-stdin)[^\n<]{0,80}|(?:password|token) ?)<<[-~]? ?[\"']?[A-Z_]{1,20}[\"']?[^\n\\<]{0,40}(?:\r?\n|\\n)\s{0,8}(?P<v>[^\n\\$]{4,80})(?:\r?\n|\\n)\s{0,8}[^\n\\]{0,80}(?:\r?\n|\\n|$)?",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        _RULE,
        r"chpasswd",
        (r"chpasswd(?:[^\n]|\n){0,80}?[\s\"'-][a-z_]{2,16}:(?P<v>[^\s\"':\\]{6,})", value_validators.made),
    ),
    *forms(
        "password",
        _RULE,
        r"(?:l2tpd|pptpd)\\*\"? ",
        (
            r"(?:l2tpd|pptpd)\"? {1,8}\"?(?P<v>[^\s\"]{4,})\"? {1,8}(?:\*|[0-9]{1,3}\.[0-9.]{5,})\s{0,4}(?:$|\n)",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        _RULE,
        rf"(?i){_BEFORE}|userpwd",
        (rf"(?i){_BEFORE}[a-z0-9_.-]{{1,40}}[:/](?P<v>[^\s\"']{{4,}})", value_validators.value),
    ),
    *forms(
        "password",
        _RULE,
        r"(?i)users[\"'\\]* ?[:=] ?\{",
        (
            r"(?i)(?:registered_?|auth_?)users[\"'\\]{0,4} ?[:=] ?\{ ?[\"'\\]{1,4}[a-z0-9]{1,40}[\"'\\]{1,4}: ?[\"'\\]{1,4}(?P<v>[^\"'\\\n]{4,})",
            value_validators.value,
        ),
        (
            r"(?i)users[\"'\\]{0,4} ?[:=] ?\{ ?[\"'\\]{1,4}[a-z0-9]{1,40}[\"'\\]{1,4}: ?[\"'\\]{1,4}(?P<v>[^\"'\\\n]{6,})",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        _RULE,
        r"(?i)logon [^\s]+[/,]|CES[NL] |/SIGN ",
        (r"LOGON [A-Z0-9]{1,8}/(?P<v>[A-Z0-9@#$]{3,8}) (?:ACCT|PROC|SIZE)", None),
        (r"(?i)logon [a-z]{1,8}\.[a-z]{1,8},(?P<v>\S{6,})", value_validators.made),
        (r"CES[NL] USERID=[A-Z0-9]{1,8},PS=(?P<v>[A-Z0-9]{4,})|/SIGN ON [A-Z]{1,8} (?P<w>[A-Z]+[0-9]+)", None),
    ),
)
