"""Codes that letters, messages and devices print: of four digits behind whose they are, of groups of letters and figures."""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece, and these are the signs that people write

from mothership.pipeline.redaction.rules.login_codes import is_login_code
from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher

_CODE = r"(?P<secret>[0-9]{4,8}|[0-9]{3}[ -][0-9]{3}|[0-9]{2}[ -][0-9]{2}[ -][0-9]{2}|[0-9](?: [0-9]){3,7})(?![\w%/:-]?[0-9A-Za-z]|[.,][0-9])"
_WORD = (
    r"(?:code|codes|código|codice|kode[nt]?|kod(?:en|a|ei|i)?|kód(?:ja|od)?|код|κωδικός|koodi(?:si)?|codul|koda|pin)"
)
_WHOSE = r"(?:your|ihre?|deine?|votre|ton|tu|su|seu|teu|il\stuo|uw|je|jouw|twój|váš|vaš|tvoj|tvůj|din|dit|ditt|ваш|твой|tău|anda)"
_VERB = r"(?:is|ist|lautet|est|es|é|è|är|er|jest|to|je|este|on|adalah|là)"
_SEVERAL = r"(?:recovery|backup|rescue|emergency|scratch|herstel|wiederherstellungs|notfall|r(?:é|e)cup(?:é|e)ration|activation|activatie|aktivierungs|freischalt|registration|registratie|einmal|redemption)"
_GROUPS = r"[0-9A-Za-z]{4,8}(?:-[0-9A-Za-z]{4,8}){1,7}"


def _mixes(text: str) -> bool:
    """Tell groups of a code from words with hyphens and from a date: letters and figures in them, or capitals."""
    return any(map(str.isdigit, text)) and (any(map(str.isalpha, text)) or text.count("-") > 2)  # noqa: PLR2004 - a date has three groups


def _is_phrase_of_groups(text: str) -> bool:
    groups = text.split()
    return sum(any(map(str.islower, each)) and any(map(str.isupper, each)) for each in groups) > len(groups) // 2


_OF_DOORS_AND_PARCELS = (
    r"(?:код\s(?:входа|подтверждения|доступа)|пин-?код(?:\s\w{3,16})?|pin\s(?:pro|do|voor|für|til|för|para)\s\w{4,16}(?:\s\w{4,16})?"
    r"|kod\s(?:odbioru|blik|do\sdomofonu)(?:\s\w{3,12})?|anmeldecode|clave\sde\sfirma|(?:ptt|kapı|giriş|kart)\sşifresi(?:\sile\sgiriş)?"
    r"|senha\sdo\scartão|digicode(?:\sde\s\S{2,16})?|code\sd'accès(?:\s\w{3,12})?)(?:\s(?:lautet|ist|is|est|es|to|je|è|é))?\s?[:：]?\s{1,2}"
)

