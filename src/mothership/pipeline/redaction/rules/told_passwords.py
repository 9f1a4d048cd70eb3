"""Passwords that are told in few words: behind `is:` at a line's end, as the answer to a prompt, in a row of a list."""
# ruff: noqa: E501, PLR2004, RUF001 - an expression reads best in one piece; lengths of values; signs that people write

import re

from mothership.pipeline.redaction.rules.rule import IN_LINE, QUOTE, WORD, Matcher
from mothership.pipeline.redaction.rules.sentence_grammar import OPEN, is_chosen, looks_like_password
from mothership.pipeline.redaction.rules.vocabulary import (
    UNLIKE_WORDS,
    is_no_word,
    is_written_out,
    looks_like_secret,
    says_words,
)

_WORD_FOR_ONE = r"(?:pass(?:word|phrase|code|wd)|passwort|kennwort|wachtwoord|contrase(?:ñ|n)a|senha|has[łl]o|heslo|l(?:ö|o)senord(?:et)?|passord(?:et)?|adgangskoden?|mot\sde\spasse)"
_STATE = re.compile(
    r"(?:onjuist|ongeldig|verlopen|leeg|verplicht|onbekend|falsch|ungültig|abgelaufen|leer|gesperrt|faux|incorrecte?|invalide|expirée?|vide|obligatoire|incorrecta|inválida|caducada|vac[ií]a|errata|scaduta|vuota|fel|ogiltigt|feil|forkert|błędne|nieprawidłowe|wygasło|neplatné|špatné"
    r"|compromised|blank|visible|stored|active|inactive|pending|locked|unlocked|synced|unchanged|weak|strong|here|there|below|above|following|secret|random|yours|known|unsafe|safe|secure|insecure|nothing|rejected|ignored|expiring|old|wrong|bad|good|saved|sent|shown|hidden|ready|late|next|none|unknown|unavailable)",
    re.IGNORECASE,
)


def _is_told(text: str) -> bool:
    """Tell a password, which may be a word, from what becomes of one."""
    return (
        is_no_word(text) and is_written_out(text) and not says_words(text)
        and _STATE.fullmatch(text.rstrip(".,!")) is None and "://" not in text and not text.startswith(("/", "=", "<"))
    )  # fmt: skip


def _is_generated(text: str) -> bool:
    """Tell a password that a program printed on a line of its own, which may begin with a sign."""
    return looks_like_secret(text) or looks_like_secret(text.lstrip("=+*-_"))


def _is_in_row(text: str) -> bool:
    """Tell a password in a row of cells from a host, a date and a name."""
    return looks_like_password(text) and is_chosen(text)


def _is_set_to(text: str) -> bool:
    """Tell a password from where it was sent to: an address, a machine, a time."""
    return (
        looks_like_secret(text)
        and "@" not in text
        and re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+|[0-9:./-]+", text) is None
    )


