"""The rule for one-time codes and PINs that a message gives away."""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece, and these are the signs that people write

import re

from mothership.pipeline.redaction.rules.login_codes import (
    LOGIN_CODES,
    LOGIN_CODES_NEGATIVES,
    LOGIN_CODES_POSITIVES,
    is_no_number_of,
)
from mothership.pipeline.redaction.rules.printed_codes import (
    PRINTED_CODES,
    PRINTED_CODES_NEGATIVES,
    PRINTED_CODES_POSITIVES,
)
from mothership.pipeline.redaction.rules.rule import NO_LINE_END, QUOTE, Matcher, Rule

_CODE = (
    r"(?:(?:verification|confirmation|security|authentication|access|login|sign-?in|one-?time|activation|recovery|backup|entry|door|gate"
    r"|alarm|safe|vault|locker|2fa|mfa|otp|sms|tan|scratch|emergency)[- _]?(?:pass)?(?:code|password|pin|key)|(?:bestätigungs|verifizierungs|sicherheits|aktivierungs|zugangs|einmal|tür|tor|freischalt)"
    r"-?(?:code|kennwort|passwort|pin|kode)|(?:verificatie|bevestigings|toegangs|pin|beveiligings|inlog|activerings)-?code"
    r"|code\s(?:de\s)?(?:vérification|verification|confirmation|sécurité|pin|d['’]accès|secret)|(?:clave|código|code|codice|kod)\s(?:de\s|à\s|a\s)?(?:un\ssolo\suso|usage\sunique|uso\súnico|otp)|c(?:ó|o)digo\s(?:de\s)?(?:verificación|verificacion|verificação|confirmación"
    r"|confirmação|seguridad|segurança|acceso|acesso|pin)|codice\s(?:di\s)?(?:otp|verifica|sicurezza|conferma|pin)|kod\s(?:weryfikacyjny|dostępu|pin|potwierdzający)"
    r"|(?:verifierings|bekreftelses|bekræftelses|engångs|engangs)kod[e]?|код\s(?:подтверждения|доступа|безопасности|проверки)|пин-?код|验证码|驗證碼|校验码|動態碼|确认码"
    r"|認証コード|確認コード|인증\s?번호|(?<![A-Za-z])(?:PINs?|PIN[12]|PUK[12]?|TAN)|pass\s?key|wps[_ -]pin"
    r"|(?:doğrulama|onay|güvenlik|giriş|aktivasyon|tek\skullanımlık)\s(?:kod|şifre)(?:u|unuz|si|niz)?"
    r"|(?:ověřovací|potvrzovací|jednorázový|bezpečnostní|overovací|overovac)\skód|(?:megerősítő|ellenőrző|biztonsági|belépési)\skód(?:ja|od)?"
    r"|cod(?:ul)?(?:\sdumneavoastră)?\sde\s(?:verificare|confirmare|securitate|acces)|(?:verifikacijski|sigurnosni|potvrdni|potrditvena)\skod[a]?|kod\sza\spotvrdu"
    r"|κωδικός\s(?:επαλήθευσης|επιβεβαίωσης|ασφαλείας)|код\s(?:підтвердження|перевірки|безпеки|за\sпотвърждение|для\s(?:входа|входу|подтверждения))"
    r"|(?:kode|kod)\s(?:verifikasi|otp|keamanan|konfirmasi|pengesahan)|mã\s(?:xác\s(?:nhận|minh|thực)|otp)|รหัส(?:ยืนยัน|\s?otp)|رمز\s(?:التحقق|التأكيد|الأمان)"
    r"|קוד\s(?:ה?אימות|האישור)|सत्यापन\sकोड|인증\s?코드|確認番号|暗証番号|(?:vahvistus|kertakäyttö)koodi(?:si)?|(?:kinnitus|turva)kood|apstiprinājuma\skods|patvirtinimo\skodas"
    r"|(?:verifierings|bekräftelse|inloggnings|engångs|säkerhets|engangs|bekreftelses|bekræftelses|sikkerheds|sikkerhets)kod(?:e|en)?|einmal(?:code|passwort|kennwort)"
    r"|(?:master|installer|duress|arming|disarm|keypad|panel|lock|guest|engineer|unlock|override|pairing|master-?tür|benutzer|anwender)[- ]?(?:pass)?(?:code|pin)"
    r"|(?:user|door|gate)\scode(?=\s?(?:[:=]|\s(?:is|was|has|changed|set))))"
)
_SET_TO = r"\s(?:(?:has|was|is|were|been|now|successfully)\s){0,3}(?:re)?(?:set|changed|updated|programmed)\s(?:from\s[0-9]{3,8}\s)?to:?\s{1,2}"
_BETWEEN = (
    r"(?:\s(?:für|for|pour|para|per|voor|dla|для|de|del|des|der|of|to)\s[^\r\n:=0-9]{1,40}?)?"
    rf"(?:{QUOTE}\s?:\s?|\s{{0,2}}(?:[:=：#—–]|=>|->|是|为|は)\s{{0,3}}|\s(?:is|ist|lautet|est|es|é|è|to|jest|är|er|any|on|je|este|adalah|là|είναι)(?:\s(?:now|le|el|de|het))?:?\s{{1,2}}|{_SET_TO}|\s{{1,2}}|(?:'s)\s)"
)
_DIGITS = r"(?P<secret>[0-9]{3,4}[ -]?[0-9]{1,4}|[0-9]{2}[ -][0-9]{2}[ -][0-9]{2}|[0-9]{8})(?![\w.%/:-]?[0-9A-Za-z])"


