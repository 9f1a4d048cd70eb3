"""The rule for credentials that a sentence gives away, in the languages that people write tickets in."""
# ruff: noqa: E501, PLR2004, RUF001 - an expression reads best in one piece, and these are the signs that people write

import re

from mothership.pipeline.redaction.rules.named_keys import is_random_key
from mothership.pipeline.redaction.rules.rule import Matcher, Rule
from mothership.pipeline.redaction.rules.vocabulary import (
    MADE_HAS,
    is_jumbled_word,
    is_made,
    is_written_out,
    says_words,
)

_ENGLISH = r"pass(?:word|phrase|code|wd)"
_FOREIGN = (
    r"passwort|kennwort|losungswort|wachtwoord|mot\sde\spasse|contrase(?:ñ|n)a|senha|has[łl]o"
    r"|heslo|parola(?:\sd['’]ordine)?|l(?:ö|o)senord(?:et)?|passord(?:et)?|adgangskoden?|salasana|palavra-passe|parool|mật\skhẩu|kata\ssandi(?:nya|\sanda)?|κωδικός(?:\s(?:πρόσβασης|σας|σου))?|סיסמה|كلمة\s(?:ال)?(?:مرور|سر)|รหัสผ่าน|jelsz(?:ó|o)(?:d|ja|va)?|[şs]ifre(?:niz|n|m|si|miz|nizi)?|parola(?:nız|niz|n|sı|ta)|parol[aăė]|lozink[aue]|шифра|gesl[oa]|пароль|пароля|парола(?:та)?|лозинка|sla(?:p|pt)ažodis|पासवर्ड|hasła|hesla|密码|密碼|口令"
    r"|パスワード|비밀번호"
)
_WORD_FOR_ONE = (
    rf"(?:{_ENGLISH}|{_FOREIGN}|clave"
    r"|geheimnis|(?:netzwerk|sicherheits|wlan|wpa2?)-?schl(?:ü|ue)ssel|cl(?:é|e)\s(?:wi-?fi|wpa|réseau)|clave\s(?:wi-?fi|de\sred)|(?:wifi|netwerk)-?sleutel|wi-?fi\skey|pre-?shared\skey)(?:\s(?:nova|nueva|nouveau|neue|nye|nya|actual|temporal|provisoire|temporaire))?"
)
_API_KEY = (
    r"(?:api[- ]?(?:schl(?:ü|ue)ssel|sleutel|key|token|nyckel|nøgle|nøkkel|avain|密钥|密鑰|キー|키)|cl(?:é|e)\s(?:d['’e]\s?)?api"
    r"|clave\s(?:de\s)?(?:la\s)?api|klucz\sapi|chave\s(?:de\s|da\s)?api|chiave\sapi|ключ\sapi|api[- ]?ключ|访问令牌|密钥|令牌|токен)"
)
_OWNER = r"(?:\s(?:für|fuer|voor|pour|para|dla|для|of|for|to|på|til|per|di|do|da|de|del|von|des|der|van|от|пользователя|pre|pro)\s[^\r\n:=—–]{1,60}?)?"
_BREAK = r"=?(?:\r?\n|(?:\\{1,2}r)?\\{1,2}n)[ \t>|]{0,8}"
"""The end of a line, as mail wraps it (`=`) and a program may write it."""
_SIGN = rf"(?:\s{{0,3}}(?::|：)(?:{_BREAK}){{1,2}}|\s{{0,3}}(?::|：|—|–|->|=>|→)\s{{0,3}}|\s{{1,3}}=\s{{1,3}})"
_VERB = (
    r"\s{1,2}(?:is|was|lautet|ist|war|wurde\sauf|est|es|é|è|sera|będzie|jest|to|är|er|on|je|este|это|είναι|adalah|là|będą|será|sarà|wordt|blir|bliver|тепер|to:)"
    rf"(?:\s(?:now|jetzt|nun|nu|désormais|ahora|agora|teraz|теперь|set\sto|reset\sto|changed\sto))?(?:\s{{1,2}}|\s{{0,2}}[:=]?{_BREAK})"
)
_CHANGED = (
    r"(?:redefinida|alterada|trocada|atualizada|mudada|resetada|definida|restablecid[ao]|cambiad[ao]|modificad[ao]|actualizad[ao]|reseteada|establecida"
    r"|réinitialisée?|changée?|modifiée?|définie?|reimpostat[ao]|cambiat[ao]|modificat[ao]|impostat[ao]|aggiornat[ao]|resettat[ao]"
    r"|gewijzigd|gereset|ingesteld|veranderd|aangepast|gezet|zmienion[eoy]|zresetowan[eoy]|ustawion[eoy]|zmieniono|zresetowano|ustawiono|změněno|nastaveno|resetováno"
    r"|ändrats|ändrat|återställts|återställt|bytts|satts|endret|tilbakestilt|satt|ændret|nulstillet|sat|promijenjena|resetirana|spremenjeno|schimbată|resetată|setată"
    r"|изменён|изменен|сброшен|установлен|сменён|сменен|обновлён|змінено|скинуто|встановлено|geändert|zurückgesetzt|gesetzt)"
)
_TO = r"(?:para|como|a|por|en|à|par|sur|su|in|con|naar|op|na|till|til|på|auf|la|u|v|на)"
_SET_GERMAN = r"(?:zurück)?(?:gesetzt|setzen|gestellt|geändert|ändern|gesetzt|festgelegt|gezet|gewijzigd|veranderd|ingesteld|gereset)"
_DONE = r"(?:entered|used|given|supplied|provided|tried|typed|attempted|received|sent|generated|assigned|created|issued|eingegeben|verwendet|saisi|introducida|ingevoerd)"
_VERB_WITHOUT_BLANK = r"\s{0,2}(?:是|为|為|は|은|는)\s{0,2}:?"
_OPEN = r"[\"'„“”«»‘’`「『【]{0,2}"
_GAP = r"(?:\s(?!falsch|ungültig|abgelaufen|geändert|gesperrt|verwei|onjuist|ongeldig|verlopen|gewijzigd|geweiger|incorrec|invalid|expir|modif|erron|cambia|scadut|errat|nieprawid|wygas|zmien|felakt|ändra|fel\s|forkert|väär|неверн|истек|измен)[^\s:=,;.!?\"'„“”«»(){}\[\]<>]{1,24}){1,6}?"
"""Up to six words of one clause that say whose it is, and not what became of it."""
_WHO_BEFORE = re.compile(
    r"(?:user|gebruiker|benutzer|nutzer|utilisateur|usuario|usuário|utente|użytkownik\w{0,3}|uživatel\w{0,2}|användare|bruker|bruger|käyttäjä\w{0,3}|пользовател\w{0,3}"
    r"|account|konto|compte|cuenta|conta|host|server|serveur|servidor|error|fehler|fout|erreur|version|ticket|code)[\s:=—–-]{1,6}\W{0,2}\Z",
    re.IGNORECASE,
)
_KEY = r"(?:sleutel|schl(?:ü|ue)ssel|cl(?:é|e)|clave|chiave|chave|klucz|klíč|nyckeln?|nøgle|nøkkel|avain|jeton|kulcs|ключ|токен)"
_STANDS_AT = r"\s(?:(?:staat|steht|ligger|står|jest|está|è|est|is|ist|är|er)\s)?(?:(?:nu|jetzt|nun|ora|ahora|maintenant|agora|teraz|теперь)\s)?(?:op|auf|på)\s"
_NOT_PUBLIC = r"(?!publi|pubbl|públi|öffentl|openba|veřej|offentl|julki|публич|открыт|primar|étrang|extern)"
_VALUE = r"(?P<secret>[^\s\"'„“”«»‘’`「」『』【】<>，。；、]{4,256}?)(?=[\"'„“”«»‘’`「」『』【】<>，。；、]|[.,;:!?)]{0,3}(?:\s|$))"


