"""What a code to type and the code of a card look like to the check, in the words that languages have for a code.

A word for a code alone counts for six figures. Fewer need a word that says whose the code is or what it opens.
"""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece, and these are the signs that people write

from mothership.pipeline.redaction.checker import strength, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_CODE = (
    r"(?:codes?|k[oó]d(?:en|et)?|koodi|kode|codice|c[oó]digo|код|κωδικ[α-ωόύ]*|passcode|mtan|\b(?:tan|otp|cod|clave))"
)
_SHORT = r"\b(?:pin|puk|passcode|otp|m?tan)(?:[ -]?code)?"
_CODE_SIGN = r"(?:codes?|k[oó]d(?:en|et)?|koodi|kode|codice|c[oó]digo|код|κωδικ[α-ωόύ]*|passcode|mtan|(?:[^0-9a-z]|\\[nrt])(?:m?tan|otp|cod|clave|pin|puk)[^a-z])"
_FIGURES = rf"(?i){_CODE_SIGN}[^0-9\n]*(?:[1-6]>)?(?:[0-9]{{4}}|[0-9]{{2,3}}[ -][0-9]{{2}}|[0-9] [0-9] [0-9])"
_IS = r"(?:is|ist|est|es|è|é|er|är|to|je|jest|este|lautet|on|είναι|now|nu)"
_WHOSE = (
    r"(?:\b(?:your|uw|jouw|deine?|ihre?|votre|vos|ton|tu|su|seu|sua|tuo|suo|tw[oó]j|din|dit|va[sš])\b|ваш|твой|σας)"
)
_OPENS = r"(?:\b(?:disarm|keypad|keyed|gate|door|lock|tor|deur|tür|porte|porta|brama|voicemail|tablet|parcel|paczk|paket|safe|kluis|sms|2fa|mfa|otp|totp|pair|regist|log-?in|sign-?in)|вход|никому|сообщ)"
_TOLD = r"(?:\b(?:sms|2fa|mfa|otp|share|shared|partage[rz]|comparta[sn]?|delen|deel|sent|accepted)\b|никому|сообщ)"
_SIX = r"[0-9]{6}|[0-9]{3}[ -][0-9]{3}|[0-9]{2} [0-9]{2} [0-9]{2}|[0-9](?: [0-9]){5}|[0-9]{3}-[0-9]{2}-[0-9]{3}|[0-9]{4}-[0-9]{3}-[0-9]{4}"
_ENDS = r"(?:$|[^0-9A-Za-z.:/%-]|[.:](?:$|[^0-9]))"
_BEGINS = r"(?:^|[^0-9A-Za-z.:/%#-])"
_GROUPED = r"[0-9A-Za-z]{3,6}(?:-[0-9A-Za-z]{3,6}){1,5}"
_PROVES = r"(?:voucher|gift card|recover|backup|activ|activat|verif|pair|one[- ]time|scratch|sign-?in|log-?in|enter the|guard)"
_SECURITY = (
    r"(?:security code|(?:beveiligings|sicherheits|säkerhets|sikkerheds|prüf)(?:code|kod(?:e|en)?|ziffer|nummer)"
    r"|code de sécurité|código de segur[a-zç]{3,5}|codice di sicurezza|\b(?:cvv2?|cvc2?)\b)"
)
_CARDS = (
    rf"(?i){_SECURITY.replace(chr(92) + 'b', '')}[^0-9\n]*[0-9]{{3}}|(?:cid|csc|cvn)[\"'\\]*[=:] ?[\"'\\]*[0-9]{{3}}"
)

