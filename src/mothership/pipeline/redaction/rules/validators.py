"""What a regular expression can't say: check digits, lengths, what an encoded part holds."""
# ruff: noqa: PLR2004 - the figures are those of the standards

import base64
import binascii
import ipaddress
import json
import re
from itertools import pairwise

_DIGIT = re.compile("[0-9]")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def digits_of(text: str) -> str:
    """Return the ASCII digits of a text."""
    return "".join([char for char in text if "0" <= char <= "9"])


def has_digit(text: str) -> bool:
    """Tell whether there is an ASCII digit in a text."""
    return _DIGIT.search(text) is not None


def turns(text: str) -> int:
    """Count how often figures and what is none take turns in a text."""
    return sum(1 for one, other in pairwise(text) if one.isdigit() != other.isdigit())


def luhn(digits: str) -> bool:
    """Tell whether the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    odd = sum(map(int, digits[-1::-2]))
    even = sum([_DOUBLED[int(digit)] for digit in digits[-2::-2]])
    return (odd + even) % 10 == 0


def card_network(digits: str) -> bool:  # noqa: PLR0911 - one for each length
    """Tell whether an issuer uses numbers with this beginning and length."""
    length, two, three, four = len(digits), digits[:2], digits[:3], digits[:4]
    if length == 16:
        return (
            digits[0] == "4"
            or "51" <= two <= "55"
            or "2221" <= four <= "2720"
            or four == "6011"
            or "644" <= three <= "659"
            or two in {"62", "81"}
            or "3528" <= four <= "3589"
            or "2200" <= four <= "2204"
            or four
            in {
                "5018",
                "5019",
                "5020",
                "5038",
                "5610",
                "5893",
                "6331",
                "6333",
                "6334",
                "6304",
                "6759",
                "6761",
                "6762",
                "6763",
            }
            or three == "508"
        )
    if length == 15:
        return two in {"34", "37"} or four in {"1800", "2131"} or digits[0] == "1"
    if length == 14:
        return two in {"36", "38", "39"} or "300" <= three <= "305"
    if length == 13:
        return digits[0] == "4"
    if length == 12:
        return four in {"5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763"}
    if length in {17, 18}:
        return two == "62" or four in {"5018", "5020", "5038", "6304", "6759"}
    return length == 19 and (digits[0] == "4" or two == "62" or four in {"6011", "6304", "6759"})


_REGISTRY = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24
FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32
LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24
RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
"""
IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _REGISTRY.split()}
"""Length by country, from the SWIFT IBAN registry."""


def iban(compact: str) -> bool:
    """Tell whether an IBAN without spaces has its country's length and the check digits of ISO 13616."""
    if IBAN_LENGTHS.get(compact[:2].upper()) != len(compact):
        return False
    return int("".join([str(int(char, 36)) for char in compact[4:] + compact[:4]])) % 97 == 1


def ssn(digits: str) -> bool:
    """Tell whether the US Social Security Administration could have issued these nine digits."""
    return digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def jwt(token: str) -> bool:
    """Tell whether the first part of a token is a JOSE header."""
    try:
        head = json.loads(_decoded(token.split(".", 1)[0]))
    except (ValueError, RecursionError):
        return False
    return isinstance(head, dict) and ("alg" in head or "typ" in head or "enc" in head)


def basic_credentials(encoded: str) -> bool:
    """Tell whether base64 holds `user:password`."""
    try:
        plain = _decoded(encoded.rstrip("=")).decode()
    except ValueError:
        return False
    return ":" in plain and plain.isprintable()


def _decoded(encoded: str) -> bytes:
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)


def readable(encoded: str) -> str:
    """Return the text that a base64 string holds, or an empty string."""
    try:
        plain = _decoded(encoded.rstrip("=").replace("+", "-").replace("/", "_")).decode()
    except (ValueError, binascii.Error):
        return ""
    return plain if plain.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else ""


def ip_address(text: str) -> bool:
    """Tell whether a text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_CALLING_CODES = """
1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90
91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239
240 241 242 243 244 245 246 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290
291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386
387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674
675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 853 855 856 870 878 880 881 882
883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 992 993 994 995 996 998
"""
COUNTRY_CODES = frozenset(_CALLING_CODES.split())
"""Country calling codes of ITU-T E.164."""

_DIGITS_BY_CODE = """
1:11:11 7:11:11 20:11:12 27:11:11 30:12:12 31:11:11 32:10:11 33:11:11 34:11:11 36:10:11 39:8:13 40:11:11 41:11:11
43:8:15 44:11:12 45:10:10 46:9:12 47:10:10 48:11:11 49:9:14 52:12:13 55:12:13 61:11:11 64:10:12 65:10:10 81:11:12
82:10:12 86:12:13 90:12:12 91:12:12
"""
_NUMBER_LENGTHS = {
    code: (int(least), int(most)) for code, least, most in (entry.split(":") for entry in _DIGITS_BY_CODE.split())
}
"""Fewest and most digits, the country code counted."""


def e164(digits: str) -> bool:
    """Tell whether digits after a plus sign are a telephone number of some country."""
    code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in COUNTRY_CODES), "")
    least, most = _NUMBER_LENGTHS.get(code, (9, 15))
    if code in {"39", "44", "49", "33", "41", "31", "32", "61"} and "0" in digits[len(code) : len(code) + 1]:
        most += 1  # written with the national zero: +44 (0)20 …
    return bool(code) and least <= len(digits) <= most
