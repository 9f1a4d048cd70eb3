"""The rule for credentials that a sentence gives away, in the languages that people write tickets in."""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece, and these are the signs that people write

from mothership.pipeline.redaction.rules.rule import Matcher, Rule
from mothership.pipeline.redaction.rules.vocabulary import MADE_HAS, is_jumbled_word, is_made, says_words

_WORD_FOR_ONE = (
    r"(?:pass(?:word|phrase|code|wd)|passwort|kennwort|losungswort|wachtwoord|mot\sde\spasse|contrase(?:ñ|n)a|senha|has[łl]o"
    r"|heslo|parola|l(?:ö|o)senord|passord|adgangskode|salasana|jelsz(?:ó|o)|[şs]ifre|lozinka|geslo|пароль|пароля|密码|密碼|口令"
    r"|パスワード|비밀번호|geheimnis|(?:netzwerk|sicherheits|wlan|wpa2?)-?schl(?:ü|ue)ssel|cl(?:é|e)\s(?:wi-?fi|wpa|réseau)|clave\s(?:wi-?fi|de\sred)|(?:wifi|netwerk)-?sleutel|wi-?fi\skey|pre-?shared\skey)"
)
_API_KEY = (
    r"(?:api[- ]?(?:schl(?:ü|ue)ssel|sleutel|key|token|nyckel|nøgle|avain|密钥|密鑰|キー|키)|cl(?:é|e)\s(?:d['’e]\s?)?api"
    r"|clave\s(?:de\s)?(?:la\s)?api|klucz\sapi|chave\s(?:de\s|da\s)?api|chiave\sapi|ключ\sapi|api[- ]?ключ|访问令牌|密钥|令牌|токен)"
)
_OWNER = r"(?:\s(?:für|fuer|voor|pour|para|dla|для|of|for|to|på|til|per|di|do|da|de|del|von|des|der|van|пользователя|pre|pro)\s[^\r\n:=—–]{1,60}?)?"
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


SENTENCE = Rule(
    name="sentence",
    description="Passwords and API keys that a sentence gives away: `Das Kennwort lautet …`, `le mot de passe est …`, "
    "`пароль пользователя … — …`, `API-sleutel: …`, `Wi-Fi password for the guests: …`; only what can't be a word.",
    source="tickets and chat logs in English, German, Dutch, French, Spanish, Portuguese, Italian, Polish, Czech, the "
    "Scandinavian languages, Finnish, Hungarian, Turkish, Russian, Chinese, Japanese and Korean",
    matchers=(
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
        "passphrase for /dev/sda3: not available, password is sha256",
        "пароль неверен, 密码错误, 密码是必填项",
    ),
)
