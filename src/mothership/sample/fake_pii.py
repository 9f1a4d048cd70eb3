"""Made-up personal data and credentials of many kinds, each valid in form and none of them anyone's.

They are put together at run time, so that no line of this repository looks like a leaked key.
"""

import base64
import json
import string
from collections.abc import Callable
from random import Random

_ALNUM = string.ascii_letters + string.digits
_FIRST = ("ann", "ben", "carla", "dmitri", "eva", "farid", "grete", "hugo", "ines", "jonas", "kaya", "liam", "mina")
_LAST = ("keller", "okafor", "lindqvist", "moreau", "tanaka", "novak", "rossi", "haddad", "byrne", "costa", "weber")


def _some(rng: Random, letters: str, count: int) -> str:
    return "".join(rng.choices(letters, k=count))


def email(rng: Random) -> str:
    """Make an address in a domain that is reserved for examples."""
    return (
        f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}{rng.randrange(10_000)}@{rng.choice(('example.com', 'example.org'))}"
    )


def card(rng: Random) -> str:
    """Make a 16-digit payment card number whose check digit is right."""
    digits = [int(digit) for digit in rng.choice(("400000", "555555", "222300")) + _some(rng, string.digits, 9)]
    total = sum(sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    number = "".join(map(str, [*digits, -total % 10]))
    return rng.choice((number, " ".join(number[i : i + 4] for i in range(0, 16, 4))))


def ssn(rng: Random) -> str:
    """Make a US social security number of an area and group in use."""
    area = rng.choice([number for number in range(100, 900) if number != 666])  # noqa: PLR2004 - never issued
    return f"{area:03d}-{rng.randrange(1, 100):02d}-{rng.randrange(1, 10_000):04d}"


def iban(rng: Random) -> str:
    """Make a German bank account number whose check digits are right."""
    account = _some(rng, string.digits, 18)
    check = 98 - int(account + "131400") % 97  # D is 13, E is 14
    return f"DE{check:02d}{account}"


def phone(rng: Random) -> str:
    """Make a telephone number of the block kept for fiction."""
    area = rng.choice(("202", "212", "303", "415", "512", "617", "702", "808"))
    return f"+1 {area} 555 01{rng.randrange(100):02d}"


def password(rng: Random) -> str:
    """Make a password of 14 letters and digits."""
    return _some(rng, _ALNUM, 14)


def token(rng: Random) -> str:
    """Make an opaque access token."""
    return _some(rng, _ALNUM, 40)


def jwt(rng: Random) -> str:
    """Make a JSON Web Token that decodes."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": _some(rng, string.digits, 10), "name": rng.choice(_FIRST)})
    signature = base64.urlsafe_b64encode(rng.randbytes(32)).decode().rstrip("=")
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), signature]
    )


def aws_key(rng: Random) -> str:
    """Make an AWS access key id."""
    return "AK" + "IA" + _some(rng, string.ascii_uppercase + "234567", 16)


def github_token(rng: Random) -> str:
    """Make a GitHub personal access token."""
    return "gh" + "p_" + _some(rng, _ALNUM, 36)


def slack_token(rng: Random) -> str:
    """Make a Slack bot token."""
    return "xo" + f"xb-{_some(rng, string.digits, 12)}-{_some(rng, string.digits, 12)}-{_some(rng, _ALNUM, 24)}"


def username(rng: Random) -> str:
    """Make an account's name."""
    return f"{rng.choice(_FIRST)[0]}{rng.choice(_LAST)}{rng.randrange(1_000, 100_000)}"


def community(rng: Random) -> str:
    """Make an SNMP community: a password by another name."""
    return f"fleet-ro-{_some(rng, string.ascii_lowercase + string.digits, 8)}"


makers: dict[str, Callable[[Random], str]] = {
    "email": email,
    "card": card,
    "ssn": ssn,
    "iban": iban,
    "phone": phone,
    "password": password,
    "token": token,
    "jwt": jwt,
    "aws_key": aws_key,
    "github_token": github_token,
    "slack_token": slack_token,
    "username": username,
    "community": community,
}
