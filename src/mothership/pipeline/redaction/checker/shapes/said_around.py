"""What codes, numbers to call and passwords look like to the check by the words around them, wherever these stand."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece; figures are those of the numbering plans

import re

from mothership.pipeline.redaction.checker.shape_match import Context
from mothership.pipeline.redaction.checker.shape_scanner import forms
from mothership.pipeline.redaction.checker.value_validators import looks_like_secret, value

_OTHER = re.compile(
    r"(?:\b(?:order|user|users|uid|id|ref|ticket|transaction|port|in|after|of|than|max|limit|ttl|session|job|seq|ssrc|version|build|error|status|response|postal|publickey|gpio|source|limit|product|discount|account|count|rows|from|step|drift|length)|#|code list)[\s:=#]{0,3}(?:code(?: is)?:? ?|code for order )?$|auth code $"
)
_UNIT = re.compile(r" ?(?:ms|ns|us|s\b|sec|users|times|bytes|rows|%|entries|messages)")
_DATE = re.compile(r"(?:19|20)[0-9]{2}-?(?:0[1-9]|1[0-2])-?[0-3][0-9][0-9]*")
_CALLS = r"(?:src_user|callerid|processing [a-z]+ <|sip/|clip|cmgr|cmgs|sms|missed call|call from|receipt|dialing|outgoing file|msisdn|lookup|/numbers/|callto:|'phone'|tel;|station-id|recharge|number 31|sim 1|phones|teléfono|telefonu|tlf|puh\.|тел|điện thoại|callback|caller_number|submit_sm|from-internal)"
_CODES = r"(?:(?:your|votre) (?:[a-z]+ ){0,3}code|sent code|code: |code accepted|expected code|code mismatch|code accepted|verif[a-z]{1,8}(?: code|:|otp)|otp|(?:otp|2fa|sms)_codes|인증번호|認証番号|mã otp|κωδικός σας|kod to|kod sms|keyboard-interactive|<code>|set-?up code|code = '|/otp/|user=[a-z]+&token=|code\+is\+|votre code)"
_LOGINS = r"(?:tried |logged in |creds (?:for|are) |login attempt|auth failed|logging in |log in )"


def _is_number(context: Context) -> bool:
    """Tell whether digits are those of a telephone, and no time, date or counter."""
    digits = "".join(filter(str.isdigit, context.value))
    if _OTHER.search(context.before(20)) and not context.before(9).endswith("from "):
        return False
    if _UNIT.match(context.behind(8)) or _DATE.match(context.value) or len(set(digits)) < 3:
        return False
    national = digits[0] == "0" and digits[1] != "0" and 9 <= len(digits) <= 12
    grouped = len(digits) >= 8 and re.search(r"(?:tlf|fono|tel|тел)[^0-9]{0,16}$", context.before(24)) is not None
    return (
        national
        or grouped
        or (11 <= len(digits) <= 13 and digits[:2] not in {"17", "16", "10", "12"})
        or (len(digits) in {9, 10} and digits[0] > "2" and context.value.isdigit())
    )


def _is_code(context: Context) -> bool:
    """Tell whether figures are a code that somebody is to type."""
    return not (_OTHER.search(context.before(24)) or _UNIT.match(context.behind(8)) or _DATE.fullmatch(context.value))


def _is_second(context: Context) -> bool:
    """Tell whether what stands behind a user's name is a password."""
    text = context.value
    return looks_like_secret(text) and "=" not in text and not re.search(r"(?:https?:|[0-9]:|//)$", context.before(8))


def _is_any(context: Context) -> bool:
    """Tell whether what stands where a password does is one, and no way to log in."""
    return value(context) and context.value not in {"publickey", "keyboard-interactive"}


_PHONE = ("telephone number", "phone")
_CODE = ("one-time code", "one_time_code")
_PASSWORD = ("password", "user_and_password")
_FILL = r"(?:[^\n0-9,;]|[0-9]{1,4}[^\n0-9]|h[0-9]>){0,44}?"

