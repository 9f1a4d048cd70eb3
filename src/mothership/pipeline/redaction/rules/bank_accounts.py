"""The rule for numbers of bank accounts that have no form of their own: behind a word for one, or where a format has it."""
# ruff: noqa: E501, PLR2004, RUF001 - an expression reads best in one piece; lengths of numbers; the signs that people write

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher, Rule
from mothership.pipeline.redaction.rules.validators import digits_of

_NUMBER = r"(?:[-_. ]?(?:number|numbers|num|no|nr|nbr|#)\.?)"
_NAME = (
    rf"(?:bank[-_. ]?(?:account|acct|acc|a/c)(?:{_NUMBER})?|(?<![A-Za-z])(?:account|acct|acc|a/c)(?:{_NUMBER})|(?:debtor|creditor|beneficiary|payee|payer|iban|giro|savings|checking|chequing|deposit|settlement)[-_ ]?(?:account|acct)(?:{_NUMBER})?"
    r"|konto-?(?:nummer|nr\.?|no\.?)|(?<![a-z])kto\.?-?(?:nummer|nr\.?)|(?<![a-z])kto\.?(?=\s?:?\s?[0-9]{6})|n[º°.]{1,2}\s?(?:de\s)?(?:cuenta|conta|compte)|numéro\sde\scompte|n°\s(?:de\s)?compte|número\sde\s(?:cuenta|conta)|numero\s(?:de\scuenta|di\sconto|conto)|conta\scorrente|c/c\s(?:n\.|nº)"
    r"|numer\s(?:rachunku|konta)|nr\srachunku|rekening-?(?:nummer|nr\.?)|číslo\súčtu|bankszámlaszám|kontonummer|tilinumero|(?<![A-Za-z])(?:clabe|cbu|nuban|bban|rib))"
)
_IS = rf"(?:{QUOTE})?\s{{0,2}}(?:=>|[=:#>]|is\s|ist\s|lautet\s)?\s{{0,3}}(?:{QUOTE})?"
_CLOUD = 12


_SORT_CODE = r"(?:sort[-_ ]?code|(?<![A-Za-z])BSB|bank[-_ ]?code|BLZ|bankleitzahl|branch[-_ ]?code|transit|routing(?:[-_ ](?:no|number|num|transit number))?|ABA)"
"""What a bank is known by in its country: an account stands beside it."""


def _is_account(text: str) -> bool:
    """Tell an account from a short count, and from the twelve digits of a cloud's account."""
    digits = digits_of(text)
    return 6 <= len(digits) <= 24 and len(set(digits)) > 1 and (len(digits) != _CLOUD or len(text) != _CLOUD)


def _aba(text: str, start: int, _end: int) -> bool:
    """Tell whether the nine digits before an account are a bank's routing number (3, 7, 1)."""
    digits = [int(char) for char in text[start - 9 : start]]
    return sum(weight * digit for weight, digit in zip((3, 7, 1) * 3, digits, strict=True)) % 10 == 0


