"""The rule for a user and a password that settings, log-ons and tables put side by side, without a word for a secret."""
# ruff: noqa: E501 - an expression reads best in one piece

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.here_documents import BELOW, BELOW_NEGATIVES, BELOW_POSITIVES
from mothership.pipeline.redaction.rules.login_attempts import (
    LOGIN_ATTEMPTS,
    LOGIN_ATTEMPTS_NEGATIVES,
    LOGIN_ATTEMPTS_POSITIVES,
)
from mothership.pipeline.redaction.rules.rule import QUOTE, REACH, CodeMatcher, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.told_passwords import (
    TOLD_PASSWORDS,
    TOLD_PASSWORDS_NEGATIVES,
    TOLD_PASSWORDS_POSITIVES,
)
from mothership.pipeline.redaction.rules.vocabulary import is_no_word, is_written_out, looks_like_secret, says_words

_USER = r"[\w.@$*-]{1,64}"
_VALUE = r"(?P<secret>(?<=[\"'])[^\"'\r\n\\]{2,256}|[^\s\"'\\,;]{2,256})"
_MECHANISMS = frozenset(
    [
        "plain",
        "login",
        "none",
        "basic",
        "digest",
        "ntlm",
        "oauth",
        "oauth2",
        "ldap",
        "kerberos",
        "md5",
        "cram-md5",
        "scram",
        "on",
        "off",
        "yes",
        "no",
        "true",
        "false",
    ]
)
_PAIRS_MAX = 200
_USERS = re.compile(
    r"(?P<strict>(?:registered|basic_?auth|auth|http|htpasswd|digest|static|builtin|local|dashboard|proxy)_?users|user_?passwords|users_?and_?passwords|user_?credentials)\\{0,3}[\"']?\s{0,4}(?:[:=]|=>)?\s{0,8}\{"
    r"|(?P<loose>(?<![a-z])(?:users|accounts|logins|userlist|passwords))\\{0,3}[\"']?\s{0,4}(?:[:=]|=>)\s{0,8}\{",
    re.IGNORECASE,
)
_PAIR = re.compile(
    rf"(?:\s|\\n|,){{0,40}}{QUOTE}(?P<name>[\w.@$ -]{{1,64}}){QUOTE}\s{{0,4}}(?:[:=]|=>)\s{{0,4}}{QUOTE}(?P<secret>[^\"'\\\r\n]{{1,256}}){QUOTE}"
)


def _is_password(text: str) -> bool:
    return (
        text.lower() not in _MECHANISMS
        and is_no_word(text)
        and is_written_out(text)
        and not says_words(text)
        and any(map(str.isalnum, text))
    )


def _is_password_with_sign(text: str) -> bool:
    """Tell a password behind a name that may hold other pairs, such as a host and a port: it can be no word."""
    return (
        _is_password(text)
        and (looks_like_secret(text) or "+" in text)
        and re.fullmatch(r"[0-9.]+|[a-z]+[0-9]*", text) is None
    )


