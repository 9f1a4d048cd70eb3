"""What a secret looks like to the check by its own characters, near a word that says what kind it is.

The words are those that any dictionary has for a password, a code, a telephone, a key and a login: no phrase, no
product, no command. Whether a value is one, its length and its kinds of characters tell. So a broken rule is noticed on
lines that nobody has written down, and not only on its own examples.
"""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece, and these are the signs that people write

from mothership.pipeline.redaction.checker import strength
from mothership.pipeline.redaction.checker.shape_scanner import forms

_BEGINS, _STANDS = r"\b", r"(?:\b|_)"
_ENDS = r"(?:[\s\"'\\=:>\])~*|]|_?[0-9])"
_PASSWORD = (
    rf"(?:(?:(?:passw(?:or)?[dt]|passphrase|passcode|passwd|pwd|psk|secret|credential)s?|(?:\b|_)(?:pw|ww|pass|creds)){_ENDS}"
    r"|kennwort|wachtwoord|contraseña|mot de passe|senha|palavra-passe|parola|hasło|heslo|lösenord|passord|adgangskode|salasana|jelszó|şifre|sifre"
    r"|пароль|κωδικός|密码|密碼|パスワード|비밀번호|mật khẩu|كلمة|סיסמ)"
)
_LOGIN = r"(?:tried|log(?:ged|ging)?[ -]?(?:in|on)|sign(?:ed|ing)?[ -]?in|auth|attempt|user|account|admin|root|credential|\bcreds)"
_KEY = r"(?:(?:api|access|auth|app|private|secret|signing|master|encryption|license|session|shared|routing|stream|service)[-_ ]?key|(?:access|auth|refresh|api|bot|oauth|bearer|id)[-_ ]?token|(?:^|[^a-z-])(?:token|secret))"
_PROVES = r"(?:verif|confirm|valid|bestätig|potwierdz|podtver|подтвер|sms|log-?in|sign-?in|one[- ]?time|einmal|acces|access|2fa|mfa|authent|inlog|onay|doğrul|ověř|ellenőrz|vahvist|engång|engangs|toegang|dostęp|activat|unlock|disarm|gate|door)"
_CODE = r"(?:code|kod|kód|koodi|kode|codice|código|κωδικ|код|mã)"
_ONCE = r"(?:\botp|\bm?tan\b|\bpuk|totp|2fa|one[- ]time|验证码|驗證碼|認証番号|認証コード|確認コード|인증번호|passcode)"
_CODED = rf"(?:{_PROVES}[^\n0-9]{{0,16}}?{_CODE}|{_CODE}[^\n0-9]{{0,24}}?{_PROVES}|{_ONCE})"
_CALL = (
    r"(?:tel(?:e?[fp]h?on[a-zéäö]*)?|phone|mobile?|cell(?:ulare|ulaire)?|handy|gsm|sms|whatsapp|viber|msisdn|call(?:er|ing|back)?(?:[ _-]?id)?|fax|dial(?:l?ed|ing)?|anruf|móvil"
    r"|teléfono|telefon[a-z]*|телефон[а-я]*|тел|τηλ[α-ω]*|电话|電話(?:番号)?|手机|携帯|전화|הטלפון|טלפון|هاتف|الهاتف)"
)
_NUMBER = r"\+?(?:[0-9]{9,13}|\(?[0-9]{2,5}\)?(?:[ ./-]{1,2}[0-9]{2,8}){1,5})"
_E164 = r"\+[1-9][0-9]{9,13}"
_UNTIL = r"(?:[^\n,]|,[^\"\n])"
"""A string goes on: `,"` begins another."""
_WORD = r"(?:(?-i:[A-Z])|[!#$%&*+?@^~])[^\s\"']*[0-9]|[0-9][^\s\"']*(?:(?-i:[A-Z])|[!#$%&*+?@^~])"
"""In every strong value."""


def _sign(words: str, then: str) -> str:
    """Return the sign of words with something behind them: in JSON a line's end leaves no sign that a word begins."""
    return rf"(?i){words.replace(_BEGINS, '').replace(_STANDS, '')}{_UNTIL}*(?:{then})"


