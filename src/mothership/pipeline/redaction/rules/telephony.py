"""Telephone numbers where exchanges, gateways, modems and messages write them: plain digits, known by what is around."""
# ruff: noqa: E501, PLR2004, RUF001 - an expression reads best in one piece, and these are the signs that people write

import re

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher
from mothership.pipeline.redaction.rules.validators import COUNTRY_CODES, digits_of, e164

_NATIONAL = r"0[1-9][0-9]{8,9}"
_ABROAD = r"(?:00|\+)?[1-9][0-9]{10,13}"
_NANP = r"[2-9][0-9]{2}[2-9][0-9]{6}"
_TEN = r"[2-9][0-9]{9}"
_ONE = rf"(?:{_NATIONAL}|{_ABROAD})"
_ANY = rf"(?:{_NATIONAL}|{_ABROAD}|{_NANP})"
_MORE = r"[\"'>)]{0,2}\s?(?:,|;|\||&|->|\sto\s|\sand\s|\sor\s|\sund\s|\sen\s|\set\s)\s?(?:and\s)?[\"'<(]{0,2}"
_END = r"(?![0-9A-Za-z_-]|[.:][0-9])"
_LIST = rf"(?P<secret>{_ANY}(?:{_MORE}{_ANY}){{0,20}}){_END}"
_LIST_OF_ONE = rf"(?P<secret>{_ONE}(?:{_MORE}{_ONE}){{0,20}}){_END}"
_BEGIN = r"[\[{\"'<(]{0,3}"

_LONGEST = {
    "1": 11, "7": 11, "20": 12, "27": 11, "30": 12, "31": 11, "32": 11, "33": 11, "34": 11, "36": 11, "39": 12, "40": 11,
    "41": 11, "43": 13, "44": 12, "45": 10, "46": 11, "47": 10, "48": 11, "49": 13, "51": 11, "52": 12, "53": 10, "54": 13,
    "55": 13, "56": 11, "57": 12, "58": 12, "60": 12, "61": 11, "62": 13, "63": 12, "64": 12, "65": 10, "66": 11, "81": 12,
    "82": 12, "84": 12, "86": 13, "90": 12, "91": 12, "92": 12, "93": 11, "94": 11, "95": 12, "98": 12,
}  # fmt: skip
"""Most digits with the country's code, by it; of all others thirteen."""
_NUMBERS = re.compile(r"\+?[0-9]{9,15}")


def _is_number(text: str) -> bool:
    """Tell plain digits that a country could have given from a time, a counter and an id."""
    digits = digits_of(text)
    if text[0] == "0" and not text.startswith("00"):
        return 10 <= len(digits) <= 11
    if len(digits) == 10 and text[0] != "+":
        return "2" <= digits[0] <= "9" and "2" <= digits[3] <= "9"
    digits = digits.removeprefix("00")
    code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in COUNTRY_CODES), "")
    return e164(digits) and 11 <= len(digits) <= _LONGEST.get(code, 13) and (code != "1" or "2" <= digits[1] <= "9")


def _are_numbers(text: str) -> bool:
    """Tell the same of several."""
    found = [each.removeprefix("011") if len(each) > 11 else each for each in _NUMBERS.findall(text)]
    return bool(found) and all(map(_is_number, found))


_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[ ./-]?(?:0[1-9]|1[0-2])[ ./-]?(?:0[1-9]|[12][0-9]|3[01])(?:[ ./-]?[0-9]{2,6}){0,3}"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[ ./-](?:0?[1-9]|1[0-2])[ ./-](?:19|20)[0-9]{2}(?:[ ./-][0-9]{2}){0,3}"
)


def _is_written(text: str) -> bool:
    """Tell a number as people write one, grouped or not, from a date, an address and a short figure."""
    digits, groups = digits_of(text), re.findall("[0-9]+", text)
    if _DATE.fullmatch(text) or text.count(".") == 3 or len(set(digits)) < 3 or digits.startswith("000"):
        return False
    if len(groups) == 1:
        return 9 <= len(digits) <= 12
    return 9 <= len(digits) <= 13 or (len(digits) == 8 and len(groups) in {2, 4} and "." not in text)


