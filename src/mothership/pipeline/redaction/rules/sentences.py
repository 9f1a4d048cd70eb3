"""The rule for credentials that a sentence gives away, in the languages that people write tickets in."""
# ruff: noqa: E501, PLR2004, RUF001 - an expression reads best in one piece, and these are the signs that people write

import re

from mothership.pipeline.redaction.rules.rule import Matcher, Rule
from mothership.pipeline.redaction.rules.vocabulary import MADE_HAS, is_jumbled_word, is_made, says_words

_WORD_FOR_ONE = (
    r"(?:pass(?:word|phrase|code|wd)|passwort|kennwort|losungswort|wachtwoord|mot\sde\spasse|contrase(?:ñ|n)a|senha|has[łl]o"
    r"|heslo|parola(?:\sd['’]ordine)?|l(?:ö|o)senord(?:et)?|passord(?:et)?|adgangskoden?|salasana|clave|palavra-passe|parool|mật\skhẩu|kata\ssandi|κωδικός|סיסמה|كلمة\s(?:المرور|السر)|รหัสผ่าน|jelsz(?:ó|o)|[şs]ifre|lozinka|geslo|пароль|пароля|密码|密碼|口令"
    r"|パスワード|비밀번호|geheimnis|(?:netzwerk|sicherheits|wlan|wpa2?)-?schl(?:ü|ue)ssel|cl(?:é|e)\s(?:wi-?fi|wpa|réseau)|clave\s(?:wi-?fi|de\sred)|(?:wifi|netwerk)-?sleutel|wi-?fi\skey|pre-?shared\skey)(?:\s(?:nova|nueva|nouveau|neue|nye|nya|actual|temporal|provisoire|temporaire))?"
)
_API_KEY = (
    r"(?:api[- ]?(?:schl(?:ü|ue)ssel|sleutel|key|token|nyckel|nøgle|nøkkel|avain|密钥|密鑰|キー|키)|cl(?:é|e)\s(?:d['’e]\s?)?api"
    r"|clave\s(?:de\s)?(?:la\s)?api|klucz\sapi|chave\s(?:de\s|da\s)?api|chiave\sapi|ключ\sapi|api[- ]?ключ|访问令牌|密钥|令牌|токен)"
)
_OWNER = r"(?:\s(?:für|fuer|voor|pour|para|dla|для|of|for|to|på|til|per|di|do|da|de|del|von|des|der|van|от|пользователя|pre|pro)\s[^\r\n:=—–]{1,60}?)?"
_SIGN = r"(?:\s{0,3}(?::|：|—|–|->|=>|→)\s{0,3}|\s{1,3}=\s{1,3})"
_VERB = (
    r"\s{1,2}(?:is|was|lautet|ist|war|wurde\sauf|est|es|é|è|sera|będzie|jest|to|är|er|on|je|este|это|to:)"
    r"(?:\s(?:now|jetzt|nun|nu|désormais|ahora|agora|teraz|теперь|set\sto|reset\sto|changed\sto))?\s{1,2}"
)
_VERB_WITHOUT_BLANK = r"\s{0,2}(?:是|为|為|は|은|는)\s{0,2}:?"
_OPEN = r"[\"'„“”«»‘’`「『【]{0,2}"
_VALUE = r"(?P<secret>[^\s\"'„“”«»‘’`「」『』【】<>，。；、]{4,256}?)(?=[\"'„“”«»‘’`「」『』【】<>，。；、]|[.,;:!?)]{0,3}(?:\s|$))"


def _is_phrase(text: str) -> bool:
    """Tell a passphrase between quotation marks from what is said of one."""
    return not any(says_words(word) for word in text.split())


def _is_generated(text: str) -> bool:
    """Tell a password that a program made, which may be of hexadecimal digits alone."""
    return is_made(text) or (len(text) >= 16 and all(char in "0123456789abcdef" for char in text))


_FIGURES = re.compile(
    r"[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){2,7}|[0-9.:/-]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z]+[0-9]+(?:[/.-][a-z0-9]+)*"
)


def _is_made_password(text: str) -> bool:
    """Tell a password from the second of two names: `ops/web01`, `login bob, 12:04`."""
    return (
        is_made(text)
        and _FIGURES.fullmatch(text) is None
        and (len(text) >= 8 or any(char in "!#$%^&*+~?" for char in text))
    )


