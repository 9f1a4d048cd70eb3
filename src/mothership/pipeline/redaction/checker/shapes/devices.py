"""What a secret looks like to the check in what devices and daemons are configured with, and in calls that log in."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_WORD = r"[\"'\\]{0,4}(?P<v>[^\s\"'\\,;&<>|(){}\[\]]{4,})"
_NAME = (
    r"(?:passw(?:or)?d|passphrase|passwd|pwd|secret|token|api[-_ ]?key|(?:access|account|private|secret|signing|encryption|master|app|license|auth)[-_ ]?key"
    r"|credentials?|(?:[_.-]|\b|ssh)pass|jwt|psk|bindpw|rootpw|userpw|otp|pin|cvc|cvv2?|kennwort|passwort|senha|contrase\S{1,2}a|mot[-_ ]de[-_ ]passe|wachtwoord|пароль|密码|パスワード)"
)
_SETTING = r"(?:passw(?:or)?d|passphrase|secret|token|api-?key|psk)"
_Q = r"\\*[\"']"
"""A quotation mark, as it is and as JSON writes it."""

_V = r"(?P<v>[^\s\"'\\,;&<>|(){}\[\]]{4,})"
_CHANGED = r"(?i)(?:changed|reset|set|updated?) (?:the )?password |set password|alter (?:user|role|login)"
_ENABLE = r"(?i)(?:enable|username [^\s]+|neighbor [^\s]+|line|chap|pap|ftp|super|user [^\s]+|ospf|privilege [0-9]+|insecure-|simple-)[ ]?(?:password|secret) "
_KEYED = (
    r"(?i)(?:requirepass|masterauth|psksecret|key-string|pre-shared-key|isakmp key|digest-key|authentication(?:-key)?|passwd enc|[^a-z]psk"
    r"|option (?:key|password)|password(?: [0-9])?|[^a-z]key(?: [0-9])?)[\"'\\ ]{1,8}(?:text |md5 |mode |key-string |[0-9]+ )*(?:[^\s\"]{4,}[0-9]|[^\s\"]*[0-9][^\s\"]{4,})"
)
_SET = r"(?i)(?:env|arg|set|export) [0-9a-z_:\"\\]*(?:token|secret|pass|password|key)\\*\"? "

DEVICES = (
    *forms(
        "password",
        "device_password",
        _ENABLE,
        (
            rf"(?i)(?:enable|username \S{{1,40}}(?: privilege [0-9]{{1,2}})?|neighbor \S{{1,60}}|line|chap|pap|ftp|super|user \S{{0,39}}[^\s-]|ospf|logged command:username \S{{1,40}})(?: insecure-| simple-| )?(?:password|secret)(?: level [0-9]{{1,2}})?(?: [0-9]{{1,2}}| cipher| simple| hash| irreversible-cipher)? {_WORD}",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "device_password",
        r"(?i)identified (?:by|with|as) ",
        (rf"(?i)identified (?:with \S{{1,40}} )?(?:by|as) (?:password )?{_WORD}", value_validators.value),
    ),
    *forms(
        "password",
        "device_password",
        _CHANGED,
        (
            rf"(?i)(?:set password|alter (?:user|role|login))\b[^\n;]{{0,120}}=? ?(?:password ?\(?)?[\s=(]{{1,3}}[\"']{_V}[\"']",
            value_validators.identified,
        ),
        (
            rf"(?i)(?:changed|reset|set|update[sd]?) (?:the )?password (?:for \S{{1,40}} )?(?:to|as) {_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "device_password",
        r"(?i)curl[^a-z]",
        (
            r"(?i)curl\b[^\n]{0,200}?\s(?:-[a-z]{0,4}u ?|--(?:proxy-)?user[ =])[\"'\\]{0,3}[^\s:\"']{1,64}:(?P<v>[^\s\"']{3,})",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "device_password",
        r"(?i)(?:mysql[a-z]{0,5}|mariadb[a-z-]{0,9}) ",
        (rf"(?i)(?:mysql\w{{0,5}}|mariadb(?:-\w{{1,8}})?)\b[^\n]{{0,100}}?\s-p{_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "config_password",
        _KEYED,
        (
            rf"(?i)(?:requirepass|masterauth|psksecret|key-string|pre-shared-key|(?:tacacs|radius)(?:-server)?[^\n]{{0,60}}?\bkey|isakmp key|message-digest-key [0-9]{{1,3}} md5|authentication-key [0-9]{{1,5}} (?:md5|sha\w{{0,6}})|authentication(?: (?:text|md5 key-string|md5|mode))?|passwd ENC|psk|insecure-password|option (?:key|password)|password)(?: [0-9]{{1,2}})? {_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)[0-9] authentication |(?:chap|pap|ftp|super|enable) (?:password|secret) |option (?:key|password) ",
        (
            rf"(?i)(?:(?:standby|vrrp|glbp) [0-9]{{1,3}} authentication(?: text)?|(?:chap|pap|ftp|super|enable) (?:password|secret)(?: [0-9]{{1,2}})?|option (?:key|password)) {_WORD}",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)[\sn]key (?:[0-9] )?(?:[^\s\"]{4,}[0-9]|[^\s\"]*[0-9][^\s\"]{4,})",
        (rf"(?i)host \S{{1,80}}[\s]{{1,4}}key (?:[0-9] )?{_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "config_password",
        _SET,
        (
            rf"(?i)(?:env|arg|set|export) [0-9a-z_:\"]{{0,30}}(?:token|secret|pass|password|key)\"? {_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)(?:secret|key) \\*\"[0-9a-z+/=]{12}",
        (r"(?i)(?:secret|key) \\?\"(?P<v>[0-9a-z+/=]{12,})\\?\";", value_validators.made),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)variable \\*\"",
        (
            rf"(?i)variable \\?\"[0-9a-z_]{{0,30}}{_NAME}\\?\" ?\{{[^}}]{{0,60}}default ?= ?\\?\"{_V}",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)new (?:value|password): ",
        (rf"(?i)new (?:value|password): {_WORD}", value_validators.made),
    ),
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
        rf"(?i){_SETTING}\] {_Q}|{_SETTING}\.{{4}}",
        (rf"(?i){_SETTING}\] [\"'](?P<v>[^\n\"']{{6,}})", value_validators.value),
        (rf"(?i){_SETTING}\.{{4,80}} ?{_WORD}", value_validators.made),
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
