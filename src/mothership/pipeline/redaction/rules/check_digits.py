"""Check digits of national ids and of devices, each as its issuer defines it.

python-stdnum has them and many more, under the LGPL: a rule that finds this or that, depending on what is installed,
is worse than the dozen lines that each of these takes.
"""
# ruff: noqa: PLR2004 - the figures are those of the standards

from datetime import date

from mothership.pipeline.redaction.rules.validators import digits_of, luhn

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
"""What a digit, or a letter from A on, counts at an odd place of a codice fiscale."""
_VERHOEFF = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)
_PERMUTED = (
    *("0123456789", "1576283094", "5803796142", "8916043527"),
    *("9453126870", "4286573901", "2793806415", "7046913258"),
)


def _weighted(digits: str, *weights: int) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def bsn(text: str) -> bool:
    """Netherlands: the test by eleven."""
    digits = digits_of(text)
    return len(digits) == 9 and digits != "0" * 9 and _weighted(digits, 9, 8, 7, 6, 5, 4, 3, 2, -1) % 11 == 0


def dni(text: str) -> bool:
    """Spain, DNI and NIE: a letter for the remainder of 23."""
    compact = text.replace("-", "").upper()
    return _DNI[int(compact[:-1].translate(str.maketrans("XYZ", "012"))) % 23] == compact[-1]


def nir(text: str) -> bool:
    """France: 97 less the remainder of 97; Corsica's A and B count as 19 and 18."""
    compact = text.replace(" ", "").upper().replace("2A", "19").replace("2B", "18")
    return compact.isdigit() and len(compact) == 15 and 97 - int(compact[:13]) % 97 == int(compact[13:])


def codice_fiscale(text: str) -> bool:
    """Italy: a letter for the sum of what characters at odd and even places count."""
    code = text.upper()
    values = [int(char, 36) - (0 if char.isdigit() else 10) for char in code[:15]]
    total = sum(value if place % 2 else _ODD[value] for place, value in enumerate(values))
    return chr(65 + total % 26) == code[15]


def pesel(text: str) -> bool:
    """Poland: weights 1, 3, 7, 9, and a month that tells the century."""
    return (
        len(text) == 11
        and _weighted(text, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1) % 10 == 0
        and 1 <= int(text[2:4]) % 20 <= 12
    )


def steuer_id(text: str) -> bool:
    """Germany: ISO 7064 mod 11, 10."""
    digits, product = digits_of(text), 10
    if len(digits) != 11 or digits[0] == "0":
        return False
    for digit in digits[:-1]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def personnummer(text: str) -> bool:
    """Sweden: the check digit of Luhn over ten digits, and a date."""
    digits = digits_of(text)[-10:]
    return luhn(digits) and 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) % 60 <= 31


def hetu(text: str) -> bool:
    """Finland: a sign for the remainder of 31."""
    return _HETU[int(text[:6] + text[7:10]) % 31] == text[10].upper() and 1 <= int(text[2:4]) <= 12


def rijksregister(text: str) -> bool:
    """Belgium: 97 less the remainder of 97, with a 2 before it for who was born since 2000."""
    digits = digits_of(text)
    return any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))


def ahv(text: str) -> bool:
    """Switzerland: the check digit of EAN-13."""
    digits = digits_of(text)
    return _weighted(digits, *(1, 3) * 6, 1) % 10 == 0


def cpf(text: str) -> bool:
    """Brazil: two check digits by eleven."""
    digits = digits_of(text)
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    first = _weighted(digits[:9], *range(10, 1, -1)) * 10 % 11 % 10
    second = _weighted(digits[:10], *range(11, 1, -1)) * 10 % 11 % 10
    return digits[9:] == f"{first}{second}"


def resident_id(text: str) -> bool:
    """China: ISO 7064 mod 11, 2, and a date."""
    total = _weighted(text[:17], *(2**power % 11 for power in range(17, 0, -1)))
    return "10X98765432"[total % 11] == text[17].upper() and _is_date(text[6:10], text[10:12], text[12:14])


def aadhaar(text: str) -> bool:
    """India: Verhoeff's check digit."""
    digits, check = digits_of(text), 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF[check][int(_PERMUTED[place % 8][int(digit)])])
    return len(digits) == 12 and digits[0] not in "01" and check == 0


def luhn_number(text: str) -> bool:
    """Tell whether digits, however grouped, end with the check digit of Luhn: IMEI, ICCID, Canada's SIN."""
    return luhn(digits_of(text))


def mrz(text: str) -> bool:
    """Tell whether the second line of a passport's machine-readable zone has its check digits (ICAO 9303)."""

    def check(field: str) -> int:
        return (
            sum((0 if char == "<" else int(char, 36)) * (7, 3, 1)[place % 3] for place, char in enumerate(field)) % 10
        )

    return all(str(check(text[a:b])) == text[b] for a, b in ((0, 9), (13, 19), (21, 27)))
