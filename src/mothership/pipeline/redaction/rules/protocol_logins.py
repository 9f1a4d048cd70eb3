"""The rule for passwords on the wire: how protocols and the servers that log them write a login."""
# ruff: noqa: E501 - an expression reads best in one piece

import base64
import binascii
import re

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher, Rule
from mothership.pipeline.redaction.rules.validators import basic_credentials, readable
from mothership.pipeline.redaction.rules.vocabulary import is_placeholder, looks_like_secret

_MECHANISMS = frozenset(
    {"login", "plain", "xoauth2", "oauthbearer", "cram-md5", "digest-md5", "gssapi", "ntlm", "external"}
)
_FILE = re.compile(r"[\w./-]*/[\w./-]*|[\w-]+\.(?:[jt]sx?|py|go|rb|java|php)")


def _password(text: str) -> bool:
    return not is_placeholder(text) and not text.startswith(("<", "[")) and _FILE.fullmatch(text) is None


def _plain_login(text: str) -> bool:
    """Tell whether base64 holds what SASL PLAIN sends: who, a zero byte, the password."""
    try:
        return b"\0" in base64.b64decode(text + "=" * (-len(text) % 4), validate=True)[:256]
    except (ValueError, binascii.Error):
        return False


def _is_answer(text: str) -> bool:
    """Tell whether base64 holds text, as the answer to a question for a name or a password does."""
    return bool(len(text) % 4 == 0 and readable(text))


