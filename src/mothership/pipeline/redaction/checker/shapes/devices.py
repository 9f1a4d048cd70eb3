"""What a secret looks like to the check in what devices and daemons are configured with, and in calls that log in."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_WORD = r"[\"'\\]{0,4}(?P<v>[^\s\"'\\,;&<>|(){}\[\]]{4,})"
_NAME = r"(?:passw(?:or)?d|passphrase|secret|token|api-?key|psk)"
_Q = r"\\*[\"']"
"""A quotation mark, as it is and as JSON writes it."""

DEVICES = (
    *forms(
        "password",
        "config_password",
        r"(?i)auth_pass |pre-shared-key key |set [a-z0-9-]+ ENC |(?:irreversible-cipher|cipher|simple) [^\s]*[0-9$]|= ?(?:cleartext|des) ",
        (rf"(?i)(?:auth_pass|pre-shared-key key|set [a-z0-9-]{{2,40}} ENC) {_WORD}", value_validators.made),
        (
            r"(?i)(?:password|passwd|key|secret|mode [a-z0-9]{1,12}) (?:irreversible-cipher|cipher|simple) (?P<v>[^\s\"']{6,})",
            value_validators.made,
        ),
        (rf"(?i)(?:login|enable|pap|chap|arap|global) ?= ?(?:cleartext|des) {_WORD}", value_validators.value),
    ),
    *forms(
        "password",
        "config_password",
        rf"(?i){_NAME}\] {_Q}|{_NAME}\.{{4}}",
        (rf"(?i){_NAME}\] [\"'](?P<v>[^\n\"']{{6,}})", value_validators.value),
        (rf"(?i){_NAME}\.{{4,80}} ?{_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "code_credential",
        rf"(?i)(?:remote|remotesecure|mysql|postgresql|mongodb)\( ?{_Q}|[^a-z]auth{_Q}?: ?\({_Q}",
        (
            r"(?i)(?:remote|remotesecure|mysql|postgresql|mongodb)\( ?[\"'][^\n\"']{1,80}[\"'](?:, ?[\"']?[a-z0-9_.-]{1,64}[\"']?){2,3}, ?[\"'](?P<v>[^\n\"']{6,})[\"']",
            value_validators.value,
        ),
        (r"(?i)auth[\"']?: ?\([\"'][^\n\"']{1,80}[\"'], ?[\"'](?P<v>[^\n\"']{4,})[\"']", value_validators.value),
    ),
)