PRINTED_CODES = (
    Matcher(
        rf"{_OF_DOORS_AND_PARCELS}(?P<secret>[0-9]{{4,8}}|[0-9]{{0,6}}(?-i:[A-Z])[0-9]{{2,6}})(?![\w-]|[.,:/][0-9])",
        ignore_case=True,
        unicode=True,
    ),
    Matcher(r"(?:disarm|arm)(?:ed)?\sby\suser\s\S{1,16}\scode\s(?P<secret>[0-9]{4,8})(?![\w.:-])", ignore_case=True),
    Matcher(r"keypad\scode[^\r\n]{0,60}?\scode=(?P<secret>[0-9]{4,10})(?![\w.:-])", ignore_case=True),
    Matcher(r"PIN\s(?:requested|asked),\suser\sentered\s(?P<secret>[0-9]{4,8})(?![\w.:-])"),
    Matcher(r"VERIFY\sPIN[^\r\n]{0,40}?\svalue=(?P<secret>[0-9]{4,8})(?![\w.:-])"),
    Matcher(
        r"(?<![a-z])(?:mfa|t?otp|2fa)[^\r\n0-9]{0,24}?expected\s(?P<secret>[0-9]{6,8}(?:,?\s(?:but\s)?got\s[0-9]{6,8})?)(?![\w.:-])",
        ignore_case=True,
    ),
    Matcher(
        r"(?:backup|recovery)\scodes?[^\r\n0-9]{0,12}(?P<secret>1[.)]\s[0-9]{4}[ -][0-9]{4}(?:\s[0-9]{1,2}[.)]\s[0-9]{4}[ -][0-9]{4}){1,19})",
        ignore_case=True,
    ),
    Matcher(
        rf"(?<![^\W\d_]){_WHOSE}\s(?:[^\s\d:;,.]{{2,20}}\s){{0,3}}?{_WORD}(?:\s(?:for|za|til|for\så|do|para|per|pour|voor|för|для|om)\s[^\s\d:;,.]{{2,20}})?(?:\s{_VERB}:?|\s?[:：—-])\s{{1,2}}{QUOTE}?{_CODE}",
        ignore_case=True,
        unicode=True,
        fits=is_login_code,
    ),
    Matcher(
        rf"(?<![^\W\d_])(?:[\w]{{2,16}}-)?{_WORD}\s{_WHOSE}\s{_VERB}:?\s{{1,2}}{_CODE}",
        ignore_case=True,
        unicode=True,
        fits=is_login_code,
    ),
    Matcher(
        rf"(?:never\s(?:tell|share|give)|(?:do\snot|don't)\s(?:tell|share|give)|никому\sне\s\w{{4,12}}|geben\ssie|deel\sdeze|ne\spartagez)[^\r\n0-9.]{{0,32}}?{_WORD}:?\s{{1,2}}{_CODE}",
        ignore_case=True,
        unicode=True,
    ),
    Matcher(
        rf"(?<![^\W\d_])(?:kod\s(?:podtver\w{{3,14}}|dostupa|aktivac\w{{2,4}}|potvrde|za\s\w{{4,12}})|code\sde\s(?:validation|vérification|confirmation|sécurité|connexion)|second\spassword|(?:sms|texted|e-?mailed)\scode)[^\r\n:0-9]{{0,60}}?\s?[:=]\s{{1,2}}{_CODE}",
        ignore_case=True,
        unicode=True,
    ),
    Matcher(
        rf"(?<![A-Za-z])PIN\s(?:for|of|voor|für)\s[^\r\n:=]{{1,40}}[:=]\s{{1,2}}{_CODE}",
        ignore_case=True,
    ),
    Matcher(
        rf"(?:pick-?up|collect(?:ion)?|locker|delivery|afhaal|abhol|retrait|check-?in|entry|guest)[-_ ]?(?:code|pin)(?:{QUOTE})?(?:\sis)?\s?[:=]\s?(?:{QUOTE})?{_CODE}",
        ignore_case=True,
    ),
    Matcher(rf"signal-cli\s[^\r\n]{{0,60}}?\sverify\s{{1,2}}{_CODE}"),
    Matcher(r"(?<![a-z])vouchers?\s(?:code\s)?(?P<secret>[0-9]{3,5}(?:-[0-9]{2,5}){1,3})(?![\w-])", ignore_case=True),
    # Of letters, too
    Matcher(
        rf"{_SEVERAL}(?:[-_ ]?(?:authn|auth|access|login))?[-_ ]?(?:codes?|keys?)(?:\.txt)?(?![0-9A-Za-z])[^\r\n0-9]{{0,48}}?(?:[:=]|\r?\n|\\n|\sis|\s)\s{{0,2}}{QUOTE}?(?P<secret>{_GROUPS}(?:(?:[\s,;]{{1,3}}|\\n){_GROUPS}){{0,19}})(?![\w-])",
        _mixes,
        ignore_case=True,
    ),
    Matcher(
        r"(?:security|recovery|backup|emergency)\s(?:key|phrase|code)\W{1,4}(?P<secret>[0-9A-Za-z]{4}(?: [0-9A-Za-z]{4}){7,15})(?![\w])",
        _is_phrase_of_groups,
        ignore_case=True,
    ),
    Matcher(
        r"(?<![A-Za-z])(?:otp|pairing|login|link)\scode=(?P<secret>(?=[A-Z]{0,9}[0-9])(?=[0-9]{0,9}[A-Z])[0-9A-Z]{6,10}|[0-9A-Z]{4}-[0-9A-Z]{4})(?![\w-])",
    ),
    Matcher(
        r"(?:kluis|kastje|sleutel\w{0,12}|(?<![a-z])(?:deur|poort|gate|safe|locker|key\s?box|lockbox|schlüssel\w{0,8}|tresor))(?![a-z])[^\r\n]{0,40}?\s?code\s(?:is\s|ist\s)?(?:nu\s|now\s|jetzt\s)?(?P<secret>[0-9]{4,6})(?![\w:/-]|[.,][0-9])",
        ignore_case=True,
        parted=False,
    ),
    Matcher(
        r"(?:activati(?:e|on)|aktivierungs|verificati(?:e|on)|bevestigings|bestätigungs)[\s-]?code\s?(?:is|ist|:)\s{1,2}(?P<secret>[A-Z]{2,4}-[0-9]{3,6})(?![\w-])",
        ignore_case=True,
        unicode=True,
    ),
    Matcher(
        rf"PIN(?:-?code)?\s(?:gewijzigd|geändert|changed|modifié|cambiado|zmieniony|reset|set)\s(?:naar|auf|to|en|a|na)\s{_CODE}",
        ignore_case=True,
    ),
    Matcher(
        r"(?:access|meeting|conference|participant|host|moderator|dial-?in)\s(?:code|key|pin|passcode)\s?[:=]\s{1,2}(?P<secret>[0-9]{3}(?:[ -][0-9]{3}){1,3}|[0-9]{6,10})(?![\w-])",
        ignore_case=True,
    ),
    Matcher(
        rf"(?:clave\sde\s(?:operación|acceso|seguridad|confirmación)|kod\s(?:odbioru|dostępu)|code_?parameter)(?:{QUOTE})?(?:\ses|\sto|\s?[:=])?\s{{0,2}}(?:{QUOTE})?{_CODE}",
        ignore_case=True,
    ),
    Matcher(
        r"(?:sms|otp|login|2fa)\scode\s(?:for|of)\s\S{1,40}\swas\s\"(?P<secret>[0-9]{4,8}\"\sbut\sgot\s\"[0-9]{4,8})\"",
        ignore_case=True,
    ),
    Matcher(
        r"(?:backup|recovery|rescue)\scode\s(?P<secret>(?=[0-9A-Z ]{0,16}[0-9])[0-9A-Z]{4}(?: [0-9A-Z]{4}){2,6}|(?=[A-Z]{0,39}[0-9])[0-9A-Z]{16,40})(?![\w-])",
        preceded="",
    ),
    Matcher(
        r"(?:seed|mnemonic|recovery)(?:\s(?:phrase|words|sentence))?\s?(?:is|are|:|=)\s{1,2}(?P<secret>(?:[a-z]{3,8}\s){11,23}[a-z]{3,8})(?![a-z])",
        ignore_case=True,
    ),
    Matcher(
        r"(?:totp|otp|mfa)_?(?:secret|seed)?(?:\\{0,3}[\"'])?\s?[:=]\s?(?:\\{0,3}[\"'])?(?P<secret>[A-Z2-7]{16,64})(?![0-9A-Za-z])"
    ),
    Matcher(
        r"(?:entry|access|door|exam)\scode\s(?P<secret>(?=[0-9A-Z-]{0,20}[0-9])[0-9A-Z]{2,5}(?:-[0-9A-Z]{1,5}){1,3})(?![\w-])",
        _mixes,
    ),
    Matcher(r"LPA:1\$[\w.-]{3,80}\$(?P<secret>[0-9A-Z-]{8,64})"),
    # SIP2, a library's card and its PIN: `|AA20011234|AD7719|`
    Matcher(r"\|AD(?P<secret>[^|\r\n]{3,32})(?=\|)", preceded=r"\|AA[^|\r\n]{1,24}(?:\|AC[^|\r\n]{0,12})?"),
)
PRINTED_CODES_POSITIVES = (
    ("portal voucher 482-913-55 used by kim", "482-913-55"),
    ("vouchers 482-913-55 printed", "482-913-55"),
    ("Код входа: 713094. Никому не говорите", "713094"),
    ("Kod odbioru paczki: 510277 paczkomat", "510277"),
    ("Le digicode de l'immeuble est 31B07, escalier A", "31B07"),
    ("SIA: zone 2 disarm by user 5 code 71904", "71904"),
    ("keypad code added name=Gast code=410277 from=08:00", "410277"),
    ("S2 DSK PIN requested, user entered 30418", "30418"),
    ("VERIFY PIN.CH slot 1 value=710244 result=9000", "710244"),
    ("mfa: expected 510093 got 770412 drift=-1", "770412"),
    ("SAVE YOUR BACKUP CODES 1. 4410 2207 2. 9918 0304", "9918 0304"),
    ("Uw activatiecode is QMB-7714. Deel deze nooit.", "QMB-7714"),
    ("Vipps-koden din er 5512", "5512"),
    ("Vaš kod za prijavu je 5512", "5512"),
    ("your login code is 5 5 1 2 0 4", "5 5 1 2 0 4"),
    ("Никому не говорите код 55120. Вход", "55120"),
    ("Kod podtverzhdeniya: 5512. Nikomu ne", "5512"),
    ("Votre code de validation pour l'ajout de compte : 55 12 04", "55 12 04"),
    ("Registration PIN for device 8812: 551-204", "551-204"),
    ('{"pickup_code": "551 204"}', "551 204"),
    ("signal-cli -a +31201234567 verify 551-204", "551-204"),
    ("Activatiecode persoonlijk certificaat: 7KQ2-PLX9-04ZB per post", "7KQ2-PLX9-04ZB"),
    ("recovery-authn-codes: KQ2M-91TB-ZX0P accepted", "KQ2M-91TB-ZX0P"),
    ("github-recovery-codes.txt\na1f02-9c3be\n77e0d-b2c41", "77e0d-b2c41"),
    ("Security Key: EsTc 7Zk9 QvNw 3HdR uY2b Lm8P xJ4t Gf6S a1Ce WqVo KzBh 5nDi", "uY2b Lm8P"),
    ("63 0012024|AO|AA20011234|AD5512|", "5512"),
)
PRINTED_CODES_NEGATIVES = (
    "your error code is 4042, your zip code: 90210, uw postcode is 1012, never share code reviews 2024x, your pin is wrong",
    "recovery codes: 8 left, recovery-key for web-01-prod4, activation code sent 2025-03-11, backup code-path-a1b2, registration key us-east-1a",
    "check-in code of conduct, delivery code: pending, security key pair for host ab12, recovery key words only here and there and also now",
)
