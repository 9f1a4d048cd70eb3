"""One-time codes by what is said around them: what sent, cached or checked one, whatever stands between word and code."""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece, and these are the signs that people write

import re

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher

_DIGITS = r"(?P<secret>[0-9]{6,8}|[0-9]{3}[ -][0-9]{3}|[0-9]{2}[ -][0-9]{2}[ -][0-9]{2}|[0-9](?: [0-9]){5})(?![\w%/:-]?[0-9A-Za-z]|\.[0-9])"
_SHORT = r"(?P<secret>[0-9]{4,8}|[0-9]{3}[ -][0-9]{3})(?![\w%/:-]?[0-9A-Za-z]|\.[0-9])"
_SAID = (
    r"(?:(?<![^\W_])(?:[th]?otp|otc|otac|2fa|(?:m|mobile|sms|push|photo|chip|i)?-?tan|(?:rsa\s)?token-?code|v-?code|duo|google\sauthenticator|oathtool|(?:telegram|whatsapp|signal)\scode)(?![^\W\d_])"
    r"|(?:verif(?:ication|y)|confirm(?:ation)?|security|one-?time|reset|authenticat(?:ion|or)|login|sign-?in|scratch|captcha|passwordless|activation)[-_ ]?(?:pass)?(?:code|pin)s?"
    r"|(?:verificatie|bevestigings|beveiligings|inlog|eenmalige\s|bestätigungs|sicherheits|einmal)-?code|code\s(?:de\s)?(?:vérification|sécurité|confirmation|connexion|confidentiel)|clave\sdin(?:á|a)mica"
    r"|kod(?:em)?\s(?:sms|weryfikacyjny|autoryzacyjny)|код\s(?:подтверждения|для\sвхода|доступа|проверки)"
    r"|認証(?:コード|番号)|確認(?:コード|番号)|ワンタイムパスワード|(?:动态|動態|动態)(?:密码|密碼|码|碼)|验证码|驗證碼|校验码|인증\s?(?:번호|코드)|رمز\s(?:التحقق|التأكيد|الأمان)|קוד\sה?(?:אימות|אישור)|mã\s(?:otp|xác\s(?:nhận|minh|thực))|รหัส\s?otp|सत्यापन\sकोड)"
)
_BETWEEN = r"(?:[^\r\n0-9.!?;,\\]|h[1-6]>|\r?\n|\\[rn]){0,36}?"
_ANY = r"(?:code|código|codigo|codice|kode[nt]?|kod[aei]?|kód(?:ja|od)?|код|κωδικός|koodi(?:si)?|codul|koda)"
_WHOSE = r"(?:your|ihre?|deine?|votre|ton|tu|su|seu|teu|il\stuo|uw|je|jouw|twój|váš|vaš|tvůj|din|dit|ditt|ваш|твой|σας|tău|juaj|anda)"
_JOINED = r"(?:\s(?:is|ist|lautet|est|es|é|è|är|er|jest|to|je|este|on|είναι|adalah|là):?|\s?[:：=–—-]|\s?->|\s?=>)"
_FOR_LOGIN = r"(?:2fa|mfa|[th]?otp|sms|verif\w{0,8}|log(?:ged)?[\s-]?in|sign[\s-]?in|two-?factor|authenticat\w{1,5}|whatsapp|passwordless|valid\sfor|expires|(?:do\snot|don't|never)\sshare|никому|gültig|geldig|valable)"