_UNIT = re.compile(
    r"\s?(?:bytes|[kmgt]i?b|[mun]?s|secs?|seconds|packets|octets|rows|records|lines|times|entries|ticks|[km]?hz|bits|v|mv|%)(?![a-z])",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"(?:(?<![a-z_-])(?:id|ids|ref|reference|order|ticket|invoice|case|serial|session|seq|ssrc|imsi|imei|iccid|uid|pid|version|ver|build|port|ts|time|timestamp|epoch|at|bytes|size|len|length|count|error|code|account|iban|kvk|btw|vat)[\s:=#.]{1,3}|#)\Z",
    re.IGNORECASE,
)


def _no_other(text: str, start: int, end: int) -> bool:
    """Tell a telephone number from a quantity, and from the number of something else."""
    return _UNIT.match(text, end) is None and _OTHER_NUMBER.search(text, max(0, start - 16), start) is None


_PARTY = r"(?:src|dst|from|to|orig(?:inating|inal)?|term(?:inating)?|dest(?:ination)?|[ab]|remote|local|dial(?:l?ed)?|call(?:ed|ing)?|caller|caller[-_]?id|callee|connected[-_]?line|forward(?:ed|ing)?|redirect(?:ed|ing)?|original[-_]?called(?:[-_]?party)?|final[-_]?called(?:[-_]?party)?|calling[-_]?party|called[-_]?party|other[-_]?party|contact|customer|client|alt(?:ernate)?|home|work|office|own|fax|sms|gsm|mobile|callback|emergency|sim|pager|notify|alert)"
_NAMES = (
    rf"(?:{_PARTY}[-_ ]?(?:id[-_ ]?)?(?:o?user|num(?:ber)?s?|nos?|nr|msisdn|phones?|party|tel|dn|digits)"
    r"|cli|cld|ddi|did|ani|dnis|exten|callto|msisdns?|callerid(?:\((?:num|all|ani)\))?|(?:called|calling)-station-id|calledstationid|callingstationid|cf(?:u|b|na|nr[cy]?)|caller|callee|phones?|phone[-_]?(?:list|numbers?)|recipients?|numbers|e164|subscriber(?:[-_ ]?(?:number|id))?|subscription-id-data|wa[-_]?id|number[-_]dialed|fax(?:[-_](?:to|from|dest))?|(?:to|from)[-_]fax|dial\sstring|dialed\sdigits|originator|own\snumber|speed\sdial\s[0-9]{1,2})"
)
_ACTIONS = r"(?:call|calls|called|calling|callback|sms|sms-?(?:mt|mo)?|text|texts|texting|texted|text\smessage|fax|faxes|faxed|voicemail|ring|ringing|dial|dials|dialing|dialling|dialed|dialled|missed|whatsapp|phoned?|redial)"
_MESSAGES = r"(?:messages?|opt-?out|opt-?in|unsubscribed?|stop|receipt|report|hangup|transfer(?:red)?|redirect(?:ed)?|forward(?:ed|ing)?|number|reminder|notification|alarm|alert|nachricht|bericht|mensaje|messaggio|wiadomość|сообщение)"
_TO = r"(?:from|to|for|by|on|at|na|numer|an|au|a|à|aan|naar|al|alla|de|von|van|till|til|номер|на|nach|set\sto)"
_TECHNOLOGY = r"(?:PJSIP|SIP|IAX2?|DAHDI|Local|SCCP|Motif|sofia/gateway)"
_WORDS = (
    r"(?:(?<![^\W_])(?:t[eé]l[eé]?fon\w{0,10}|t[eé]l(?:[eé]phone|efoon\w{0,7}|efone)?(?:nr|nummer)?|telem(?:ó|o)vel|mobil\w{0,8}|m[oó]vil|celular(?:es)?|cellulare|cell|handy\w{0,7}|tlf(?:nr)?|puh|puhelin\w{0,8}|тел(?:ефон\w{0,3})?|τηλ(?:έφωνο)?|sđt|điện\sthoại|telepon|no\.?\shp|cep(?:\stelefonu)?|gsm|mob|phone|ph|callback|rückruf\w{0,7}|contact|portable|kiest|wählt|compose|marca|chiama|ringer|dials|whatsapp|rufnummer)(?![^\W\d_])"
    r"|номер\sтелефона|(?:my|new|his|her|contact|callback|phone|mobile|cell|emergency)\snumber|(?:reach|call|text|ring|phone)\s(?:me|us|him|her|them|back)\s(?:back\s)?(?:at|on|under)|电话|電話|手机|手機|휴대폰|전화)"
)
_FILLED = r"(?:\.?\s{0,2}(?:nr|no|num|number|numer|nummer|numero|número|numarası|номер|de\scontacto|de\scontact|di\scontatto|kontaktowy|klienta|client|cliente|kunde|klant|requested|is|ist|es|est|è|jest|on|är|er|for\scallback|号码|號碼|番号|번호)){0,2}"
_WRITTEN = r"(?P<secret>\+?\(?[0-9]{1,5}\)?(?:[ ./-]{0,2}\(?[0-9]{2,8}\)?){0,5})(?![0-9A-Za-z_:/@%-]|\.[0-9])"

