"""The rule for stored passwords: what `crypt(3)` and its relatives make of them."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.rules.rule import Matcher, Rule

_BODY = r"[0-9A-Za-z./+=,$_-]"

_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")


def _no_checksum(text: str) -> bool:
    """Tell LDAP's base64 from the checksum of a file (`{md5}d41d8cd98f00b204e9800998ecf8427e`)."""
    return _HEX.fullmatch(text) is None


PASSWORD_HASH = Rule(
    name="password_hash",
    description="Hashes of passwords, which can be guessed from: `$6$…`, `$y$…`, `$2b$…`, `$argon2id$…`, `$apr1$…`, Cisco's "
    "and Juniper's `$9$…`, `pbkdf2_sha256$…`, `{SSHA}…`, `SCRAM-SHA-256$…`, pairs of LM and NT hashes.",
    source="crypt(5), passlib, RFC 2307, RFC 5803, Django, Werkzeug; hashcat's example hashes",
    matchers=(
        Matcher(
            rf"\$(?:1|2[abxy]?|5|6|7|8|9|10|14|gy|y|md5|sha1|apr1|argon2i?d?|scrypt|bcrypt[a-z0-9-]{{0,16}}|pbkdf2[a-z0-9-]{{0,16}}|P|H|S|1a|1c)\$(?={_BODY}{{0,200}}[A-Za-z./]){_BODY}{{8,512}}",
        ),
        Matcher(
            r"(?:pbkdf2|bcrypt|scrypt|argon2)[a-z0-9_:]{0,32}\$[0-9A-Za-z./+=,$_-]{16,512}",
        ),
        Matcher(
            r"\{(?:s?sha(?:256|384|512)?|s?md5|crypt|pbkdf2[a-z0-9-]{0,16}|argon2|bcrypt|cleartext)\}(?P<secret>[0-9A-Za-z+/$=.]{8,512})",
            _no_checksum,
            ignore_case=True,
        ),
        Matcher(r"SCRAM-SHA-(?:1|256)\$[0-9]{3,6}:[0-9A-Za-z+/=$:]{32,256}"),
        Matcher(
            r"aad3b435b51404eeaad3b435b51404ee:[0-9a-f]{32}",
            ignore_case=True,
        ),
    ),
    positives=(
        ("bob:$6$rounds=5000$abcdEFGH$x1Yz9Q0aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789:19000:0:", "x1Yz9Q0aBcDeFgHiJkLmNo"),
        ("row 17|$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW|on", "R9h/cIPz0gi.URNNX3kh2O"),
        (
            "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$RdescudvJCsgt3ub+b7dWRWJTmaaJObG",
            "RdescudvJCsgt3ub+b7dWRWJTmaaJObG",
        ),
        ("bob:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "HqJZimcKQFAMYayBlzkrA/"),
        ("set secret $9$LhJxs4aZjHqf5Q; x", "LhJxs4aZjHqf5Q"),
        ("pbkdf2_sha256$600000$salt9$9Zk1f0WQHk3n5g1XbLmC4e7s=", "9Zk1f0WQHk3n5g1XbLmC4e7s="),
        ("{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9gwTWFh", "W6ph5Mm5Pz8GgiULbPgzG37mj9gwTWFh"),
        (
            "bob:1001:aad3b435b51404eeaad3b435b51404ee:8846f7eaee8fb117ad06bdd830b7586c:::",
            "8846f7eaee8fb117ad06bdd830b7586c",
        ),
    ),
    negatives=(
        "paid $5$ or $6$, costs $1$2 $9$ each",
        "UPDATE t SET a=$1, b=$2 WHERE c=$9; awk '{print $1$2$6$7}'",
        "DO $$ BEGIN x; END $$; $body$ text $body$",
        "bcrypt rounds=12, pbkdf2_sha256 unknown, scrypt:32768:8:1",
        "content changed '{md5}62539c935676f8abac5af2a600c1b150'",
        "{SHA} scheme unsupported, {crypt} scheme",
        "SCRAM-SHA-256 authentication failed",
    ),
)