def _is_phrase(text: str) -> bool:
    """Tell a passphrase between quotation marks from what is said of one."""
    return not any(says_words(word) for word in text.split())


_OF_COMPLAINTS = """
not no passphrase password key error failed failure incorrect wrong invalid denied permission unable cannot can't bad try again
retry timeout aborted cancelled found such empty required
"""
_COMPLAINS = frozenset(_OF_COMPLAINTS.split())


def _is_spoken_phrase(text: str) -> bool:
    """Tell words that are a passphrase from what a program says instead of asking for one."""
    return _COMPLAINS.isdisjoint(text.split())


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


_NAME_OF_A_HOST = re.compile(r"[a-z0-9]+(?:[-._/][a-z0-9]+)*|[A-Z0-9]+(?:[-._/][A-Z0-9]+)*|[\w.+-]+@[\w-]+\.[\w.-]+")


def _is_chosen(text: str) -> bool:
    """Tell a password from a machine, a ticket or a date that it was set on: by signs, or by letters in both cases."""
    return is_made(text) and _NAME_OF_A_HOST.fullmatch(text) is None and not text.startswith(("http", "#", "("))


def _is_quoted_password(text: str) -> bool:
    """Tell a password between quotation marks from the name of a field, and from what is said of one."""
    return is_made(text) and _NAME_OF_A_HOST.fullmatch(text) is None