NEAR_WORDS = (
    *forms(
        "password",
        "sentence",
        _sign(_PASSWORD, _WORD),
        (rf"(?i){_PASSWORD}(?P<v>{_UNTIL}{{3,64}})", strength.strong_word),
    ),
    *forms(
        "password",
        "sentence",
        rf"(?i)(?:{_WORD})[^\s]* (?:is|as|ist|est|es) {_UNTIL}*(?:pass|psk|pw|secret|credential|log-?in)",
        (
            r"(?i)(?P<v>[^\s\"']{6,64}) (?:is|as|ist|est|es) (?:[a-z]{1,8} ){0,3}(?:passw|passph|pw|psk|secret|credential|log-?in)",
            strength.strong_value,
        ),
    ),
    *forms(
        "password",
        "user_and_password",
        _sign(_LOGIN, rf"[a-z0-9._-](?:[:/%~]| [/|] | with | and )[^\s\"']*?(?:{_WORD})"),
        (
            rf"(?i){_LOGIN}(?:{_UNTIL}{{0,48}}?[ \t\"'=(\[<{{\\])?(?-i:[a-z][a-z0-9._-]{{1,24}})(?:[:/%~]| [/|] | with | and )(?P<v>[^\s\"'\\:/|<>]{{6,64}})(?:$|[\s\"'@|\])}},;:\\])",
            strength.strong_value,
        ),
    ),
    *forms(
        "password",
        "command_password",
        rf"-{{1,2}}[A-Za-z-]{{1,24}}[\s=\"',\\]{{0,6}}[^\s\"']*(?:{_WORD})",
        (
            r"(?:^|[\s\"',])(?:-[pP][\s\"',]{0,4}|-{1,2}(?:[a-z]{1,10}-){0,3}(?:pw|w|k|a|pass|pass(?:wd|word|phrase)|secret|key|token)[\s=\"',]{1,4})(?P<v>[^\s\"'\\<>|]{6,64})",
            strength.strong_value,
        ),
    ),
    *forms(
        "one-time code",
        "one_time_code",
        _sign(_CODED, "[0-9]{4}|[0-9]{3}[ -][0-9]{3}|[0-9]{2} [0-9]{2} [0-9]{2}"),
        (
            rf"(?i){_CODED}(?:[^\n0-9,]|,[^\"\n0-9]){{0,28}}?(?P<v>[0-9]{{6}}|[0-9]{{3}}[ -][0-9]{{3}}|[0-9]{{2}} [0-9]{{2}} [0-9]{{2}})(?:$|[^0-9A-Za-z.:/%-]|[.:](?:$|[^0-9]))",
            strength.code_to_type,
        ),
        (
            rf"(?i){_CODED}[^\n0-9a-z,]{{0,4}}(?:[^\s0-9:,]{{1,6}}[ :]{{1,3}})?(?P<v>[0-9]{{4,8}})(?:$|[^0-9A-Za-z.:/%-]|[.:](?:$|[^0-9]))",
            strength.code_to_type,
        ),
    ),
    *forms(
        "telephone number",
        "phone",
        _sign(_CALL, r"[0-9]{9}|[0-9]{2,5}\)?[ ./-]{1,2}[0-9]{2}"),
        (
            rf"(?i)(?:^|[^a-z]){_CALL}(?:[^a-z0-9+\n,](?:[^\n0-9+,]|,[^\"\n0-9+]){{0,24}})?(?P<v>{_NUMBER})(?:$|[^0-9A-Za-z_:/-]|[:](?:$|[^0-9]))",
            strength.number_to_call,
        ),
    ),
    *forms(
        "telephone number",
        "phone",
        rf"[\"'/_,;>|]{_E164}",
        (rf"(?:^|[\"'/_,;>|]){_E164}(?:$|[\"'@,;_<|])", None),
    ),
    *forms(
        "key",
        "named_key",
        _sign("(?:key|token|secret)", "[0-9A-Za-z+/_-]{20}"),
        (
            rf"(?i){_KEY}(?:[^a-z0-9\n,]|[^a-z\n,]{_UNTIL}{{0,24}}?[^0-9a-z+/_.:\n-])(?P<v>[0-9a-z+/_-]{{20,256}}={{0,2}})(?:$|[^0-9a-z+/_.=-])",
            strength.random_key,
        ),
        (
            rf"(?i){_KEY}s?[\"'\\]{{0,2}}[ :=]{{1,3}}[\"'\\]{{0,2}}(?:[0-9a-f]{{32}}|[0-9a-f]{{40}}|[0-9a-f]{{64}})(?:$|[^0-9a-z-])",
            None,
        ),
        (
            rf"(?i){_KEY}s?[\"'\\]{{0,2}}[ :=]{{1,3}}[\"'\\]{{0,2}}(?P<v>(?-i:[0-9A-Z]{{32}}))(?:$|[^0-9a-z-])",
            strength.drawn_by_lot,
        ),
        (
            r"(?i)(?:^|[^a-z])[a-z]{3,12}_key[\"'\\]{0,2}[:=] ?[\"'\\]{0,2}(?P<v>[0-9a-f]{32})(?:$|[^0-9a-z-])",
            strength.drawn_by_lot,
        ),
        (
            r"(?i)(?:acl|auth|access|api|bearer|management|secret|device)[ _-]token[\"'\\]{0,2}[ :=]{1,3}[\"'\\]{0,2}[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:$|[^0-9a-z-])",
            None,
        ),
    ),
    *forms(
        "key in an address",
        "named_key",
        r"/(?:web)?hooks?/[0-9A-Za-z_-]{20}|//(?:web)?hooks?\.[^\s]*/[0-9A-Za-z_-]{20}",
        (
            r"(?:/(?:web)?hooks?/|//(?:web)?hooks?\.[^\s/]{2,60}/)(?P<v>[0-9A-Za-z_-]{20,80})(?:$|[^0-9A-Za-z_./-])",
            strength.drawn_by_lot,
        ),
    ),
)