_NO_CODE_BEFORE = re.compile(
    r"(?:(?<![^\W\d_])(?:order|orders|user|users|uid|pid|id|ids|transaction|txn|ref|reference|ticket|invoice|customer|account|client|session|request|row|line|port|in|after|within|than|of|every|max|min|length|ttl|timeout"
    r"|error|exit|status|zip|postal|post|area|country|discount|promo|store|agent|product|dealer|limit|size|count|version|build|drift|counter|window|step|job|took|response)(?:\s(?:code|no|number|id))?|#)[\s:=#(]{0,3}\Z",
    re.IGNORECASE,
)
_NO_CODE_BEHIND = re.compile(
    r"\s?(?:m?s|secs?|seconds?|min(?:utes?)?|users?|times|attempts?|requests?|bytes|rows|messages|days|hours|%)(?![a-z])",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")


def _is_code(text: str, start: int, end: int) -> bool:
    """Tell a code from a count, a time, and the number of something else, by the words at its sides."""
    return (
        _NO_CODE_BEFORE.search(text, max(0, start - 32), start) is None
        and _NO_CODE_BEHIND.match(text, end) is None
        and _DATE.fullmatch(text[start:end]) is None
    )


_NUMBER_OF = re.compile(
    r"(?<![a-z])(?:order|transaction|ticket|invoice|ref|reference|customer|account|request|session|port)\s#?\Z",
    re.IGNORECASE,
)


def is_no_number_of(text: str, start: int, _end: int) -> bool:
    """Tell a code from the number of what it is for: `verification code for order 551204`."""
    return _NUMBER_OF.search(text, max(0, start - 20), start) is None


_OTHER_CODE = re.compile(
    r"error|exit|status|zip|postal|post|area|country|discount|promo|order|store|agent|product|dealer|response|result|reason|return|qr|bar|source|vat|tax|dress",
    re.IGNORECASE,
)


def is_login_code(text: str, start: int, end: int) -> bool:
    """Tell a `code` from an error's, a place's or a shop's."""
    return _is_code(text, start, end) and _is_shown(text, start, end)


def _is_shown(text: str, start: int, _end: int) -> bool:
    """Tell a code of letters from a shop's."""
    return _OTHER_CODE.search(text, max(0, start - 28), start) is None


def _mixed(text: str) -> bool:
    return any(map(str.isdigit, text)) or "-" in text


LOGIN_CODES = (
    Matcher(rf"{_SAID}{_BETWEEN}(?<![0-9A-Za-z_.+-]){_DIGITS}", ignore_case=True, unicode=True, fits=_is_code),
    Matcher(
        rf"(?<![a-z])(?:otp|tan|one-?time\s(?:code|password))\s(?:for|to)\s[^\r\n:=]{{1,48}}?{_JOINED}\s{{1,2}}{_DIGITS}",
        ignore_case=True,
        fits=_is_code,
    ),
    # Behind `your … code`, in any language; before it; and behind what was done with a code
    Matcher(
        rf"(?<![^\W\d_]){_WHOSE}\s(?:[^\s\d:;,.]{{2,20}}\s){{0,3}}?{_ANY}(?:\s[^\s\d:;,.]{{2,20}}){{0,2}}?(?:{_JOINED})\s{{0,2}}(?:[\"'*_(\[`]|<[a-z]{{1,8}}>|\r?\n|\\[rn]){{0,4}}{_DIGITS}",
        ignore_case=True,
        unicode=True,
        fits=is_login_code,
    ),
    Matcher(
        rf"(?<![^\W\d_])(?:{_ANY}\s(?:{_WHOSE})|kodunuz|şifreniz|kódja|koodisi)(?:{_JOINED}|\s)\s{{0,2}}{_DIGITS}",
        ignore_case=True,
        unicode=True,
        fits=is_login_code,
    ),
    Matcher(
        r"(?<![\w.+-])(?:G-)?(?P<secret>[0-9]{4,8}|[0-9]{3}[ -][0-9]{3})(?:</?[a-z]{1,8}>|[*_\"'`]){0,2}(?:\s|是)(?:(?:is|ist|est|es|es\sel|é|o|è|är|er|jest|to|on|—|–|-)\s){0,2}"
        r"(?:your|the|ihr|dein|votre|ton|su|tu|tuo|seu|il\stuo|uw|je|jouw|din|dit|twój|váš|ваш|твой|您的|你的|doğrulama|onay|giriş)\s?(?:[\w-]{1,24}\s){0,3}?(?:(?:pass)?code|pin\b|otp\b|tan\b|código|codice|kode?\w{0,3}|kód|код|验证码|驗證碼)",
        ignore_case=True,
        unicode=True,
        fits=_is_code,
    ),
    Matcher(
        rf"(?:sent|generated|issued|created|expected|received|got|entered|submitted|wrong|invalid|incorrect|bad|verif(?:y|ied|ying)|sending|gebruik|saisissez|verwenden\ssie|enter)\s(?:the\s|le\s|a\s|new\s|den\s|sms\s){{0,2}}(?:code|kod|código)(?:\s(?:is|was))?\s?[:=]?\s{{0,2}}{QUOTE}?{_DIGITS}",
        ignore_case=True,
        fits=is_login_code,
    ),
    Matcher(
        rf"(?<![a-z])(?:code|otp|pin)\s(?:mismatch|check|verification)[^\r\n0-9]{{0,24}}?(?:expected|want(?:ed)?|got|received|has)\s{QUOTE}?{_DIGITS}",
        ignore_case=True,
        fits=_is_code,
    ),
    Matcher(
        rf"(?:expected|want(?:ed)?)\s(?:code|t?otp|pin)\s[\w*\[\]:-]{{4,28}},?\s(?:but\s)?(?:got|received|has)\s{QUOTE}?{_DIGITS}",
        ignore_case=True,
        fits=_is_code,
    ),
    Matcher(
        rf"(?:expected|want(?:ed)?|got|received)\s{_DIGITS}(?=[^\r\n]{{0,32}}\b(?:t?otp|2fa|mfa)\b)",
        ignore_case=True,
        fits=_is_code,
        parted=False,
    ),
    # A code beside what says that it is for a login
    Matcher(
        rf"(?<![a-z]){_FOR_LOGIN}[^\r\n]{{0,48}}?(?<![\w-])(?:code|код|token){_JOINED}?\s{{0,2}}{QUOTE}?{_DIGITS}",
        ignore_case=True,
        unicode=True,
        fits=is_login_code,
        parted=False,
    ),
    Matcher(
        rf"(?<![\w-])(?:code|код){_JOINED}?\s{{0,2}}{QUOTE}?(?:{_SHORT}(?=[\s.,-]{{1,3}}(?:valid\sfor|expires|(?:do\snot|don't|never)\sshare|никому|gültig|geldig)))",
        ignore_case=True,
        unicode=True,
        fits=is_login_code,
    ),
    Matcher(
        rf"(?<![\w-])(?:code|код){_JOINED}?\s{{0,2}}{QUOTE}?{_DIGITS}(?=[^\r\n]{{1,48}}?{_FOR_LOGIN})",
        ignore_case=True,
        unicode=True,
        fits=is_login_code,
        parted=False,
    ),
    Matcher(
        r"(?<![\w-])code:?\s{1,2}(?P<secret>[0-9]{6}|[0-9]{3}[ -][0-9]{3})(?=\s(?:was\s)?(?:sent|texted|e?mailed|delivered)\s(?:to|via|by))",
        ignore_case=True,
        fits=is_login_code,
    ),
    Matcher(
        rf"(?:->|=>|:)\s{{1,2}}{_DIGITS}(?=\s[(\[](?:t?otp|2fa|mfa|code|sms)[)\]])",
        ignore_case=True,
        fits=_is_code,
    ),
    # In a cache, in SQL, in a call, in an address
    Matcher(
        rf"(?<![a-z])(?:otp|totp|mfa|2fa|verif(?:y|ication)|sms|login|auth)(?:[:_-]?codes?)?[:_][\w+@.:-]{{1,64}}(?:{QUOTE})?(?:\s|,|\s?=>?\s?|\svalue=){{1,2}}(?:{QUOTE})?(?:(?:EX\s)?[0-9]{{2,5}}(?:{QUOTE})?[\s,]{{1,2}}(?:{QUOTE})?)?(?P<secret>[0-9]{{6,8}})(?![\w.:-])",
        ignore_case=True,
        fits=_is_code,
    ),
    Matcher(
        r"(?:into|update|from)\s[\w.`\"]{0,40}?(?:otp|verification|sms|login|one_?time|2fa|mfa)_?\w{0,24}[`\"]?[\s(][^\r\n;]{0,200}?['\"](?P<secret>[0-9]{6,8})['\"]",
        ignore_case=True,
        parted=False,
    ),
    Matcher(
        r"(?<![a-z])code\s?=\s?['\"](?P<secret>[0-9]{6,8})['\"](?=[^\r\n;]{0,60}?['\"](?:t?otp|sms|2fa|mfa|login|verif\w{0,8})['\"])",
        ignore_case=True,
    ),
    Matcher(
        r"(?<![a-z])(?:verify|check|validate|confirm|submit|send)?_?(?:otp|totp|2fa|mfa|pin|sms_?code)_?(?:verify|check|validate|code)?\([^()\r\n]{0,60}?['\"\s,(](?P<secret>[0-9]{6,8})['\"]?\s?\)",
        ignore_case=True,
    ),
    Matcher(
        r"/(?:otp|2fa|mfa|totp|verif(?:y|ication)|confirm(?:ation)?|sms)(?:/[\w-]{1,24})?(?:[/ ]|[/\w-]{0,24}\?(?:[\w.-]{1,24}=[^&\s]{0,64}&){0,4})(?:(?:c|code|token|pin|otp)=)?(?P<secret>[0-9]{6})(?![\w.-])",
        ignore_case=True,
    ),
    Matcher(
        r"(?:token|code|pin|passcode)=(?P<secret>[0-9]{6})(?=&[^\s\"']{0,80}?(?:2fa|mfa|otp|verify|totp|authenticator))",
        ignore_case=True,
    ),
    Matcher(
        r"(?:your|verification|login|security|confirmation|authentication)(?:\+|%20)(?:(?:[\w-]{1,20})(?:\+|%20)){0,3}?code(?:(?:\+|%20)is(?:\+|%20)|(?:%3A|:)(?:\+|%20)?)(?P<secret>[0-9]{4,8})(?![0-9A-Za-z])",
        ignore_case=True,
    ),
    Matcher(
        rf"(?:static\schallenge|challenge\sresponse|keyboard-interactive\sresponse|hotp\svalue)\W{{1,4}}{_DIGITS}",
        ignore_case=True,
    ),
    Matcher(r"<(?:code|otp|pin)>(?P<secret>[0-9]{6,8})</(?=[^\r\n]{0,60}?(?:otp|2fa|sms|verif))", ignore_case=True),
    # Of letters, too: what a device shows, to be typed on another
    Matcher(
        r"(?:(?:device|user|login|pairing|link(?:ing)?|one-?time|activation)[-_\s]?code|(?:enter|use|with|type)\s(?:the\s|this\s)?code)(?:\\{0,4}[\"'])?(?:\sis)?\s?[:=]?\s{0,2}(?:\\{0,4}[\"'`])?(?-i:(?P<secret>[0-9A-Z]{4}-[0-9A-Z]{4}|(?=[A-Z]{0,8}[0-9])(?=[0-9]{0,8}[A-Z])[0-9A-Z]{6,9}))(?![\w-])",
        _mixed,
        ignore_case=True,
        fits=_is_shown,
    ),
    Matcher(
        r"(?:yubi(?:key|co)|otp)\W{1,3}(?:otp\W{1,3})?(?P<secret>[cbdefghijklnrtuv]{44})(?![a-z])", ignore_case=True
    ),
    # Doors, alarms and devices to be paired
    Matcher(
        r"(?:(?:deur|poort|hek|kluis|sleutelkluis|huis|alarm|kast|lift)code|(?:user|usr|keypad|lock|slot|gate|door)[-_]?code|keypad\s(?:entry|input)|(?<![a-z])(?:lock|user|door|gate)\scode\s(?:in\s)?slot\s[0-9]{1,3}|slot\s[0-9]{1,3}[,:]?\s(?:user\s)?code)"
        r"(?:\\{0,3}[\"'])?(?:\s(?:is|was|nu|set\sto))?\s?[:=]?\s{0,2}(?:\\{0,3}[\"'])?(?P<secret>[0-9]{4,8})(?![\w%/:-]?[0-9A-Za-z]|\.[0-9])",
        ignore_case=True,
        fits=_is_code,
    ),
    Matcher(
        r"(?:user|alarm|keypad|access|door)\s(?:code|pin)\s(?P<secret>[0-9]{4,8})(?=\s(?:has\s|was\s|is\s)?(?:(?:dis)?arm(?:ed|s)|unlock(?:ed|s)|open(?:ed|s)|entered|accepted|used|rejected|denied))",
        ignore_case=True,
    ),
    Matcher(
        r"(?:code|pin)\s(?:for|to|of|van|voor|für|du|de)\s(?:the\s|de\s|het\s|das\s|la\s|le\s)?(?:front\s|back\s|main\s|side\s)?(?:gate|door|safe|alarm|lock|locker|garage|building|barrier|poort|deur|kluis|tor|tür|portail|porte|portón)\s(?:is|was|has|ist|est|es|now|nu|changed\sto|set\sto|:)\s?(?:now\s)?(?P<secret>[0-9]{4,8})(?![\w.%/:-])",
        ignore_case=True,
    ),
    Matcher(
        r"(?:dis)?arm(?:ed|ing)?\s[^\r\n]{0,24}?(?:with|using|by)\s(?:user\s)?(?:code|pin)\s(?P<secret>[0-9]{4,8})(?![\w.%/:-])",
        ignore_case=True,
    ),
    Matcher(
        r"(?:set-?up|pairing|homekit|matter|manual)\s(?:pairing\s)?(?:code|pin)(?:\sis)?\s?[:=]?\s{0,2}(?P<secret>[0-9]{3}-[0-9]{2}-[0-9]{3}|[0-9]{11}|[0-9]{4}-[0-9]{3}-[0-9]{4})(?![\w-])",
        ignore_case=True,
    ),
    Matcher(
        rf"(?<![a-z0-9])(?:2fa|two_?factor|[th]otp|(?:sms|m|push|photo|chip)_?tan|user_?code|verify_?code|confirm_?code|reset_?code|token_?code|v_?code|captcha_?code|login_?code|sms_?code|lock_?code)(?:_?(?:code|value|token|pin))?(?:{QUOTE})?\s?[:=]\s?(?:{QUOTE})?(?P<secret>[0-9]{{4,8}}|[0-9]{{3}}[ -][0-9]{{3}})(?![\w.%/:-])",
        ignore_case=True,
        fits=_is_code,
    ),
)

LOGIN_CODES_POSITIVES = (
    ("Votre code Banque Bleue : 551204", "551204"),
    ("<p>Your verification code:</p><h1>551204</h1>", "551204"),
    ("Your code is **551204**", "551204"),
    ("인증번호 [551204]를 입력", "551204"),
    ("認証番号は551204です", "551204"),
    ("Mã OTP của bạn là 551204", "551204"),
    ("OTP for transaction 8812 is 551204", "551204"),
    ("551204 is the OTP for your transfer", "551204"),
    ("551204 è il tuo codice", "551204"),
    ("【店】551204是您的验证码", "551204"),
    ("sent code 551204 to kim", "551204"),
    ("code: 551204 sent to +31201234567", "551204"),
    ("verify kim: expected code 551204, received 551299", "551299"),
    ("code mismatch: expected 551204 got 551299", "551204"),
    ("totp: expected 551204 got 551299 (totp)", "551299"),
    ("code 551204 accepted for kim (2fa)", "551204"),
    ("kim -> 551204 (otp)", "551204"),
    ("SET otp:kim 551204 EX 300", "551204"),
    ('SETEX "otp:kim" "300" "551204"', "551204"),
    ("cache put key=otp_kim value=551204", "551204"),
    ("INSERT INTO sms_codes (login, code) VALUES ('kim', '551204')", "551204"),
    ("SELECT 1 FROM c WHERE code = '551204' AND kind = 'otp'", "551204"),
    ('verifyOtp("kim", "551204")', "551204"),
    ("GET /api/otp/551204", "551204"),
    ("user=kim&token=551204&action=2fa", "551204"),
    ("text=Your+code+is+551204", "551204"),
    ("keyboard-interactive response: 551204", "551204"),
    ("<Code>551204</Code><Kind>OTP</Kind>", "551204"),
    ("enter the code GKR7-QW2M at the address shown", "GKR7-QW2M"),
    ("and enter the code GKR7QW2ML to authenticate", "GKR7QW2ML"),
    ("usercode: 5512", "5512"),
    ("panel: user code 5512 disarmed partition 1", "5512"),
    ("code for the gate is 5512", "5512"),
    ("user 3 disarmed with code 5512", "5512"),
    ("HomeKit setup code: 551-20-418", "551-20-418"),
    ('{"verify_code": "5512"}', "5512"),
    ("kod SMS 551204", "551204"),
    ("Ο κωδικός σας είναι 551204", "551204"),
    ("Twój kod to 551204", "551204"),
    ("code 5512 никому не сообщайте", "5512"),
    ("yubikey otp cccccccbchvthlivuitriujjifivbvtrjkjfirllluri", "cccccccbchvthlivuitriujjifivbvtrjkjfirllluri"),
)
LOGIN_CODES_NEGATIVES = (
    "OTP sent to 120000 users, otp expires in 300000 ms, 2FA enabled for 250000 users, TOTP drift 100000",
    "the order 551204 was requested, mfa check of user 551204 passed, otp ttl 300000, tan of 45000000 rows",
    "received error code 551204, invalid product code 551204, enter the discount code SUMMER2025, response code 200000",
    "SET session:551204 1, otp:count 551204 of 20250311, verification job 20250311 done, INSERT INTO orders VALUES ('551204')",
    "GET /verify/order/551204x, GET /confirm?id=551204, expected 100000 got 100001 rows, user_code missing, 551204 is the order number",
    "login from source code 5512 line, code 4042 for sign in page missing, your postal code is 551204, 551204 is your order",
    "use the code in VERSION2025, device code expired, user code invalid, code for the gate is lost, armed with 1200 sensors",
)
