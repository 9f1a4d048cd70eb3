"""Strings made to hurt: short parts that are repeated until they fill a mebibyte.

Written ones first, then what is made of the rules' own examples (whole, and cut off after every few characters, so
that an expression begins again and again and never ends), and pairs and triples of the pieces of which all of them
consist. `joined` makes texts that repeat nothing: such examples by chance, one after the other.
"""

import itertools
from collections.abc import Iterable, Iterator
from random import Random

from mothership.event import Event
from mothership.pipeline.redaction.rules import BUILTIN

WRITTEN = (
    *("a.", "a@a.", "@", "1", "4111 ", "4111111111111112 ", "4111111111111111 ", "password= ", "password=", "token: "),
    *("-----BEGIN RSA PRIVATE KEY-----", "eyJhbGci.", "://a:", "%41", "\u200b", "\uff14", "+14155552671 ", "DE89 "),
    *("cookie: a=", '"', "\\", "\\u0041", "hash:abcd:", "community ", "(0", "123-45-6789-", "bearer ", "06 12 ", "漢"),
    *("alice@example.com ", "aws key ", "secret value ", '\\"password\\": \\"'),
    *("\x00", "=", "key=v;", "4111-1111 0", "\u0153"),
    *("\x01", "\x1b[0m", "\x7f", "\n", "\t", "1-2-3-", "1.2.3.", "1/2/3/", "12:34:56 ", "é", "ж", "ß", "\U0001f600"),
    *("&lt;password&gt;aaa", "&#64;", "&quot;", "=40a.", "\\/", "\\x41", "password\t", "[REDACTED:email]", "code=a "),
)
PIECES = (
    *(
        "a",
        "A",
        "1",
        "0",
        " ",
        "-",
        ".",
        ":",
        "=",
        "@",
        "/",
        "\\",
        '"',
        "'",
        "<",
        ">",
        "(",
        ")",
        "+",
        "_",
        "%",
        ",",
        ";",
    ),
    *("{", "}", "[", "]", "&", "\n", "\t", "\r", "\x01", "\x1b[", "é", "漢", "%41", "&lt;", "&gt;", "&#64;", "\\u0041"),
    *(
        "\\n",
        '\\"',
        "\u200b",
        "\uff14",
        "12",
        "123",
        "1234",
        "abcd",
        "password",
        "pass",
        "key",
        "token",
        "secret",
        "code",
    ),
    *(
        "eyJ",
        "://",
        "--",
        "-p",
        "-u ",
        "snmp ",
        "net ",
        "bearer ",
        "cookie",
        "sid",
        "phone ",
        "aws",
        "4111",
        "[REDACTED:",
    ),
    *(
        "BEGIN ",
        "authorization: ",
        "community",
        "set ",
        "for ",
        "curl ",
        "mysql ",
        "a0=",
        "DE",
        "+1",
        "hash:",
        "@tcp(",
        "Q~",
    ),
)


def cut_off() -> Iterator[str]:
    """Yield the rules' examples, whole and cut off."""
    for rule in BUILTIN:
        texts = (*(text for text, _ in rule.positives), *rule.negatives)
        for text in texts:
            yield text
            yield text + " "
            for end in range(3, min(len(text), 60), 5):
                yield text[:end]


def mixed(triples: int, *, seed: int = 1) -> Iterator[str]:
    """Yield every pair of pieces, and some triples."""
    yield from (first + second for first, second in itertools.product(PIECES, repeat=2))
    rng = Random(seed)
    for _ in range(triples):
        yield "".join(rng.choices(PIECES, k=3))


def every_shape(triples: int = 1_000) -> list[str]:
    """Return all parts, each once."""
    return list(dict.fromkeys((*WRITTEN, *cut_off(), *mixed(triples))))


def repeated(parts: Iterable[str], size: int) -> Iterator[tuple[str, str]]:
    """Yield texts of about so many bytes by name, each of one part again and again."""
    for part in parts:
        yield repr(part), part * (size // len(part.encode()))


def joined(size: int, *, seed: int = 1) -> dict[str, str]:
    """Return texts of about so many bytes by name: every rule has something to look at in them, everywhere."""
    rng = Random(seed)
    positives = [text for rule in BUILTIN for text, _ in rule.positives]
    negatives = [text for rule in BUILTIN for text in rule.negatives]
    pools = {"secrets": positives, "near misses": negatives, "cut off": list(cut_off())}
    return {
        f"{name}, {between}": _fill(pool, separator, size, rng)
        for name, pool in pools.items()
        for between, separator in (("by spaces", " "), ("by lines", "\n"), ("by nothing", ""))
    }


def _fill(pool: list[str], separator: str, size: int, rng: Random) -> str:
    out: list[str] = []
    while size > 0:
        out.append(rng.choice(pool))
        size -= len((out[-1] + separator).encode())
    return separator.join(out)


def spelled(name: str, count: int) -> Iterator[str]:
    """Yield so many spellings of a field's name, all of which mean the same."""
    for number in range(count):
        yield "".join(sign + ("_" if number >> place & 1 else "-") for place, sign in enumerate(name.ljust(14, "_")))


def crowded(count: int) -> dict[str, Event]:
    """Return events in which so many items each ask what stands beside them."""
    labels = dict(
        zip(spelled("name", count // 2), (f"user{number}_passwords" for number in range(count)), strict=False)
    )
    return {
        "codes": dict.fromkeys(spelled("code", count), "x"),
        "numbers": dict.fromkeys(spelled("number", count), "123456"),
        "counted": dict.fromkeys(spelled("value", count), 4111111111111111),
        "of a login": {"login": dict.fromkeys(spelled("value", count), "123456")},
        "labels and values": {**labels, **dict.fromkeys(spelled("value", count // 2), 4)},
        "a list of names": {"arguments": ["password", "--password"] * (count // 2)},
        "a list of addresses": {"peers": [{"mail": f"bob{number}@kq{number}.com"} for number in range(count)]},
    }