CODES = (
    *forms(
        "one-time code",
        "one_time_code",
        r"(?i)(?:user|alarm|keypad|access|door) (?:code|pin) [0-9]{4}|vouchers? (?:code )?[0-9]{3}",
        (
            r"(?i)(?:user|alarm|keypad|access|door) (?:code|pin) [0-9]{4,8} (?:has |was |is )?(?:dis)?(?:arm|unlock|open|entered|accepted|used|rejected|denied)",
            None,
        ),
        (r"(?i)vouchers? (?:code )?[0-9]{3,5}(?:-[0-9]{2,5}){1,3}(?:$|[^0-9A-Za-z-])", None),
    ),
    *forms(
        "one-time code",
        "one_time_code",
        _FIGURES,
        (
            rf"(?i)(?:{_CODE}|{_SHORT})(?:(?:[^0-9A-Za-z\n][^0-9=\n]{{0,40}}?)?(?:[:>*\"']| {_IS}| expected| got)|[\"' ]{{0,3}}[=+]|:(?:</?[a-z]{{1,8}}[1-6]?>){{1,3}})[ *\"'>+\\]{{0,4}}(?P<v>{_SIX}){_ENDS}",
            strength.code_of_somebody,
        ),
        (
            rf"(?i)\b(?:sent|send|enter|entered|typed?|use) (?:the )?{_CODE} (?P<v>{_SIX}){_ENDS}",
            strength.code_of_somebody,
        ),
    ),
    *forms(
        "one-time code",
        "one_time_code",
        _FIGURES,
        (
            rf"(?i)(?:{_WHOSE}|{_OPENS})[^\n]{{0,40}}?(?:{_CODE}|{_SHORT})[^0-9A-Za-z\n](?:[^0-9\n]{{0,24}}?{_BEGINS})??(?P<v>[0-9]{{4,8}}){_ENDS}",
            strength.code_of_somebody,
        ),
        (
            rf"(?i)(?:{_CODE}|{_SHORT})(?: [^\n0-9]{{0,32}}?)??(?: (?:{_IS}|entered) |(?:{_WHOSE}|{_OPENS})[^0-9\n]{{0,12}}?{_BEGINS})(?P<v>[0-9]{{4,8}}){_ENDS}",
            strength.code_of_somebody,
        ),
        (
            rf"(?i){_CODE} (?:[^\s0-9]{{2,16}} ){{0,2}}(?:verif|confirm|podtver|potwier|подтв|bestät|ověř)[^\s0-9:]{{1,16}}:? (?P<v>[0-9]{{4,8}}){_ENDS}",
            strength.code_of_somebody,
        ),
        (
            rf"(?i)(?:{_CODE}|{_SHORT})[^0-9A-Za-z\n]{{1,4}}(?P<v>[0-9]{{4,8}}) {_TOLD}",
            strength.code_of_somebody,
        ),
    ),
    *forms(
        "one-time code",
        "one_time_code",
        rf"(?i)[0-9]{{3}} ?(?:{_IS}|是)[^0-9\n]*(?:{_CODE_SIGN}|码)",
        (
            rf"(?i){_BEGINS}(?P<v>[0-9]{{4,8}}|[0-9]{{3}}[ -][0-9]{{3}}) {_IS} [^0-9\n]{{0,24}}?(?:{_CODE}|{_SHORT})(?:$|[^a-z])",
            strength.code_to_type,
        ),
        (r"[0-9]{4,8}是[^0-9\n]{0,6}码", None),
    ),
    *forms(
        "one-time code",
        "one_time_code",
        r"(?i)(?:otp|2fa|mfa|mtan|mobiletan)[^\n]*[^0-9a-z][0-9]{3} ?[0-9]{3}[^0-9a-z]|[0-9]{6}[^0-9a-z][^\n]*(?:otp|2fa|mfa)",
        (
            rf"(?i)(?:^|[^a-z])(?:[a-z]{{0,8}}otp|2fa|mfa|mtan|mobiletan)[^a-z\n][^\n]{{0,48}}?{_BEGINS}(?P<v>[0-9]{{6}}|[0-9]{{3}} [0-9]{{3}}){_ENDS}",
            strength.code_of_somebody,
        ),
        (
            rf"(?i)(?:verify|check|validate)_?otp[^\n]{{0,48}}?{_BEGINS}(?P<v>[0-9]{{6}}){_ENDS}",
            strength.code_of_somebody,
        ),
        (
            rf"(?i){_BEGINS}(?P<v>[0-9]{{6}})[^0-9a-z.:/%-][^\n]{{0,40}}?(?:^|[^a-z])(?:otp|2fa|mfa)(?:$|[^a-z])",
            strength.code_of_somebody,
        ),
    ),
    *forms(
        "one-time code",
        "one_time_code",
        rf"(?i){_PROVES}[^\n]*(?:[0-9a-z]{{3}}-[0-9a-z]{{3}}|[0-9]{{4}} [0-9]{{4}})|enter the code [0-9a-z]|[0-9]{{3}}[ -]?[0-9]{{3}} to (?:confirm|sign|log)",
        (r"(?i)(?:^|[^0-9-])[0-9]{3}[ -]?[0-9]{3} to (?:confirm|sign ?in|log ?in)", None),
        (r"(?i)(?:backup|recovery) codes?[^\n]{0,24}?[^0-9A-Za-z-][0-9]{4}[ -][0-9]{4}(?:$|[^0-9A-Za-z-])", None),
        (r"(?i)(?:voucher|gift card)[ a-z:=]{1,12}[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2,4}(?:$|[^0-9A-Za-z-])", None),
        (r"(?i)voucher code [0-9]{5}-[0-9]{5}(?:$|[^0-9-])", None),
        (r"(?i)enter the code (?P<v>(?-i:[0-9A-Z]{6,12}))(?:$|[^0-9A-Za-z])", value_validators.made),
        (
            rf"(?i){_PROVES}[^\n]{{0,16}}?{_CODE}[^\n]{{0,40}}?(?:^|[^0-9A-Za-z.:/%_\n-])(?P<v>{_GROUPED})(?:$|[^0-9A-Za-z_:/%-])",
            strength.code_in_groups,
        ),
    ),
    *forms(
        "one-time code",
        "one_time_code",
        r"c{4}[cbdefghijklnrtuv]{30}",
        (r"(?:^|[^0-9A-Za-z])c{4}[cbdefghijklnrtuv]{40}(?:$|[^0-9A-Za-z])", None),
    ),
    *forms(
        "code of a card",
        "card_code",
        _CARDS,
        (
            rf"(?i){_SECURITY}[^0-9\n]{{0,40}}?(?:^|[^0-9A-Za-z.:/%#-])(?P<v>[0-9]{{3,4}})(?:$|[^0-9A-Za-z.:/%-]|[.:](?:$|[^0-9]))",
            strength.code_of_somebody,
        ),
    ),
    *forms(
        "code of a card",
        "card_code",
        _CARDS,
        (
            r"(?i)(?:^|[^0-9a-z])(?:pan|card|cc|exp|expiry|avs)[^\n]{0,80}[^0-9a-z](?:cid|csc|cvn)[\"'\\]{0,2}[=:] ?[\"'\\]{0,2}(?P<v>[0-9]{3,4})(?:$|[^0-9A-Za-z.-])",
            value_validators.code,
        ),
    ),
)
