"""What a password or a community string looks like to the check in what protocols send and servers log of it."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import credential_validators, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_B = r"(?:^|[^0-9A-Za-z])"
"""Before a value."""
_IS = r"(?:[\"'\\\]]{1,4}|&quot;|\x1b\[[0-9;]{0,8}m)?\s{0,40}(?:=>|:=|===?|[:=])(?:\s|\\[nrt]){0,40}(?:[>|]-?(?:\s|\\[nrt]){1,40}|!!str )?[\[{<(]?(?:[bur]?[\"'\\]{1,4}|&quot;|&#34;|&apos;)?"
"""What stands between a name and its value."""
_WORD = r"[\"'\\]{0,4}(?P<v>[^\s\"'\\,;&<>|(){}\[\]]{4,})"

LOGINS = (
    *forms(
        "password",
        "login",
        r"(?i)\"auth\\*\" \\*\"",
        (r"(?i)\\?\"auth\\?\"(?: \\?\"[0-9a-z_-]{1,40}\\?\")? \\?\"(?P<v>[^\s\"]{4,})\\?\"", value_validators.made),
    ),
    *forms(
        "password",
        "login",
        r"LOGIN |AUTH |PASS ",
        (rf"{_B}(?:[0-9A-Za-z.]{{1,12}} LOGIN \"?[^\s\"]{{1,60}}\"?|AUTH|PASS) {_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "login",
        r"PLAIN[^\s]?[>\s\\]",
        (r"\bPLAIN\b['\"]?(?:>| |\t)(?:[^\n]{0,60}resp=)?(?P<v>[0-9A-Za-z+/]{8,}={0,2})", credential_validators.plain),
    ),
    *forms(
        "password",
        "login",
        r"(?i)(?:login|auth|attempt|incorrect|ok):? \[[^\s/\]]*/",
        (
            r"(?i)(?:login|auth|attempt|incorrect)[^\n\[]{0,40}\[(?:b')?[^\s/\[\]]{1,60}/(?:b')?(?P<v>[^\s\[\]<']{3,})'?\]",
            credential_validators.beside_user,
        ),
    ),
    *forms(
        "password",
        "login",
        r"(?i)-password ?:?= ?",
        (rf"(?i)(?:(?:cleartext|user|chap)-password|nt-password) ?:?= ?{_WORD}", value_validators.value),
    ),
    *forms(
        "password",
        "login",
        r"(?i):\s?psk [\"'\\]",
        (r"(?i):\s?PSK [\"'](?P<v>[^\"']{4,})[\"']", value_validators.value),
    ),
    *forms(
        "password",
        "login",
        r"(?i)password [\"'\\]+[0-9a-z _-]+[\"'\\]+ [\"'\\]",
        (
            r"(?i)password [\"'\\]{1,3}[0-9a-z _-]{1,30}[\"'\\]{1,3} [\"'\\]{1,3}(?P<v>[^\s\"'\\]{4,})",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "login",
        r"[0-9a-z_-] \* [^\s\"]*[0-9]",
        (r"\b[a-z][0-9a-z_-]{0,30} \* (?P<v>\S{4,}) \*", value_validators.made),
    ),
    *forms(
        "password",
        "login",
        r"(?i)\"auth\\*\": ?\\*\"[0-9a-z+/]{8}",
        (r"(?i)\\?\"auth\\?\": ?\\?\"(?P<v>[0-9a-z+/]{8,}={0,2})\\?\"", credential_validators.basic),
    ),
    *forms(
        "password",
        "login",
        r"getConnection\(|__construct\(",
        (
            r"(?:getConnection|__construct)\([\"'][^\n\"']{3,}[\"'], ?[\"'][^\n\"']{1,60}[\"'], ?[\"'](?P<v>[^\n\"']{3,})[\"']",
            value_validators.value,
        ),
    ),
    *forms(
        "SNMP community",
        "snmp_community",
        r"(?i)communit(?:y|ies)(?:[ _-](?:string|name))?[\"'\\\]:= ]{1,12}(?:(?:read|write|ro|rw|set|is|get|was|with|unknown)[: ]{1,2})?[\"'\\]*[^\s\"]*[0-9]",
        (
            rf"(?i)communit(?:y|ies)(?:[ _-](?:string|name))?(?:{_IS}|\s(?:read|write|ro|rw|set|is|get|was|with|unknown)?[\s:]{{0,2}}){_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "SNMP community",
        "snmp_community",
        r"(?i)community6? |trap2?sink |informsink |com2sec6? |2c [^\s\"]*[0-9]|-v ?[12]c? ",
        (
            rf"(?i)(?:r[ow]community6?|trap2?sink|informsink|com2sec6?|trapcommunity|host \S{{1,60}}(?: traps| informs)?(?: version)? 2c|-v ?[12]c?[^\n]{{0,60}} -c)\s(?:\S{{1,60}}\s){{0,2}}?{_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "SNMP community",
        "snmp_community",
        r"(?i)snmp community set",
        (r"(?i)snmp community set[^\n]{0,80}name=(?P<v>[^\s\"]{3,})", value_validators.made),
    ),
    *forms(
        "SNMP passphrase",
        "snmp_community",
        r"createUser |[^a-z](?:auth|priv) |snmp[a-z]{2,8} ",
        (
            rf"(?:createUser \S{{1,60}}|\bauth|snmp\w{{2,8}}[^\n]{{0,100}} -[AX]|\bpriv)(?:(?i) (?:sha|md5|aes|des|3des)(?:-?[0-9]{{3}})?(?: [0-9]{{3}})?)? {_WORD}",
            value_validators.made,
        ),
    ),
)
