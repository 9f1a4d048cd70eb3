"""The rule for one-time codes and PINs that a message gives away."""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece, and these are the signs that people write

from mothership.pipeline.redaction.rules.rule import Matcher, Rule

_CODE = (
    r"(?:(?:verification|confirmation|security|authentication|access|login|sign-?in|one-?time|activation|recovery|backup|entry|door|gate"
    r"|alarm|safe|vault|locker|2fa|mfa|otp|sms|tan)[- _]?(?:pass)?(?:code|password|pin|key)|(?:bestätigungs|verifizierungs|sicherheits|aktivierungs|zugangs|einmal|tür|tor|freischalt)"
    r"-?(?:code|kennwort|passwort|pin|kode)|(?:verificatie|bevestigings|toegangs|pin|beveiligings|inlog|activerings)-?code"
    r"|code\s(?:de\s)?(?:vérification|verification|confirmation|sécurité|pin|d['’]accès|secret)|c(?:ó|o)digo\s(?:de\s)?(?:verificación|verificacion|verificação|confirmación"
    r"|confirmação|seguridad|segurança|acceso|acesso|pin)|codice\s(?:di\s)?(?:verifica|sicurezza|conferma|pin)|kod\s(?:weryfikacyjny|dostępu|pin|potwierdzający)"
    r"|(?:verifierings|bekreftelses|bekræftelses|engångs|engangs)kod[e]?|код\s(?:подтверждения|доступа|безопасности|проверки)|пин-?код|验证码|驗證碼|校验码|動態碼|确认码"
    r"|認証コード|確認コード|인증\s?번호|(?<![A-Za-z])(?:PINs?|PIN[12]|PUK[12]?|TAN)|pass\s?key|wps[_ -]pin)"
)
_BETWEEN = (
    r"(?:\s(?:für|for|pour|para|per|voor|dla|для|de|del|des|der|of|to)\s[^\r\n:=0-9]{1,40}?)?"
    r"(?:\s{0,2}(?:[:=：#—–]|=>|->|是|为|は)\s{0,3}|\s(?:is|ist|lautet|est|es|é|è|to|jest|är|er|any)\s{1,2}(?:now\s|:\s)?|\s{1,2}|(?:'s)\s)"
)

ONE_TIME_CODE = Rule(
    name="one_time_code",
    description="One-time codes, PINs and PUKs behind the words for them in a dozen languages, and in modems' `AT+CPIN`.",
    source="messages of the usual services; 3GPP TS 27.007 (`+CPIN`); hostapd's WPS",
    matchers=(
        Matcher(
            rf"{_CODE}{_BETWEEN}[\"'«„“]?(?P<secret>[0-9]{{3,4}}[ -]?[0-9]{{1,4}})(?![\w.%/:-]?[0-9A-Za-z])",
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            r"(?P<secret>(?<![\w.-])(?:G-)?[0-9]{4,8})\s(?:is|ist|est|es|é|是)\s(?:your|ihr|dein|votre|su|tu|o seu|il tuo|uw|je)\s(?:[\w-]{1,24}\s){0,3}(?:code|pin|password|código|codice|passcode)",
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            r"(?:backup|recovery|rescue|scratch)\s(?:recovery\s)?codes?\s{0,2}[:=]?\s{0,2}(?P<secret>[0-9a-z]{4,6}(?:-[0-9a-z]{4,6}){1,5}(?:[ ,;]{1,3}[0-9a-z]{4,6}(?:-[0-9a-z]{4,6}){1,5}){0,20})(?![\w-])",
            lambda text: any(char.isdigit() for char in text),
            ignore_case=True,
        ),
        Matcher(
            r"AT[+^$#%*](?:C(?:PIN|LCK|PWD|WJAP\w{0,5}|WSAP\w{0,5}|GAUTH)|[A-Z]{0,8}(?:AUTH|PASS|PWD|PSK)[A-Z]{0,6})=(?P<secret>[^\r\n;]{4,256})",
            lambda text: any(char.isalnum() for char in text),
        ),
        Matcher(r"pin_?block\W{1,4}(?P<secret>[0-9A-F]{16,32})(?![0-9A-Za-z])", ignore_case=True),
        Matcher(r"one-?time[- ]password\s{1,2}(?P<secret>[0-9]{4,10})(?![\w.])", ignore_case=True),
    ),
    positives=(
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
    ),
    negatives=(
        "pin 13 is high, PIN 4 GPIO, pins: 12",
        "exit code is 137, error code 5000, status code: 4042, access code policy 2026-11-29",
        "verification code sent to 3 users, confirmation code expired after 600 s",
        "login code 12.5 ms, security code review #12",
        "confirmation code length 6, TAN 2.0, AT+CPIN?, AT+CWJAP?, AT+CSQ=1",
    ),
)
