"""What a password looks like to the check by what stands directly around it: an address, an arrow, a call, its user."""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece, and these are the signs that people write

from mothership.pipeline.redaction.checker import credential_validators, strength, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_TAKEN = r"\[REDACTED[^\]\n]*\]"
"""What redaction leaves of what stood there."""
_ADDRESS = rf"(?:[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}|{_TAKEN})"
_VALUE = r"[^\s\"'`<>\\|,;:()\[\]{}=&-][^\s\"'`<>\\|,;]{4,64}"
_NAMED = (
    r"(?:passw(?:or)?[dt]|passphrase|passwd|pwd|wachtwoord|kennwort|contraseña|mot de passe|hasło|heslo|senha|lösenord)"
)
_FOR = r"(?:for|of|von|für|voor|de|del|di|da|till|för|do)"
_IS = r"(?:is|ist|est|es|è|é|är|to|nu|now|jetzt|ahora|adesso)"
_SUPER = r"(?:admin|root|administrator|operator|sysadmin|superuser)"
_STRONG = r"(?:(?-i:[A-Z])|[!#$%&*+?@^~])[^\s\"']*[0-9]|[0-9][^\s\"']*(?:(?-i:[A-Z])|[!#$%&*+?@^~])"
"""In every strong value."""
_HASHES = r"(?:bcrypt|hashpw|password_hash|make_password|generate_password_hash|crypt)"