SENTENCE = Rule(
    name="sentence",
    description="Passwords and API keys that a sentence gives away: `Das Kennwort lautet …`, `le mot de passe est …`, "
    "`пароль пользователя … — …`, `API-sleutel: …`, `Wi-Fi password for the guests: …`; only what can't be a word.",
    source="tickets and chat logs in English, German, Dutch, French, Spanish, Portuguese, Italian, Polish, Czech, the "
    "Scandinavian languages, Finnish, Hungarian, Turkish, Russian, Chinese, Japanese and Korean",
    matchers=(
        # What becomes of one: `password set to …`, `has been reset to …`, `changed from … to …`, `the following password …: …`
        Matcher(
            rf"(?:pass(?:word|phrase|code|wd)|credentials?|secret)\s{{1,2}}(?:(?:has|have|had|was|were|is|been|now|successfully|automatically)\s){{0,4}}(?:(?:re)?set|changed|updated|rotated|initiali[sz]ed|generated|replaced)(?:\s(?:from|by|for)\s[^\s]{{1,64}})?\s(?:to|as|with|:){_OPEN}\s{{0,2}}{_OPEN}{_VALUE}",
            is_made,
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            rf"(?:pass(?:word|phrase|code|wd))\s(?:\w{{3,10}}\s)?(?:changed|updated|rotated|replaced)\s(?:from|:)\s{{0,2}}{_OPEN}{_VALUE}(?=[\"'”’»]{{0,2}}\sto\s)",
            is_made,
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            rf"(?:following|this|new|old|temporary|initial|generated|default|current)\s(?:\w{{3,12}}\s)?pass(?:word|phrase|code)(?:\s(?:to|for|of)\s[^\r\n:=]{{1,60}})?\s?(?::|\bis\b|=)\s{{0,2}}{_OPEN}{_VALUE}",
            _is_generated,
            ignore_case=True,
        ),
        # A user and a password: `credentials: bob / …`, `creds bob:…`, `default login admin/…`, `use bob with … as password`
        Matcher(
            rf"(?<![A-Za-z0-9])(?:credentials?|creds|logins?|log-?in|user(?:name)?s?\s?(?:and|&|/|\+)\s?pass(?:word|wd)?s?|account|wi-?fi|wlan|ssid)(?:\s(?:are|is|was)\s|\s?[:=]\s{{0,2}}|\s){_OPEN}[\w.@$\\-]{{2,64}}{_OPEN}(?:\s?[/|]\s?|:|\sand\s|\s?,\s){_OPEN}{_VALUE}",
            _is_made_password,
            ignore_case=True,
        ),
        Matcher(
            rf"(?:try|use|with|using)\s{_OPEN}[\w.@$\\-]{{2,64}}{_OPEN}\s(?:with|and|/)\s{_OPEN}{_VALUE}{_OPEN}(?=\sas\s(?:the\s)?pass)",
            is_made,
            ignore_case=True,
        ),
        Matcher(
            rf"(?<![A-Za-z])(?:U|User|Usr|Login|Username|Benutzer|usuario|bruker)\s?[:=]\s?[\w.@$\\-]{{2,64}}[\s,;/|]{{1,3}}(?:P|PW|Pw|Pass|p|pw)\s?[:=]\s?{_OPEN}{_VALUE}",
            is_made,
        ),
        Matcher(
            rf"(?:password|passphrase|passwort|passord|wachtwoord)\s?(?:\([\w.@$\\-]{{1,64}}\)|for\s(?:key|user|file|host)\s{_OPEN}[^\s:\"']{{1,128}}{_OPEN})\s?:\s{{0,2}}{_OPEN}{_VALUE}",
            is_made,
            ignore_case=True,
        ),
        Matcher(
            rf"{_WORD_FOR_ONE}{_OWNER}(?:{_SIGN}|{_VERB}|{_VERB_WITHOUT_BLANK}){_OPEN}{_VALUE}",
            is_made,
            secret_has=MADE_HAS,
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            rf"{_API_KEY}{_OWNER}(?:{_SIGN}|{_VERB}|{_VERB_WITHOUT_BLANK}){_OPEN}{_VALUE}",
            is_jumbled_word,
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            rf"{_WORD_FOR_ONE}{_OWNER}\s{{0,2}}:?\s{{0,2}}[„“«‘](?P<secret>[^„“”«»‘’\r\n]{{4,128}})[“”»’]",
            _is_phrase,
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            r"(?:schl(?:ü|ue)ssel|sleutel|cl(?:é|e)\swi-?fi)\s{0,2}:\s{0,2}(?P<secret>[0-9]{8,63})(?![\w.])",
            ignore_case=True,
            unicode=True,
        ),
    ),
    positives=(
        ("Your password has been reset to compass84_", "compass84_"),
        ("password changed from wsxQWE#9855 to Kr4k3n~629", "wsxQWE#9855"),
        ("use the following password to proceed to installation: eeef55185d007cf44665e86d58d86949", "eeef55185d007cf4"),
        ("credentials: bob / DAlQuo4DMnrOg.7x", "DAlQuo4DMnrOg.7x"),
        ("default credentials admin/luyKaMohL6sssm7x still active", "luyKaMohL6sssm7x"),
        ("try bob with qwertASD~1812 as password", "qwertASD~1812"),
        ("username and password are bob and sunset-KRAKEN_91", "sunset-KRAKEN_91"),
        ("U: bob P: zxcvwsx_7166", "zxcvwsx_7166"),
        ("Passphrase for key '/root/.ssh/id_rsa': walnut648!", "walnut648!"),
        ("lösenordet är vanilla95_", "vanilla95_"),
        ("a senha nova é copper7982", "copper7982"),
        ("كلمة المرور: qazASD8637", "qazASD8637"),
        ("Ticket 55899: Das neue Passwort lautet 52EmberNDg4, bitte ändern.", "52EmberNDg4"),
        ("Kennwort für den Drucker-Account: LVsJYrYN8b0aLI", "LVsJYrYN8b0aLI"),
        ("het wachtwoord is snqCs5yAKN en de gebruikersnaam is fiets", "snqCs5yAKN"),
        ("le mot de passe est uhrgqr873, merci", "uhrgqr873"),
        ("la contraseña es 63Saffron72pG y el usuario", "63Saffron72pG"),
        ("Новый пароль пользователя «operator» — 31FalconK0Pm", "31FalconK0Pm"),
        ("API密钥:ZKiz6X8jGE6MCDgTkVZG2CxjrNV240n9", "ZKiz6X8jGE6MCDgTkVZG2CxjrNV240n9"),
        ("Clé API : a6YuqwSTbNDlPuXjHkVT1JkGJePmCz8l", "a6YuqwSTbNDlPuXjHkVT1JkGJePmCz8l"),
        ("Clave de API: nE0nygo9NOn254cRm065ToLUnCnGtDiBfX3l", "nE0nygo9NOn254cRm065ToLUnCnGtDiBfX3l"),
        ("Der API-Schlüssel lautet piWPhOFGhyrchYArVmEwWg8K1advSZ7i, bitte", "piWPhOFGhyrchYArVmEwWg8K1advSZ7i"),
        ("LUKS: Enter passphrase for /dev/sda3: S2jL2Ub3PgdRK8Lr", "S2jL2Ub3PgdRK8Lr"),
        ("密码是 Kf83mQ2z", "Kf83mQ2z"),
        ("Kennwort „meadow molen zamek“ ungültig", "meadow molen zamek"),
        ("WLAN-Netzwerkschlüssel: 64976467412239301216", "64976467412239301216"),
    ),
    negatives=(
        "Das Passwort ist abgelaufen. Das Kennwort lautet anders, password is required",
        "le mot de passe est incorrect, la contraseña es obligatoria, het wachtwoord is verlopen",
        "password for user root from 10.0.0.1 port 22 ssh2",
        "the API key is invalid, API token for service billing-api: expired, clé API : absente",
        "login bob, 12:04:11 from web01, account ops/web01, credentials: vault/prod, user bob / group staff2, wifi wlan0/ath10k",
        "WPA: pre-shared key may be incorrect; BSSID=de:98:90:05:a2:f1, LOGIN_AS_EVENT|20261124100000.123|asz2PTIHU5f1KHkiLN0A|00D0",
        "password changed for bob, password has been reset by admin2, password set to expire in 90d, password policy changed to v2",
        "use tls1.2 with aes256 as cipher, user: bob p: 2, new password: required",
        "passphrase for /dev/sda3: not available, password is sha256",
        "пароль неверен, 密码错误, 密码是必填项",
    ),
)
