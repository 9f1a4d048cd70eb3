"""What keys, encoded logins and given-away passwords look like to the check, where a word or a call stands before them."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import credential_validators, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_HEX_NAMED = r"(?i)(?:routing|application|function|signing|private|priv|api|auth|encryption|master|hmac|access|session)[_ -]?(?:key|token)[\"'\\]{0,4}[ :=]{1,3}[\"'\\]{0,4}(?:0x)?"
_GIVEN = (
    r"(?i)(?:has been reset to|pass(?:word|wd) (?:changed|updated) from|following password[^\n:]{0,60}:|(?:default )?cred(?:ential)?s:? [a-z0-9._-]{2,32}(?: ?/ ?|:)"
    r"|username and password are [a-z0-9._-]{2,32} and|(?:[^a-z]|\\[nrt])u: [a-z0-9._-]{2,32} p:|l(?:ö|o)senordet är|senha (?:nova )?é|كلمة المرور:)"
)
_CALLS = r"(?i)(?:connectusername\(|new mysqli\(|\.connect\(|(?:[^a-z.]|\\[nrt])connect\(|communitydata\(|usmuserdata\(|crypt\('|#define [a-z_]{0,20}pass)"

KEYS = (
    *forms(
        "key",
        "named_key",
        rf"{_HEX_NAMED}[0-9a-f]{{16}}|(?i)(?:licen[cs]e|product|activation) (?:key|code) [0-9a-z]|key in use: |totp secret |key dump|recoverypassword [0-9]",
        (rf"{_HEX_NAMED}(?P<v>[0-9a-f]{{32,128}})(?:$|[^0-9a-z])", None),
        (r"(?i)key in use: (?P<v>[0-9a-z+/_-]{20,})", value_validators.made),
        (r"(?i)(?:licen[cs]e|product|activation) (?:key|code) (?:[0-9a-z]{4,8}-){3,7}[0-9a-z]{4,8}", None),
        (r"(?i)totp secret (?P<v>[a-z2-7]{16,})", None),
        (r"(?i)key dump: (?:[0-9a-f]{2} ){12}", None),
        (r"(?i)recoverypassword (?:[0-9]{6}-){7}[0-9]{6}", None),
    ),
    *forms(
        "key",
        "service_key",
        r"(?i)[a-z0-9][._-]?(?:key|pat|login)[\"'\\]* ?[:=,]>? ?[\"'\\]*[0-9a-z-]{18}",
        (
            r"(?i)[a-z0-9]{3,24}[._-]?(?:key|pat|login)[\"']? ?[:=,]>? ?[\"']?(?P<v>[0-9a-z-]{18,128})(?:$|[^0-9a-z_-])",
            credential_validators.own_key,
        ),
    ),
    *forms(
        "password",
        "code_credential",
        r"(?i)(?:entry|credential|bind|login)[a-z]{0,12}\([^\n)]*,|bearer[\"'\\]* ?, ?[\"'\\]",
        (
            r"(?i)(?:entry|credential|bind|login)[a-z]{0,12}\( ?[\"'][^\"'\n]{1,128}[\"'], ?[\"'][^\"'\n]{1,64}[\"'], ?[\"'](?P<v>[^\"'\n]{6,64})[\"'] ?\)",
            value_validators.made,
        ),
        (r"(?i)bearer[\"']? ?, ?[\"'](?P<v>[a-z0-9_.~+/-]{16,})[\"']", value_validators.made),
    ),
    *forms(
        "seed phrase",
        "seed_phrase",
        r"(?:[a-z]{3,8}[^A-Za-z]{1,12}){11}[a-z]{3,8}",
        (r"(?P<v>(?:[a-z]{3,8}[^A-Za-z]{1,12}){11,60}[a-z]{3,8})", credential_validators.seed_words),
    ),
    *forms(
        "key",
        "named_key",
        r"(?i)key(?:[\"'\\]*\s?[:=]| [a-z]+ | )\s?[\"'\\]*[0-9a-z+/_-]{24}",
        (
            r"(?i)key(?:[\"']?\s?[:=]| [a-z]{1,12} | )\s?[\"']?(?P<v>[0-9a-z+/_-]{24,}={0,2})(?:$|[^0-9a-z+/_=-])",
            value_validators.random_key,
        ),
    ),
    *forms(
        "private key",
        "private_key",
        r"OpenVPN (?:Static|tls)|(?:MII[0-9A-Za-z+/]{2,6}IBAAK|IBADANBgkqhkiG9w0BAQEFAASC)|WIF key ",
        (
            r"OpenVPN (?:Static|tls-crypt-v2 [a-z]{1,10}) key(?: V1)?-{3,5}(?:\s|\\[nr]){1,4}(?P<v>[0-9A-Za-z+/]{12,})",
            None,
        ),
        (r"(?:MII[0-9A-Za-z+/]{2,6}IBAAK|IBADANBgkqhkiG9w0BAQEFAASC)[0-9A-Za-z+/]{24}", None),
        (r"WIF key [5KL][1-9A-HJ-NP-Za-km-z]{50}", None),
    ),
    *forms(
        "key in an address",
        "url_parameter",
        r"(?i)&p(?:w|wd|ass)?=[^\s&]|oauth[a-z ]* code=|\\*'kty\\*'|\\*\"kty\\*\"",
        (r"(?i)[?&]u(?:ser)?=[^&\s]{1,60}&p(?:w|wd|ass)?=(?P<v>[^&\s\"']{6,})", value_validators.made),
        (r"(?i)oauth[a-z ]{0,20} code=(?P<v>[0-9a-z_.-]{20,})", value_validators.made),
        (r"'kty': [^\n{}]{0,300}'d': '(?P<v>[0-9A-Za-z_-]{16,})", value_validators.made),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)reg_binary |algorithm-type|shared-key |plain-text-password|pass-phrase |username [^\s]+ pass |password\([0-9a-z]|kennwort ",
        (r"(?i)password reg_binary (?P<v>[0-9a-f]{8,})", value_validators.made),
        (
            r"(?i)(?:algorithm-type [a-z]{1,10} secret|shared-key cipher|pass-phrase|username [^\s]{1,40} pass|kennwort) (?P<v>[^\s\"'\[]{6,})",
            value_validators.made,
        ),
        (r"(?i)plain-text-password(?:-value)? \"(?P<v>[^\s\"\[]{6,})\"", value_validators.made),
    ),
    *forms(
        "password",
        "login",
        r"[A-Z]_AUTH=[^\s]|(?i)nickserv ",
        (r"[A-Z]_AUTH=(?:[a-z0-9]{1,20}/)?(?P<v>[^\s\"']{6,})", value_validators.made),
        (r"(?i)NickServ :?identify (?P<v>[^\s\"']{6,})", value_validators.made),
    ),
    *forms(
        "password",
        "code_credential",
        _CALLS,
        (rf"{_CALLS}(?P<v>[^\n()]{{8,200}})", value_validators.last_quoted),
        (r"(?i)connect\([a-z0-9_]{1,20}\.[a-z_]{1,20}\(\)(?P<v>[^\n()]{8,200})", value_validators.last_quoted),
    ),
    *forms(
        "login, encoded",
        "encoded_credential",
        r"(?i)(?:basic[a-z ]*|credentials[a-z0-9 ()]*|user:pass\)=)[: ]|(?-i:eyJ)[0-9A-Za-z+/]{12}|(?i:buffer\.from|atob|b64decode|base64_decode|frombase64string)\(|(?-i:OBF:)[0-9a-z]|proctitle=[0-9a-f]{8}",
        (
            r"(?i)(?:basic auth header: |credentials \(base64\) )(?P<v>[0-9a-z+/]{8,}={0,2})",
            credential_validators.basic,
        ),
        (
            r"(?:^|[^0-9A-Za-z+/_-])(?P<v>eyJ[0-9A-Za-z+/]{16,}={0,2})(?:$|[^0-9A-Za-z+/=._-])",
            credential_validators.encoded_credential,
        ),
        (
            r"(?i)(?:buffer\.from|atob|b64decode|base64_decode|frombase64string)\(b?[\"'](?P<v>[0-9a-z+/]{8,}={0,2})[\"']",
            credential_validators.basic,
        ),
        (r"OBF:[0-9a-z]{12,}", None),
        (r"(?i)proctitle=(?P<v>(?:[0-9a-f]{2}){8,})", credential_validators.hex_command),
    ),
    *forms(
        "password",
        "sentence",
        _GIVEN,
        (rf"{_GIVEN} ?(?P<v>[^\s\"',;]{{6,}})", value_validators.made),
        (r"(?i)following password[^\n:]{0,60}: (?P<v>[0-9a-f]{16,})", None),
    ),
    *forms(
        "password",
        "sentence",
        r"(?i)try [a-z0-9._-]+ with ",
        (r"(?i)try [a-z0-9._-]{2,32} with (?P<v>[^\s]{6,}) as pass", value_validators.made),
    ),
)