def _users(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find the passwords of an object that has a member for each user."""
    last = min(len(text), end + REACH)
    for head in _USERS.finditer(text, start, last):
        if head.start() >= end:
            return
        yield None  # counts as a candidate
        valid = _is_password if head["strict"] else looks_like_secret
        at = head.end()
        for _ in range(_PAIRS_MAX):
            pair = _PAIR.match(text, at, last)
            if pair is None:
                break
            yield pair.span("secret") if valid(pair["secret"]) else None
            at = pair.end()


USER_AND_PASSWORD = Rule(
    name="user_and_password",
    description="A user and a password side by side where no word says so: `stats auth u:p`, `NEO4J_AUTH=u/p`, "
    "`wsrep_sst_auth=u:p`, `LOGON U/P`, an object of users and their passwords, chap-secrets, what `chpasswd` is told, "
    "and here-documents for a command that takes a password.",
    source="manuals of HAProxy, Neo4j, Galera, curl, Bitcoin Core, Squid, Orthanc, TSO/E, CICS, Tandem, pppd and cloud-init",
    matchers=(
        # `root / Kartoshka-5`, `Administrator / …`; a file of secrets, line by line; coturn's `user=jitsi:…`
        Matcher(
            r"(?<![\w/.-])(?:root|[Aa]dmin(?:istrator)?|superuser|sysadmin|beheer|sa|postgres)\s/\s(?P<secret>[^\s\"',;/]{6,64})",
            _is_password_with_sign,
        ),
        # Oracle asks for the old one, too; what Mosquitto logs of a connection, and Squid of somebody it denies
        Matcher(
            rf"IDENTIFIED\sBY\s[^\r\n;]{{1,128}}?\sREPLACE\s\\?{QUOTE}?(?P<secret>[^\s\"'\\;]{{2,128}})",
            is_written_out,
            ignore_case=True,
        ),
        Matcher(r"\bu'[^'\r\n]{0,64}',\sp(?:w|ass)?'(?P<secret>[^'\r\n]{2,256})'", is_written_out),
        Matcher(
            rf"(?<![A-Za-z])user\s{QUOTE}?[A-Za-z][\w.-]{{1,40}}:(?P<secret>[^\s\"'\\,;:/&]{{5,128}})(?=[\"']?\s(?:from|at|on|denied|rejected|failed|authenticated|is))",
            _is_password_with_sign,
        ),
        Matcher(rf"secrets?\sline\s{QUOTE}?{_USER}:(?P<secret>[^\s\"'\\]{{3,128}})", _is_password, ignore_case=True),
        Matcher(
            rf"(?<![A-Za-z])user={_USER}:(?P<secret>[^\s\"'\\,;&/]{{4,128}})(?=[\s\"',;]|$)", _is_password_with_sign
        ),
        Matcher(
            r"\buser\spassword\s[\w.@-]{2,32}\s(?P<secret>[^\s\"'\\,;]{6,128})(?=\s{0,2}(?:$|[\r\n\"]))",
            _is_password_with_sign,
        ),
        Matcher(rf"(?:stats|auth|userpass|proxy)\s{{1,4}}auth\s{{1,4}}(?:{QUOTE})?{_USER}:{_VALUE}", _is_password),
        Matcher(
            rf"NEO4J_AUTH(?:_NATIVE)?{QUOTE}?\s{{0,2}}[=:]\s{{0,2}}(?:{QUOTE})?[\w.@-]{{1,64}}[/:]{_VALUE}",
            _is_password,
        ),
        Matcher(
            rf"(?:sst_?auth|(?:proxy|http|https|basic|webdav|mqtt|smtp|imap|ftp|es|elastic\w{{0,6}}|kibana|registry|rabbitmq|nexus|web|admin)[-_.]?(?:auth|login|creds|credentials|user(?:pass(?:word)?|pwd|pw)?)"
            rf"|user[-_]?(?:pass(?:word)?|pwd|pw)|USERPWD|rpcauth|authinfo|user[-_]?and[-_]?pass(?:word)?|login)\\{{0,3}}[\"']?\s{{0,4}}(?:=>|[=:,])\s{{0,4}}\[?(?:{QUOTE})?[\w.@$-]{{1,64}}:(?!//)(?P<secret>[^\s\"'\\,;:]{{3,256}})(?![\w:])",
            _is_password_with_sign,
            ignore_case=True,
        ),
        CodeMatcher(_users, (_USERS,)),
        # TSO: `LOGON USER/PASSWORD ACCT(…)`; Tandem: `LOGON GROUP.USER,PASSWORD`; CICS: `CESN USERID=…,PS=…`; IMS: `/SIGN`
        Matcher(
            r"\bLOGON\s{1,2}[A-Z@#$][A-Z0-9@#$]{0,7}/(?P<secret>[A-Z0-9@#$]{3,8}(?:/[A-Z0-9@#$]{3,8})?)(?=\s{1,3}(?:ACCT|PROC|SIZE|GROUP|NEWPASS|PERFORM|RECONNECT|NOMAIL|NONOTICE|OIDCARD|COMMAND|SECLABEL)|[\"')]?\s{0,4}(?:$|[\r\n]))"
        ),
        Matcher(
            r"\b[Ll][Oo][Gg][Oo][Nn]\s{1,2}[A-Za-z][\w-]{0,7}\.[A-Za-z][\w-]{0,7},\s?(?P<secret>[^\s,\"';]{3,64})",
            looks_like_secret,
        ),
        Matcher(r"\b(?:CES[NL]|SIGNON)\s[^\r\n]{0,60}?\bPS=(?P<secret>[A-Za-z0-9@#$]{3,100})"),
        Matcher(r"/SIGN\s(?:ON\s)?[A-Z@#$][A-Z0-9@#$]{0,7}\s(?P<secret>[A-Z0-9@#$]{3,8})(?=\s{0,4}(?:$|[\r\n\"]))"),
        *BELOW,
        *LOGIN_ATTEMPTS,
        *TOLD_PASSWORDS,
    ),
    positives=(
        *BELOW_POSITIVES,
        *LOGIN_ATTEMPTS_POSITIVES,
        *TOLD_PASSWORDS_POSITIVES,
        ("  stats auth ops:moon&tide", "moon&tide"),
        ("squid: user kim:Moon4tide from 10.1.1.1 denied", "Moon4tide"),
        ('USER hr IDENTIFIED BY "moon&tide" REPLACE "tide&moon"', "tide&moon"),
        ("New client connected as sensor-4 (p2, c1, k60, u'iot', pw'moontide')", "moontide"),
        ("NEO4J_AUTH: neo4j/apples-and-pears", "apples-and-pears"),
        ("wsrep_sst_auth = repl:Sync+Harbor", "Sync+Harbor"),
        ('curl_setopt($c, CURLOPT_USERPWD, "bob:Quiet.Lake9")', "Quiet.Lake9"),
        ("cache_peer up.example.org parent 3128 0 login=edge:T1dalPool", "T1dalPool"),
        (
            "rpcauth=ops:7d9ba5ae63c3d4dc30583ff4fe65a67e$9e3634e81c11659e3de036d0bf88f89cd169c1039e6e09607562d54765c649cc",
            "7d9ba5ae63c3d4dc",
        ),
        ('"RegisteredUsers": {"ward3": "Curie-1903", "icu": "meadow"}', "meadow"),
        ('Orthanc RegisteredUsers {"ward7": "stethoskop"}', "stethoskop"),
        ('auth_users = {"kim": "willow"}', "willow"),
        ("users: {'ops': 'Fjord#2291'}", "Fjord#2291"),
        ("LOGON IBMUSER/SYS1PW PROC(DBSPROC)", "SYS1PW"),
        ("logon ops.duty,harvest9x", "harvest9x"),
        ("CESN USERID=OPER1,PS=TULIP77", "TULIP77"),
        ("/SIGN ON HARRY APPLE22", "APPLE22"),
    ),
    negatives=(
        *BELOW_NEGATIVES,
        *LOGIN_ATTEMPTS_NEGATIVES,
        *TOLD_PASSWORDS_NEGATIVES,
        "user kim:staff from 10.0.0.1, user app:3306 at db, user kim:x86_64 is, user mailto:kim is, user uid:1000 failed",
        "stats auth required, stats auth realm: monitor, option http-auth on, proxy_auth: basic:realm, user:password format",
        'users: {"kim": "admin", "lee": "viewer"}, "accounts": {"eu": "active"}, registered users: {count: 3}',
        "LOGON CORP/ALICE failed, Logon type 3, last logon 2025-03-01, logon server dc1.corp,tcp, logon CORP.KIM,interactive",
        "http_login: user:missing, login=12:04:11, es_user: kibana:5601, admin_login: web01:8443, login: 10.0.0.1:50122",
        "NEO4J_AUTH=none, NEO4J_AUTH=neo4j/$PASSWORD, /SIGN OFF, CESN signon complete",
    ),
)
