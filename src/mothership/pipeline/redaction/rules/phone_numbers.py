"""The rule for telephone numbers."""
# ruff: noqa: E501, PLR2004, RUF001 - an expression reads best in one piece, and these are the signs that people write

import re

from mothership.pipeline.redaction.rules.call_records import (
    CALL_RECORDS,
    CALL_RECORDS_NEGATIVES,
    CALL_RECORDS_POSITIVES,
    no_address,
    of_channel,
    with_country,
)
from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher, Rule
from mothership.pipeline.redaction.rules.telephony import TELEPHONY, TELEPHONY_NEGATIVES, TELEPHONY_POSITIVES
from mothership.pipeline.redaction.rules.validators import (
    COUNTRY_CODES,
    digits_of,
    e164,
)

_INTERNATIONAL = r"\+(?:(?<![A-Za-z0-9_+.]\+)|(?<=\bPH\+)|(?<=\bFX\+)|(?<=\b[Tt][Ee][Ll]\+)|(?<=\b[Mm][Oo][Bb]\+)|(?<=\b[Ff][Aa][Xx]\+))[1-9][0-9]{0,2}(?:[ .-]?\(0?[0-9]{0,4}\))?(?: ?[0-9]{1,5} [/-] (?=[0-9]{2}))?(?:[ ./-]?[0-9]){5,13}(?![0-9A-Za-z_])"


_DIALLED = r"00(?<![0-9][0-9A-Fa-f] ..)(?<! [A-Fa-f][0-9A-Fa-f] ..)(?<![A-Za-z0-9_/+.:-]..)[ ]?[1-9][0-9]{0,2}[ -](?:\(0\)[ -]?)?[1-9][0-9]{0,4}(?:[ -][0-9]{2,8}){1,4}(?![0-9A-Za-z_])(?![.-][0-9])"
_EUROPEAN = (
    r"[(08](?<![0-9][0-9A-Fa-f] .)(?<! [A-Fa-f][0-9A-Fa-f] .)(?<![A-Za-z0-9_/+.:-].)(?:"
    r"(?<=0)[1-9](?P<s>[ .-])[0-9]{2}(?P=s)[0-9]{2}(?P=s)[0-9]{2}(?P=s)[0-9]{2}"  # France
    r"|(?<=0)7[0-9]{3}[ -][0-9]{3}[ -]?[0-9]{3}"  # United Kingdom, mobile
    r"|(?:(?<=0)|(?<=\()0)(?:20[ -]|20\)[ -]?)[0-9]{4}[ -]?[0-9]{4}"  # London
    r"|(?<=\()0[1-9][0-9]{1,4}\)[ -]?[0-9]{3,4}[ -]?[0-9]{3,5}"  # an area code in parentheses
    r"|(?<=0)1[5-7][0-9][ /-][0-9]{7,8}"  # Germany, mobile
    r"|(?<=8) ?\([3489][0-9]{2}\) ?[0-9]{3}-[0-9]{2}-[0-9]{2}"  # Russia
    r")(?![0-9A-Za-z_])(?![ .:-]?[0-9A-Fa-f]{2}(?![a-z]))(?![.-][0-9])"
)
_NAMED_NUMBER = (
    r"(?:phone|mobile|msisdn|電話番号|電話|電话|电话|手机号?|телефон|τηλέφωνο|fax|whatsapp|callback|calling(?:party)?|called(?:party)?|(?<![a-z])(?:tlf|mob|gsm|sms|ani|dnis|caller|callee|clid|cli|tel(?:ephone|efon|éphone|éfono|efone)?(?:oon|oonnummer|onnummer)?|rufnummer|telefoonnummer|mobil(?:nummer)?|handy(?:nummer)?|cell))"
    r"(?:[ _-]?(?:number|no|nr|num))?(?:\.?['\"]?[ ]?(?:[:=：]|is\b|#)|(?<=nummer)(?=[ ][0(+])|(?<=[番話话机号])(?=[ ]\+?[0-9])|\.(?=[ ][(+0]))[ ]?['\"]?"
    r"(?P<secret>\+?[(]?[0-9](?:[ ()./-]{0,2}[0-9]){6,14})(?![0-9A-Za-z_])"
)