TOLD_PASSWORDS = (
    # `Your list password for … is: clubhuis`, `tijdelijk wachtwoord voor root is nu poortdeur`
    Matcher(
        rf"{_WORD_FOR_ONE}(?:\s(?:for|of|voor|van|für|pour|de|para|per|on|op)\s[^\r\n:=]{{1,60}}?)?\s(?:is|ist|lautet|est|es|luidt)(?::|\s(?:now|nu|jetzt|nun|ahora|desde\sahora):?)\s{{1,2}}{OPEN}(?P<secret>[^\s\"'„“”«»‘’`<>]{{4,128}}?)(?=[\"'”’»`]?[.,!]?\s{{0,2}}(?:$|[\r\n]|\\[rn]))",
        _is_told,
        ignore_case=True,
        unicode=True,
        parted=False,
    ),
    Matcher(
        rf"(?:ssid|netwerk|network|wlan|wi-?fi)\s{OPEN}[\w .-]{{1,32}}?{OPEN}\s?(?:,|/|and|with|en|und|met|mit|&)\s(?:the\s|het\s|das\s)?(?:pass(?:word|phrase|code)?|psk|pw|key|wachtwoord|passwort|kennwort|sleutel)\s?(?:is\s|:\s?|=\s?)?{OPEN}(?P<secret>[^\s\"'„“”«»‘’`<>]{{5,64}}?)(?=[\"'”’»`]?[.,!]?(?:\s|$))",
        lambda text: _is_told(text) and (not text.isalpha() or len(text) > 9 or not text.islower()),
        ignore_case=True,
    ),
    Matcher(
        r"(?:user|login|account|gebruiker)\s[\w.@-]{1,64}\s(?:pw|pwd|pass|ww|kw|mdp)\s(?P<secret>[^\s\"'\\,;]{4,128})(?=\s|$)",
        _is_told,
        ignore_case=True,
    ),
    # `Se cambió la contraseña del usuario kim a …`, `le mot de passe de kim a été remplacé par …`
    Matcher(
        rf"{_WORD_FOR_ONE}\s(?:del?|d[aiou]|da|della?|van|voor|für|pour|para)\s(?:(?:el|la|le|l|usuario|usuária?|utilisateur|utente|gebruiker|benutzer|user|account|cuenta|compte|conta)\s){{0,2}}[\w.@-]{{1,64}}\s(?:[^\s\d:=,;]{{1,16}}\s){{0,3}}?(?:a|à|par|por|con|in|naar|to|em)\s{{1,2}}{OPEN}(?P<secret>[^\s\"'„“”«»‘’`<>]{{5,64}}?)(?=[\"'”’»`]?[.,!]?\s{{0,2}}(?:$|[\r\n]|\\[rn]))",
        _is_set_to,
        ignore_case=True,
        unicode=True,
        secret_has=UNLIKE_WORDS,
    ),
    # A question and its answer: `conversation reply to "Password:" was '…'`, `Password for … (reset …):\n  …`
    Matcher(
        rf"{QUOTE}[\w\s@.-]{{0,40}}{_WORD_FOR_ONE}[\w\s@.-]{{0,24}}[:?]?\s?{QUOTE}\s(?:was|is|->|=>|with|answered|reply|got|sent|:)\s?(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{3,128}})(?P=q)",
        is_written_out,
        ignore_case=True,
    ),
    Matcher(
        rf"{_WORD_FOR_ONE}\s(?:for|of)\s[^\r\n:]{{1,40}}(?:\([^()\r\n]{{1,80}}\))?:(?:\r?\n|\\n)\s{{0,8}}(?P<secret>[^\s\"'\\]{{6,128}})(?=\s{{0,4}}(?:$|[\r\n]|\\n))",
        _is_generated,
        ignore_case=True,
        parted=False,
    ),
    Matcher(
        rf"select\s[^\r\n;]{{0,60}}pass\w{{0,8}}\s[^\r\n;]{{0,160}}?(?:->|=>|returned|result:?|:)\s{{1,2}}{QUOTE}(?P<secret>[^\"'\\\r\n]{{4,128}}){QUOTE}",
        is_written_out,
        ignore_case=True,
    ),
    # A user and a password in a row: `MFP-02;admin;Toner!22;`, `root/oudzeer1, nieuwe root/…`, `user=webrtc:…`
    Matcher(
        r"[;,|\t]\s{0,2}(?:admin|administrator|root|sa|user|operator|service)\s{0,2}(?P<s>[;,|\t])\s{0,2}(?P<secret>[^\s;,|\"']{5,64})(?=\s{0,2}(?P=s)|\s{0,2}$)",
        _is_in_row,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(
        r"(?<![\w./@:-])(?:root|admin)/(?P<secret>[a-z]{4,24}[0-9]{1,6})(?=[,;.]?(?:\s|$))",
        preceded=r"(?:panel|login|logins?|server|host|router|switch|oude?|nieuwe?|new|old|account|with|:|=)\s{1,2}(?:[\w-]{1,12}\s){0,1}",
        ignore_case=True,
    ),
    Matcher(
        r"(?:^|[\r\n]|\\n)\s{0,4}user=[\w.@-]{1,40}:(?P<secret>[^\s\"'\\,;&/:]{4,128})(?=\s{0,2}(?:$|[\r\n]|\\n|\"))",
        is_written_out,
    ),
    Matcher(
        r"(?:pwdb|passwd|htpasswd|passwords?|secrets?|credentials|users?)(?:\.(?:txt|conf|cfg|db|list))?[:\s]{0,2}(?:\r?\n|\\n)(?P<user>[a-z][\w.@-]{1,32}):(?P<secret>[^\s\"'\\:]{4,128})(?=\s{0,2}(?:$|[\r\n]|\\n|\"))",
        _is_told,
        ignore_case=True,
    ),
    # Routers told by SMS: `admin Admin-01x setparam …`; a label printer's wireless network; Icinga's ticket
    Matcher(
        r"(?<![\w/])[A-Za-z][\w-]{1,16}\s(?P<secret>[^\s\"'<>]{4,32})(?=\s(?:setparam|getparam|getstatus|getver|getgps|getio|cpureset|getinfo|setdigout|flush)\b)",
        _is_told,
    ),
    Matcher(r"\^WX[A-Z],[0-9]{1,2},\"[^\"\r\n]{1,32}\"(?:,[^,\"\r\n]{0,32}){0,10},\"(?P<secret>[^\"\r\n]{5,64})\""),
    Matcher(r"--ticket[\s=](?P<secret>[0-9a-f]{32,64})(?![0-9A-Za-z])"),
    # A shell that was asked for one: `echo $DB_PASS`, and what it printed; what a cluster keeps
    Matcher(
        r"(?:echo|print|printenv)\s[\"']?\$?\{?[A-Z_]{0,24}(?:PASS(?:WORD|WD)?|SECRET|TOKEN|PWD|API_?KEY)[A-Z_]{0,12}\}?[\"']?\s{0,2}(?:\r?\n|\\n)(?P<secret>[^\s\"'\\$]{4,256})(?=\s{0,2}(?:$|[\r\n]|\\n))",
        is_written_out,
    ),
    Matcher(r"get\ssecrets?\s[^\r\n]{0,200}?(?:→|->|=>)\s{1,2}(?P<secret>[^\s\"']{6,256})(?=\s{0,2}(?:$|[\r\n]))", is_written_out),
    Matcher(
        r"pass\s?phrase\s?(?:is|:|=)\s{1,2}(?P<secret>[^\s.,:;\"']{2,24}(?:\s[^\s.,:;\"']{1,24}){1,7})(?=[.;,]\s|\s{0,2}(?:$|[\r\n]))",
        lambda text: all(_is_told(word) or word.isdigit() for word in text.split()),
        ignore_case=True,
    ),
    Matcher(
        rf"(?:{_WORD_FOR_ONE}|psk)(?:\s[^\s:=,;]{{1,24}}){{1,6}}?\s(?:è|is|ist|est|es|jest|är|er)\s(?P<secret>[a-z]{{5,20}}[0-9]{{2,6}})(?=[.!,]?\s{{0,2}}(?:$|[\r\n]))",
        ignore_case=True,
        unicode=True,
        parted=False,
    ),
    *(
        Matcher(
            rf"(?:psk|secret|passw\w{{0,6}}|(?:shared|auth|api)[_ ]key)\s(?:old|from)\s?=?\s?{quotes}",
            is_written_out,
            ignore_case=True,
        )
        for quotes in (
            rf"{QUOTE}(?P<secret>[^\"'\\\r\n]{{3,128}}){QUOTE}",
            rf"{QUOTE}[^\"'\\\r\n]{{0,128}}{QUOTE}\s(?:new|to)\s?=?\s?{QUOTE}(?P<secret>[^\"'\\\r\n]{{3,128}}){QUOTE}",
        )
    ),
    Matcher(
        rf"{_WORD_FOR_ONE}\s(?:invece|instead|dagegen|daarentegen|ahora|maintenant|jetzt|nu)\s(?P<secret>[^\s\"'<>,]{{5,64}})(?=[.!]?\s{{0,2}}(?:$|[\r\n]))",
        looks_like_secret,
        ignore_case=True,
        unicode=True,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(rf"00:00:00:00:00:00\s(?P<secret>[^\s]{IN_LINE}{{7,62}})(?=\s{{0,2}}(?:$|[\r\n\"\\]))", is_written_out),
    Matcher(
        rf"(?:{_WORD_FOR_ONE}|(?<![a-z])pwd)\s(?:was\s|is\s)?(?:changed|reset|set|geändert|gewijzigd|changé|cambiad[ao])[,;:]\s(?:to\s)?(?:new|neu|nieuw)\s?[=:]\s?{WORD}",
        looks_like_secret,
        ignore_case=True,
        unicode=True,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(rf"(?:Schlüsselinhalt|Contenu\sde\sla\sclé|Contenido\sde\sla\sclave|Sleutelinhoud|Contenuto\schiave)\s{{1,16}}:\s{{1,2}}(?P<secret>{IN_LINE}{{5,128}})", unicode=True),
    Matcher(
        rf"(?:netwerk|network|netz|réseau|red|rete|wi-?fi|wlan)[^\r\n:=]{{0,40}}?\s(?:sleutel|schlüssel|clave|clé|chiave|klucz|key)(?:\s\([\w /-]{{2,16}}\))?\s?:?\s{{1,2}}{OPEN}(?P<secret>[^\s\"'„“”«»‘’`<>]{{8,63}})(?=[.,!]?(?:\s|$))",
        looks_like_secret,
        ignore_case=True,
        unicode=True,
        parted=False,
    ),
    Matcher(
        rf"(?:clave|clé|chiave|sleutel|schlüssel|key|password|contraseña)\s(?:wi-?fi|wlan|de\sred)(?:\s\([\w /-]{{2,16}}\))?\s?:\s{{1,2}}{OPEN}(?P<secret>[^\s\"'„“”«»‘’`<>]{{8,63}})(?=[.,!]?(?:\s|$))",
        looks_like_secret,
        ignore_case=True,
        unicode=True,
    ),
    Matcher(rf"password[^\r\n]{{0,100}}?\s(?:Enter|Retype|Prompt|Input|Answer):\s{{1,2}}{WORD}", looks_like_secret, ignore_case=True, parted=False),
    Matcher(
        r"(?:pass(?:wd|word)?|auth|credentials?|login|up)\.(?:txt|conf|cred)s?\s{0,2}(?:\r?\n|\\n)[\w.@-]{2,64}(?:\r?\n|\\n)(?P<secret>[^\s\"'\\]{4,128})(?=\s{0,2}(?:$|[\r\n]|\\n))",
        _is_told,
        ignore_case=True,
    ),
    Matcher(r"PLAIN[^\r\n]{0,160}?\bresp=(?P<secret>[0-9A-Za-z+/]{8,512}={0,2})(?![0-9A-Za-z+/=])"),
    Matcher(r"HNSHA:[0-9]{1,3}:[0-9]{1,2}\+[0-9A-Za-z]{1,16}\+[^+\r\n]{0,64}\+(?P<secret>[^+':\s\r\n]{4,64})"),
    Matcher(r"-p\s(?:ftp|scp|sftp)\s(?:\\?\"[^\"\r\n]{1,80}\",){3}\\?\"(?P<secret>[^\"\r\n]{3,128})\""),
    # A name and its value as two arguments, attributes or elements
    Matcher(
        rf"-{{1,2}}name[\s=]{QUOTE}?[\w.-]{{0,40}}(?:pass(?:word|wd)?|pwd|secret|token|api_?key|psk)\w{{0,8}}{QUOTE}?\s-{{1,2}}value[\s=]{WORD}",
        is_written_out,
        ignore_case=True,
    ),
    Matcher(
        r"<(?:\w{1,16}:)?(?:Name|Key|ParameterName|Param|Id)>[^<>\r\n]{0,120}(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|psk|pre-?sharedkey(?:\.[0-9])?)[\w.]{0,24}</[^<>]{1,32}>\s{0,24}<(?:\w{1,16}:)?(?:Value|ParameterValue|Val|Content)(?:\s[^<>]{0,80})?>(?P<secret>[^<>\r\n]{3,512})(?=</)",
        is_written_out,
        ignore_case=True,
    ),
    Matcher(
        rf"(?<![\w-])(?:new-?pass(?:word|wd)?|newpw|keystring|wpa2?-?passphrase|(?<=cli\s)walletpassphrase(?:change)?|(?<=cli\s)encryptwallet)\s{{1,4}}{WORD}",
        _is_told,
        ignore_case=True,
    ),
    Matcher(r"\+login\s\S{1,64}\s(?P<secret>(?!\+)[^\s\"'+]\S{2,64}(?:\s(?!\+)[0-9A-Z]{5})?)(?=\s\+|\s{0,2}$)", is_written_out),
    # chap-secrets with any server, all of it between quotation marks
    Matcher(r"\"[\w.@-]{1,64}\"[ \t]{1,8}(?:\*|\"\*\")[ \t]{1,8}\"(?P<secret>[^\"\r\n]{3,128})\"(?=[ \t]{0,8}(?:\*|\"\*\"|$|[\r\n]))", is_written_out),
    Matcher(r"\\\"[\w.@-]{1,64}\\\"\s{0,2}\\t\*\\t\\\"(?P<secret>[^\"\\\r\n]{3,128})\\\"", is_written_out),
)  # fmt: skip

TOLD_PASSWORDS_POSITIVES = (
    ("[webd] Users: kim pwd changed, new=Zeil-4410", "Zeil-4410"),
    ("Your list password for kim@club.example is: zeilboot", "zeilboot"),
    ("Se restableció la contraseña del usuario kim a Zeil4boot", "Zeil4boot"),
    ("le mot de passe de kim a été remplacé par Zeil4boot.", "Zeil4boot"),
    ("tijdelijk wachtwoord voor root is nu zeilboot", "zeilboot"),
    ('Tell them SSID "Gast" and passphrase zeil-aan-zee', "zeil-aan-zee"),
    ("SMTP auth user scan@ pw Zeilboot result NG", "Zeilboot"),
    ("conversation reply to \"Password:\" was 'zeilboot'", "zeilboot"),
    ("Password for the elastic user (reset with x -u elastic):\n  =Zv7lBv2OBq_t", "=Zv7lBv2OBq_t"),
    ("SELECT passwd FROM u WHERE userid='kim' -> 'zeilboot'", "zeilboot"),
    ("MFP-02;admin;Zeil!22;serial 4", "Zeil!22"),
    ("oude panel root/zeilboot1, klaar", "zeilboot1"),
    ("auth-secret set\nuser=webrtc:zeilboot9", "zeilboot9"),
    ("# memcached-sasl-pwdb\ncache:zeilboot", "zeilboot"),
    ('Set-Variable -name "SqlPwd" -value "Zeilboot3"', "Zeilboot3"),
    ("<Name>Device.PreSharedKey.1.KeyPassphrase</Name><Value>zeilboot</Value>", "zeilboot"),
    ("set user monitor newpass Zeil-boot9", "Zeil-boot9"),
    ('bitcoin-cli walletpassphrase "drie oude zeilboten" 60', "drie oude zeilboten"),
    ("./steamcmd.sh +login ops Zeil-88 V3RWX +quit", "Zeil-88"),
    ("SMS cmd: admin Zeil-01x setparam 2001:internet", "Zeil-01x"),
    (
        "icinga2 node setup --ticket ef053589c346703688b74aa8e0eed074c30ec1c5",
        "ef053589c346703688b74aa8e0eed074c30ec1c5",
    ),
    ('"klant1@isp"\t*\t"zeilboot"', "zeilboot"),
)
TOLD_PASSWORDS_NEGATIVES = (
    "Your password is: expired, the password is now hidden, het wachtwoord is nu verlopen. Passwort ist jetzt gesperrt",
    "contraseña del usuario kim a las 12:30, mot de passe de kim envoyé à web01.example.org",
    "password is now required\npassword is: changed\nwachtwoord voor root is nu onbekend",
    'network "eth0" and key exchange, wifi net, password required, user kim pass through, login bob pw changed, user bob pass 3',
    "srv;admin;10.0.0.4;up, x,root,2025-03-01,y, a|admin|web01|b, with root/dir, docker root/image1:2, admin/users2/x",
    '-name "SqlPwd" -type string, <Name>PasswordPolicy</Name><Type>x</Type>, users:\nbob:admin, +login anonymous +quit, "a" * "b" c, "okhttp/4.12.0" "sso.example" "10.0.1.7:8080"',
    '"Password:" is shown, select password from u: 3 rows, keystring missing, password for kim:\nrequired',
)
