"""The rule for what proves that a card is at hand: its verification code under its many names, and PIN blocks."""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher, Rule

_NAME = (
    r"(?:cc[-_]?cid|cid[-_]?(?:number|code)|card[-_ ]?code|(?-i:SeriesCode)|cv[-_]?(?:number|code)|(?:credit[-_ ]?)?card[-_ ]?(?:security|verification|validation|identification)(?:[-_ ]?(?:code|value|number|no|id))?"
    r"|(?:cvv|cvc|cvn|cvd|csc|cid)2?[-_]?(?:value|val|code|number|num|nr)|(?<![A-Za-z])(?:cvn2?|cvd2?|csc|cv2|cvv2?|cvc2?|icvv|cav2)|verification[-_ ]?value|cc[-_]?(?:cvv2?|cvc2?|csc|cvn)"
    r"|kartenpr(?:ü|ue)f(?:nummer|ziffer)|pr(?:ü|ue)fziffer|(?:code|cryptogramme)\s(?:de\s)?(?:sécurité|visuel)|código\sde\s(?:seguridad|segurança)\sda?e?l?\s?(?:la\s)?(?:tarjeta|cartão))"
)
_IS = rf"\)?(?:{QUOTE})?(?:\s{{0,2}}(?:=>|:=|[=:|])\s{{0,2}}|\s(?:is|ist|was)\s|>|{QUOTE}?\s(?:value|val)={QUOTE})(?:{QUOTE})?"
_TOLD = (
    r"(?:kod\s(?:cvv|cvc)2?|beveiligingscode|セキュリティ\s?コード|安全码|보안\s?코드|pr(?:ü|ue)fnummer\sauf\sder\srückseite|cryptogramme"
    r"|código\sde\sseguridad\sde\sla\starjeta|código\sde\ssegurança\sdo\scartão|kod\szabezpieczający\skarty|codice\sdi\ssicurezza\sdella\scarta)"
)
"""As people say it, with words between the name and the code."""

CARD_CODE = Rule(
    name="card_code",
    description="Verification codes of payment cards under their many names (`cc_cid`, `cardCode`, `SeriesCode`, "
    "`Kartenprüfnummer`, …), and PIN blocks (`F052`, `DE 52`).",
    source="PCI DSS 3.3; names of Magento, Authorize.Net, OpenTravel, Cybersource and Opayo; ISO 8583 and 9564",
    matchers=(
        Matcher(
            rf"{_NAME}{_IS}(?P<secret>[0-9]{{3,4}})(?![0-9A-Za-z]|[.,:/-][0-9])",
            ignore_case=True,
            unicode=True,
        ),
        Matcher(
            rf"{_TOLD}(?:\s[^\W\d_]{{2,14}}){{0,4}}\s?[:：=]?\s{{0,2}}(?P<secret>[0-9]{{3,4}})(?![0-9A-Za-z]|[.,:/-][0-9])",
            ignore_case=True,
            unicode=True,
        ),
        Matcher(r"pan=[0-9]{12,19}[^\r\n]{0,40}?\scid=(?P<secret>[0-9]{3,4})(?![0-9A-Za-z]|[.,:/-][0-9])"),
        # What is called so of many things is one beside a card.
        Matcher(
            rf"card[^\r\n]{{0,200}}?security[-_ ]?code{_IS}(?P<secret>[0-9]{{3,4}})(?![0-9A-Za-z]|[.,:/-][0-9])",
            ignore_case=True,
        ),
        Matcher(
            r"(?:(?:three|last|3|four|4)\s(?:3\s)?digits(?:\son\s(?:the\s)?back)?|(?:code|number)\son\s(?:the\s)?back|code\sachterop|code\shinten)(?:\sof\s(?:the|my)\scard)?\s?(?:are\s|is\s|:\s?|=\s?)?\s{0,2}(?P<secret>[0-9]{3,4})(?![0-9A-Za-z]|[.,:/-][0-9])",
            preceded=r"(?:card|exp(?:iry|ires)?|geldig|gültig|visa|master)[^\r\n]{0,34}",
            ignore_case=True,
        ),
        Matcher(
            r"(?:(?<![A-Za-z0-9])(?:F|DE|P|BIT|FLD|field|Field|Bit|bit)[ _.-]?0?52(?:[ _]?\(?[A-Za-z ]{3,20}\)?)?|(?:pin|PIN|Pin)[ _-]?(?:block|Block|BLOCK|data|Data|DATA))(?:\\{0,3}[\"'])?\s{0,2}[=:>]\s{0,2}[\[\"'(]{0,2}(?P<secret>[0-9A-Fa-f]{16,32})(?![0-9A-Za-z])"
        ),
    ),
    positives=(
        ("beveiligingscode 604 doorgegeven aan de balie", "604"),
        ("kod CVV podany przez klienta: 718", "718"),
        ("pan=340000000000009 cid=2207 avs=N", "2207"),
        ('{"cc_number":"…","cc_cid":"318"}', "318"),
        ("my card, exp 12/26, the three digits are 604.", "604"),
        ("<cardCode>2207</cardCode>", "2207"),
        ('<PaymentCard CardCode="MC" SeriesCode="640"/>', "640"),
        ("card verification value: 771", "771"),
        ("security code (CVC): 406", "406"),
        ("csc=9021&exp=1228", "9021"),
        ('<Parameter name="CVV2Val" value="455"/>', "455"),
        ("Kartenprüfnummer: 218", "218"),
        ("F052=[09AB77F1E2C35D88]", "09AB77F1E2C35D88"),
        ("DE 52 (PIN data): 7F2210AC9B3E4D61", "7F2210AC9B3E4D61"),
    ),
    negatives=(
        'CardCode="VI", "CardCode": "C20000", series code A12, cvv check passed, csc-3 rack, cvv2=***, cv2 4.8.0, csc 2025, card code 4421, "series_code": "2025"',
        "SecurityCode=7203, card code list 12 entries, F041=[TERM0042] F052=[] F053=[0000000000000000], bit 52 set",
    ),
    numbers=False,
)