SAID_AROUND = (
    *forms(
        *_PHONE,
        rf"(?i){_CALLS}(?:[^\n0-9;]|[0-9]{{1,3}}[^\n0-9;]){{0,32}}?(?:[0-9]{{9}}|0[0-9]{{2,4}}[ -][0-9]|[0-9]{{2,3}}[ -][0-9]{{2,3}}[ -][0-9]{{2}})",
        (
            rf"(?i){_CALLS}(?:[^\n0-9;]|[0-9]{{1,3}}[^\n0-9;]){{0,32}}?(?P<v>\+?(?:[0-9]{{9,13}}|0[0-9]{{2,4}}(?:[ -][0-9]{{2,4}}){{1,4}}|[0-9]{{2,3}}(?:[ -][0-9]{{2,3}}){{2,3}}|8-9[0-9]{{2}}(?:-[0-9]{{2,3}}){{3}}))(?:$|[^0-9A-Za-z_.:-]|: )",
            _is_number,
        ),
    ),
    *forms(
        *_CODE,
        rf"(?i){_CODES}{_FILL}(?:[0-9]{{6}}|[0-9]{{4}}-[0-9]{{3}}-[0-9]{{4}}|[0-9]{{3}}-[0-9]{{2}}-[0-9]{{3}})",
        (
            rf"(?i){_CODES}{_FILL}(?P<v>[0-9]{{6}}|[0-9]{{4}}-[0-9]{{3}}-[0-9]{{4}}|[0-9]{{3}}-[0-9]{{2}}-[0-9]{{3}})(?:$|[^0-9A-Za-z.%-]|\.(?:$|[^0-9]))",
            _is_code,
        ),
    ),
    *forms(
        *_CODE,
        r"(?i)[0-9]{6}(?: is| è|-|是)? ?(?:the|your|il tuo|您的)",
        (r"(?i)(?P<v>[0-9]{6})(?: is| è|-|是)? ?(?:the|your|il tuo|您的) ?[^\n]{0,12}?(?:otp|code|codice|验证码)", _is_code),
    ),
    *forms(
        *_CODE,
        r"(?i)(?:usercode|verify_code|code for the gate is|disarmed with code)[\\\"' :=]{1,6}[0-9]{4}",
        (
            r"(?i)(?:usercode|verify_code|code for the gate is|disarmed with code)[\"' :=]{1,4}(?P<v>[0-9]{4,8})(?:$|[^0-9A-Za-z.%])",
            _is_code,
        ),
    ),
    *forms(
        *_CODE,
        r"(?i)enter the code [0-9A-Z]{4}",
        (r"enter the code (?P<v>[0-9A-Z]{4}-[0-9A-Z]{4}|[0-9A-Z]{9})(?:$|[^0-9A-Za-z-])", None),
    ),
    *forms(*_CODE, r"(?i)otp [cbdefghijklnrtuv]{44}", (r"otp (?P<v>[cbdefghijklnrtuv]{44})", None)),
    *forms(*_CODE, r"-> [0-9]{6} \(otp", (r"-> (?P<v>[0-9]{6}) \(otp", None)),
    *forms(*_CODE, r"code [0-9]{4} никому", (r"code (?P<v>[0-9]{4}) никому", None)),
    *forms(
        *_PASSWORD,
        rf"(?i){_LOGINS}[^\n]{{0,40}}?[a-z]{{2,20}} ?(?:[:/]| with| and) ?[^\s\"':/]{{4}}",
        (rf"(?i){_LOGINS}[^\n]{{0,40}}?[ :=]?[a-z]{{2,20}} ?(?:[:/]| with| and) ?(?P<v>[^\s\"':/]{{6,}})", _is_second),
    ),
    *forms(
        *_PASSWORD,
        r"(?i)ww: ?[^\s]|tmp pw |guess: |pw of |pw from |passwords: |use [^\s]{6,40} to log",
        (r"(?i)(?:ww: ?|tmp pw |guess: |pw of [a-z]+ to |pw from |passwords: )(?P<v>[^\s\"',]{6,})", _is_second),
        (r"(?i)use (?P<v>[^\s]{6,40}) to log", _is_second),
    ),
    *forms(
        *_PASSWORD,
        r"(?i)login attempt: root:|auth failed for [a-z]{2,20}:|auth_basic_user |\[\+\] [a-z]{2,20}\\",
        (
            r"(?i)(?:login attempt: root|auth failed for [a-z]{2,20}|auth_basic_user [a-z]+|\[\+\] [a-z]{2,20}\\{1,2}[a-z]+):(?P<v>[^\s\"':/]{6,})",
            _is_any,
        ),
    ),
    *forms(
        *_PASSWORD,
        r"(?i)reset for [a-z.]+ -> |entered \\{0,2}['\"]|key found! \[|incominguser |u=[a-z]+&p=",
        (
            r"(?i)(?:reset for [a-z.]+ -> |entered ['\"]|key found! \[ |incominguser [a-z]+ |u=[a-z]+&p=)(?P<v>[^\s\"'&]{4,})",
            value,
        ),
    ),
    *forms(
        *_PASSWORD,
        r"(?i)login\([a-z]+, |\{[a-z]+ [^\s}]{6,40}\} pass|new=[^\s]{6}|auth\\{0,2}\": ?\\{0,2}\"[a-z]+:|\['[a-z]+', '",
        (
            r"(?i)(?:login\([a-z]+, |\{[a-z]+ (?:)|new=|auth\": ?\"[a-z]+:|\['[a-z]+', ')(?P<v>[^\s\"')}]{6,})",
            _is_second,
        ),
    ),
    *forms(
        *_PASSWORD,
        r"(?i) / [^\s]{6,40} is the login|[0-9a-f]{32}:[0-9a-f]{12}:[0-9a-f]{12}:",
        (r"[0-9a-f]{32}:[0-9a-f]{12}:[0-9a-f]{12}:[^:\n]{1,32}:(?P<v>[^\n]{8,})", None),
        (r"(?i) / (?P<v>[^\s\"']{6,}) is the login", _is_second),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)(?:wpakey|authentication string|mode md5 plain|hmac-sha2-256|md5 1 key|advskew [0-9]+ pass|server-private [0-9.]+ key|nas [0-9.]+ secret|radius-server [0-9.]+ secret|key mismatch: got|site\.pem|psk\.txt: [0-9.]+|auth\.password -v|rcon|identify|auth-pass [a-z]+|password1) \\{0,2}[\"']?[^\s]{6}",
        (
            r"(?i)(?:wpakey|authentication string|mode md5 plain|hmac-sha2-256|md5 1 key|advskew [0-9]+ pass|server-private [0-9.]+ key|nas [0-9.]+ secret|radius-server [0-9.]+ secret|key mismatch: got|site\.pem|psk\.txt: [0-9.]+|auth\.password -v|identify|auth-pass [a-z]+|password1) [\"']?(?P<v>[^\s\"']{6,})",
            value,
        ),
        (r"(?i)\"rcon (?P<v>[^\s\"']{6,}) [a-z]", value),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)(?:psk for [^\n]{1,40}? is|guest key|join #[a-z]+|auth default|[0-9]{1,4} (?:md5|sha1|sha256)) [^\s]{4}|parametervalue|cak [0-9a-f]{32}",
        (
            r"(?i)(?:psk for [^\n]{1,40}? is|guest key|join #[a-z]+|auth default|(?:^|[^0-9a-z])[0-9]{1,4} (?:md5|sha1|sha256)) (?P<v>[^\s\"']{6,})",
            _is_second,
        ),
        (r"(?i)(?:token|password)\"?, ?\"?parametervalue[=\": ]{1,4}(?P<v>[^\s\"']{6,})", _is_second),
        (r"cak (?P<v>[0-9a-f]{32})", None),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)(?:password|api key|pwd)[:*` ]{0,4}(?:[*`]|</?[a-z]{1,6}>|::|\||- | \(| {1,20}\|)|password</key>",
        (
            r"(?i)(?:password|api key)(?:\*{1,2}:?|:\*{1,2}|:?(?:</?[a-z]{1,6}>){1,3}:?|: ?<strong>|</key>\s*<string>)(?:\*{1,2})? ?:? ?[*`]?(?P<v>[^\s<>*`|]{6,})",
            value,
        ),
        (r"(?i)(?:password|pwd)(?: {0,12}::| {0,12}\|| - | \() ?(?P<v>[^\s<>*`|()]{6,})", _is_second),
    ),
)  # fmt: skip
