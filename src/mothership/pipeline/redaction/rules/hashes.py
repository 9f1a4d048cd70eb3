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
            rf"\$(?:1|2[abxy]?|5|6|7|8|9|10|14|gy|y|md5|sha1|apr1|argon2i?d?|scrypt|bcrypt[a-z0-9-]{{0,16}}|pbkdf2[a-z0-9-]{{0,16}}|P|H|S|1a|1c)\$(?!SECRET-DATA)(?={_BODY}{{0,200}}[A-Za-z./]){_BODY}{{8,512}}",
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
        Matcher(
            r"(?<![0-9A-Za-z])[\w.$@\\-]{1,64}:[0-9]{1,10}:(?P<secret>(?:[0-9A-Fa-fX*]{32}|NO PASSWORD\*{21}):(?:[0-9A-Fa-f]{32}|NO PASSWORD\*{21})):"
        ),
        Matcher(
            r"(?:NTLM|LM|NTHASH|nt hash|rc4_hmac(?:_nt)?|aes(?:128|256)_hmac)\s{0,8}[:=]\s{0,2}(?P<secret>[0-9a-f]{32,64})(?![0-9a-z])",
            ignore_case=True,
        ),
        # PostgreSQL's and MySQL's, as their tables and `userlist.txt` have them; keys of `klist -k -K`
        Matcher(r"md5(?<![0-9A-Za-z_/.-]md5)[0-9a-f]{32}(?![0-9A-Za-z_-]|\.[0-9A-Za-z])"),
        Matcher(r"\*(?<![0-9A-Za-z*]\*)[0-9A-F]{40}(?![0-9A-Za-z])"),
        Matcher(r"\$A\$[0-9]{3}\$(?P<secret>[^\s\"']{20,120})"),
        Matcher(r"0x0[12]00[0-9A-F]{48,136}(?![0-9A-Za-z])", ignore_case=True),
        Matcher(r"(?:S:[0-9A-F]{60}|T:[0-9A-F]{160})(?![0-9A-Za-z])"),
        Matcher(
            r"\((?:DEPRECATED:)?(?:aes|arcfour|des3?|camellia|rc4)[\w:-]{3,40}\)\s{1,4}\((?P<secret>0x[0-9a-f]{16,128})\)"
        ),
        Matcher(r"\$DCC2\$[0-9]{3,7}#[^#\s]{1,64}#(?P<secret>[0-9a-f]{32})"),
        Matcher(r"keytab\s{1,2}\((?P<secret>0x[0-9a-f]{16,128})\)"),
        Matcher(r"AS\s{1,2}\\*'(?P<secret>\*[0-9A-F]{40})\\*'"),
        Matcher(
            r"IDENTIFIED\s{1,4}BY\s{1,4}(?:VALUES|PASSWORD)\s{1,4}\\*[\"'](?P<secret>[^\"'\r\n\\]{8,512})",
            ignore_case=True,
        ),
        Matcher(r"\$krb5(?:asrep|tgs|pa)\$[0-9]{1,2}\$(?P<secret>[^\s\"']{16,8192})"),
        Matcher(r"grub\.pbkdf2\.sha[0-9]{3}\.[0-9]{1,9}\.(?P<secret>[0-9A-F]{16,512}\.[0-9A-F]{16,512})"),
        Matcher(r"::[\w.-]{0,64}:(?P<secret>[0-9a-fA-F]{16}:[0-9a-fA-F]{32}:[0-9a-fA-F]{16,4096})(?![0-9a-fA-F])"),
        Matcher(r"SETUSER\s[^\r\n]{0,200}?\s#(?P<secret>[0-9a-f]{64})(?![0-9a-f])", ignore_case=True),
        Matcher(r"SETUSER\s[^\r\n]{0,200}?\s[><](?P<secret>[^\s\"']{1,256})", ignore_case=True),
        Matcher(r"PASSWORD\s{1,2}\\*'(?P<secret>md5[0-9a-f]{32}|SCRAM-SHA-256\$[^'\s]{16,512})\\*'", ignore_case=True),
    ),
    positives=(
        (
            "Administrator:500:e2e0d066e7b8f839be38a5654a8c2883:c5b7c52475f9808bca7c29236ad7db88:::",
            "c5b7c52475f9808bca7c29236ad7db88",
        ),
        (
            "lars:1001:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:59A08C76716F4E56ED13051524F05482:[U          ]:",
            "59A08C76716F4E56ED13051524F05482",
        ),
        ('"billing" "md5aa0d6b1e9c3f48275e1d0b7c4a9f3e21"', "aa0d6b1e9c3f48275e1d0b7c4a9f3e21"),
        ("| app | % | *0F9C1E2D3B4A5968778695A4B3C2D1E0F1A2B3C4 |", "0F9C1E2D3B4A5968778695A4B3C2D1E0F1A2B3C4"),
        (
            "  4 nfs/files.example.org@EXAMPLE.ORG (aes128-cts-hmac-sha1-96)  (0x1d9c3e5f7a8b2c4d6e0f1a3b5c7d9e1f)",
            "1d9c3e5f7a8b2c4d6e0f1a3b5c7d9e1f",
        ),
        ("$DCC2$10240#kim#3b1f0c7d9e2a4856b7c8d9e0f1a2b3c4", "3b1f0c7d9e2a4856b7c8d9e0f1a2b3c4"),
        ("NTLM : 778650bade6fed28f29d5326266fe0fe for user svc-sql", "778650bade6fed28f29d5326266fe0fe"),
        (
            "Key: vno 4, aes256-cts-hmac-sha1-96 keytab (0x490000c59a2397d4caeb36e507f9e05e)",
            "490000c59a2397d4caeb36e507f9e05e",
        ),
        (
            "IDENTIFIED WITH 'mysql_native_password' AS '*658461D0DA6463CCBDCF35DA8276DD6A931AE4F0'",
            "658461D0DA6463CCBDCF35DA8276DD6A931AE4F0",
        ),
        (
            "IDENTIFIED BY VALUES 'S:C8832167530411DF94ED0BAB54495E9E32CF09FF375A22'",
            "C8832167530411DF94ED0BAB54495E9E32CF09FF375A22",
        ),
        (
            "$krb5asrep$23$svc@CORP:7f8f5b6d904dd611$0d23c25b1c96aaa1df735c9f8f5d891e",
            "0d23c25b1c96aaa1df735c9f8f5d891e",
        ),
        ("grub.pbkdf2.sha512.10000.285E09275ACB1CAC282E.A50BD16D9428054A0EBC", "A50BD16D9428054A0EBC"),
        (
            "ACL SETUSER app on #ce7cd5c201595b5119f0ed9b0bfd3c78094286712b34c6000572c2aacbf0116d ~*",
            "ce7cd5c201595b5119f0ed9b0bfd3c78",
        ),
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
        'authentication-key "$9$SECRET-DATA"; ## SECRET-DATA',
        "paid $5$ or $6$, costs $1$2 $9$ each",
        "UPDATE t SET a=$1, b=$2 WHERE c=$9; awk '{print $1$2$6$7}'",
        "DO $$ BEGIN x; END $$; $body$ text $body$",
        "bcrypt rounds=12, pbkdf2_sha256 unknown, scrypt:32768:8:1",
        "libmd5d41d8cd98f00b204e9800998ecf8427e.so, md5 d41d8cd98f00b204e9800998ecf8427e, img-md5d41d8cd98f00b204e9800998ecf8427e.png",
        "a *DEADBEEF pointer, x**0F9C1E2D3B4A5968778695A4B3C2D1E0F1A2B3C4, (aes256-cts-hmac-sha1-96) (kvno 3)",
        "content changed '{md5}62539c935676f8abac5af2a600c1b150'",
        "{SHA} scheme unsupported, {crypt} scheme",
        "SCRAM-SHA-256 authentication failed",
    ),
)
