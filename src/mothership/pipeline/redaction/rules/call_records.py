"""Telephone numbers where a format or a machine's name says that they are: records of calls, channels, gateways, HL7."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece; figures are those of the numbering plans

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher
from mothership.pipeline.redaction.rules.validators import digits_of, e164

# What stands before the value of a field such as `to`, of which nothing else is known.
_END = r"(?<![A-Za-z_])message_peer=(?P<secret>(?!(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01]))(?:00)?[1-9][0-9]{10,14}|0[1-9][0-9]{8,9})(?![0-9A-Za-z_.:-])"
_CDR = r"\"(?P<secret>[1-9][0-9]{9,14})(?=\",\"[0-9*#+]{0,20}\",\"(?:from|to|outbound|inbound)-)"
# Where a format or a machine's name says that it is one: HL7's `^PRN^PH`, a messaging service's
# `"to": "…"`, Asterisk's channels.
_HL7 = r"(?P<secret>[0-9(+](?<![0-9A-Za-z].)[0-9 ()/.-]{5,20}[0-9])(?:\^(?:PRN|ORN|WPN|VHN|ASN|EMR|NET|BPN|PRS)?)?\^(?:PH|FX|CP|BP|MD|SAT|TDD)(?![A-Za-z])"
_MESSAGING = (
    rf"{QUOTE}(?:to|from|recipient|sender){QUOTE}\s?:\s?{QUOTE}(?P<secret>[1-9][0-9]{{9,14}}){QUOTE}(?=[^\r\n]{{0,120}}?{QUOTE}(?:body|text|message|messages|template|sms|messaging_product|preview_url|media){QUOTE}\s?:)",
    rf"messaging_product{QUOTE}[^\r\n]{{0,200}}?{QUOTE}(?:to|from|recipient){QUOTE}\s?:\s?{QUOTE}(?P<secret>[1-9][0-9]{{9,14}})(?![0-9])",
)
_CHANNEL = r"(?:(?:SIP|PJSIP|IAX2?|DAHDI|Local|Sofia|SCCP|Motif)/(?:[\w.-]{1,32}/)?|Executing \[|exten(?:sion)?[= ]>?\s?|Goto\([\w-]{1,40},)(?P<secret>\+?[0-9]{9,15})(?=[@,)&/])"
_BESIDE_CHANNEL = r"sofia/[\w.-]{1,40}/(?P<secret>\+?[0-9]{9,15})(?=@)"
# A gateway's interface: `/send?user=x&to=31628713344&msg=…`
_GATEWAY = (
    r"[?&](?:to|from|msisdn|phone|number|recipient|mobile|dest(?:ination)?|sender)=(?:\+|%2B)?(?P<secret>[1-9][0-9]{9,14})(?=[^\s\"']{0,300}?&(?:msg|message|text|body|sms|content|txt)=)",
    r"&(?:msg|message|text|body|sms|content|txt)=[^\s\"'&]{0,400}&(?:[^\s\"']{0,120}&)?(?:to|from|msisdn|phone|number|recipient|mobile|dest(?:ination)?|sender)=(?:\+|%2B)?(?P<secret>[1-9][0-9]{9,14})(?![0-9A-Za-z])",
)
_CDR_NATIONAL = (
    r"\"(?P<secret>0[1-9][0-9]{7,9}|00[1-9][0-9]{8,13})(?=\",\"[\w-]{0,40}\",\"[^\r\n]{0,80}?(?:PJSIP|SIP|DAHDI|IAX2|Local|SCCP)/)",
    r"\"(?P<secret>0[1-9][0-9]{7,9}|00[1-9][0-9]{8,13})(?=\",\"[0-9*#+]{0,20}\",\"(?:from|to|outbound|inbound)-)",
)


def with_country(text: str) -> bool:
    """Tell whether plain digits are a telephone number with its country's code."""
    digits = digits_of(text)
    return len(digits) >= 10 and e164(digits.removeprefix("00"))


def no_address(text: str) -> bool:
    """Tell a number from an IP address, which has four groups with dots."""
    return text.count(".") != 3


def of_channel(text: str) -> bool:
    """Tell a number that was dialled, with a prefix or its country's code, from an extension."""
    digits = digits_of(text)
    if digits.startswith("00"):
        return e164(digits[2:])
    return digits[0] == "0" or e164(digits)


CALL_RECORDS = (
    Matcher(_CDR, with_country),
    Matcher(_HL7, no_address, then=("^", 28)),
    *(Matcher(each, with_country) for each in _MESSAGING),
    Matcher(_END, of_channel),
    Matcher(r"_(?P<secret>\+[1-9][0-9]{9,14})(?=[_.])", with_country),
    Matcher(r"\[(?:to|from|dest|src):(?P<secret>(?:00|\+)?[1-9][0-9]{10,14})\]", with_country),
    Matcher(r"\^PRN\^(?:PH|CP)\^[^|\r\n]{0,40}?\^(?P<secret>[0-9]{7,12})(?![0-9])"),
    Matcher(_CHANNEL, of_channel),
    Matcher(_BESIDE_CHANNEL, of_channel),
    *(Matcher(each, of_channel) for each in _CDR_NATIONAL),
    *(Matcher(each, with_country) for each in _GATEWAY),
)
CALL_RECORDS_POSITIVES = (
    ("GET http://sms.example.org/send?user=x&to=4915112345678&text=Pump+low", "4915112345678"),
    ("GET /api?u=x&msg=Alarm&dlr=1&msisdn=447700900123 200", "447700900123"),
    ("New Channel sofia/internal/4930221940@10.1.1.4 [x]", "4930221940"),
    ('"","204","0308812290","from-internal","","PJSIP/204-0001","Dial"', "0308812290"),
    ("PID|1||44||M^E||||||0511-2239417^PRN^PH||", "0511-2239417"),
    ("NK1|1|x|(040) 221 7790^WPN^FX", "(040) 221 7790"),
    ('{"messaging_product":"whatsapp","to":"5521998765432"}', "5521998765432"),
    ('{"to":"447700900123","from":"Shop","text":"Your order"}', "447700900123"),
    ("Dial(PJSIP/0044207946012@trunk-b,40)", "0044207946012"),
    ("Executing [02079460123@from-internal:1]", "02079460123"),
    ("message_peer=5511987654321", "5511987654321"),
    ('"","48512598894","314","from-trunk","x"', "48512598894"),
)
CALL_RECORDS_NEGATIVES = (
    "GET /render?from=1741337012&to=1741340612&text=load, /search?number=12345678901234&page=2, /list?from=100&to=200&msg=x",
    '"","2041","2042","from-internal","","PJSIP/2041-0001"',
    "message_peer=202411241000, message_peer=1732482748, the message_peer=5511",
)