PLACED = (
    *forms(
        "password",
        "command_password",
        r"(?i)net +us|send (?:-- )?\\*\"|\| ?base64 +(?:-d|--decode)|literal=|kv put ",
        (r"(?i)\bnet {1,4}(?:user|use) [^\n]{0,120}", value_validators.any_made),
        (r"send (?:-- )?\"(?P<v>(?:[^\s\"\\]|\\{1,2}[$\[\]\"]){6,}?)(?:\\{1,2}[nr])?\"", value_validators.made),
        (
            r"(?i)(?:echo|printf) (?:-[ne]{1,2} )?[\"']?(?P<v>[0-9a-z+/]{8,}={0,2})[\"']? ?\| ?base64 {1,2}(?:-d|--decode)",
            credential_validators.encoded_password,
        ),
        (
            rf"(?i)(?:literal=|kv put [^\n=]{{1,80}} )(?:[a-z_.-]{{0,20}}(?:key|{_NAMED}|secret|token))=(?P<v>{_VALUE})(?:$|\s)",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "command_password",
        rf"(?i){_HASHES}\(|ssh-keygen |{_NAMED}[0-9]? -{{1,2}}[vin]",
        (rf"(?i){_HASHES}\( ?[bf]?[\"'](?P<v>[^\s\"'\\$%{{]{{5,64}})[\"']", credential_validators.value_alone),
        (rf"ssh-keygen [^\n]{{0,120}}?-[PN] ?[\"']?(?P<v>{_VALUE})[\"']?(?:$|\s)", credential_validators.value_alone),
        (
            rf"(?i){_NAMED}[0-9]? -{{1,2}}(?:v|i|n|val|value|new)(?: [0-9]{{1,2}})? (?P<v>{_VALUE})(?:$|\s)",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)(?:[0-9]|redacted[^\n\]]*\]) (?:key|secret|pass(?:word)?|psk) [^\s]",
        (
            rf"(?i){_ADDRESS} (?:key|secret|pass(?:word)?|psk) [\"']?(?P<v>{_VALUE})[\"']?\s{{0,2}}(?:$|\n)",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)(?:wpa|wep|wi-?fi|wlan)[^\n]*[:=]|w(?:pa|ep)[0-9]?-?(?:key|psk|pass[a-z]*) |キー ?[:：]|密[钥鑰] ?[:：]",
        (
            r"(?i)(?:cl[ée]|clave|chiave|schlüssel|sleutel|chave|klucz|nyckel|nøgle|avain|ключ|kulcs|klíč)[ _-](?:wpa[23]?|wep|wi-?fi|wlan)[^\n:=]{0,32}[:=] ?(?P<v>[^\s\"'\\,;]{8,63})(?:$|\s)",
            value_validators.made,
        ),
        (
            rf"(?i)\bw(?:pa|ep)[0-9]?-?(?:key|psk|pass[a-z]{{0,6}}) [\"']?(?P<v>{_VALUE})(?:$|[\s\"'])",
            credential_validators.value_alone,
        ),
        (r"(?:キー|密钥|密鑰) ?[:：] ?(?P<v>[0-9A-Za-z!#$%&*+._-]{8,64})(?:$|\s)", value_validators.made),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)(?:key|psk|secret|passphrase|password) mismatch[^\n]*[\"']|cak [0-9a-f]{16}|cipher [^\s]|identify [^\s]|join [#&]",
        (
            r"(?i)(?:key|psk|secret|passphrase|password) mismatch[:,]? (?:got|received|was):? [\"'](?P<v>[^\"'\n]{4,64})[\"']",
            credential_validators.value_alone,
        ),
        (r"(?i)\bcak (?P<v>[0-9a-f]{32,128})(?:$|[^0-9a-f])", None),
        (r"(?i)(?:irreversible-|-)cipher (?P<v>[$%^]\S{10,})", None),
        (
            rf"(?:[Nn]ick[Ss]erv|NS):? IDENTIFY (?:\S{{1,24}} )?(?P<v>{_VALUE})(?:$|\s)",
            credential_validators.value_alone,
        ),
        (r"JOIN [#&][^\s]{1,40} (?P<v>[^\s,:]{6,64})(?:$|\s)", strength.strong_value),
    ),
    *forms(
        "password",
        "config_password",
        r"://[^\s]* \\*[\"'][^\s\"']+\\*[\"'] \\*[\"']",
        (
            r"://\S{1,200} \\?[\"'][^\s\"'\\]{1,64}\\?[\"'] \\?[\"'](?P<v>[^\s\"'\\]{6,64})\\?[\"']\s{0,4}(?:$|\n)",
            credential_validators.value_alone,
        ),
    ),
    *forms(
        "password",
        "user_and_password",
        rf"(?i){_NAMED}[^\n]*(?:->|=>|→)|{_NAMED} (?:\[redacted[^\n\]]*\]|::) |redacted[^\n\]]*\]>[^\s]+</|{_NAMED}s: [^\n]*, ",
        (
            rf"(?i){_NAMED}(?:[^\n{{}},()\[]|{_TAKEN}){{0,60}}?(?:->|=>|→) ?[\"'`]?(?P<v>{_VALUE})[\"'`]?\s{{0,2}}(?:$|\n)",
            credential_validators.value_alone,
        ),
        (rf"(?i){_NAMED} (?:{_TAKEN}|::) (?P<v>[^\s\"'\\,;]{{6,64}})(?:$|\s)", strength.strong_value),
        (rf"(?i){_NAMED}[^\n<]{{0,40}}<{_TAKEN}>(?P<v>{_VALUE})</[a-z]{{1,10}}>", credential_validators.value_alone),
        (rf"(?i){_NAMED}s: (?:[^\s,]{{1,64}}, ){{1,8}}(?P<v>[^\s,]{{6,64}})(?:$|,)", strength.strong_value),
    ),
    *forms(
        "password",
        "user_and_password",
        rf"(?i){_NAMED} {_FOR} [^\n]* {_IS}:? [^\s]|[^a-z]new=[^\n]* p|{_NAMED} [^\n]*[^a-z]new=",
        (
            rf"(?i){_NAMED} {_FOR} (?:[^\s\[,.:;]{{1,40}}|{_TAKEN}) {_IS}(?: (?:nu|now|jetzt|ahora|adesso))?:? [\"'`]?(?P<v>[^\s\"'`,;:]{{6,64}})[\"'`.!]?\s{{0,2}}(?:$|\n)",
            value_validators.value,
        ),
        (r"(?i)(?:^|[\s,])new=(?P<v>[^\s,]{6,64}) (?:password|pwd)", strength.strong_value),
        (rf"(?i){_NAMED} [^\n]{{0,40}}[\s,]new=(?P<v>[^\s,]{{6,64}})(?:$|[\s,])", strength.strong_value),
    ),
    *forms(
        "password",
        "user_and_password",
        rf"(?i){_SUPER}(?:[;,|/\t]|\\t)[^\s]*[0-9]|{_SUPER} [^\s\"]*(?:{_STRONG})|\[\\*[\"'][^\n]*{_NAMED}|\{{[a-z][^\s]* [^\s]*(?:{_STRONG})",
        (rf"(?i)(?:^|[\s;,|]){_SUPER}[;,|/\t](?P<v>[^\s;,:|/\"'\\]{{6,64}})(?:$|[\s;,|])", value_validators.made),
        (rf"(?i)(?:^|[\s;,|]){_SUPER} (?P<v>[^\s;,|/\"'\\:=]{{6,64}})(?:$|[\s;,|])", strength.strong_value),
        (
            rf"(?i)\[[\"'][^\"'\n]{{1,64}}[\"'], ?[\"'](?P<v>[^\"'\n]{{6,64}})[\"']\][^\n]{{0,80}}{_NAMED}",
            strength.strong_value,
        ),
        (
            rf"(?i)\{{[a-z][a-z0-9._-]{{1,24}} (?P<v>[^\s{{}}\"']{{6,64}})\}}[^\n]{{0,40}}(?:{_NAMED}|login|auth)",
            strength.strong_value,
        ),
    ),
    *forms(
        "password",
        "user_and_password",
        r"(?i)user[=: ]{1,2}[^\s]+:[^\s/]|(?:^|[^a-z])pw (?-i:[A-Z])|[+-]login [^\s]+ [^\s]|passphrase (?:\\*\"|[a-z]+-)|--ticket [0-9a-f]{16}",
        (
            rf"(?i)(?:auth|basic|login)[a-z_-]{{0,8}}user[=: ]{{1,2}}[a-z][a-z0-9._-]{{1,24}}:(?P<v>{_VALUE})(?:$|\s)",
            credential_validators.value_alone,
        ),
        (
            rf"(?i)\buser[=: ]{{1,2}}(?:[a-z][a-z0-9._-]{{1,24}}|{_TAKEN}):(?P<v>{_VALUE})(?:$|\s)",
            value_validators.made,
        ),
        (
            r"(?i)\b(?:user|login) [^\s:=]{2,40} pw (?P<v>(?-i:[A-Z])[^\s\"'`<>\\|,;]{4,64})(?:$|\s)",
            credential_validators.value_alone,
        ),
        (r"(?i)[+-]login [a-z][a-z0-9._-]{1,24} (?P<v>[^\s\"'\\]{6,64})(?:$|\s)", strength.strong_value),
        (r"(?i)passphrase (?P<v>[a-z]{3,12}(?:-[a-z]{2,12}){2,6})(?:$|[\s.,])", None),
        (r"(?i)passphrase \"(?P<v>[^\"\n]{8,64})\"", value_validators.quoted_words),
        (r"--ticket (?P<v>[0-9a-f]{32,64})(?:$|\s)", None),
    ),
    *forms(
        "password",
        "user_and_password",
        r"(?:l2tpd|pptpd)\\*\"? |[0-9a-f]{32}:[0-9a-f]{12}:[0-9a-f]{12}:|(?i)_auth[:=] ?[a-z0-9]+/|users \{",
        (rf"(?:l2tpd|pptpd)\"? {{1,8}}\"?(?P<v>[^\s\"]{{4,64}})\"? {{1,8}}{_TAKEN}", value_validators.value),
        (r"[0-9a-f]{32}:[0-9a-f]{12}:[0-9a-f]{12}:[^\s:]{1,32}:(?P<v>[^\n:]{8,63})(?:$|\n)", None),
        (rf"(?i)_auth[:=] ?[a-z0-9]{{2,16}}/(?P<v>{_VALUE})(?:$|\s)", credential_validators.value_alone),
        (
            r"(?i)users \{ ?[\"'\\]{1,3}[a-z0-9_.-]{1,40}[\"'\\]{1,3}: ?[\"'\\]{1,3}(?P<v>[^\"'\\\n]{6,})",
            credential_validators.value_alone,
        ),
    ),
)
