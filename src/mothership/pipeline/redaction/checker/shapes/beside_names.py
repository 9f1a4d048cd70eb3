"""What a password looks like to the check by its place alone: behind its user, a heading, a name or a way to hide it.

In these places anything but a state or a placeholder is one, also a word that any dictionary has.
"""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import credential_validators, strength, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_NAMED = (
    r"(?:passw(?:or)?[dt]|passphrase|passwd|pwd|secret|api[ _-]?key|token|wachtwoord|kennwort|contraseña|mot de passe)"
)
_VALUE = r"[^\s\"'`<>\\|,;:()\[\]{}=&-][^\s\"'`<>\\|,;]{4,64}"
_QUOTED = rf"(?:'[^'\n]{{5,64}}'|\"[^\"\n]{{5,64}}\"|{_VALUE})"
_TAG = r"(?:</?[A-Za-z][A-Za-z0-9]{0,9}>)"
_HIDES = r"(?:hmac-)?(?:md5|sha-?[0-9]{1,3}(?:-[0-9]{3})?)|plain(?:-?text)?|simple|cipher|clear|string|ascii(?:-text)?"
_STDIN = (
    r"(?:passphrase-fd|passwor[dt]-stdin|--stdin|chpasswd|cryptsetup|sudo -S|pass(?:in|out)? stdin|pass-?file[ =]-)"
)
_WIRELESS = r"(?:ssid|wlan|wi-?fi)"
_LOGIN = r"(?:log[io]n attempt|auth(?:entication)? fail(?:ed|ure)|(?:invalid|valid|tried|default|cracked) (?:login|cred(?:ential)?s?)|\[\+\])"

_TOLD = (
    rf"(?i)(?:pass|pwd|secret|key|token|auth|wachtwoord|kennwort|contraseña)[^\n]*(?:</?[a-z]|[*`]|\n?[^\n]*value[\"'\\]*[:=>]|(?:->|=>|→) ?\\*[\"'`]"
    rf"|(?:is|was|entered|nu|got|now):? \\*[\"'`]|(?:{_HIDES}) [^\n ])"
)
"""Anything of what these shapes need: one scan for all."""