def _is_password_of(text: str) -> bool:
    """Tell a password behind any words for whose it is: by letters in both cases or signs, and no name of a machine."""
    return _is_made_password(text) and _is_chosen(text)


def _no_name(text: str, start: int, _end: int) -> bool:
    """Tell a password from the name of who has one: `Kennwort des Dienstes für Benutzer: Meier2024`."""
    return _WHO_BEFORE.search(text, max(0, start - 32), start) is None


_SIGNS_IN_IT = "[!#%^&*?+]"


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
        # The same in other languages: `senha … foi redefinida para …`, `Kennwort auf … zurückgesetzt`, `şifre … olarak`
        Matcher(
            rf"{_WORD_FOR_ONE}(?:\s[^\s:=]{{1,40}}){{0,6}}?\s{_CHANGED}\s{_TO}\s{{1,2}}{_OPEN}{_VALUE}",
            _is_chosen,
            secret_has=MADE_HAS,
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            rf"{_WORD_FOR_ONE}(?:\s[^\s:=]{{1,40}}){{0,4}}?\s(?:auf|zu|op|naar|in)\s{{1,2}}{_OPEN}{_VALUE}{_OPEN}(?=\s{_SET_GERMAN})",
            _is_chosen,
            secret_has=MADE_HAS,
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            rf"(?:[şs]ifre|parola)\w{{0,6}}\s{_OPEN}{_VALUE}{_OPEN}(?=\solarak)",
            _is_chosen,
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            r"(?:密码|密碼|口令|パスワード)(?:已|を|已经)?(?:被)?(?:重置|重設|修改|更改|设置|設定|变更|変更|改)?(?:为|為|成)?\s{0,2}[「『“\"'‘]{0,1}(?P<secret>[!#-&(-~]{4,128}?)(?=[」』”\"'’]?\s?(?:に(?:変更|リセット|設定)|[,。;，；]|\s|$))",
            _is_chosen,
            ignore_case=True,
            unicode=True,
        ),
        # What was done with it, and the password: `password entered: "…"`, `temp pw "…"`
        Matcher(
            rf"(?:passw(?:or)?d|pass(?:phrase|code)|passwort|kennwort|wachtwoord|mot\sde\spasse|contraseña|(?<![a-z])(?:pw|pwd))\s{_DONE}(?:\s(?:by|for|from|with|on|at|von|par)\s[^\s:=]{{1,64}}){{0,2}}\s?[:=]\s{{0,2}}{_OPEN}{_VALUE}",
            is_made,
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            r"(?:passw(?:or)?d|passphrase|passcode|passwort|kennwort|wachtwoord|senha|contraseña|(?<![a-z])(?:pw|pwd))\s{1,2}(?P<q>\\{0,3}[\"'`])(?P<secret>[^\"'`\r\n\\]{5,128})(?P=q)(?!\s?[:=(])",
            _is_quoted_password,
            ignore_case=True,
            unicode=True,
        ),
        # Another sign than everybody's: `pwd~>…`, `password → …`
        Matcher(
            r"(?:passw(?:or)?d|passphrase|passwort|kennwort|(?<![a-z])(?:pw|pwd|pass)|secret|token|api_?key)[0-9]?(?:\s?(?:~>|==>|-->|=:|:>|:-)\s?|\s(?:→|⇒|»|›|¦)\s)[\"']?(?P<secret>[^\s\"'<>~|]{4,256})",
            lambda text: (
                is_written_out(text)
                and not says_words(text)
                and text.strip("_.,:;()").isascii()
                and text[0] not in "&*/$"
            ),
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
        # A scanner's finding: `default creds found on … -> bob:…`; a client's question and its answer: `Enter passphrase for … : …`
        Matcher(
            r"(?:default|weak|valid|working|known|guessed|cracked)\s(?:creds|credentials?|login|password)\s(?:found|accepted|work(?:s|ed)?|detected|in\suse)?[^\r\n]{0,80}?(?:->|=>|→|:)\s{1,2}[A-Za-z][\w.-]{0,31}:(?P<secret>[^\s:\"'/\\,;]{3,128})(?=$|[\s\"',;])",
            lambda text: is_written_out(text) and not text.isdigit() and not says_words(text),
            ignore_case=True,
        ),
        Matcher(
            r"enter\spassphrase\sfor\s[^\r\n:\"']{1,128}:\s{1,2}(?P<secret>[a-z]{1,24}(?:\s[a-z]{1,24}){2,11})(?=\s{0,4}(?:$|[\r\n]|\\[rn]|\"))",
            _is_spoken_phrase,
            ignore_case=True,
        ),
        # A user and a password on a note: `user 11882 ww Bestel1234`
        Matcher(
            rf"(?:user(?:naam|name)?|gebruiker(?:snaam)?|benutzer|login|inlog|usuario|utente|identifiant)\s{{0,2}}[:=]?\s{{1,2}}[\w.@-]{{1,64}}[\s,;/]{{1,3}}(?:ww|wachtwoord|kw|mdp|pw|pwd|clave|hasło)\s{{0,2}}[:=]?\s{{1,2}}{_OPEN}{_VALUE}",
            _is_made_password,
            ignore_case=True,
        ),
        # Typed where a name was asked for: no name has capitals, a digit and a sign such as these.
        Matcher(
            r"(?:invalid|illegal|unknown)\suser\s(?P<secret>[^\s\"'\\@]{8,64})(?=\sfrom\s)",
            lambda text: _is_chosen(text) and any(char in "!#%^&*?+" for char in text) and any(map(str.isdigit, text)),
            secret_has=_SIGNS_IN_IT,
            ignore_case=True,
        ),
        # Whose it is in any words: `Heslo k terminálu je …`, `Uusi salasana … koneelle on …`, `jeton d'accès … : …`
        Matcher(
            rf"(?:{_FOREIGN}){_GAP}(?:{_SIGN}|{_VERB}){_OPEN}{_VALUE}",
            _is_password_of,
            secret_has=MADE_HAS,
            ignore_case=True,
            unicode=True,
            fits=_no_name,
        ),
        Matcher(
            rf"{_KEY}(?:\s{_NOT_PUBLIC}[^\s:=,;]{{1,24}}){{0,8}}?(?:{_SIGN}|{_VERB}|{_STANDS_AT}){_OPEN}(?P<secret>[0-9A-Za-z+/_-]{{24,512}}={{0,2}})(?![0-9A-Za-z+/=_:.-])",
            is_random_key,
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
            r"(?:schl(?:ü|ue)ssel|sleutel|cl(?:é|e)\s(?:wi-?fi|wpa|réseau)|clave\s(?:wi-?fi|de\sred)|(?:wi-?fi|wlan|wpa2?)[\s-](?:key|password|passwort|kennwort|wachtwoord))(?:\s(?:lautet|ist|is|est|es))?\s{0,2}[:=]?\s{0,2}[\"'„“«]?(?P<secret>[0-9]{8,63}|[0-9]{4,5}(?:[- ][0-9]{4,5}){1,11})(?![\w.])",
            ignore_case=True,
            unicode=True,
        ),
    ),
    positives=(
        ("weak credentials found on 10.1.1.3:80 -> root:visafslag", "visafslag"),
        ("Enter passphrase for key /mnt/b: three blue lanterns at dusk", "three blue lanterns at dusk"),
        ("portal.example.org gebruiker 20417 ww Karton4410", "Karton4410"),
        ("Failed password for invalid user Kraan9haven! from 10.1.1.3 port 4022 ssh2", "Kraan9haven!"),
        ("2号泵房屏幕密码已改为Qingdao77，请记录。", "Qingdao77"),
        ("Heslo k serveru v hale je Beskydy1987, pozor", "Beskydy1987"),
        ("Lösenordet till nya kassan är Surströmming9!", "Surströmming9!"),
        ("palavra-passe provisória: Sardinha-31", "Sardinha-31"),
        ("Ο κωδικός πρόσβασης της αποθήκης είναι Olympos!44", "Olympos!44"),
        ("Salasana varaston tulostimelle on Mustikka-21", "Mustikka-21"),
        ("Wachtwoord nieuwe weegbrug terminal: Dijkgraaf#7", "Dijkgraaf#7"),
        ("Hasło nowego skanera na rampie to Bursztyn!55", "Bursztyn!55"),
        ("sleutel van de koppeling staat nu op q7Rt2vXk9Lm4Zc8Bn1Ws6Yd3Hf5J", "q7Rt2vXk9Lm4Zc8Bn1Ws6Yd3Hf5J"),
        ("le jeton d'accès pour le portail : Zx8Kp3Qm7Rt2Vb9Nc4Lw6Yd1Hf5Gs0Ja", "Zx8Kp3Qm7Rt2Vb9Nc4Lw6Yd1Hf5Gs0Ja"),
        ("Der Schlüssel für den Wetterdienst lautet Pq4Xw8Zt2Lk6Vn9Rb3Yd7Mc1H", "Pq4Xw8Zt2Lk6Vn9Rb3Yd7Mc1H"),
        ("Your password has been reset to compass84_", "compass84_"),
        ("La contraseña de ana ha sido restablecida a Naranja!88", "Naranja!88"),
        ("Le mot de passe de paul a été réinitialisé à Crème&Brulee7, merci", "Crème&Brulee7"),
        ("La password di rossi è stata reimpostata su Gelato-Roma9!", "Gelato-Roma9!"),
        ("Het wachtwoord van piet is gewijzigd naar Klomp#1953.", "Klomp#1953"),
        ("Hasło użytkownika jan zostało zmienione na Pierogi%12", "Pierogi%12"),
        ("Lösenordet har ändrats till Midsommar*21", "Midsommar*21"),
        ("Passordet er tilbakestilt til Brunost&44", "Brunost&44"),
        ("Пароль учётной записи сброшен на Zima!2024x", "Zima!2024x"),
        ("Bitte das Passwort für den Scanner auf Regen$Tag5 setzen", "Regen$Tag5"),
        ("Wachtwoord op 'Tulp+Molen3' gezet door beheer", "Tulp+Molen3"),
        ("şifreniz Kedi!Bahce7 olarak değiştirildi", "Kedi!Bahce7"),
        ("Şifreniz: Ankara1923_", "Ankara1923_"),
        ("密码已重置为 Panda#8821x", "Panda#8821x"),
        ("パスワードを「Sakura!2291」に変更しました", "Sakura!2291"),
        ('HMI3: password entered by operator: "Turbine-7x"', "Turbine-7x"),
        ("pw 'Kupfer+Zinn5' given by phone", "Kupfer+Zinn5"),
        ("gateway ok usr~shop pwd~>Mangrove,77 end~1", "Mangrove"),
        ("Your new password is:\r\nPine-Cone-418\r\nRegards", "Pine-Cone-418"),
        ("the passphrase is =\nHarbor-Light-9 until Friday", "Harbor-Light-9"),
        ("Der WLAN-Schlüssel ist 4410-2295-8817-0034", "4410-2295-8817-0034"),
        ("Guest wifi password: 55120 88341", "55120 88341"),
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
        "default creds found on 10.1.1.3 -> see report: host:8443, weak password found: policy:required, Enter passphrase for key /a: operation not permitted",
        "invalid user oracle from 10.1.1.3, unknown user WEB01$ from 10.1.1.4, invalid user svc_backup2 from 10.1.1.5, login kim pw changed2 hours ago",
        "Passwort vergessen meldet Benutzer: KMueller-88",
        "heslo k terminálu je neplatné, lösenordet till servern är för kort, hasło do konta jest SHA-256, salasana palvelimelle on vanhentunut",
        "wachtwoord staat in de kluis. Ticket: INC-20881a, parola scaduta per il server: SRV-ROMA2, Passwort vergessen? Hotline: +49-30",
        "clé publique du serveur : MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5f2Q, sleutel staat op haak 4, clé primaire : commandes_par_region_2024x",
        "Das Passwort ist abgelaufen. Das Kennwort lautet anders, password is required",
        "le mot de passe est incorrect, la contraseña es obligatoria, het wachtwoord is verlopen",
        "password for user root from 10.0.0.1 port 22 ssh2",
        "the API key is invalid, API token for service billing-api: expired, clé API : absente",
        "login bob, 12:04:11 from web01, account ops/web01, credentials: vault/prod, user bob / group staff2, wifi wlan0/ath10k",
        "WPA: pre-shared key may be incorrect; BSSID=de:98:90:05:a2:f1, LOGIN_AS_EVENT|20261124100000.123|asz2PTIHU5f1KHkiLN0A|00D0",
        "password changed for bob, password has been reset by admin2, password set to expire in 90d, password policy changed to v2",
        "use tls1.2 with aes256 as cipher, user: bob p: 2, new password: required",
        "passphrase for /dev/sda3: not available, password is sha256",
        "пароль неверен, 密码错误, 密码是必填项, 密码已重置为空, パスワードを変更しました",
        "Kennwort auf SRV-DB01 geändert, Passwort auf web-03.corp zurückgesetzt, senha alterada para expirar em 30d, mot de passe modifié par u1042",
        "la contraseña fue cambiada por admin2, wachtwoord gewijzigd op 2025-03-01, hasło zmienione na serwerze db2, password entered: wrong, pw entered by op3",
        "password \"Private Key\", pw 'md5', passwd->pw_name, pwd >> out1.log, token --> null, password → required, secret |> encrypt2",
        "wifi password: 12 characters, WLAN-Schlüssel ist 63 Zeichen lang, şifreniz hatalı, şifre 2fa olarak ayarlandı",
    ),
)