_MEASURED_BEFORE = re.compile(
    r"(?:delta|offset|diff|drift|skew|slew|step|adjust\w{0,6}|error|bias|lag|change|correction|by|freq\w{0,6}|seq|incr\w{0,8})[\s:=]{0,3}\Z",
    re.IGNORECASE,
)
_UNIT_BEHIND = re.compile(
    r"\s?(?:bytes|[kmgt]i?b|[mun]?s|secs?|seconds|packets|octets|ppm|ppb|drift|%|rows|records|lines|ticks|[km]?hz|bits)(?![a-z])",
    re.IGNORECASE,
)
_NUMBERED_BEFORE = re.compile(
    r"(?:^|[^a-z])(?:v|ver|version|build|release|rev|revision|firmware|ref|reference|order|ticket|invoice|case|serial|part|sku|model|s/n)[\s:=#.]{0,3}\Z",
    re.IGNORECASE,
)
_CODE = re.compile(r"\+([0-9]{1,3})(?=[ .(-])")


def _no_quantity(text: str, start: int, end: int) -> bool:
    """Tell a telephone number from a signed quantity, and from a version or a reference."""
    if _UNIT_BEHIND.match(text, end):
        return False
    before = max(0, start - 24)
    return (_MEASURED_BEFORE if text[start] == "+" else _NUMBERED_BEFORE).search(text, before, start) is None


def _american(sign: str, area: str, size: int, rest: str) -> Matcher:
    """Make a matcher that starts from the sign behind the area code."""
    begins = rf"(?<![A-Za-z0-9_/+].{{{size}}})" + rf"(?:(?<![0-9][ .-].{{{size}}})|{_dialled_one(size)})"
    ends = r"(?: ?(?:x|ext\.?)[ ]?[0-9]{1,6})?(?![0-9A-Za-z_])(?![.-][0-9])"
    return Matcher(rf"{sign}{area}{begins}{rest}{ends}", fits=_no_quantity, back=size - 1)


def _dialled_one(size: int) -> str:
    return "|".join(rf"(?<={one}[ .-].{{{size}}})" for one in ("[^0-9]1", "^1", "001"))


_AMERICAN = (
    _american(r"\)", r"(?:(?<=\([2-9][0-9]{2}\))|(?<=\(123\)))", 5, r"[ -]?[0-9]{3}[ .-][0-9]{4}"),
    _american(r"(?P<s>[.-])", r"(?:(?<=[2-9][0-9]{2}.)|(?<=123.))", 4, r"[0-9]{3}(?P=s)[0-9]{4}"),
    _american(r"\)", r"(?<=\([1-9][0-9]\))", 4, "[ ]?9?[0-9]{4}-[0-9]{4}"),  # Brazil
)


def _international(text: str) -> bool:
    code = _CODE.match(text)
    return e164(digits_of(text)) and (code is None or code[1] in COUNTRY_CODES)


def _dialled(text: str) -> bool:
    return e164(digits_of(text)[2:])


_SPOKEN_NUMBER = (
    r"(?:(?:phone|tel|mobile|msisdn|fax|whatsapp|call|caller|callback|dial(?:l?ed|ing)?|ring|reach(?:\sme)?(?:\sat)?|tlf|mob\.?|電話|电话|(?:sms|text)\s(?:message\s)?(?:sent\s)?to|contact)"
    r"(?:\s(?:number|no|nr|num|to|from))?[.:]?\s{1,2}|callerid[= ](?:\\{0,4}[\"'][^\"'\r\n]{0,40}\\{0,4}[\"'])?\s?<|sips?:|tel:|ATDT?)"
    r"(?P<secret>(?:00[1-9]|0[1-9]|\+?[1-9])[0-9]{0,13}(?:[ ]?[-/ .][ ]?\(?[0-9]{2,8}\)?){0,5})(?![0-9A-Za-z_.:/-]?[0-9A-Za-z_])"
)


def _spoken(text: str) -> bool:
    """Tell whether digits behind a word such as `call` are a telephone number: grouped, or with a prefix to dial."""
    digits = digits_of(text)
    if not 8 <= len(digits) <= 15 or text.count(".") == 3:
        return False
    if digits.startswith("00"):
        return e164(digits[2:])
    grouped = any(not char.isdigit() for char in text.lstrip("+"))
    return (grouped and len(digits) >= 9) or (digits[0] == "0" and len(digits) >= 9)


