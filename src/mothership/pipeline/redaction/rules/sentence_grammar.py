"""How a sentence gives a password away: the words for one, what joins them with it, and what tells one from a word."""
# ruff: noqa: E501, PLR2004, RUF001 - an expression reads best in one piece, and these are the signs that people write

import re

from mothership.pipeline.redaction.rules.vocabulary import looks_like_secret, says_words

ENGLISH = r"pass(?:word|phrase|code|wd)"
FOREIGN = (
    r"passwort|kennwort|losungswort|wachtwoord|mot\sde\spasse|contrase(?:ñ|n)a|senha|has[łl]o"
    r"|heslo|parola(?:\sd['’]ordine)?|l(?:ö|o)senord(?:et)?|passord(?:et)?|adgangskoden?|salasana|palavra-passe|parool|mật\skhẩu|kata\ssandi(?:nya|\sanda)?|κωδικός(?:\s(?:πρόσβασης|σας|σου))?|ה?סיסמ[הא](?:\sה\w{3,12})?|كلمة\s(?:ال)?(?:مرور|سر)|รหัสผ่าน|jelsz(?:ó|o)(?:d|ja|va)?|[şs]ifre(?:niz|n|m|si|miz|nizi)?|parola(?:nız|niz|n|sı|ta)|parol[aăė]|lozink[aue]|шифра|gesl[oa]|пароль|пароля|парола(?:та)?|лозинка|sla(?:p|pt)ažodis|पासवर्ड|hasła|hesla|密码|密碼|口令"
    r"|パスワード|비밀번호"
)
WORD_FOR_ONE = (
    rf"(?:{ENGLISH}|{FOREIGN}|clave"
    r"|geheimnis|(?:netzwerk|sicherheits|wlan|wpa2?)-?schl(?:ü|ue)ssel|cl(?:é|e)\s(?:wi-?fi|wpa|réseau)|clave\s(?:wi-?fi|de\sred)|(?:wifi|netwerk)-?sleutel|wi-?fi\skey|pre-?shared\skey)(?:\s(?:nova|nueva|nouveau|neue|nye|nya|actual|temporal|provisoire|temporaire))?"
)
API_KEY = (
    r"(?:api[- ]?(?:schl(?:ü|ue)ssel|sleutel|key|token|nyckel|nøgle|nøkkel|avain|密钥|密鑰|キー|키)|cl(?:é|e)\s(?:d['’e]\s?)?api"
    r"|clave\s(?:de\s)?(?:la\s)?api|klucz\sapi|chave\s(?:de\s|da\s)?api|chiave\sapi|ключ\sapi|api[- ]?ключ|访问令牌|密钥|令牌|токен)"
)
OWNER = r"(?:\s(?:für|fuer|voor|pour|para|dla|для|of|for|to|på|til|per|di|do|da|de|del|von|des|der|van|от|пользователя|pre|pro)\s[^\r\n:=—–]{1,60}?)?"
_BREAK = r"=?(?:\r?\n|(?:\\{1,2}r)?\\{1,2}n)[ \t>|]{0,8}"
"""The end of a line, as mail wraps it (`=`) and a program may write it."""
SIGN = rf"(?:\s{{0,3}}(?::|：)(?:{_BREAK}){{1,2}}|\s{{0,3}}(?::|：|—|–|->|=>|→)\s{{0,3}}|\s{{1,3}}=\s{{1,3}})"
VERB = (
    r"\s{1,2}(?:is|was|lautet|ist|war|wurde\sauf|est|es|é|è|sera|będzie|jest|to|är|er|on|je|este|это|είναι|היא|הוא|है|adalah|là|będą|será|sarà|wordt|blir|bliver|тепер|to:)"
    rf"(?:\s(?:now|jetzt|nun|nu|désormais|ahora|agora|teraz|теперь|set\sto|reset\sto|changed\sto))?(?:\s{{1,2}}|\s{{0,2}}[:=]?{_BREAK})"
)
CHANGED = (
    r"(?:redefinida|alterada|trocada|atualizada|mudada|resetada|definida|restablecid[ao]|cambiad[ao]|modificad[ao]|actualizad[ao]|reseteada|establecida"
    r"|réinitialisée?|changée?|modifiée?|définie?|reimpostat[ao]|cambiat[ao]|modificat[ao]|impostat[ao]|aggiornat[ao]|resettat[ao]"
    r"|gewijzigd|gereset|ingesteld|veranderd|aangepast|gezet|zmienion[eoy]|zresetowan[eoy]|ustawion[eoy]|zmieniono|zresetowano|ustawiono|změněno|nastaveno|resetováno"
    r"|ändrats|ändrat|återställts|återställt|bytts|satts|endret|tilbakestilt|satt|ændret|nulstillet|sat|promijenjena|resetirana|spremenjeno|schimbată|resetată|setată"
    r"|изменён|изменен|сброшен|установлен|сменён|сменен|обновлён|змінено|скинуто|встановлено|geändert|zurückgesetzt|gesetzt)"
)
TO = r"(?:para|como|a|por|en|à|par|sur|su|in|con|naar|op|na|till|til|på|auf|la|u|v|на)"
SET_GERMAN = r"(?:zurück)?(?:gesetzt|setzen|gestellt|geändert|ändern|gesetzt|festgelegt|gezet|gewijzigd|veranderd|ingesteld|gereset)"
DONE = r"(?:entered|used|given|supplied|provided|tried|typed|attempted|received|sent|generated|assigned|created|issued|eingegeben|verwendet|saisi|introducida|ingevoerd)"
VERB_WITHOUT_BLANK = r"\s{0,2}(?:是|为|為|は|은|는)\s{0,2}:?"
OPEN = r"[\"'„“”«»‘’`「『【]{0,2}"
GAP = r"(?:\s(?!falsch|ungültig|abgelaufen|geändert|gesperrt|verwei|onjuist|ongeldig|verlopen|gewijzigd|geweiger|incorrec|invalid|expir|modif|erron|cambia|scadut|errat|nieprawid|wygas|zmien|felakt|ändra|fel\s|forkert|väär|неверн|истек|измен)[^\s:=,;.!?\"'„“”«»(){}\[\]<>]{1,24}){1,6}?"
"""Up to six words of one clause that say whose it is, and not what became of it."""
_WHO_BEFORE = re.compile(
    r"(?:user|gebruiker|benutzer|nutzer|utilisateur|usuario|usuário|utente|użytkownik\w{0,3}|uživatel\w{0,2}|användare|bruker|bruger|käyttäjä\w{0,3}|пользовател\w{0,3}"
    r"|account|konto|compte|cuenta|conta|host|server|serveur|servidor|error|fehler|fout|erreur|version|ticket|code)[\s:=—–-]{1,6}\W{0,2}\Z",
    re.IGNORECASE,
)
KEY = r"(?:sleutel|schl(?:ü|ue)ssel|cl(?:é|e)|clave|chiave|chave|klucz|klíč|nyckeln?|nøgle|nøkkel|avain|jeton|kulcs|ключ|токен)"
STANDS_AT = r"\s(?:(?:staat|steht|ligger|står|jest|está|è|est|is|ist|är|er)\s)?(?:(?:nu|jetzt|nun|ora|ahora|maintenant|agora|teraz|теперь)\s)?(?:op|auf|på)\s"
NOT_PUBLIC = r"(?!publi|pubbl|públi|öffentl|openba|veřej|offentl|julki|публич|открыт|primar|étrang|extern)"
VALUE = r"(?P<secret>[^\s\"'„“”«»‘’`「」『』【】<>，。；、]{4,256}?)(?=[\"'„“”«»‘’`「」『』【】<>，。；、]|[.,;:!?)]{0,3}(?:\s|$))"