LOGIN = Rule(
    name="login",
    description="Passwords in what protocols send and servers log of it: Redis `AUTH`, IMAP `LOGIN`, FTP and POP3 `PASS`, "
    "SASL `PLAIN`, RADIUS `[user/password]`, honeypots, PPP, VPN management, the `auth` of a Docker registry.",
    source="RFC 959, 1939, 3501, 4616; Redis MONITOR; FreeRADIUS, Cowrie and OpenVPN logs; Docker's config.json",
    matchers=(
        Matcher(
            rf"{QUOTE}auth{QUOTE}\s(?:{QUOTE}[^\s\"\\]{{1,64}}{QUOTE}\s)?{QUOTE}(?P<secret>[^\"\\\r\n]{{1,256}})",
            lambda text: not is_placeholder(text, quoted=True) and text.lower() not in _MECHANISMS,
            ignore_case=True,
        ),
        Matcher(
            r"(?<![A-Za-z=])(?:AUTH|LOGIN\s[\w.@-]{1,64})\s(?P<secret>[^\s\"'\\=]{5,128})(?=\s{0,2}(?:$|[\r\n\"]|\\[rn]))",
            lambda text: looks_like_secret(text) and text.lower() not in _MECHANISMS,
        ),
        Matcher(
            rf"(?:LOGIN(?<=[0-9]\sLOGIN)|login(?<=[0-9]\slogin))\s(?:{QUOTE})?[^\s\"\\]{{1,128}}(?:{QUOTE})?\s(?:{QUOTE})?(?P<secret>(?<=[\"'])[^\"\\\r\n]{{1,256}}|[^\s\"\\{{(]{{3,256}}(?=\s{{0,4}}$))",
        ),
        Matcher(
            r"PASS(?:(?<=[<>:-]\sPASS)|(?<=quote\sPASS)|(?<=[0-9]\sPASS)|(?<=[<>:\"']PASS)|(?:(?<=[\r\n]PASS)|(?<=\\nPASS)|(?<=^PASS))(?=\s{1,2}[^\s\"\\]{3,128}\s{0,2}(?:$|[\r\n\"]|\\[rn])))\s{1,2}(?P<secret>[^\s\"\\]{3,256})",
            _password,
        ),
        Matcher(r"(?<![A-Za-z])LOGIN\s(?P<q>\\?\"?)[\w.@-]{1,64}(?P=q)\s\\?\"(?P<secret>[^\"\\\r\n]{2,256})\\?\""),
        # Both answers of `AUTH LOGIN` on one line
        Matcher(
            r"AUTH LOGIN\s[0-9A-Za-z+/]{4,128}={0,2}(?:\sthen|\s/|,|;|\s->)?\s{1,2}(?P<secret>[0-9A-Za-z+/]{4,256}={0,2})(?![0-9A-Za-z+/=])",
            _is_answer,
        ),
        # `REDISCLI_AUTH=…`, `NEO4J_AUTH=neo4j/…`, `neo4j auth: neo4j/…`
        Matcher(r"[A-Z0-9]_AUTH=\\{0,2}[\"']?(?:[\w.@-]{1,64}[/:])?(?P<secret>[^\s\"'\\;,]{4,256})", looks_like_secret),
        Matcher(
            r"\bauth[:=]\s?[\w.@-]{1,32}/(?P<secret>[^\s\"'\\;,/]{6,256})(?![\w/])", looks_like_secret, ignore_case=True
        ),
        # Chat: `OPER bob …`, `NickServ :IDENTIFY …`; FTP's client: `ftp> user bob …`
        Matcher(
            r"(?:NickServ|nickserv|NICKSERV)\s:?(?:IDENTIFY|identify|REGISTER|GHOST\s\S{1,32})\s(?:[\w-]{1,32}\s)?(?P<secret>[^\s\"']{4,128})",
            _password,
        ),
        Matcher(r"ftp>\s{1,2}user\s\S{1,64}\s(?P<secret>[^\s\"']{3,128})", _password),
        Matcher(r"USER\s[^\s\"\\]{1,128}\sPASS\s(?P<secret>[^\s\"\\]{3,256})", _password),
        Matcher(
            rf"(?:auth(?:enticate)?\s(?:plain|login)|plain(?:[ \t:\"'>]|\\t|\\[\"']){{1,4}}|plain[^\r\n]{{0,200}}?resp=)(?:{QUOTE})?(?P<secret>[0-9A-Za-z+/]{{8,1024}}={{0,2}})(?![0-9A-Za-z+/])",
            _plain_login,
            ignore_case=True,
        ),
        Matcher(
            # `host/…` is a machine's own name, as it logs in
            r"\[(?!host/)[^\s\]/\[]{1,128}/(?P<secret>[^\]<\s\[][^\]\r\n]{0,255})\]\s\(from\s",
        ),
        Matcher(
            rf"\*(?<=\s\*)\s{{1,8}}(?:{QUOTE})?(?P<secret>[^\s\"'\\*]{{4,128}})(?:{QUOTE})?\s{{1,8}}\*(?=\s{{0,4}}(?:$|[\r\n\"]|\\[rn]))",
            looks_like_secret,
        ),
        Matcher(
            r"login attempt \[b?(?:\\{0,2}['\"])?[^\]/'\"]{0,128}(?:\\{0,2}['\"])?/b?(?:\\{0,2}['\"])?(?P<secret>[^\]'\"\r\n\\]{1,256})",
        ),
        Matcher(
            rf"(?:getConnection|sp_addlogin|createConnection)\s?\(?\s?(?:{QUOTE}[^\"'\\\r\n]{{0,256}}{QUOTE},\s{{0,2}}){{1,2}}{QUOTE}(?P<secret>[^\"'\\\r\n]{{1,256}})",
            _password,
        ),
        Matcher(
            rf"(?:cleartext|user|chap)-password\s{{1,4}}(?::?=|\+=)\s{{0,4}}(?:{QUOTE})?(?P<secret>[^\s\"'\\,]{{1,256}})",
            _password,
            ignore_case=True,
        ),
        Matcher(
            rf":\s(?:PSK|EAP|XAUTH|NTLM)\s{{1,4}}(?:{QUOTE})?(?P<secret>(?<=[\"'])[^\"\\\r\n]{{1,256}}|0[xs][0-9A-Za-z+/=]{{8,512}})",
        ),
        Matcher(
            rf"password\s{QUOTE}(?:Auth|Private Key|HTTP Proxy|SOCKS Proxy){QUOTE}\s(?:{QUOTE})?(?P<secret>[^\s\"'\\]{{1,256}})",
            _password,
        ),
        Matcher(
            rf"(?<![A-Za-z])auth(?:{QUOTE})?\s?[:=]\s?(?:{QUOTE})?(?P<secret>[0-9A-Za-z+/]{{8,2048}}={{0,2}})(?![0-9A-Za-z+/=])",
            basic_credentials,
            ignore_case=True,
        ),
        Matcher(
            r"(?:PDO|mysqli|pg|ldap|oci|ftp|imap|ssh2)(?:->__construct|::__construct|_p?connect|_real_connect|_bind|_login|_open|_auth_password)?\('?[^'\r\n]{0,256}'?,\s'[^'\r\n]{0,128}',\s'(?P<secret>[^'\r\n]{1,256})'",
            _password,
        ),
    ),
    positives=(
        ('IMAP Error: Login failed for kim. LOGIN kim "molenwiek"', "molenwiek"),
        ('1764000000.1 [0 10.0.0.9:5001] "AUTH" "default" "hunter2"', "hunter2"),
        ('"auth" "hunter2"', "hunter2"),
        ('C: a001 LOGIN bob "hunter2"', "hunter2"),
        ("a1 LOGIN bob hunter2", "hunter2"),
        ("> AUTH hunter2", "hunter2"),
        ("REDISCLI_AUTH=bridge14_ redis-cli ping", "bridge14_"),
        ("NEO4J_AUTH=neo4j/granite0_", "granite0_"),
        ("PRIVMSG NickServ :IDENTIFY juventus24_", "juventus24_"),
        ("ftp> quote PASS qazwsx~2592", "qazwsx~2592"),
        ("---> PASS hunter2", "hunter2"),
        ("< USER bob\r\n< PASS hunter2\r\n", "hunter2"),
        ('FTP command: Client "10.0.0.9", "PASS hunter2"', "hunter2"),
        ('DriverManager.getConnection("jdbc:mysql://db/shop", "app", "hunter2")', "hunter2"),
        ("<auth mechanism='PLAIN'>AGJvYgBodW50ZXIy</auth>", "AGJvYgBodW50ZXIy"),
        ("AUTH PLAIN AGJvYgBodW50ZXIy", "AGJvYgBodW50ZXIy"),
        ("client in: AUTH\t1\tPLAIN\tservice=imap\tresp=AGJvYgBodW50ZXIy", "AGJvYgBodW50ZXIy"),
        ("Login incorrect: [bob/hunter2] (from client ap1 port 0)", "hunter2"),
        ("login attempt [b'root'/b'hunter2'] failed", "hunter2"),
        ("login attempt [root/hunter2] succeeded", "hunter2"),
        ('Cleartext-Password := "hunter2"', "hunter2"),
        ('10.0.0.1 203.0.113.9 : PSK "hunter2"', "hunter2"),
        ('CMD \'password "Auth" "hunter2"\'', "hunter2"),
        ("bob * hunter2 *", "hunter2"),
        ('{"auths":{"r.example.com":{"auth":"Y2k6aHVudGVyMg=="}}}', "Y2k6aHVudGVyMg=="),
        ("#0 /srv/db.php(12): PDO->__construct('mysql:host=db', 'app', 'hunter2')", "hunter2"),
    ),
    negatives=(
        'NOAUTH Authentication required. "AUTH" "LOGIN" failed',
        "PASS src/login.test.js, --- PASS: TestLogin (0.01s), > PASS test/a.js",
        "Login OK: [host/pc-0441.corp.example] (from client sw2 port 7)",
        "[bob/<via Auth-Type = eap>] (from client ap1), [bob] (from client ap1)",
        "AUTH CRAM-MD5",
        "AUTH LOGIN failed, AUTH PLAIN required, method=PLAIN, rip=10.0.0.1",
        "auth=pam_unix auth: enabled, auth: 12345678",
        "login attempt from 10.0.0.9, a LOGIN page",
        "0 * 12ab *  and 5 4 * * * root",
        "keys: PSK, EAP, User-Password attribute missing",
    ),
)