def _spoken_number(text: str) -> bool:
    """Tell a number that somebody says to be theirs from a short one, and from a date."""
    return 9 <= len(digits_of(text)) <= 15 and _DATE.fullmatch(text) is None


def _plain_number(text: str) -> bool:
    digits = digits_of(text)
    return 10 <= len(digits) <= 15 and e164(digits if len(digits) > 10 else "1" + digits)


_NAMED_PLAIN = r"(?:msisdn\s{1,2}|sips?:\+?|callerid[= ](?:\\{0,4}[\"'][^\"'\r\n]{0,40}\\{0,4}[\"'])?\s?<\+?)(?P<secret>[1-9][0-9]{9,14})(?=[@>\s,;]|\Z)"


# A machine's name for the other end of a call; and `"Name" <number>`, as Asterisk writes who calls.
_NAMED_E164 = (
    r"(?:(?<![A-Za-z])(?:wa_?id|(?:caller|called|callee|calling|connectedline)(?:[-_ ]?id)?(?:[-_ ]?num(?:ber)?)?)(?:\\{0,3}[\"'])?\s?[:=]\s?(?:\\{0,3}[\"'])?"
    r"|(?<![A-Za-z])(?:anruf|ruf)\s(?:von|an)\s|\"{1,2}\s<)(?P<secret>(?:00|\+)?[1-9][0-9]{8,14})(?![0-9A-Za-z_.:-]|\s?times)"
)


# Diameter's END_USER_E164, an SMS gateway's `dest=`.
_SAID_E164 = (
    r"(?:(?<![a-z])(?:sms|mms|whatsapp)\s(?:message\s)?(?:sent\s|delivered\s)?(?:to|from|naar|aan|van|an|von|till|til|från|fra|para|para\so|pour|vers|na|do|od|za)\s{1,2}|END_USER_E164[^\r\n0-9]{0,12}[0-9]?[^\r\n0-9]{0,60}?|(?<![A-Za-z])(?:dest(?:ination)?(?:[-_]?(?:addr(?:ess)?|number|no))?|dst[-_]?addr|src[-_]?addr|source[-_]?addr|(?:to|from)[-_]?(?:number|msisdn|phone)|recipient(?:[-_]?(?:id|number))?|e164|subscriber(?:[-_]?(?:id|number))?|[abc]_?party(?:[-_]?number)?)"
    rf"(?:{QUOTE})?\s{{0,2}}[:=]\s{{0,2}}(?:{QUOTE})?)(?P<secret>\+?[1-9][0-9]{{9,14}})(?![0-9A-Za-z_.:-])"
)
_WRITTEN_TO = r"(?:sms|mms|whatsapp|wysłano|zadzwoń|tel(?:efon\w{0,4})?|anruf|ruf|llam\w{1,4}|appel\w{0,3}|chiam\w{1,4}|ring|bel|call|text)(?![a-z])[^\r\n0-9]{0,24}?\s(?:na|to|an|die|de|het|al|au|à|a|naar|aan|till|til|på|auf|unter|on|from|von|der|el|le|the|your)\s(?:numer|nummer|número|numéro|numero|номер|number|nr\.?)u?(?:\s(?:telefonu|telefon|de\stéléphone|de\steléfono|di\stelefono|телефона))?:?\s{1,2}(?P<secret>\+?[0-9]{2,4}(?:[ -][0-9]{2,4}){2,4})(?![\w.-])"

# Mobile numbers as nothing else is grouped: Japan's, Korea's, Sweden's.
_MOBILE = r"(?<![\w.:/+-])(?P<secret>0[5789]0-[0-9]{4}-[0-9]{4}|01[016789]-[0-9]{3,4}-[0-9]{4}|07[02369]-[0-9]{3}\s[0-9]{2}\s[0-9]{2})(?![\w:/-]|\.[0-9])"

_MESSAGE_TO = (
    r"(?<![a-z])(?:sms|mms|whatsapp)\s(?:to|from|naar|aan|van|an|von|à|a|para|til|till|från|fra|vers|na|do|od)\s{1,2}"
    r"(?P<secret>0[0-9]{1,4}(?:[ -]?[0-9]{2,8}){1,4})(?![\w-])"
)