def is_phrase(text: str) -> bool:
    """Tell a passphrase between quotation marks from what is said of one."""
    return not any(says_words(word) for word in text.split())


_OF_COMPLAINTS = """
not no passphrase password key error failed failure incorrect wrong invalid denied permission unable cannot can't bad try again
retry timeout aborted cancelled found such empty required
"""
_COMPLAINS = frozenset(_OF_COMPLAINTS.split())


def is_spoken_phrase(text: str) -> bool:
    """Tell words that are a passphrase from what a program says instead of asking for one."""
    return _COMPLAINS.isdisjoint(text.split())


def is_generated(text: str) -> bool:
    """Tell a password that a program made, which may be of hexadecimal digits alone."""
    return looks_like_secret(text) or (len(text) >= 16 and all(char in "0123456789abcdef" for char in text))


_FIGURES = re.compile(
    r"[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){2,7}|[0-9.:/-]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z]+[0-9]+(?:[/.-][a-z0-9]+)*"
)


def looks_like_password(text: str) -> bool:
    """Tell a password from the second of two names: `ops/web01`, `login bob, 12:04`."""
    return (
        looks_like_secret(text)
        and _FIGURES.fullmatch(text) is None
        and (len(text) >= 8 or any(char in "!#$%^&*+~?" for char in text))
    )


_NAME_OF_A_HOST = re.compile(r"[a-z0-9]+(?:[-._/][a-z0-9]+)*|[A-Z0-9]+(?:[-._/][A-Z0-9]+)*|[\w.+-]+@[\w-]+\.[\w.-]+")


def is_chosen(text: str) -> bool:
    """Tell a password from a machine, a ticket or a date that it was set on: by signs, or by letters in both cases."""
    return (
        looks_like_secret(text) and _NAME_OF_A_HOST.fullmatch(text) is None and not text.startswith(("http", "#", "("))
    )


def is_quoted_password(text: str) -> bool:
    """Tell a password between quotation marks from the name of a field, and from what is said of one."""
    return looks_like_secret(text) and _NAME_OF_A_HOST.fullmatch(text) is None


def is_password_of(text: str) -> bool:
    """Tell a password behind any words for whose it is: by letters in both cases or signs, and no name of a machine."""
    return looks_like_password(text) and is_chosen(text)


def no_name(text: str, start: int, _end: int) -> bool:
    """Tell a password from the name of who has one: `Kennwort des Dienstes für Benutzer: Meier2024`."""
    return _WHO_BEFORE.search(text, max(0, start - 32), start) is None


_ALL_KINDS = re.compile(r"(?=.*[0-9])(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z0-9]+[!@#%^&*+][0-9A-Za-z!@#%^&*+-]*")


def is_of_all_kinds(text: str) -> bool:
    """Tell what nothing but a password is: letters in both cases, a figure, and a sign that joins no words."""
    return len(text) >= 8 and _ALL_KINDS.fullmatch(text) is not None and is_chosen(text)


SIGNS_INSIDE = "[!@#%^&*+]"
SIGNS_IN_IT = "[!#%^&*?+]"