TELEPHONY = (
    Matcher(
        rf"(?<![0-9A-Za-z]){_NAMES}(?:{QUOTE})?(?:\({{0,1}}[0-9]{{1,3}}\))?\s{{0,2}}(?:=>|:=|[:=])\s{{0,2}}(?:9,)?\\{{0,3}}{_BEGIN}{_LIST}",
        _are_numbers,
        ignore_case=True,
        fits=_no_other,
    ),
    Matcher(
        rf"(?<![0-9A-Za-z])(?:cli|cld|ani|dnis|[ab]-?(?:number|party|subscriber)|msisdn|subscriber|hlr\slookup|(?:own|blocked|blacklisted|whitelisted|banned|spam|sim|lookup\sof|ported|unknown|called|calling)\s(?:number|caller(?:\sid)?))\s{{1,2}}{_BEGIN}{_LIST}",
        _are_numbers,
        ignore_case=True,
        fits=_no_other,
    ),
    Matcher(rf"(?<![a-z])(?:number|nummer|numer|numéro|número|номер)\s(?:[0-9]\s)?[\"'(<]{{0,2}}(?P<secret>{_NATIONAL}){_END}", _is_number, ignore_case=True, unicode=True),
    Matcher(rf"(?<![a-z])number\s[\"'(<]{{0,2}}(?P<secret>{_ABROAD})(?=\s(?:ported|roam|is\s(?:roam|ported|off)|not\sreach|unreach|absent|blocked|barred))", _is_number, ignore_case=True),
    Matcher(rf"(?<![A-Za-z])SIM\s?[0-9]?\s?[(:=]\s?(?P<secret>{_ONE}){_END}", _is_number),
    # `belde vanaf 06-…`, `appel entrant de 01 …`, `来自 138 … 的来电`, `03-… に電話`
    Matcher(
        rf"(?<![^\W\d_])(?:belde[n]?|gebeld|bellen|oproep|appel(?:é|er|le)?|anruf|angerufen|llamad[ao]|chiamata|ligação|połączenie|zadzwo\w{{1,4}}|звон\w{{2,4}}|hívás|samtal|opkald)\s(?:[^\W\d_]{{1,12}}\s){{1,3}}(?P<secret>{_NATIONAL}|0[0-9]{{1,4}}[-/. ][0-9](?:[-/. ]?[0-9]){{5,8}}){_END}",
        _is_number,
        ignore_case=True,
        unicode=True,
        fits=_no_other,
    ),
    Matcher(r"(?<![0-9.-])(?P<secret>1[3-9][0-9](?:[ -]?[0-9]{4}){2})(?=\s?(?:的来电|的來電|来电|打来|打來|拨打))", unicode=True),
    Matcher(r"(?<![0-9.-])(?P<secret>0[0-9]{1,3}-[0-9]{2,4}-[0-9]{4})(?=\s?(?:に|へ|から|まで)(?:の|お)?(?:電話|着信|発信))", unicode=True),
    # Who calls, as exchanges write it: `"Name" <number>`, `Jan <0612345678>->0201234567`
    Matcher(rf"[\w\"'.]\s<(?P<secret>{_ANY}(?:>->{_ANY})?)(?=>|\sin\s)", _are_numbers),
    Matcher(rf"CALLERID\(\w{{2,8}}\)=[^\r\n<]{{0,40}}?<?(?P<secret>{_ANY}){_END}", _is_number),
    Matcher(rf"{_TECHNOLOGY}/(?:[\w.-]{{1,32}}/)?(?P<secret>{_ONE}){_END}", _is_number),
    Matcher(
        rf"\"(?P<secret>{_ANY})(?=\",[^\r\n]{{0,160}}?\"(?:PJSIP|SIP|DAHDI|IAX2|Local|SCCP)/)",
        _is_number,
        parted=False,
    ),
    Matcher(
        rf"(?<![a-z])(?:src|dst)=(?P<secret>{_ONE}){_END}(?=[^\r\n]{{0,80}}?(?:disposition|billsec|duration|dstchannel|dcontext|dst=|len=|trunk))",
        _is_number,
    ),
    # Two ends of a call, all numbers of a call's record, and a national number behind an international one
    Matcher(rf"\sfrom\s(?P<secret>{_ANY}\sto\s{_ANY}){_END}(?=[^\r\n]{{0,60}}?(?:hangup|call|ring|answer|busy|duration|cause|sms|via|gw|trunk))", _are_numbers, ignore_case=True),
    Matcher(rf"(?<![A-Za-z])(?:call|rang|sms|dial|leg|trunk|hangup)[^\r\n]{{0,60}}?\sfrom\s(?P<secret>{_ANY}\sto\s{_ANY}){_END}", _are_numbers, ignore_case=True, parted=False),
    Matcher(rf"(?<![A-Za-z])(?:SMDR|CDR|smdr|cdr)(?![A-Za-z])[^\r\n]{{0,100}}?(?<![\w.:-])(?P<secret>(?:9,)?(?:011[0-9]{{9,12}}|{_ANY})(?:\s{{0,2}}[|;,\s]\s{{0,2}}{_ANY}){{0,8}}){_END}", _are_numbers, parted=False),
    Matcher(rf"(?<![\w.:-])(?:9,)?(?P<secret>{_ANY}){_END}(?=[^\r\n]{{0,80}}?(?<![A-Za-z])(?:SMDR|CDR|smdr|cdr)(?![A-Za-z]))", _is_number, parted=False),
    Matcher(rf"\+[1-9][0-9]{{1,2}}[ -]?[0-9][0-9 -]{{6,16}}[0-9][^\r\n0-9+]{{1,24}}?(?P<secret>{_NATIONAL}|0[1-9][0-9]{{1,3}}[ -][0-9]{{3,4}}[ -]?[0-9]{{3,4}}){_END}", _is_written),
    Matcher(rf"(?:PeerAddress|CallingNumber|CalledNumber|OriginalNumber|DialledNumber)\s(?P<secret>{_ANY}){_END}", _is_number),
    Matcher(rf"(?<![a-z])(?:hyla)?fax[^\r\n]{{0,60}}?\s(?:to|from|dest|destination)\s{_WRITTEN}", _is_written, ignore_case=True, parted=False),
    Matcher(rf"(?:caller[-_ ]?id[-_ ]?number|destination[-_ ]?number|caller[-_ ]?number|called[-_ ]?number|(?:to|from)[-_ ]?number|ani|dnis)(?:{QUOTE})?\s{{0,2}}[:=]\s{{0,2}}(?:{QUOTE})?(?P<secret>{_TEN}){_END}", ignore_case=True),
    # What one system each writes: a router's call monitor, HL7, an SMS gateway's PDU, SAP, a table of calls
    Matcher(r"(?:RING|CALL|CONNECT);[0-9]{1,2};(?:[0-9]{1,3};)?(?P<secret>[0-9]{6,15}(?:;[0-9]{6,15})?)(?=;(?:SIP|ISDN|POTS|INTERNET)|;$)"),
    Matcher(r"PID\|(?:[^|\r\n]{0,80}\|){12}(?P<secret>[0-9(+][0-9 ()./+-]{6,20}(?:\|[0-9(+][0-9 ()./+-]{6,20})?)(?=[|^\r\n]|$)"),
    Matcher(rf"\((?:dest|source|src|to|from):?\s[0-9]\s[0-9]{{1,2}}\s(?P<secret>{_ABROAD})\)", _is_number),
    Matcher(r"(?<![A-Za-z])(?:telephone|telefax|phone|mobile|tel|fax)[0-9]{0,2}=(?P<secret>0[0-9]{2,4}[/ -][0-9]{3,8}(?:[ -][0-9]{2,6}){0,2})(?![\w-])", _is_written, ignore_case=True),
    Matcher(rf"(?<![A-Za-z])(?:ANI|DNIS|MSISDN|PHONE|CALLER|CALLED)[,;][^\r\n]{{0,200}}(?:\r?\n|\\n)[^\r\n]{{0,200}}?[,;](?P<secret>(?:{_ONE}|{_TEN})(?:[,;](?:{_ONE}|{_TEN})){{0,4}})(?=[,;\s]|$)"),
    Matcher(rf"(?:payer|payee|receiver|recipient)_?alias(?:{QUOTE})?\s?[:=]\s?(?:{QUOTE})?(?P<secret>{_ABROAD}){_END}", _is_number, ignore_case=True),
    Matcher(r"(?:\s(?:op|naar|bel|unter|auf|on|at|au|al|tel|nr)|,)\s(?P<secret>0[1-9][0-9]{1,2}-[0-9]{6,7})(?![\w-]|[.:/][0-9])", lambda text: len(digits_of(text)) == 10),
    Matcher(rf"(?<![\w.-])00[1-9][0-9]{{0,2}}[ -]?[0-9][0-9 -]{{6,16}}[0-9][^\r\n0-9+]{{1,24}}?(?P<secret>{_NATIONAL}){_END}", _is_written),
    Matcher(rf"(?<![A-Za-z])AP[MHB]?\s(?:[A-Z]{{3}}\s)?(?P<secret>{_NATIONAL})(?![0-9])"),
    # Modems
    Matcher(
        r"\+C(?:LIP|MT|MGR|MGL|PBR|NUM|CWA|OLP|DIP|DS):?[^\r\n\"]{0,12}(?:\"[^\"\r\n]{0,16}\",){0,2}\\?\"(?P<secret>\+?[0-9]{7,15})\\?\"(?=,|\s|$|\r|\n)",
    ),
    Matcher(r"AT\+C(?:MGS|MGW|PBW|CFC|CSCA)=(?:[0-9]{1,3},){0,3}\\?\"(?P<secret>\+?[0-9]{7,15})\\?\""),
    # What somebody did with a number
    Matcher(
        rf"(?<![a-z]){_ACTIONS}(?![a-z])[^\r\n0-9]{{0,40}}?(?:\s{_TO}|:)\s(?:(?:number|numer|nummer|номер)\s)?[\"'(<]{{0,2}}{_LIST}",
        _are_numbers,
        ignore_case=True,
        unicode=True,
        fits=_no_other,
        parted=False,
    ),
    Matcher(
        rf"(?<![a-z]){_MESSAGES}(?![a-z])[^\r\n0-9]{{0,32}}?(?:\s{_TO}|:)\s(?:(?:number|numer|nummer|номер)\s)?[\"'(<]{{0,2}}{_LIST_OF_ONE}",
        _are_numbers,
        ignore_case=True,
        unicode=True,
        fits=_no_other,
        parted=False,
    ),
    Matcher(
        rf"(?<![a-z])(?:opt-?out|stop|unsubscribe|opt-?in)[^\r\n0-9]{{0,24}}?\sfrom\s(?P<secret>{_NANP}){_END}",
        _is_number,
        ignore_case=True,
    ),
    Matcher(rf"(?<![a-z])(?:dial(?:l?ing|l?ed)?|call(?:ed|ing)?|calls|redial(?:ing)?|faxing|texting|ringing)\s{{1,2}}[\"'(<]{{0,2}}(?:9,)?{_LIST}", _are_numbers, ignore_case=True, fits=_no_other),
    Matcher(rf"(?<![A-Za-z])(?:To|From|Sender|Recipient|TO|FROM):\s{{1,2}}(?:TYPE=)?(?P<secret>{_ABROAD})(?=[\s,;]|$)", _is_number),
    Matcher(rf"(?<![a-z])(?:src|dst|source|dest(?:ination)?)\s{{1,2}}(?P<secret>{_ABROAD})(?=\s(?:dst|dest|to|src|-)|\s{{0,2}}$)", _is_number, preceded="(?:sm|sms|dlvrd|smpp)[^\r\n]{0,30}", ignore_case=True),
    Matcher(rf"(?:recharge|top-?up|refill|sim\sswap|port-?(?:in|out)|porting)[^\r\n]{{0,40}}?\s(?:for|of|to)\s{_LIST_OF_ONE}", _are_numbers, ignore_case=True),
    # In markup and addresses
    Matcher(
        rf"<(?:\w{{1,10}}:)?(?:msisdn|phones?|mobile|caller(?:id)?|callee|called|calling|to|from|number|dial|fax|tel|telephone|cell|sender|recipient|destination)(?:\s[^<>]{{0,60}})?>(?P<secret>{_ANY})(?=</)",
        _is_number,
        ignore_case=True,
    ),
    Matcher(
        rf"[?&](?:to|from|msisdn|phone|number|num|recipient|mobile|tel|caller|called|dest(?:ination)?|sender)=(?:\+|%2B)?(?P<secret>{_NATIONAL})(?![0-9A-Za-z])",
        _is_number,
        ignore_case=True,
    ),
    Matcher(rf"(?:^|\s)number=(?P<secret>{_NATIONAL})(?=&)", _is_number),
    Matcher(rf"/(?:phones?|numbers?|msisdns?|subscribers?|calls?|sms|lookup|contacts?|whatsapp|recipients?)/(?:\+|%2B)?(?P<secret>{_ONE})(?![0-9A-Za-z])", _is_number, ignore_case=True),
    Matcher(rf"(?<![a-z])(?:callto|sms|smsto|facetime|wtai://wp/mc;):(?P<secret>\+?{_ANY})(?![0-9A-Za-z])", _is_number, ignore_case=True),
    Matcher(rf"(?:phone|mobile|msisdn|tel(?:ephone)?|fax|gsm|cell)\w{{0,12}}{QUOTE}\s?=>\s?{QUOTE}(?P<secret>{_ANY}){_END}", _is_number, ignore_case=True),
    Matcher(r"(?<![A-Z])TEL(?:;[\w=,.-]{1,40}){0,4}:(?P<secret>\+?[(]?[0-9](?:[ ()./-]{0,2}[0-9]){6,14})(?![0-9A-Za-z_])"),
    # A word for a telephone in any language, a word or two between, and a number as people write it
    Matcher(rf"{_WORDS}{_FILLED}(?:{QUOTE})?\.?\s{{0,2}}[:：#=]?\s{{0,2}}(?:{QUOTE})?{_WRITTEN}", _is_written, ignore_case=True, unicode=True, fits=_no_other),
    Matcher(rf"(?<![A-Za-z])(?:[Nn]úmero|[Nn]umero|[Nn]umer|[Nn]ummer|[Cc]ontact|[Nn]otify|[TFM])\s?[:]?\s{{1,2}}(?P<secret>0[1-9][0-9]{{0,3}}(?:[ -][0-9]{{2,4}}){{2,4}}|[6-9][0-9]{{2}}(?:[ ][0-9]{{3}}){{2}}|{_NATIONAL})(?:\s[|,]\s(?={_NATIONAL}))?{_END}", _is_written),
)  # fmt: skip