def _mixed(text: str) -> bool:
    """Tell a voucher's code from a year and a name: of letters and of digits."""
    return any(char.isdigit() for char in text) and any(char.isalpha() for char in text)


_OTHER_CODE = re.compile(
    r"error|exit|status|zip|postal|post|area|country|discount|promo|order|store|agent|product|dealer", re.IGNORECASE
)


def _is_for_login(text: str, start: int, _end: int) -> bool:
    """Tell a code that somebody is to type from an error's, a place's or a shop's."""
    return _OTHER_CODE.search(text, max(0, start - 40), start) is None


ONE_TIME_CODE = Rule(
    name="one_time_code",
    description="One-time codes, PINs and PUKs behind the words for them in a dozen languages, and in modems' `AT+CPIN`.",
    source="messages of the usual services; 3GPP TS 27.007 (`+CPIN`); hostapd's WPS",
    matchers=(
        Matcher(
            rf"{_CODE}{_BETWEEN}[\"'«„“「]?{_DIGITS}",
            ignore_case=True,
            unicode=True,
            fits=is_no_number_of,
        ),
        Matcher(
            r"(?P<secret>(?<![\w.-])(?:G-)?[0-9]{4,8}|(?<![\w.-])[0-9]{3}[ -][0-9]{3})\s(?:(?:is|ist|est|es|é|är|er|jest|to|on|—|–|-)\s)?(?:your|ihr|dein|votre|ton|su|tu|o seu|il tuo|uw|je|din|dit|twój|ваш|seu)\s(?:[\w-]{1,24}\s){0,3}(?:code|pin|password|código|codice|passcode|kode?|код)",
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            r"(?:backup|recovery|rescue|scratch)\s(?:recovery\s)?codes?\s{0,2}[:=]?\s{0,2}(?P<secret>[0-9a-z]{4,6}(?:-[0-9a-z]{4,6}){1,5}(?:[ ,;]{1,3}[0-9a-z]{4,6}(?:-[0-9a-z]{4,6}){1,5}){0,20})(?![\w-])",
            lambda text: any(char.isdigit() for char in text),
            ignore_case=True,
        ),
        Matcher(
            rf"AT[+^$#%*](?:C(?:PIN|LCK|PWD|WJAP\w{{0,5}}|WSAP\w{{0,5}}|GAUTH)|[A-Z]{{0,8}}(?:AUTH|PASS|PWD|PSK)[A-Z]{{0,6}})=(?P<secret>(?:{NO_LINE_END}[^\r\n;]){{4,256}})",
            lambda text: any(char.isalnum() for char in text),
        ),
        Matcher(r"pin_?block\W{1,4}(?P<secret>[0-9A-F]{16,32})(?![0-9A-Za-z])", ignore_case=True),
        # The code of a door, a card or a transfer, in other words: `PIN-koden till … är 4096`, `Kod autoryzacyjny do …: …`
        Matcher(
            rf"(?:(?<![a-z])(?:pin|dörr|dør|port|lås|larm|alarm)-?(?:koden?|tunnus)|pin-?(?:code|kode?|kód)|kod\s(?:autoryzacyjny|sms|do\s(?:drzwi|bramy|alarmu))|(?:auktoriserings|godkännande)kod(?:en)?|code\s(?:d['’]autorisation|du\s(?:portail|cadenas))|codice\s(?:di\sautorizzazione|del\scancello)|código\s(?:de\sautorizaci(?:ó|o)n|de\sautorização|del\sportón))"
            rf"(?:\s[^\s:=0-9,.;]{{1,24}}){{0,5}}?(?:\s{{0,2}}[:=]\s{{0,2}}|\s(?:är|er|is|ist|to|jest|est|es|é|è|on|je)\s(?:nu\s)?){_DIGITS}",
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            r"(?<![A-Za-z])PIN\s(?:entered|typed|used|received|accepted|rejected|digits|input)\s?[:=]\s?(?:\\{0,3}[\"'])?(?P<secret>[0-9]{4,8})(?![\w.%/:-]?[0-9A-Za-z])",
            ignore_case=True,
        ),
        Matcher(
            r"(?:safe|vault|locker|padlock|lock|gate)\s(?:combination|combo)(?:\s(?:is|was|changed\sto|set\sto|now)|\s?[:=]){1,2}\s{1,2}(?P<secret>[0-9]{1,2}(?:[ -][0-9]{1,2}){2,4}|[0-9]{4,8})(?![\w.:/-])",
            ignore_case=True,
        ),
        # By what is done with it: `user entered code …`, `use … to sign in`, `2FA … code …`
        Matcher(
            r"(?:enter(?:ed|s)?|typed?(?:\sin)?|submit(?:ted|s)?|keyed(?:\sin)?|dialled)\s(?:the\s|a\s|an\s|wrong\s|invalid\s|their\s){0,2}(?:[a-z0-9-]{2,16}\s)?(?:(?:pass)?code|pin|otp|tan)\s{0,2}[:=#]?\s{0,2}[\"']?(?P<secret>[0-9]{3,4}[ -]?[0-9]{1,4})(?![\w.%/:-]?[0-9A-Za-z])",
            ignore_case=True,
        ),
        Matcher(
            r"(?:2fa|mfa|t?otp|two-?factor|2-?step|one-?time)(?![a-z])[^\r\n]{0,60}?(?<!error )(?<!status )(?<!result )(?<!reason )(?<!response )\b(?:code|pin|token)\b(?:\s(?:for|of)\s[\w.@-]{1,40})?[^\r\n0-9A-Za-z]{1,3}(?:is\s|was\s)?[\"']?(?P<secret>[0-9]{6,8}|[0-9]{3}[ -][0-9]{3})(?![\w.%/:-]?[0-9A-Za-z])",
            ignore_case=True,
        ),
        Matcher(
            r"(?:use|enter|type|verwenden\ssie|nutzen\ssie|utilisez|usa|utilice|gebruik|użyj|använd|brug|bruk|введите)\s(?:the\s|den\s|le\s|el\s|de\s)?(?:code\s|código\s|kod\s|код\s)?(?P<secret>[0-9]{6}|[0-9]{3}[ -][0-9]{3})\s(?:to|as|zum|als|um|pour|comme|para|como|om|för|for|til|aby|для)\s(?=(?:your\s|deine?\s|ihre?n?\s|die\s|den\s|votre\s|tu\s|su\s|a\s|o\s|la\s|je\s|het\s|te\s|sich\s){0,2}(?:verif|confirm|log(?:[\s-]?in|\sonto)\b|sign[\s-](?:in|up|on)\b|activ|authent|code|anmeld|bestätig|einzulog|vérif|connec|inici|entrar|zalog|inlog|вход|подтвер))",
            ignore_case=True,
            unicode=True,
        ),
        # `Ваш одноразовый код: …`, `Tu código es …`: of six digits, and no error's or place's
        Matcher(
            r"(?:your|ihr|dein|votre|ton|tu|su|il\stuo|je|uw|ваш|твой|twój|din|dit|seu|váš)\s(?:[^\W\d]{2,20}\s){0,2}(?:code|código|codice|kode?|kód|код|codul|koda)(?:\s(?:is|ist|est|es|è|é|är|er|jest|je)|\s?[:—])\s{1,2}(?P<secret>[0-9]{6}|[0-9]{3}[ -][0-9]{3})(?![\w.%/:-]?[0-9A-Za-z])",
            ignore_case=True,
            unicode=True,
            fits=_is_for_login,
        ),
        # Whatever the code is for, and how it came: `mTAN für die Überweisung über 250,00 EUR lautet …`, `the code I got by SMS is …`
        Matcher(
            r"(?:(?<![A-Za-z])(?:m|mobile|i|photo|push|chip|sms|smart)?-?TANs?\b|\b(?:code|código|codice|kode?|kód|код)\b[^\r\n.!?]{0,40}?\b(?:sms|e-?mail|whatsapp|text|app|bericht|authenticator)\b)[^\r\n!?]{0,120}?\s(?:is|was|lautet|ist|war|est|es|è|era|är|er|var|jest|to|on):?\s{1,2}[\"'„“«]?(?P<secret>[0-9]{6,8}|[0-9]{3}[ -][0-9]{3}|[0-9]{2}[ -][0-9]{2}[ -][0-9]{2})(?![\w.%/:-]?[0-9A-Za-z])",
            ignore_case=True,
            unicode=True,
            fits=_is_for_login,
            parted=False,
        ),
        # Of letters, too: `your sign-in code is KXQ-47P`, Steam Guard's five
        Matcher(
            r"(?:your|ihr|dein|uw|je|votre|tu|su)\s(?:[\w-]{2,20}\s){0,3}?(?:code|código|codice|kode?|kód)(?:\s(?:is|ist|est|es|è|é|är|er|jest)|\s?:)\s{1,2}(?-i:(?P<secret>(?=[A-Z-]*[0-9])[0-9A-Z]{3,4}-[0-9A-Z]{3,4}|(?=[A-Z]{0,5}[0-9])(?=[0-9]{0,5}[A-Z])[0-9A-Z]{6}))(?![\w-])",
            ignore_case=True,
            unicode=True,
            fits=_is_for_login,
        ),
        Matcher(
            r"one-?time\scode[^\r\n:]{0,40}:\s{1,2}(?-i:(?P<secret>(?=[A-Z]{0,9}[0-9])(?=[0-9]{0,9}[A-Z])[0-9A-Z]{6,10}))(?![\w-])",
            ignore_case=True,
        ),
        Matcher(
            r"steam\s?guard[^\r\n]{0,60}?[^0-9A-Za-z_-](?-i:(?P<secret>(?=[A-Z]{0,4}[0-9])[0-9A-Z]{5}))(?![\w-])",
            ignore_case=True,
        ),
        # Asterisk's voicemail.conf: `2001 => 4471,Front desk,desk@…,,attach=yes`
        Matcher(
            r"=>\s{0,2}(?P<secret>-?[0-9]{3,12}),[^,\r\n]{0,60},(?:[^\s,@]{1,64}@[\w.-]|[^,\r\n]{0,64},[^,\r\n]{0,64},[^\r\n]{0,40}?(?:attach|tz|saycid|envelope|delete|sayduration|review|operator|callback|dialout|maxmsg|volgain|language)=)",
            preceded=r"(?:^|[^0-9A-Za-z])[0-9*#]{2,10}\s{0,4}",
        ),
        # Vouchers and gift cards are as good as money.
        Matcher(
            r"(?:voucher|gift[_\s]?card|coupon|redeem(?:ed|ing)?|redemption|scratch\s?card|top-?up)s?(?:[ _-]?(?:code|no|number|pin|id))?(?:\s(?:is|was|issued|created|generated))?(?:\\{0,8}[\"']\s?:\s?|\s?[:=#]\s?|\s)[\"'(]?(?P<secret>[0-9A-Z]{4,6}(?:-[0-9A-Z]{4,6}){2,5})(?![\w-])",
            _mixed,
            ignore_case=True,
        ),
        Matcher(
            r"(?:voucher|gift[_\s]?card)[ _-]?(?:code|pin)s?(?:\s(?:is|was))?(?:\\{0,8}[\"']\s?:\s?|\s?[:=#]\s?|\s)[\"'(]?(?P<secret>[0-9]{5}-[0-9]{5}|[0-9A-Z]{4,6}-[0-9A-Z]{4,6})(?![\w-])",
            lambda text: any(char.isdigit() for char in text),
            ignore_case=True,
        ),
        # IHO S-63: the manufacturer's key opens every chart.
        Matcher(r"(?<![A-Za-z0-9])(?:M_KEY|HW_ID)\W{1,3}(?P<secret>[0-9A-F]{5,10})(?![0-9A-Za-z])"),
        Matcher(r"one-?time[- ]password\s{1,2}(?P<secret>[0-9]{4,10})(?![\w.])", ignore_case=True),
        *LOGIN_CODES,
        *PRINTED_CODES,
    ),
    positives=(
        *LOGIN_CODES_POSITIVES,
        *PRINTED_CODES_POSITIVES,
        ("the safe combination is now 18-42-07", "18-42-07"),
        ("PIN-koden till skåpet i hallen är 7731", "7731"),
        ("Portkoden till lagret är nu 4418, byt i mars", "4418"),
        ("Kod autoryzacyjny przelewu: 551 290", "551 290"),
        ("keypad: PIN entered=5590 attempt 2", "5590"),
        ("pincode van de sleutelkluis is 2207", "2207"),
        ("4 G-325396 is your Google verification code.", "325396"),
        ("Ihr Bestätigungscode lautet 693314", "693314"),
        ("Uw verificatiecode is 587892", "587892"),
        ("Votre code de vérification est 639872", "639872"),
        ("Tu código de verificación es 122011", "122011"),
        ("Twój kod weryfikacyjny: 683558", "683558"),
        ("Код подтверждения: 218308", "218308"),
        ("您的验证码是707370,五分钟内有效", "707370"),
        ('AT+CPIN="9330"', "9330"),
        ("Türcode: 454879", "454879"),
        ('AT+CWJAP="MV-Crew","vanilla 218!"', "vanilla 218!"),
        ('AT^AUTHDATA=1,1,"","blizzard2421","bob"', "blizzard2421"),
        ("AT+CPIN=6332", "6332"),
        ("safe code is 698308", "698308"),
        ("pincode 2692 voor de steiger", "2692"),
        ("pairing passkey 697965", "697965"),
        ("wps_pin any 24083584", "24083584"),
        ("backup recovery code rdim0-dqej8 generated", "rdim0-dqej8"),
        ("PUK: 36473991", "36473991"),
        ("Le code PIN de la barrière est 4542.", "4542"),
        ("one-time-password 768411 accepted", "768411"),
        ("Ваш одноразовый код: 410 882", "410 882"),
        ("Tu código es 334190, no lo compartas", "334190"),
        ("2FA code for lena: 602117", "602117"),
        ("Onay kodunuz: 227190", "227190"),
        ("Váš ověřovací kód: 482 915", "482 915"),
        ("Az ellenőrző kód: 640217", "640217"),
        ("Codul de verificare este 381204", "381204"),
        ("Ο κωδικός επαλήθευσης είναι 920184", "920184"),
        ("Ваш код підтвердження: 551804", "551804"),
        ("Kode OTP: 774102", "774102"),
        ("Mã xác minh là 339201", "339201"),
        ("Vahvistuskoodisi on 118420", "118420"),
        ("Din engångskod är 901273", "901273"),
        ('{"text":"Your login code is: 204 771","to":"x"}', "204 771"),
        ("778 210 is your Harbour code", "778 210"),
        ("guest entered PIN 4418 at gate 2", "4418"),
        ("technician keyed in code 660172", "660172"),
        ("TOTP check: code '551209' drift 1", "551209"),
        ("Enter 601-772 to confirm your sign-in", "601-772"),
        ("installer code changed to 775120", "775120"),
        ("Front door PIN was reset to 2290", "2290"),
        ("user code: 5512 added in slot 4", "5512"),
        ("3105 => 8812,Night desk,night@hotel.example,,tz=central", "8812"),
        ("voucher 4KQP-77ZM-0RTX redeemed by room 12", "4KQP-77ZM-0RTX"),
        ("gift card code: 7HQ2-K9PL-44TS-01XA", "7HQ2-K9PL-44TS-01XA"),
        ("wifi voucher code 48213-55190", "48213-55190"),
        ('{"access_code": "7741", "n": 4}', "7741"),
        ('{"verificationCode":"481516"}', "481516"),
        ('{"voucherCode":"XK4P-9QZT-77LM"}', "XK4P-9QZT-77LM"),
        ("S63: M_KEY=4A91C", "4A91C"),
    ),
    negatives=(
        *LOGIN_CODES_NEGATIVES,
        *PRINTED_CODES_NEGATIVES,
        "lock combination is invalid, gate combination of 3 sensors, safe combination changed on 2025-03-11",
        "PIN entered=ok, PIN entered 3 times, PIN-koden är fel, portkoden till lagret är ändrad 2025-03-11, kod autoryzacyjny wygasł po 600 s",
        "alarmkoden är E4096, PIN accepted: 12 ms, dörrkoden till plan 4 är borta",
        "pin 13 is high, PIN 4 GPIO, pins: 12",
        "exit code is 137, error code 5000, status code: 4042, access code policy 2026-11-29",
        "totp drift for user 3312 corrected, verification code sent to 3 users, confirmation code expired after 600 s",
        "login code 12.5 ms, security code review #12",
        "received code 1006, sent code 200, user entered room 4412, 2FA failed with error code 132000, otp status code 500123",
        "user code 4042 not found, use 100000 as limit of rows, use 100000 to configure the login timeout, enter 200000 for sign-off, your postal code is 110001, typed 2000 words, 12 => 4471,9,8; 3 => 200,ok,done",
        "voucher RVCH-20412 booked, coupon SUMMER-2025, redeem 2024-0311-0412, master code review, lock code path 77",
        "confirmation code length 6, TAN 2.0, AT+CPIN?, AT+CWJAP?, AT+CSQ=1",
    ),
)
