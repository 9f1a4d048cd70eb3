"""Labelled texts: secrets of every kind in many contexts, and harmless texts that look like them.

Everything is made from a seed, nothing is real. `examples()` yields (rule, text, secret), `harmless()` yields (kind, text).
"""
# ruff: noqa: E501 - a table of texts reads best with one in a line

import base64
import json
import random
import string
import uuid
from collections.abc import Iterator
from urllib.parse import quote

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


class Maker:
    """Makes secrets by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def chars(self, alphabet: str, length: int) -> str:
        """Return characters of an alphabet."""
        return "".join(self.chance.choices(alphabet, k=length))

    def email(self) -> str:
        """Return an address."""
        first, last = (
            self.chance.choice(["alice", "bob", "maria", "j"]),
            self.chance.choice(["smith", "garcia", "li", "d"]),
        )
        joined = self.chance.choice([f"{first}.{last}", f"{first}_{last}", f"{first}{last}7", f"{first}+{last}", first])
        return (
            joined
            + "@"
            + self.chance.choice(["example.com", "mail.example.co.uk", "corp-x.example.org", "sub.a.example.io"])
        )

    def credit_card(self) -> str:
        """Return a number with its check digit, plain or grouped."""
        prefix, length = self.chance.choice(
            [
                ("4", 16),
                ("51", 16),
                ("2221", 16),
                ("37", 15),
                ("6011", 16),
                ("3530", 16),
                ("36", 14),
                ("62", 16),
                ("65", 16),
            ]
        )
        body = prefix + self.chars(string.digits, length - len(prefix) - 1)
        total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(body)))
        number = body + str(-total % 10)
        mark = self.chance.choice(["", "", " ", "-"])
        if not mark or length == 14:
            return number
        if length == 15:
            return mark.join([number[:4], number[4:10], number[10:]])
        return mark.join(number[i : i + 4] for i in range(0, length, 4))

    def ssn(self) -> str:
        """Return a number that could have been issued."""
        area = self.chance.choice([*range(1, 666), *range(667, 900)])
        return f"{area:03}-{self.chance.randint(1, 99):02}-{self.chance.randint(1, 9999):04}"

    def iban(self) -> str:
        """Return an account number with its check digits, plain or grouped."""
        country, kinds = self.chance.choice(
            [
                ("DE", "9" * 18),
                ("GB", "AAAA" + "9" * 14),
                ("FR", "9" * 10 + "X" * 11 + "99"),
                ("NL", "AAAA" + "9" * 10),
                ("ES", "9" * 20),
                ("NO", "9" * 11),
                ("CH", "9" * 5 + "X" * 12),
            ]
        )
        body = "".join(
            self.chars(
                {"9": string.digits, "A": string.ascii_uppercase, "X": string.digits + string.ascii_uppercase}[k], 1
            )
            for k in kinds
        )
        check = 98 - int("".join(str(int(c, 36)) for c in body + country + "00")) % 97
        plain = f"{country}{check:02}{body}"
        return plain if self.chance.random() < 0.5 else " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))

    def phone(self) -> str:
        """Return a number in a usual form."""
        c, d = self.chance, string.digits
        area, exchange = (
            f"{c.randint(2, 9)}{c.choice('02345678')}{c.choice(d)}",
            f"{c.randint(2, 9)}{c.choice('02345678')}{c.choice(d)}",
        )
        line = self.chars(d, 4)
        return c.choice(
            [
                f"+1{area}{exchange}{line}",
                f"+1 {area} {exchange} {line}",
                f"+1-{area}-{exchange}-{line}",
                f"({area}) {exchange}-{line}",
                f"{area}-{exchange}-{line}",
                f"{area}.{exchange}.{line}",
                f"+44 20 {self.chars(d, 4)} {self.chars(d, 4)}",
                f"+49 30 {self.chars(d, 7)}",
                f"+33 6 12 34 {self.chars(d, 2)} {self.chars(d, 2)}",
                f"+4915{self.chars(d, 9)}",
                f"+91 98{self.chars(d, 3)} {self.chars(d, 5)}",
            ]
        )

    def url_credentials(self) -> str:
        """Return the user and the password of a URL."""
        return f"{self.chance.choice(['bob', 'svc-app', 'postgres'])}:{self.chars(ALNUM + '!$*-_.', 10)}"

    def jwt(self) -> str:
        """Return a signed token."""
        parts = [
            json.dumps({"alg": "HS256", "typ": "JWT"}),
            json.dumps({"sub": self.chars(string.digits, 10), "name": "B"}),
        ]
        return (
            ".".join(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts)
            + "."
            + self.chars(ALNUM + "-_", 43)
        )

    def private_key(self) -> str:
        """Return the body of a key."""
        lines = [self.chars(ALNUM + "+/", 64) for _ in range(3)]
        kind = self.chance.choice(["RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED "])
        brk = self.chance.choice(["\n", "\\n", "\r\n"])
        return brk.join([f"-----BEGIN {kind}PRIVATE KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----"])

    def password(self) -> str:
        """Return a word that a person might have chosen, or chance."""
        return self.chance.choice(
            [
                "hunter2",
                "letmein",
                "S3cr3t!",
                "Tr0ub4dor&3".replace("&", "%"),
                "changeme",
                self.chars(ALNUM + "!#$%*+.-_^~", 12),
            ]
        )

    def vendor(self, rule: str) -> str:
        """Return a key as its issuer writes it."""
        shapes = {
            "aws_key": lambda: "AKIA" + self.chars(string.ascii_uppercase + "234567", 16),
            "gcp_key": lambda: "AIza" + self.chars(ALNUM + "-_", 34) + "k",
            "azure_key": lambda: self.chars(ALNUM, 3) + "8Q~" + self.chars(ALNUM + "_-", 33) + "a",
            "github_token": lambda: self.chance.choice(["ghp_", "gho_", "ghs_"]) + self.chars(ALNUM, 36),
            "gitlab_token": lambda: "glpat-" + self.chars(ALNUM, 20),
            "slack_token": lambda: (
                f"xoxb-{self.chars(string.digits, 12)}-{self.chars(string.digits, 12)}-{self.chars(ALNUM, 24)}"
            ),
            "stripe_key": lambda: "sk_live_" + self.chars(ALNUM, 24),
            "openai_key": lambda: self.chance.choice(
                [
                    "sk-proj-" + self.chars(ALNUM + "_", 47) + "a",
                    "sk-" + self.chars(ALNUM, 20) + "T3BlbkFJ" + self.chars(ALNUM, 20),
                ]
            ),
            "twilio_key": lambda: "SK" + self.chars(HEX, 32),
            "sendgrid_key": lambda: f"SG.{self.chars(ALNUM + '-_', 22)}.{self.chars(ALNUM + '-_', 42)}x",
            "npm_token": lambda: "npm_" + self.chars(ALNUM, 36),
            "pypi_token": lambda: "pypi-AgEIcHlwaS5vcmc" + self.chars(ALNUM + "-_", 90) + "a",
        }
        return shapes[rule]()


FREE = (
    "{}",
    "user {} logged in",
    "<34>1 2025-08-22T17:11:27Z web01 app 812 - - seen {} from 10.0.0.7",
    "[{}]",
    "({}), then more",
    '"{}"',
    "'{}';",
    "value={} status=200",
    "x={}&y=2",
    "a,b,{},d",
    "{}\nnext line",
    "last word {}",
    "说明{}结束",
    "<b>{}</b>",
    "ends with {}.",
    "path: {}, code: 7",
    "|{}|",
    "\t{}\t",
)
VENDORS = (
    *("aws_key", "gcp_key", "azure_key", "github_token", "gitlab_token", "slack_token", "stripe_key", "openai_key"),
    *("twilio_key", "sendgrid_key", "npm_token", "pypi_token"),
)
ASSIGNED = (
    "login {name}={value} ok",
    "{name}: {value}",
    '{{"user":"bob","{name}":"{value}","id":4}}',
    '{{\\"{name}\\": \\"{value}\\"}}',
    "GET /x?user=bob&{name}={value}&page=2 HTTP/1.1",
    "db:\n  user: bob\n  {name}: {value}\n",
    "export {name}='{value}'",
    '{name} = "{value}"',
    "{{'{name}': '{value}'}}",
    "<{name}>{value}</{name}>",
    "Server=db;User Id=sa;{name}={value};Encrypt=yes",
    "set {name}:={value} done",
)
NAMES = (
    *("password", "passwd", "pwd", "secret", "token", "api_key", "apikey", "api-key", "access_token", "client_secret"),
    *("auth_token", "DB_PASSWORD", "secretKey", "refresh_token", "X-Api-Key", "private_key", "encryption_key"),
)


def examples(seed: int = 1, rounds: int = 6) -> Iterator[tuple[str, str, str]]:
    """Yield (rule, text, secret): the secret must not survive in the text."""
    make = Maker(seed)
    for _ in range(rounds):
        for rule in ("email", "credit_card", "ssn", "iban", "phone", "jwt", "private_key"):
            for context in FREE:
                secret = getattr(make, rule)()
                yield rule, context.format(secret), secret
        for rule in VENDORS:
            for context in FREE:
                secret = make.vendor(rule)
                yield rule, context.format(secret), secret
        for name in NAMES:
            for context in ASSIGNED:
                secret = make.password() if "pass" in name.lower() or "pwd" in name else make.chars(ALNUM, 20)
                yield "assignment", context.format(name=name, value=secret), secret
        yield from _placed(make)
        yield from _disguised(make)


def _placed(make: Maker) -> Iterator[tuple[str, str, str]]:
    for scheme in ("https", "postgresql", "redis", "mongodb+srv", "amqp", "ftp"):
        secret = make.url_credentials()
        yield "url_credentials", f"connecting to {scheme}://{secret}@host.example:5432/db?x=1", secret
    for scheme in ("Bearer", "bearer", "Token"):
        secret = make.chars(ALNUM, 32) + "7"
        yield "authorization", f"> Authorization: {scheme} {secret}\r\n> Host: x", secret
        yield "authorization", f'{{"headers":{{"authorization":"{scheme} {secret}"}}}}', secret
    secret = base64.b64encode(make.url_credentials().encode()).decode()
    yield "authorization", f"Authorization: Basic {secret}", secret
    yield "authorization", f"curl -H 'Authorization: Basic {secret}' http://x", secret
    for text in (
        "snmp-server community {} RO",
        "community={} host=x",
        "snmpwalk -v2c -c {} 10.0.0.1",
        "rocommunity {} default",
        'SNMP community string: "{}"',
    ):
        secret = make.chars(ALNUM, 9) + "z"
        yield "snmp_community", text.format(secret), secret
    for text in (
        "Cookie: JSESSIONID={}; theme=dark",
        "Set-Cookie: sid={}; Path=/; HttpOnly",
        "GET / PHPSESSID={} 200",
        "cookie: connect.sid=s%3A{}",
        "url=/a;jsessionid={}?x",
    ):
        secret = make.chars(ALNUM, 26) + "4f"
        yield "session_cookie", text.format(secret), secret
    secret = make.chars(ALNUM + "+/", 86) + "=="
    yield (
        "connection_string",
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={secret};EndpointSuffix=x",
        secret,
    )
    secret = make.chars(ALNUM + "+/", 43) + "="
    yield "connection_string", f"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey={secret}", secret


def _disguised(make: Maker) -> Iterator[tuple[str, str, str]]:
    email, card, ssn = make.email(), make.credit_card(), make.ssn()
    yield "email (percent)", f"GET /u?mail={quote(email, safe='')}&x=1", quote(email, safe="")
    yield "email (zero width)", "to " + "\u200b".join(email) + " now", "\u200b".join(email)
    yield (
        "credit_card (full width)",
        "pay " + card.translate({ord(d): 0xFF10 + int(d) for d in string.digits}),
        card.translate({ord(d): 0xFF10 + int(d) for d in string.digits}),
    )
    yield "ssn (zero width)", f"ssn {ssn[:5]}\u200d{ssn[5:]}", f"{ssn[:5]}\u200d{ssn[5:]}"
    yield "ssn (dashes)", f"is {ssn.replace('-', chr(0x2011))}", ssn.replace("-", chr(0x2011))
    secret = make.chars(ALNUM, 16)
    yield "assignment (percent)", f"q=a%26password%3D{secret}%26x", secret
    yield "email (\\u)", "{" + email.replace("@", "\\u0040") + "}", email.replace("@", "\\u0040")


def harmless(seed: int = 2, rounds: int = 40) -> Iterator[tuple[str, str]]:
    """Yield (kind, text): nothing may change."""
    make = Maker(seed)
    c = make.chance
    for _ in range(rounds):
        number = make.chars(string.digits, 15)
        yield "sha256", f"digest sha256:{make.chars(HEX, 64)}"
        yield "git sha", f"commit {make.chars(HEX, 40)} by ci"
        yield "uuid", f"request {uuid.UUID(int=c.getrandbits(128), version=4)} done"
        yield "mac", f"port {':'.join(make.chars(HEX, 2) for _ in range(6))} up"
        yield (
            "ipv4",
            f"from {c.randint(1, 255)}.{c.randint(0, 255)}.{c.randint(0, 255)}.{c.randint(0, 255)}:{c.randint(1, 65535)}",
        )
        yield "ipv6", f"peer 2001:db8:{make.chars(HEX, 4)}::{make.chars(HEX, 4)} up"
        yield (
            "timestamp",
            f"2025-{c.randint(1, 12):02}-{c.randint(1, 28):02}T{c.randint(0, 23):02}:11:27.{make.chars(string.digits, 6)}+00:00 ok",
        )
        yield "epoch ms", f"ts=17{make.chars(string.digits, 11)} took 12"
        yield "epoch ns", f"at 17{make.chars(string.digits, 17)}"
        yield (
            "version",
            f"nginx/1.{c.randint(1, 30)}.{c.randint(0, 9)} OpenSSL/3.0.{c.randint(1, 20)} v{c.randint(1, 9)}.{c.randint(0, 99)}.{c.randint(0, 999)}",
        )
        yield (
            "pod",
            f"pod web-{make.chars('bcdfghjklmnpqrstvwxz2456789', 10)}-{make.chars('bcdfghjklmnpqrstvwxz2456789', 5)} ready",
        )
        yield (
            "hdfs block",
            f"Received block blk_{c.choice(['', '-'])}{c.randint(1, 9)}{make.chars(string.digits, 18)} of size 67108864",
        )
        yield "order failing Luhn", f"order 4{_not_luhn(number)} shipped"
        yield "hex dump", " ".join(make.chars(HEX, 2) for _ in range(16))
        yield (
            "path",
            f"/var/lib/docker/overlay2/{make.chars(HEX, 64)}/merged/usr/bin/app-{c.randint(1, 9)}.{c.randint(1, 9)}.so",
        )
        yield (
            "oid",
            f"1.3.6.1.2.1.{c.randint(1, 99)}.{c.randint(1, 99)}.{c.randint(1, 9999)} = Counter64: {make.chars(string.digits, 9)}",
        )
        yield (
            "sshd",
            f"Failed password for invalid user admin from 10.0.0.{c.randint(1, 254)} port {c.randint(1024, 65535)} ssh2",
        )
        yield "systemd", f"Started user@{c.randint(1, 9999)}.service - User Manager for UID {c.randint(1, 9999)}."
        yield (
            "ISO week",
            f"{c.randint(100, 999)}-{c.randint(10, 99)} {c.randint(2000, 2030)}-{c.randint(10, 12)}-{c.randint(10, 28)}",
        )
        yield "coordinates", f"lat={c.uniform(-90, 90):.14f} lon={c.uniform(-180, 180):.14f}"
        yield (
            "url",
            f"GET http://app-{c.randint(1, 99)}.example.com:8080/api/v{c.randint(1, 3)}/items?id={make.chars(string.digits, 8)}&sort=key",
        )
        yield (
            "prose",
            c.choice(
                [
                    "password must be changed",
                    "the token expired",
                    "secret manager ready",
                    "invalid API key format",
                    "key exchange finished",
                    "Basic realm set",
                    "community edition",
                    "session closed for user root",
                    "password: required",
                    "token: expired",
                ]
            ),
        )
        yield "base64", f"body {base64.b64encode(c.randbytes(48)).decode()} end"
        yield (
            "cpu",
            f"cpu0: {make.chars(string.digits, 4)} {make.chars(string.digits, 4)} {make.chars(string.digits, 3)} {make.chars(string.digits, 5)} 0 0",
        )
        yield (
            "nmea",
            f"$GPGGA,{make.chars(string.digits, 6)}.00,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*{make.chars('0123456789ABCDEF', 2)}",
        )
        yield (
            "mutt",
            f"pkg@{c.randint(1, 9)}.{c.randint(0, 9)}.{c.randint(0, 9)} icon@2x.png {make.chars(HEX, 8)}@{make.chars(HEX, 6)}",
        )


def _not_luhn(number: str) -> str:
    body = "4" + number[:-1]
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(body)))
    return number[:-1] + str((-total % 10 + 1 + int(number[-1]) % 9) % 10)