TELEPHONY_POSITIVES = (
    ("klant belde vanaf 06-12345678 over factuur", "06-12345678"),
    ("appel entrant de 01 42 68 53 00 vers poste 12", "01 42 68 53 00"),
    ("来自 138 0013 8000 的来电", "138 0013 8000"),
    ("03-1234-5678 に電話してください", "03-1234-5678"),
    ("ACC: missed: src_user=0201234567 dst_user=31201234567 code=487", "31201234567"),
    ("Set(CALLERID(all)=Gate <0201234567>)", "0201234567"),
    ("Processing Kim <0201234567>->0612345678 in context default", "0612345678"),
    ("passing it to SIP/0201234567", "0201234567"),
    ('"","0201234567","0612345678","from-internal","x","SIP/101-1"', "0612345678"),
    ('+CLIP: "0201234567",129', "0201234567"),
    ('+CMGR: "REC UNREAD","31201234567",,"25/03/01"', "31201234567"),
    ('AT+CMGS="0201234567"', "0201234567"),
    ("SMS inviato a 393471234567", "393471234567"),
    ("missed call from 4155550134 at 9", "4155550134"),
    ("call from 31201234567 to 0612345678 answered", "0612345678"),
    ("delivery receipt: 31201234567 DELIVRD", "31201234567"),
    ("dialing 4155550134", "4155550134"),
    ("smsd: Outgoing file, To: 31201234567, sent", "31201234567"),
    ("<msisdn>31201234567</msisdn>", "31201234567"),
    ("GET /lookup?number=0201234567", "0201234567"),
    ("GET /v1/numbers/31201234567", "31201234567"),
    ("callto:0201234567", "0201234567"),
    ("['phone' => '0201234567']", "0201234567"),
    ("TEL;CELL;VOICE:07700 900123", "07700 900123"),
    ('Calling-Station-Id = "31201234567"', "31201234567"),
    ("HLR lookup 31201234567: absent", "31201234567"),
    ("recharge of 10 EUR for 31201234567", "31201234567"),
    ("number 31201234567 ported", "31201234567"),
    ("SIM 1 (0612345678)", "0612345678"),
    ("phones: 0201234567, 0612345678", "0612345678"),
    ("teléfono de contacto: 612 345 678", "612 345 678"),
    ("numer telefonu: 501234567", "501234567"),
    ("tlf 40 12 34 56", "40 12 34 56"),
    ("puh. 040 123 4567", "040 123 4567"),
    ("тел. 8-912-345-67-89", "8-912-345-67-89"),
    ("số điện thoại: 0912345678", "0912345678"),
    ("callback number 4155550134", "4155550134"),
    ('{"caller_number": "0201234567"}', "0201234567"),
    ("submit_sm src SHOP dst 31201234567", "31201234567"),
)
TELEPHONY_NEGATIVES = (
    "call to 1732482748123 took 12 ms, message 1732482748 from queue, called 2147483647 times, forwarded to 10.0.0.1, call id 2883471120",
    "SSRC: 2883471120, sms id 31201234567, report for 2025030112, phone 20250301, cell 4412, tel 2025-03-01 10:00, mobile 12.4.1.2033",
    "numbers: 1732482748, 1732482749, user=2883471120, number 1732482748, dial timeout 3000000000 ns, calling 0x7ffd12345678",
    "SIP/2.0 200 OK, Call-ID: 1732482748@10.0.0.1, CSeq: 1024 INVITE, /calls/1732482748, /numbers/100, sms:1, fax 3 pages, alarm: 12000000001 ns",
    "phone line 3 of 8, mobile 1.2.3.4",
    "To: 2025030110, From: 1732482748123, number of calls: 4155550134 rows",
)
