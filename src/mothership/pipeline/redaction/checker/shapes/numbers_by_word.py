"""What accounts, codes of cards, numbers to call and signatures look like to the check behind a word that says so."""
# ruff: noqa: E501 - an expression reads best in one piece, and these are the signs that people write

from mothership.pipeline.redaction.checker import personal_validators, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_ACCOUNT = r"(?:account ?number|bank_acct|konto-?n(?:ummer|r)|numéro de compte|rekeningnummer|numer rachunku|clabe)"
_CARD = r"(?:cc_cid|cardcode|seriescode|card verification value|csc|cvv2val|kartenprüfnummer|card_security_code)"
_SIGNATURE = r"(?:-access-sign|x-ovh-signature|oauth_signature|jenkins-crumb|authenticity_token)"
_Q = r"[\"'\\]{0,4}"

NUMBERS_BY_WORD = (
    *forms(
        "bank account",
        "bank_account",
        rf"(?i){_ACCOUNT}",
        (
            rf"(?i){_ACCOUNT}{_Q}[.]? {{0,2}}[:=]? ?{_Q}(?P<v>[0-9]{{7,11}}|[0-9]{{13,24}}|[0-9]{{4,8}}(?:[ -][0-9]{{2,4}}){{2,5}})(?:$|[^0-9A-Za-z])",
            personal_validators.account_number,
        ),
    ),
    *forms(
        "bank account",
        "bank_account",
        r":59:/|Othr>|6[23][0-9]{10}",
        (r":59:/[0-9]{6,}", None),
        (r"Othr><Id>[0-9]{6,}</", None),
        (
            r"(?:^|[^0-9])6[23][0-9]{10}(?P<v>[0-9A-Za-z]{4,17}) {0,14}[0-9]{10}[0-9A-Za-z ]{15}[^\n]{20,30}[01][0-9]{15}",
            personal_validators.behind_routing_number,
        ),
    ),
    *forms(
        "bank account",
        "iban",
        r":25:[A-Z]{2}[0-9]{2}",
        (r":25:[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}(?:EUR|USD|GBP|CHF|PLN|SEK|NOK|DKK)(?:$|[^0-9A-Za-z])", None),
    ),
    *forms("social security number", "ssn", r"(?i)ssn>[0-9]{9}", (r"(?i)ssn>[0-9]{9}</", None)),
    *forms(
        "code of a card",
        "card_code",
        rf"(?i){_CARD}|f052|pin data",
        (rf"(?i){_CARD}{_Q}(?:>|: ?|=| value=)[\"'\\]{{0,4}}[0-9]{{3,4}}(?:$|[^0-9A-Za-z.])", None),
        (r"(?:F052=\[|PIN data\): ?)[0-9A-F]{16}", None),
    ),
    *forms(
        "signature of a request",
        "request_signature",
        rf"(?i){_SIGNATURE}",
        (rf"(?i){_SIGNATURE}{_Q} ?[:=] ?{_Q}(?:\$1\$)?(?P<v>[0-9a-z+/%=_-]{{16,}})", value_validators.made),
    ),
    *forms(
        "telephone number",
        "phone",
        r"\"(?:to|from)\\*\": ?\\*\"[0-9]{10}|\^(?:PRN|WPN|ORN)\^|SIP/00|Executing \[0|na numer [0-9]|PH\+[0-9]|\+[0-9]{2} \(0\)|from-trunk|<[1-9][0-9]{9}",
        (r"\"(?:to|from)\": ?\"(?P<v>[1-9][0-9]{9,14})\",\"(?:from|text|body|type)\"", personal_validators.near_phone),
        (r"(?P<v>[0-9(][0-9() -]{6,20}[0-9])\^(?:PRN|WPN|ORN)\^(?:PH|FX|CP)", None),
        (r"SIP/00[1-9][0-9]{8,13}@|Executing \[0[0-9]{9,14}@", None),
        (r"na numer [0-9]{3} [0-9]{3} [0-9]{3}", None),
        (r"PH\+[0-9]{2}(?: [0-9]{2,4}){3,5}|\+[0-9]{2} \(0\) [0-9]{2,4} / [0-9]{3}[0-9 -]{3,}", None),
        (r"\"[1-9][0-9]{9,14}\",\"[0-9]{1,12}\",\"from-trunk|<[1-9][0-9]{9,14}>\",\"", None),
    ),
    *forms(
        "hash of a password",
        "password_hash",
        r"[\"' ]md5[0-9a-f]{32}|\*[0-9A-F]{40}|96\)  ?\(0x|DCC2\$|pbkdf2\.sha",
        (r"[\"' ]md5[0-9a-f]{32}[\"' ]", None),
        (r"[ |'\"]\*[0-9A-F]{40}(?:$|[ |'\"])", None),
        (
            r"96\)  ?\(0x[0-9a-f]{32}|DCC2\$[0-9]{3,7}#[^#\s]{1,60}#[0-9a-f]{32}|pbkdf2\.sha[0-9]{3}\.[0-9]{3,9}\.[0-9A-F]{16}",
            None,
        ),
    ),
    *forms(
        "login, encoded",
        "encoded_credential",
        r"<auth ",
        (r"<auth [^<>]{0,200}mechanism=[^<>]{0,200}>(?P<v>[0-9A-Za-z+/]{8,}={0,2})</auth", value_validators.mixed),
    ),
    *forms(
        "key in an address",
        "url_parameter",
        r"authorization_code|[?&]code=[0-9a-f]{8}-",
        (r"[?&]code=(?P<v>[0-9a-f]{8}-[0-9a-f-]{27}\.[0-9a-f-]{36})", None),
        (r"\"code\": ?\"(?P<v>[0-9A-Za-z/_.-]{8,})\"[^\n]{0,200}authorization_code", value_validators.mixed),
        (r"authorization_code[^\n]{0,300}[?&]code=(?P<v>[0-9A-Za-z%/_.-]{8,})", value_validators.mixed),
    ),
)