BANK_ACCOUNT = Rule(
    name="bank_account",
    description="Numbers of bank accounts behind a word for one (`account number`, `BANK_ACCT`, `Kontonummer`, …), in "
    "SWIFT messages, ISO 20022 and NACHA files.",
    source="SWIFT MT103 and MT940; ISO 20022 `Othr/Id`; Nacha's operating rules; words of the banks of a dozen countries",
    matchers=(
        Matcher(
            rf"{_NAME}{_IS}(?P<secret>[0-9](?:[ -]?[0-9]){{5,23}})(?![0-9A-Za-z]|[.:/][0-9])",
            _is_account,
            ignore_case=True,
            unicode=True,
        ),
        # No cloud's account, whose number has twelve digits, is called so.
        Matcher(
            rf"bank[-_. ]?(?:account|acct|acc)(?:{_NUMBER})?{_IS}(?P<secret>[0-9]{{12}})(?![0-9A-Za-z]|[.:/][0-9])",
            lambda text: len(set(text)) > 1,
            ignore_case=True,
        ),
        # Beside what its bank is known by: `sort code 20-32-06 account no. …`, `BSB 062-000 Account: …`
        Matcher(
            rf"{_SORT_CODE}(?:{QUOTE})?[\s:=#.]{{1,4}}(?:{QUOTE})?[0-9]{{2,4}}(?:[ -]?[0-9]{{2,4}}){{1,3}}(?:{QUOTE})?[\s,;/|]{{1,3}}(?:{QUOTE})?(?:a/?c|acc(?:oun)?t|konto|account)(?:[-_. ]?(?:number|num|nummer|no|nr))?\.?(?:{QUOTE})?[\s:=#]{{1,3}}(?:{QUOTE})?(?P<secret>[0-9](?:[ -]?[0-9]){{5,16}})(?![0-9A-Za-z]|[.:/][0-9])",
            _is_account,
            ignore_case=True,
        ),
        Matcher(r"(?<![A-Za-z])(?:account|acct)\s(?P<secret>[0-9]{2}-[0-9]{4}-[0-9]{7}-[0-9]{2,3})(?![\w-])"),
        Matcher(r"口座(?:番号)?\s{0,2}[:：]?\s{0,2}(?P<secret>[0-9]{7,8})(?![0-9])"),
        Matcher(r":(?:50[AFK]|59[AF]?|5[2-8][ACD]|25P?):/{0,2}(?P<secret>(?:[A-Z]{1,4}/)?[0-9]{6,34})(?![0-9A-Za-z])"),
        Matcher(
            r"<(?:\w{1,12}:)?Othr>\s{0,40}<(?:\w{1,12}:)?Id>\s{0,8}(?P<secret>[0-9A-Z-]{5,34})\s{0,8}</",
            lambda text: sum(map(str.isdigit, text)) >= 5,
        ),
        # Entry detail of an ACH file: 94 characters, a transaction code, the bank, the account, ten digits of cents
        Matcher(
            r"6(?<![0-9A-Za-z].)(?:2[1-9]|3[1-9])[0-9]{9}(?P<secret>[0-9A-Za-z-]{4,17}[ ]{0,14})[0-9]{10}[0-9A-Za-z ]{15,16}[^\r\n]{22,26}[01][0-9]{15}(?![0-9])",
            lambda text: sum(map(str.isdigit, text)) >= 4,
            fits=_aba,
        ),
    ),
    positives=(
        ("FPS out: sort code 40-11-27 account no. 30918845 ref x", "30918845"),
        ('{"bank_account_number":"440918220175","type":"checking"}', "440918220175"),
        ("payee BSB 733-114 Account: 60221784 ok", "60221784"),
        ('{"bankAccountNumber":"88104412093","type":"savings"}', "88104412093"),
        ('{"routing_number":"021000021","account_number":"4410982271"}', "4410982271"),
        ("返金先 口座番号：2290418 普通", "2290418"),
        ("BACS: sort code 30-90-12, account number 44120987", "44120987"),
        ("BANK_ACCT=7702119045;X=1", "7702119045"),
        ('{"accountNumber": "009812237"}', "009812237"),
        ("Kontonummer: 1230498761 BLZ 10070024", "1230498761"),
        ("Konto-Nr. 5510 2298 17", "5510 2298 17"),
        ("numéro de compte : 00045678912", "00045678912"),
        ("Rekeningnummer 12.34.56 unbekannt, rekeningnummer: 4411098223", "4411098223"),
        ("numer rachunku: 10902402 0000 0006 1000 0434", "10902402 0000 0006 1000 0434"),
        ("Kto 7712309845 BLZ 10070024, acct no. 4410998877", "4410998877"),
        ("CLABE: 032180000118359719", "032180000118359719"),
        (":59:/0532013000\nMUSTER GMBH", "0532013000"),
        ("<DbtrAcct><Id><Othr><Id>88120044</Id></Othr></Id></DbtrAcct>", "88120044"),
        (
            "622021000021778120045        0000250000EMP00077       HARBOR SUPPLY           0021000020000007",
            "778120045",
        ),
    ),
    negatives=(
        "sort code 20-32-06 accepted 66756747 bytes, BSB 062-000 account closed, branch code 123 account manager 4410982271x, 口座番号なし",
        "AWS account number 123456789012, account 4455667788 locked, account no longer exists, acct num 12, accounts: 100000",
        "account number 000000000, bank account required, Kontonummer fehlt, :25:00, :59:12, Othr Id 7",
        "622 blocks of 021000021 in 0000250000 ms, 6220210000310000123987654     0000125000EMP00412        SMITH CARPENTRY         0021000020000001",
    ),
)
