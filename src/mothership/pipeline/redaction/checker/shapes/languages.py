"""What a password or a code looks like to the check in more languages, and where it is told in other words."""
# ruff: noqa: E501 - an expression reads best in one piece, and these are the signs that people write

from mothership.pipeline.redaction.checker import value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_CODE = (
    r"(?:(?:onay|doğrulama) kod|ověřovací kód|ellenőrző kód|cod(?:ul)? de verif|κωδικός επ|код (?:підтв|для)|kode otp|mã xác|vahvistuskood|engångskod"
    r"|login code|installer code|master code|user code:|door pin|entered (?:pin|code)|keyed in code|totp[^0-9a-z])"
)
_WORD = r"(?:contraseña|mot de passe|password di|wachtwoord|hasło|lösenord|passord|пароль|kennwort|passwort|senha)"
_TO = r"(?:a|à|su|naar|na|till|til|на|auf|op|para)"

LANGUAGES = (
    *forms(
        "one-time code",
        "one_time_code",
        rf"(?i){_CODE}",
        (
            rf"(?i){_CODE}[^0-9\n]{{0,28}}?(?P<v>[0-9]{{4,8}}|[0-9]{{3}}[ -][0-9]{{3}})(?:$|[^0-9.])",
            value_validators.no_users_number,
        ),
    ),
    *forms(
        "PIN",
        "one_time_code",
        r"=> ?[0-9]{3,10},[^,]*,[^,]+@",
        (r"=> ?(?P<v>[0-9]{3,10}),[^,\n]{0,60},[^\s,@]{1,60}@", None),
    ),
    *forms(
        "password",
        "sentence",
        rf"(?i){_WORD}[^\n]* {_TO} ",
        (rf"(?i){_WORD}[^\n]{{0,60}}? {_TO} [\"'„«]?(?P<v>[^\s\"']{{6,}})", value_validators.made),
    ),
    *forms(
        "password",
        "sentence",
        r"(?i)[şs]ifreniz|密码已|パスワードを",
        (r"(?i)[şs]ifreniz:? (?P<v>\S{6,})", value_validators.made),
        (r"密码已(?:重置|修改|更改)为 ?(?P<v>[^\s,。]{6,})", value_validators.made),
        (r"パスワードを「(?P<v>[^」\n]{6,})」", value_validators.made),
    ),
    *forms(
        "password",
        "sentence",
        r"(?i)password entered|pw [\"'\\]|pwd~>|(?:password|passphrase) is[ :=]*[\\\r\n]|(?:wlan|wi-?fi)[- ](?:schlüssel|password)",
        (r"(?i)password entered[a-z ]{0,24}: ?[\"'](?P<v>[^\"'\n]{6,})", value_validators.made),
        (r"(?i)(?:^|[^a-z])pw [\"'](?P<v>[^\"'\n]{6,})[\"']", value_validators.made),
        (r"(?i)pwd~>(?P<v>[^\s\"]{4,})", value_validators.value),
        (
            r"(?i)(?:password|passphrase) is ?[:=]?(?:\\{1,2}[rn]|\r|\n){1,4}(?P<v>[^\s\\\"]{6,})",
            value_validators.made,
        ),
        (r"(?i)(?:wlan|wi-?fi)[- ](?:schlüssel|password)(?: ist|:) ?[0-9]{4,5}(?:[ -][0-9]{4,5})+", None),
    ),
)