BESIDE_NAMES = (
    *forms(
        "password",
        "command_password",
        r"-{1,2}[a-z]*[uUiDl](?:ser|sername)?[ =][^\n]* -{1,2}[a-z]*[pPw](?:ass|assword|w)?[ =]",
        (
            rf"\s-{{1,2}}[a-z]{{0,2}}[uUiDl](?:ser|sername)?[ =][^\s-][^\s]{{0,60}}(?:\s[^\n]{{0,80}})? -{{1,2}}[a-z]{{0,2}}[pPw](?:ass|assword|w)?[ =](?P<v>{_QUOTED})(?:$|\s)",
            credential_validators.value_of_option,
        ),
    ),
    *forms(
        "password",
        "command_password",
        rf"(?:echo|printf)[^\n]*\|[^\n]*{_STDIN}",
        (
            rf"(?:echo|printf) (?:-[a-z]{{1,2}} )?(?P<v>{_QUOTED}) ?\| ?[^\n;]{{0,80}}?{_STDIN}",
            credential_validators.value_alone,
        ),
        (
            rf"(?:echo|printf) (?:-[a-z]{{1,2}} )?[\"']?[a-z_][a-z0-9_.-]{{0,31}}:(?P<v>{_VALUE})[\"']? ?\| ?[^\n]{{0,40}}?chpasswd",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "config_password",
        _TOLD,
        (
            rf"(?i){_NAMED}[: ]{{0,2}}(?:{_TAG}[: ]{{0,2}}){{1,4}}(?P<v>{_VALUE}){_TAG}",
            credential_validators.value_alone,
        ),
        (
            rf"(?i)\*{_NAMED}:?\*{{1,2}}:? {{1,2}}`?(?P<v>{_VALUE})`?\s{{0,2}}(?:$|\n)",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "config_password",
        _TOLD,
        (
            rf"(?i)(?:key|name)[\"'\\]{{0,2}}[:=>] ?[\"']?[a-z0-9_.-]{{0,80}}{_NAMED}[0-9]?(?:[\"'\s,;}}{{]|</[a-z]{{1,20}}>){{1,4}}<?[a-z]{{0,12}}value[\"'\\]{{0,2}}[:=>] ?[\"']?(?P<v>{_VALUE})",
            credential_validators.value_alone,
        ),
        (
            rf"(?i)<key>[^<\n]{{0,40}}{_NAMED}</key>\s{{0,8}}<string>(?P<v>{_VALUE})</string>",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "config_password",
        _TOLD,
        (
            rf"(?i)\b(?:auth[a-z]{{0,12}}|key|password|secret)(?:-[a-z]{{3,6}})?(?: [a-z]{{2,8}})?(?: [0-9]{{1,5}})? (?:{_HIDES})(?: [0-9]{{1,3}})?(?: key| plain)? [\"']?(?P<v>{_VALUE})[\"']?\s{{0,2}}(?:$|\n)",
            credential_validators.keyed,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?:PASSWORD|PHRASE|PASSCODE|password)\([^ ()]",
        (r"(?:PASSWORD|PHRASE|PASSCODE|password)\((?P<v>[^\s(),]{6,})\)", value_validators.made),
    ),
    *forms(
        "password",
        "user_and_password",
        _TOLD,
        (
            rf"(?i){_NAMED}[^\n{{}},\[]{{0,60}}?(?:->|=>|→) ?[\"'`](?P<v>{_VALUE})[\"'`]",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "user_and_password",
        rf"(?i){_LOGIN}[^\n]*[a-z0-9_.-][:/][^\s]",
        (
            rf"(?i){_LOGIN}(?:[^\n]{{0,40}}?[\s\\])??(?:for |as |user |: ?|with )?[a-z][a-z0-9_.-]{{1,24}}[:/](?P<v>{_VALUE})(?:$|\s)",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "user_and_password",
        _TOLD,
        (
            rf"(?i){_NAMED}[^\n]{{0,40}}? (?:is|was|entered|got|now|nu):? [\"'`](?P<v>{_VALUE})[\"'`]",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "user_and_password",
        r"(?i)(?:user|login)[^\n]*(?:secret|pass|pw|ww|pwd)[a-z]*(?:[:=]| \\*[\"'])|[?&\s\"]u(?:ser)?=[^\s]*&p|u=[^&]*&p",
        (
            rf"(?i)\b(?:user(?:name)?|login|user ?id)[:=] ?[\"']?[^\s\"']{{2,40}}[\"']?[ ,;]{{1,2}}(?:secret|password|pass|pw|ww|pwd)[:=] ?[\"']?(?P<v>{_VALUE})",
            credential_validators.value_alone,
        ),
        (
            rf"(?i)(?:^|[?&\s\"'])u(?:ser)?=[^&\s]{{1,60}}&p(?:w|wd|ass)?=(?P<v>{_VALUE})(?:$|[&\s\"'])",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "user_and_password",
        r"(?:[Ll]og[io]n|[Aa]uth[a-z]*|[Ss]ign[Ii]n)\([^()\n]*, ?|[Uu]se [^\s]+ (?:to|for) (?:log|sign)",
        (
            r"(?:[Ll]og[io]n|[Aa]uth[a-z]{0,10}|[Ss]ign[Ii]n)\([^()\n]{1,60}, ?[\"']?(?P<v>[^\s()\"']{6,64})[\"']?\)",
            strength.strong_value,
        ),
        (r"[Uu]se (?P<v>[^\s\"']{6,64}) (?:to|for) (?:log|sign)", strength.strong_value),
    ),
    *forms(
        "password",
        "config_password",
        rf"(?i)(?:server|host|nas|client|peer|neighbor|radius|tacacs)[^\n]*[0-9] (?:key|secret|password) |{_WIRELESS}[^\n]*(?:key|pass[a-z]*[0-9]?|psk)[: ]",
        (
            rf"(?i)(?:server|host|nas|client|peer|neighbor|radius|tacacs)[a-z-]{{0,12}} [0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}} (?:key|secret|password) [\"']?(?P<v>{_VALUE})[\"']?\s{{0,2}}(?:$|\n)",
            credential_validators.value_alone,
        ),
        (
            rf"(?i)\b{_WIRELESS}[0-9]? [^\n]{{1,40}}? (?:[a-z]{{0,4}}key|psk|pass|password[0-9]?|passphrase):? [\"']?(?P<v>{_VALUE})[\"']?\s{{0,2}}(?:$|\n)",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"[0-9] (?:MD5|SHA1|SHA256|SHA512|AES128CMAC) [^\n ]",
        (
            rf"(?:^|\n)\s{{0,4}}[0-9]{{1,5}} (?:MD5|SHA1|SHA256|SHA512|AES128CMAC) (?P<v>{_VALUE})\s{{0,4}}(?:$|\n|#)",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r": (?:RSA|PSK|EAP|XAUTH|ECDSA) [^\n]*\\*\"[^\"\n]|\\*\"(?:\\t|\s)+\*(?:\\t|\s)+\\*\"",
        (
            r": (?:RSA|PSK|EAP|XAUTH|ECDSA) (?:[^\s\"]{1,60} )?\"(?P<v>[^\"\n\[]{6,64})\"",
            credential_validators.value_alone,
        ),
        (
            r"[^\s\"]\"\s{1,8}\*\s{1,8}\"(?P<v>[^\"\s\[]{6,64})\"",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"JOIN [#&]|AUTH [a-z]|auth-pass ",
        (r"JOIN [#&][^\s]{1,40} (?P<v>[^\s,:]{6,64})(?:$|\s)", value_validators.made),
        (r"AUTH [a-z][a-z0-9_-]{1,24} (?P<v>[^\s\"']{6,64})(?:$|\s)", strength.strong_value),
        (rf"auth-pass [a-z][a-z0-9_-]{{1,32}} (?P<v>{_VALUE})(?:$|\s)", credential_validators.value_alone),
    ),
    *forms(
        "password",
        "command_password",
        r" -(?:p|P|N|w|pw) ?\\*[\"'][^\s]",
        (
            r" -(?:p|P|N|w|pw) ?(?P<v>\"[^\"\n$%{]{8,64}\"|'[^'\n$%{]{8,64}')(?:$|\s)",
            value_validators.quoted,
        ),
    ),
)