# To call somebody, in the languages of tickets, and the number some words on: `Monteur bellen voor aankomst: 06-28 71 40 93`.
_CALLING = (
    r"(?:携帯(?:電話)?|電話|手机|联系电话|휴대폰|전화|(?<![^\W\d_])(?:(?:terug|op)?bellen|bel|gsm|mobiel|telefonisch|(?:rück|an)ruf\w{0,3}|anrufen|zurückrufen|erreichbar|handy|mobil(?:telefon|nummer|funk)?|durchwahl"
    r"|ll(?:a|á)m(?:ar|e|en|ad)\w{0,2}|m(?:ó|o)vil|celular|telem(?:ó|o)vel|lig(?:ar|ue)|appel(?:er|ez)|rappel(?:er|ez)?|joindre|joignable|portable|t(?:é|e)l(?:é|e)phoner?|contattare|chiamare|richiamare|cellulare|telefon(?:ar)?[eo]"
    r"|ring(?:a|e)?|jour(?:en|telefon)|mobilen?|mobiltlf|kontakt|zadzwo(?:ń|n)(?:ić)?|dzwoni(?:ć|c)|kom(?:órka)?|zavol(?:at|ejte)|soita|puhelin|h(?:í|i)vja|мобильный|звонить|позвонить|перезвонить|тел)(?![^\W\d_]))"
)
_CALLED = rf"{_CALLING}(?:[:.]|\s(?!buff|queue|entr|size|art|ped|order|bestell|ref|ticket|lijn|linie|nr)[^\s\d:;,.()\[\]{{}}\"'=/<>]{{1,24}}(?=[\s:])){{0,4}}:?\s{{1,2}}(?P<secret>\(?0[1-9][0-9]{{0,4}}\)?(?:[ ]?[-/ ][ ]?[0-9]{{2,8}}){{1,5}}|[3-9][0-9]{{2}}(?:[ -][0-9]{{2,4}}){{2,3}}|0[1-9][0-9]{{8,9}})(?![\w:/-]|\.[0-9])"
# A word for a telephone in many languages, and the number right behind it, as nobody writes anything else there.
_WORD_AND_NUMBER = (
    r"(?:(?<![^\W\d_])(?:t[eé]l[eé]?fon\w{0,5}|telefoon\w{0,6}|cellulare|cellulari|celular|m[oó]vil|handy\w{0,6}|mobil\w{0,7}|portable|phone|телефон\w{0,3}|тел\.?|τηλέφωνο|puhelin\w{0,6})"
    r"|연락처|전화(?:번호)?|휴대(?:폰|전화)(?:\s?번호)?|手机号?码?|手機號?碼?|电话(?:号码)?|電話(?:番号)?|携帯(?:電話)?|致电|टेलीफोन|मोबाइल|फ़?ोन|ל?ב?ה?טלפון|ל?ב?ה?נייד|هاتف|جوال|رقم)"
    r"(?:\s(?:नंबर|number|no\.?|numer|nummer|nr\.?|číslo|numero|número|номер|號碼|번호))?\s{0,2}[:：]?\s{0,2}"
    r"(?P<secret>\(?0[1-9][0-9]{0,3}\)?(?:[ -]?[0-9]{2,8}){1,4}|1[3-9][0-9]{9}|[6-9][0-9]{9}|[36-9][0-9]{2}(?:[ -][0-9]{3}){2}|3[0-9]{2}[ -]?[0-9]{6,7})(?![\w:/-]|\.[0-9])"
)
_DATE = re.compile(
    r"(?:0[1-9]|[12][0-9]|3[01])[ -](?:0[1-9]|1[0-2])[ -](?:19|20)[0-9]{2}(?:[ -][0-9]{2}){0,3}|(?:19|20)[0-9]{2}[ -][0-9]{2}[ -][0-9]{2}(?:[ -][0-9]{2}){0,3}"
)


def _is_national(text: str) -> bool:
    """Tell a number as a country writes it from a date and from a short figure."""
    return 9 <= len(digits_of(text)) <= 12 and _DATE.fullmatch(text) is None


def _called(text: str) -> bool:
    """Tell a number to call from a date, and from groups that are a reference."""
    digits = digits_of(text)
    return _DATE.fullmatch(text) is None and 9 <= len(digits) <= (12 if digits[0] == "0" else 10)


