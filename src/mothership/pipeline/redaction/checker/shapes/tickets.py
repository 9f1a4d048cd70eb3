"""What the check knows of tickets in many languages, and of paths, commands and interfaces that take a secret."""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece, and these are the signs that people write

from mothership.pipeline.redaction.checker import personal_validators, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_CALLING = r"(?:bellen|anrufen|rückruf|móvil|richiamare|contattare|携帯|手机号|ringa |gsm |zadzwoni|rappeler)"
_WORD = r"(?:heslo|lösenord(?:et)?|palavra-passe|κωδικός πρόσβασης|salasana|hasło|wachtwoord|kennwort|passwort)"
_KEY = r"(?:sleutel|jeton|schlüssel|nyckel)"
_CODE = r"(?:pin-koden|portkoden|kod autoryzacyjny|pin entered=)"
_LINK = r"/(?:users?|accounts?|auth|login)/(?:confirm|reset|verify|magic)/"

TICKETS = (
    *forms(
        "telephone number",
        "phone",
        rf"(?i){_CALLING}",
        (
            rf"(?i){_CALLING}[^0-9\n]{{0,40}}?(?P<v>0[0-9]{{1,4}}(?:[ -][0-9]{{2,4}}){{1,5}}|[3-9][0-9]{{2}}(?:[ -][0-9]{{2,4}}){{2,3}}|1[3-9][0-9]{{9}})(?:$|[^0-9A-Za-z:/-])",
            personal_validators.called,
        ),
    ),
    *forms(
        "bank account",
        "bank_account",
        r"(?i)(?:sort code|bsb) [0-9]{2,3}-|bank_account_number|account_number|口座番号",
        (
            r"(?i)(?:sort code|bsb) [0-9]{2,3}-[0-9]{2,3}(?:-[0-9]{2})? acc(?:oun)?t(?: no| number)?[.:]{0,2} [0-9]{6,10}(?:$|[^0-9A-Za-z.:])",
            None,
        ),
        (r"(?i)(?:bank_)?account_number[\"'\\]{1,4}: ?[\"'\\]{0,4}[0-9]{7,11}(?:$|[^0-9A-Za-z])", None),
        (r"(?i)bank_account_number[\"'\\]{1,4}: ?[\"'\\]{0,4}[0-9]{12,17}(?:$|[^0-9A-Za-z])", None),
        (r"口座番号[:： ]{0,2}[0-9]{7,8}(?:$|[^0-9])", None),
    ),
    *forms(
        "key in a path",
        "url_parameter",
        rf"{_LINK}[0-9A-Za-z_-]{{20}}|/api/(?:v1/)?[0-9A-Za-z-]{{20,40}}/(?:lights|groups|telemetry|attributes)|/index\.php/s/[0-9A-Za-z]{{15}}",
        (rf"{_LINK}(?P<v>[0-9A-Za-z_-]{{20,200}})(?:$|[^0-9A-Za-z_-])", value_validators.varied),
        (r"/api/(?:v1/)?(?P<v>[0-9A-Za-z-]{20,40})/(?:lights|groups|telemetry|attributes)", value_validators.varied),
        (r"/index\.php/s/(?P<v>[0-9A-Za-z]{15})(?:$|[^0-9A-Za-z_-])", value_validators.varied),
    ),
    *forms(
        "command's password",
        "command_password",
        r"htpasswd -[bnBC]{2}|(?i)net +use ",
        (r"htpasswd -[bnBC]{2,4}(?: -?C? ?[0-9]{1,2})? [\w.-]{1,32} (?P<v>[^\s\"'\\]{4,})", value_validators.made),
        (r"(?i)net +use +[^\n]{0,100}/user:\S{1,64} (?P<v>[^\s/\"'\\]{4,})", value_validators.made),
    ),
    *forms(
        "braintree token",
        "braintree_token",
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{8}",
        (r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}", None),
    ),
    *forms(
        "login in a program",
        "code_credential",
        r"auth: Some\(\(",
        (r"auth: Some\(\([\"\\]{1,4}[^\"\\\n]{1,64}[\"\\]{1,4}, [\"\\]{1,4}(?P<v>[^\"\\\n]{3,128})[\"\\]{1,4}\)", None),
    ),
    *forms(
        "password",
        "sentence",
        rf"(?i){_WORD} ",
        (
            rf"(?i){_WORD}(?: [^\s:=,.;]{{1,24}}){{1,6}}(?:: | (?:je|är|είναι|on|to|is|ist) )(?P<v>[^\s\"'\\]{{8,128}})",
            value_validators.password_of,
        ),
    ),
    *forms(
        "password",
        "sentence",
        r"密码已改为|(?i)enter passphrase for | ww ",
        (r"密码已改为(?P<v>[0-9A-Za-z!#$%&*+._-]{6,64})", value_validators.made),
        (
            r"(?i)enter passphrase for [^\n:]{1,80}: [a-z]{2,24} [a-z]{3,24} [a-z]{3,24}(?: [a-z]{1,24}){1,6}$",
            value_validators.no_complaint,
        ),
        (r"(?i)(?:user|gebruiker) \S{1,64} ww (?P<v>[^\s\"'\\]{6,64})", value_validators.made),
    ),
    *forms(
        "key",
        "sentence",
        rf"(?i){_KEY} ",
        (
            rf"(?i){_KEY}(?: [^\s:=,;]{{1,24}}){{1,8}}(?: ?:|) (?P<v>[0-9A-Za-z+/_-]{{24,256}})(?:$|[^0-9A-Za-z+/=_:.-])",
            value_validators.random_key,
        ),
    ),
    *forms(
        "one-time code",
        "one_time_code",
        rf"(?i){_CODE}|safe combination",
        (r"(?i)safe combination[a-z :]{1,12}[0-9]{1,2}(?:-[0-9]{1,2}){2,4}(?:$|[^0-9A-Za-z-])", None),
        (rf"(?i){_CODE}[^0-9\n]{{0,40}}?(?:[0-9]{{4,8}}|[0-9]{{3}} [0-9]{{3}})(?:$|[^0-9A-Za-z.%:-])", None),
    ),
)
