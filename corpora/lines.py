"""Labelled lines in the voice of real software, read from `texts/*.txt`.

One line each: `system | text`. `«kind»` is a secret made by chance, `«:kind»` a harmless part made by chance, `␤` a
line break. Nothing is real. `secret_lines()` yields (system, text, secrets), `harmless_lines()` yields (system, text).
"""

import base64
import string
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

from corpora.labelled import ALNUM, HEX, Maker

FOLDER = Path(__file__).parent / "texts"
SETS = ("", "_fresh", "_third")
"""Written one after the other; each measured rules that had never seen it, before they were mended."""
PASSWORDS = (
    *("hunter2", "Summer2024!", "P@ssw0rd", "correcthorse9", "tr0ub4dor_3", "qwerty123", "letmein!", "Winter-2025"),
    *("s3cr3t#Key", "changeit99", "x9K!mPq2vL", "MyD0g.Rex", "zxcvbnm", "iloveyou", "Ab12%xyZ", "T0p*Secret^1"),
)
"""As people choose them; without the signs at which a password without quotation marks ends."""


def secret_lines(name: str = "secrets", seed: int = 5, rounds: int = 2) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (system, text, secrets): none of the secrets may survive in the text."""
    for system, template, make in _lines(name, seed, rounds):
        secrets: list[str] = []
        yield system, _filled(template, make, secrets), secrets


def harmless_lines(name: str = "harmless", seed: int = 6, rounds: int = 2) -> Iterator[tuple[str, str]]:
    """Yield (system, text): nothing may change."""
    for system, template, make in _lines(name, seed, rounds):
        yield system, _filled(template, make, [])


def _lines(name: str, seed: int, rounds: int) -> Iterator[tuple[str, str, dict[str, Callable[[], str]]]]:
    make = _makers(Maker(seed))
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    for _ in range(rounds):
        for line in lines:
            system, _, template = line.partition(" | ")
            yield system, template.replace("␤", "\n").replace("␉", "\t"), make


def _filled(template: str, make: dict[str, Callable[[], str]], secrets: list[str]) -> str:
    head, *parts = template.split("«")
    out = [head]
    for part in parts:
        kind, _, rest = part.partition("»")
        value = make[kind.removeprefix(":")]()
        if not kind.startswith(":"):
            secrets.append(value)
        out += (value, rest)
    return "".join(out)


def _makers(m: Maker) -> dict[str, Callable[[], str]]:
    def sized(alphabet: str, sizes: tuple[int, ...], name: str) -> dict[str, Callable[[], str]]:
        return {f"{name}{size}": partial(m.chars, alphabet, size) for size in sizes}

    digit = string.digits
    first = "123456789"
    pick = m.chance.choice
    pem = ALNUM + "+/"
    return {
        "pw": lambda: pick([pick(PASSWORDS), pick(PASSWORDS), m.chars(ALNUM, 11) + "7"]),
        "made": lambda: pick([m.chars(ALNUM, 11) + "7", "hunter2", "Summer2024!", "x9K!mPq2vL", "s3cr3t#Key"]),
        "word": lambda: pick(["appeltaart", "croissant-chaud", "girasole", "boterkoek"]),
        "alnum": lambda: m.chars(ALNUM, 30) + "4kQ",
        **sized(ALNUM, (8, 14, 16, 20, 22, 24, 33, 35, 43, 86), "alnum"),
        **sized(HEX, (4, 8, 12, 16, 24, 32, 40, 64), "hex"),
        **sized("0123456789ABCDEF", (8, 14, 64), "HEX"),
        "hexcolon": lambda: ":".join(m.chars("0123456789ABCDEF", 2) for _ in range(20)),
        "bcrypt": lambda: m.chars(ALNUM + "./", 53),
        "b64": lambda: m.chars(pem, 43) + "=",
        "b64f": lambda: m.chars(pem, 43),
        "b64s": lambda: m.chars(pem, 27) + "=",
        "b64url": lambda: quote(m.chars(pem, 43) + "=", safe=""),
        "wgkey": lambda: m.chars(pem, 42) + "8=",
        "wgkeyh": lambda: m.chars(pem, 42) + "8=",
        "b32": lambda: m.chars("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 31) + "7",
        "basic": lambda: base64.b64encode(f"ci:{m.chars(ALNUM, 12)}".encode()).decode(),
        "authplain": lambda: base64.b64encode(f"\0bob\0{m.chars(ALNUM, 11)}".encode()).decode(),
        "akia": lambda: "AKIA" + m.chars(string.ascii_uppercase + "234567", 16),
        "asia": lambda: "ASIA" + m.chars(string.ascii_uppercase + "234567", 16),
        "awssecret": lambda: m.chars(ALNUM + "/+", 38) + "q7",
        "ghp": lambda: "ghp_" + m.chars(ALNUM, 36),
        "ghs": lambda: "ghs_" + m.chars(ALNUM, 36),
        "jwt": m.jwt,
        "cookie": lambda: m.chars("0123456789ABCDEF", 32),
        "otp": lambda: pick(first) + m.chars(digit, 5),
        "otp2": lambda: m.chars(digit, 4),
        "cvc": lambda: pick(first) + m.chars(digit, 2),
        "email": m.email,
        "emailpct": lambda: m.email().replace("@", "%40"),
        "emailent": lambda: m.email().replace("@", "&#64;"),
        "emailfull": lambda: m.email().replace("@", "\uff20"),
        "emailu": lambda: m.email().replace("@", "\\u0040"),
        "emailzw": lambda: m.email().replace("@", "\u200b@"),
        "card": lambda: "".join(filter(str.isdigit, m.credit_card())),
        "cardspaced": lambda: _grouped("4" + m.chars(digit, 14), " "),
        "cardfull": lambda: _grouped("4" + m.chars(digit, 14), "").translate(_FULL_WIDTH),
        "ssn": m.ssn,
        "ssnzw": lambda: m.ssn().replace("-", "-\u200b"),
        "ssnfull": lambda: m.ssn().translate(_FULL_WIDTH),
        "ibannbsp": lambda: "\u00a0".join(_four(m.iban().replace(" ", ""))),
        "iban": lambda: m.iban().replace(" ", ""),
        "ibanspaced": lambda: _fours(m.iban().replace(" ", "")),
        "phone": lambda: f"+4479{pick(first)}{m.chars(digit, 7)}",
        "phoneplain": lambda: f"4479{pick(first)}{m.chars(digit, 7)}",
        "phonepct": lambda: f"%2B1415{pick('23456789')}{m.chars(digit, 6)}",
        "phonezw": lambda: f"+1\u200b415{pick('23456789')}{m.chars(digit, 6)}",
        "phoneus": lambda: (
            f"({pick('23456789')}{m.chars(digit, 2)}) {pick('23456789')}{m.chars(digit, 2)}-{m.chars(digit, 4)}"
        ),
        "phonede": lambda: f"+49 89 {pick(first)}{m.chars(digit, 6)}",
        "phonedem": lambda: f"0171 {pick(first)}{m.chars(digit, 6)}",
        "phonefr": lambda: f"00 33 6 {m.chars(first, 2)} {m.chars(digit, 2)} {m.chars(digit, 2)} {m.chars(digit, 2)}",
        "phoneru": lambda: f"8 (495) {pick(first)}{m.chars(digit, 2)}-{m.chars(digit, 2)}-{m.chars(digit, 2)}",
        "phoneit": lambda: f"02 {pick(first)}{m.chars(digit, 3)} {m.chars(digit, 4)}",
        "phonees": lambda: f"6{m.chars(digit, 2)} {m.chars(digit, 3)} {m.chars(digit, 3)}",
        "phonebr": lambda: f"+55 11 9{m.chars(digit, 4)}-{m.chars(digit, 4)}",
        "ip": lambda: ".".join(str(m.chance.randint(11, 223)) for _ in range(4)),
        "port": lambda: str(m.chance.randint(1024, 65535)),
        "pid": lambda: str(m.chance.randint(100, 99999)),
        "n": lambda: str(m.chance.randint(10**6, 10**9)),
        "n4": lambda: m.chars(digit, 4),
        "n12": lambda: pick(first) + m.chars(digit, 11),
        "n16": lambda: pick(first) + m.chars(digit, 15),
        "n19": lambda: pick(first) + m.chars(digit, 18),
        "mac": lambda: ":".join(m.chars(HEX, 2) for _ in range(6)),
        "uuid": lambda: str(uuid.UUID(int=m.chance.getrandbits(128), version=4)),
    }


_FULL_WIDTH = {ord(digit): 0xFF10 + int(digit) for digit in string.digits}


def _grouped(body: str, sign: str) -> str:
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(body)))
    return sign.join(_four(body + str(-total % 10)))


def _four(text: str) -> list[str]:
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def _fours(text: str) -> str:
    return " ".join(_four(text))


def lines_table(redact: Callable[[str], str]) -> None:
    """Print recall on the secrets of the labelled lines, and how many harmless lines change, by set."""
    print(f"\n{'labelled lines':16} {'secrets':>8} {'recall':>7} {'harmless':>9} {'changed':>8}")
    for name in SETS:
        found = [
            secret not in redact(text) for _, text, secrets in secret_lines(f"secrets{name}") for secret in secrets
        ]
        changed = [redact(text) != text for _, text in harmless_lines(f"harmless{name}")]
        recall = sum(found) / len(found)
        print(f"{name or 'first':16} {len(found):8} {recall:7.3f} {len(changed):9} {sum(changed):8}")
    left = [
        any(secret in redact(text) for secret in secrets) for _, text, secrets in secret_lines("not_covered", rounds=1)
    ]
    print(f"known and not covered: {sum(left)} of {len(left)} lines")