PHONE = Rule(
    name="phone",
    description="Telephone numbers: international with `+`, the usual written forms of North America, France, the "
    "United Kingdom and Germany; other forms beside a word such as `phone`.",
    source="ITU-T E.164; North American Numbering Plan; national numbering plans",
    matchers=(
        Matcher(_NAMED_NUMBER, no_address, ignore_case=True),
        Matcher(_SPOKEN_NUMBER, _spoken, ignore_case=True, fits=_no_quantity),
        Matcher(_NAMED_PLAIN, _plain_number, ignore_case=True),
        Matcher(_NAMED_E164, with_country, ignore_case=True, fits=_no_quantity),
        Matcher(_SAID_E164, with_country, ignore_case=True, fits=_no_quantity),
        Matcher(_WORD_AND_NUMBER, _is_national, unicode=True, ignore_case=True, fits=_no_quantity),
        Matcher(
            r"(?:\b(?:to|from|naar|van|an|von|à|de|a|call)|CDR[^\r\n]{0,60}?)\s(?P<secret>00[1-9][0-9]{9,13})(?![\w.:-])",
            of_channel,
        ),
        # `my number is …`, whatever country's
        Matcher(
            r"(?:my|his|her|our|their|the|your|new|contact)\s(?:[\w-]{2,16}\s){0,2}?(?:number|nr|no\.?)\s(?:is|was)\s(?P<secret>\+?[0-9(][0-9]{1,4}\)?(?:[ -][0-9]{2,8}){1,4}|1[3-9][0-9]{9}|0[1-9][0-9]{8,9})(?![\w.:/-])",
            _spoken_number,
            ignore_case=True,
            fits=_no_quantity,
        ),
        Matcher(_CALLED, _called, ignore_case=True, unicode=True, fits=_no_quantity),
        Matcher(_WRITTEN_TO, _spoken, ignore_case=True, unicode=True),
        Matcher(_MESSAGE_TO, _spoken, ignore_case=True, unicode=True),
        Matcher(_INTERNATIONAL, _international, fits=_no_quantity),
        *_AMERICAN,
        Matcher(_DIALLED, _dialled),
        Matcher(_EUROPEAN),
        Matcher(_MOBILE),
        *CALL_RECORDS,
        *TELEPHONY,
    ),
    positives=(
        ("ご不在連絡先 080-4410-2207 再配達希望", "080-4410-2207"),
        ("수신자 010-4410-2207 배송완료", "010-4410-2207"),
        ("Bokning bekräftad för 070-441 22 07", "070-441 22 07"),
        *CALL_RECORDS_POSITIVES,
        *TELEPHONY_POSITIVES,
        ("SMS naar 0471 22 10 43: uw pakket", "0471 22 10 43"),
        ("Lift staat stil, terugbellen op 06-19 44 82 70 graag", "06-19 44 82 70"),
        ("Hausmeister anrufen unter 0176 4410 882, Tor klemmt", "0176 4410 882"),
        ("Avisar al conductor, móvil 655 91 20 34", "655 91 20 34"),
        ("richiamare il custode al 338 410 2276 dopo le otto", "338 410 2276"),
        ("担当者携帯 080-4471-2290 まで", "080-4471-2290"),
        ("Ringa vaktmästaren på 073-551 28 90", "073-551 28 90"),
        ("conciërge gsm 0486 31 77 02", "0486 31 77 02"),
        ("rappeler le client: 06 44 18 22 97", "06 44 18 22 97"),
        ("zadzwonić do ochrony: 601 448 210", "601 448 210"),
        ("Subscription-Id-Type: END_USER_E164 (0), Subscription-Id-Data: 4915112345678", "4915112345678"),
        ("submit_sm src=SHOP dst_addr=905321234567 len=20", "905321234567"),
        ("MMS sent to 4915112345678 ok", "4915112345678"),
        ("Kod wysłano SMS na numer 512 334 908", "512 334 908"),
        ("GI|RN12|PH+31 20 555 01 77|", "+31 20 555 01 77"),
        ("+49 (0) 30 / 221 940-12", "+49 (0) 30 / 221 940-12"),
        ("call +14155552671 now", "+14155552671"),
        ("Tel. (030) 901820-0, Fax. 030 901820-1", "(030) 901820-0"),
        ("sms to +44 20 7946 0958 sent", "+44 20 7946 0958"),
        ("fax (415) 555-2671", "(415) 555-2671"),
        ("call 001-581-896-0013x3890 or (464)567-8901x123", "581-896-0013x3890"),
        ("or (555) 123-4567 ext. 12", "(555) 123-4567 ext. 12"),
        ("ring 0044 20 7946 0958 now", "0044 20 7946 0958"),
        ("ligue (11) 91234-5678", "(11) 91234-5678"),
        ("caller 415-555-2671 hung up", "415-555-2671"),
        ("Tel: 030 901820", "030 901820"),
        ("mobile=07911123456", "07911123456"),
        ("ring 06 12 34 56 78, please", "06 12 34 56 78"),
        ("+49 (0)30 901820", "+49 (0)30 901820"),
        ("call 0049 89 1234567", "0049 89 1234567"),
        ("phone 415 555 2671", "415 555 2671"),
        ("From: <sip:4155552671@10.0.0.1>", "4155552671"),
        ("MSISDN 447911123456 attached", "447911123456"),
        ("Tel. 089 / 1234567", "089 / 1234567"),
        ("dropped 8 (495) 123-45-67 at 10:00", "8 (495) 123-45-67"),
        ("from 00 33 6 12 34 56 78, or 0049 89 1234567", "00 33 6 12 34 56 78"),
        ("sms sent to 0412 345 678 status=ok", "0412 345 678"),
        ("call 06-12345678 back", "06-12345678"),
        ('callerid="Bob" <4155552671>', "4155552671"),
        ("kontakt: tlf 0912 34 567", "0912 34 567"),
        ("FBB500 voice call MO dialled 00870773123456 duration 12s", "870773123456"),
        ("ATDT004791234567", "4791234567"),
        ("caller=4791234567 callee=4722334455", "4722334455"),
        ("手机号:13812345678", "13812345678"),
        ('{"wa_id": "393301507663", "type": "text"}', "393301507663"),
        ("Event: Newchannel CallerIDNum: 4797809792 CallerIDName: Kim", "4797809792"),
        ("Ankommender Anruf von 004915186818697 an MSN 638534", "004915186818697"),
        ('"""Kim"" <5511968155174>","PJSIP/trunk-000083ae"', "5511968155174"),
    ),
    negatives=(
        *CALL_RECORDS_NEGATIVES,
        *TELEPHONY_NEGATIVES,
        "terugbellen op 12-06-2024 14:00, Rückruf erbeten bis 04-11-2025, anrufen ab 08:30, Ring buffer 512 1024 2048, mobile app 10.4.2",
        "appeler le 06 11 2025, móvil pedido 4410-22, kontakt 2024-03-11 12 30, bel artikel 740-11-8204, llamar antes del 12/06 18:00, ring 3 of 12",
        "sofia/internal/2041@10.1.1.4, sofia/gateway/trunk/1001, gsm 900 1800 1900 MHz, kom 08-10, mobil 10.20.30.40, contattare il reparto 12 entro il 2025-06-11",
        "at 2024-01-15T08:15:23+0000 up, GRAPH+123456789, EPH+1 2345678, +12 / 300 / 4000 rows",
        "OBX|1|NM|12-44^HB^LN, 2025-03-11^A^B, Executing [6001@from-internal:1], SIP/6001-0000012, dest=10.0.0.4:5060 dest=1700000000",
        '{"from":"1741337012","to":"1741340612","step":"60"}, {"to":"17413370120","limit":5}, total number 601 234 567, sms queue number 300 200 100, sms to 1700000000, text line number 120 300',
        "version 415.555.26.71",
        "peer 203.101.45.59:5070",
        "dump 06 12 34 56 78 9a bc",
        "pid 4155552671",
        "range 100-200-3000",
        "caller=0x7f3a12345678 wa_id: 1700000000, wa_id=1700000000123, callee_id=12345678901234567, called 4791234567 times",
        'wa_id=12, "took" <5511968155> wa_ids=4791234567',
        "id 00000012345678 and 0012345678901",
        "0x415-555-2671",
        "diff @@ -1,7 +14155552 @@",
        "delta +21821941977, offset=+4763745565 drift, adjusted by +14155552671",
        "+4 434 303 9824 bytes and +14155552671 bytes",
        "v 476.786.4518, ref 274-784-5647, order 415-555-2671",
        "call id 4155552671, call 1234567890 ended after 300, text 12345678",
        "sms queue 12345678 len 300, contact 12345 at 123456, ring 3 of 12",
        "system call 0x0000 12 34, call 10.0.0.12:5060, calling 2026-11-24 10:00:00",
    ),
)
