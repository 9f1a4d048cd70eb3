"""What a password looks like to the check where it is assigned to a name for one."""
# ruff: noqa: E501, S608 - an expression reads best in one piece; one of them is about SQL, none is SQL

from mothership.pipeline.redaction.checker import value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms
from mothership.pipeline.redaction.credential_names import TAILS

_E = r"(?:$|[^0-9A-Za-z])"
"""Behind a value: whatever ends a word, also the `.` and `?` of a sentence."""
_IS = r"(?:[\"'\\\]]{1,4}|&quot;|\x1b\[[0-9;]{0,8}m)?\s{0,40}(?:=>|:=|===?|[:=])(?:\s|\\[nrt]){0,40}(?:[>|]-?(?:\s|\\[nrt]){1,40}|!!str )?[\[{<(]?(?:[bur]?[\"'\\]{1,4}|&quot;|&#34;|&apos;)?"
"""What stands between a name and its value."""
_V = r"(?P<v>[^\s\"'\\,;&<>|(){}\[\]]{4,})"
_WORD = r"[\"'\\]{0,4}(?P<v>[^\s\"'\\,;&<>|(){}\[\]]{4,})"
_NAME = (
    r"(?:passw(?:or)?d|passphrase|passwd|pwd|secret|token|api[-_ ]?key|(?:access|account|private|secret|signing|encryption|master|app|license|auth)[-_ ]?key"
    r"|credentials?|(?:[_.-]|\b|ssh)pass|jwt|psk|bindpw|rootpw|userpw|otp|pin|cvc|cvv2?|kennwort|passwort|senha|contrase\S{1,2}a|mot[-_ ]de[-_ ]passe|wachtwoord|пароль|密码|パスワード)"
)
_TAIL = rf"s?(?:[-_.]?(?:v?[0-9]{{1,8}}|attempt|key|{'|'.join(sorted(TAILS, key=len, reverse=True))}))?"
"""What a name may have behind it."""
_S = r"(?:\s|\\+[nrt]?)"
"""White space, as it is and as JSON writes it."""
_ASSIGNED = (
    rf"(?i){_NAME}{_TAIL}(?:(?:[\"'\\\]]|&quot;|\x1b|\\u001b)[0-9;m\[\"'\\\]]{{0,16}})?{_S}*(?:=>|:=|===?|[=:>,\t\r]|&gt;|value=|\\t|\\r){_S}*[>|]?-?{_S}*"
    r"(?:[\[{<(]?[bur]?(?:[\"'\\]{1,8}|&[a-z0-9#]{1,6};)|[{<(])?(?:[^\s\[*\"'\\{<(=]|\[[^R]|[<!])"
)
"""With a value behind it that is no mark of redaction."""
_SAID = rf"(?i){_NAME} (?:is|was|set|reset|changed) "
_NAMED_COLUMN = rf"(?i){_NAME}[\"',;\t|a-z_\\]*(?:\n|\\n)"

ASSIGNMENTS = (
    *forms(
        "password",
        "assignment",
        _ASSIGNED,
        (rf"(?i){_NAME}{_TAIL}{_IS}{_V}", value_validators.assigned),
        (
            rf"(?i){_NAME}{_TAIL}[\"'\\]{{1,4}}\s{{0,4}}(?::|=>?)\s{{0,4}}\[?\\{{0,3}}[\"'](?P<v>(?:[^\"'\\\n]|\\[^\n]){{6,}})",
            value_validators.assigned,
        ),
        (rf"(?i){_NAME}{_TAIL} ?= ?[\"'](?P<v>[^\"'\n]{{3,}})[\"']", value_validators.assigned),
        (
            rf"(?i)\n[ \t]*(?:- )?[0-9a-z_.-]{{0,30}}{_NAME}{_TAIL}:[ \t]+[\"']?(?P<v>[^\s\"'\\]{{6,}})[\"']?[ \t]*(?:\n|$)",
            value_validators.yaml,
        ),
        (rf"(?i){_NAME}{_TAIL}=\{{(?P<v>[^}}\n]{{4,}})\}}", value_validators.made),
        (rf"(?i){_NAME}{_TAIL}=(?P<v>[^\s\"'=]+[\"'][^\s\"']{{3,}})", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)insert into ",
        (
            rf"(?i)insert into [^\n]{{1,200}}?{_NAME}[^\n]{{0,200}}? values (?P<v>[^\n]{{8,}})",
            value_validators.any_made,
        ),
    ),
    *forms(
        "password",
        "assignment",
        _NAMED_COLUMN,
        (rf"(?i)(?:^|\n|\")(?P<v>[^\n]{{0,200}}{_NAME}[^\n]{{0,200}}\n[^\n]{{3,}})", value_validators.columns),
    ),
    *forms(
        "password",
        "assignment",
        _SAID,
        (rf"(?i){_NAME} is generated for \S{{1,80}}: {_V}", value_validators.value),
    ),
    *forms(
        "password",
        "assignment",
        _ASSIGNED,
        (
            rf"(?i)(?:<|&lt;)(?:[0-9a-z_]{{1,30}}[:.])?[0-9a-z_.-]{{0,20}}{_NAME}(?:>|&gt;)(?:<!\[CDATA\[)?{_V}",
            value_validators.assigned,
        ),
        (
            rf"(?i)(?:name|key)=\\?\"[0-9a-z_.-]{{0,30}}{_NAME}\\?\"(?:[\s>]|\\[rn])(?:value=\\?\")?\s{{0,4}}{_V}",
            value_validators.assigned,
        ),
    ),
    *forms(
        "password",
        "assignment",
        _SAID,
        (rf"(?i){_NAME} (?:is|was|set|reset|changed)(?: to| now)?:? ?{_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        _ASSIGNED,
        (rf"(?i){_NAME}\t{_V}", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)(?:unseal|recovery|backup) (?:key|code)",
        (rf"(?i)(?:unseal|recovery|backup) (?:key|code)s? ?(?:[0-9]{{1,2}})?: {_V}", value_validators.made_or_number),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)(?:api|access|secret|auth)[ _-]?(?:key|token)(?: provided| used|:)? ",
        (rf"(?i)(?:api|access|secret|auth)[ _-]?(?:key|token)(?: provided| used)?:? {_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        _ASSIGNED,
        (
            rf"(?i){_NAME}[\"'\\]{{1,4}}\s?(?:,|\]?=>)\s{{0,4}}(?:string\([0-9]+\) )?[\"'\\]{{1,4}}(?P<v>[^\s\"'\\,;&<>|(){{}}\[\]]{{5,}})",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)[\sn]value: ?",
        (rf"(?i)name: ?[0-9a-z_.-]{{0,30}}{_NAME}\s{{1,8}}value: ?{_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)(?:otp|code|password|passcode|cvc|cvv2?|pin)(?: is|[:=])? ?[0-9]{3}",
        (
            rf"(?i)(?:otp|verification code|security code|one-time (?:code|password)|passcode|cvc|cvv2?|pin)(?: is|[:=])? ?(?P<v>[0-9]{{3,8}}){_E}",
            value_validators.code,
        ),
    ),
)
