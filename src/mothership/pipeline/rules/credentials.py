"""Rules for credentials that are known by where they stand."""
# ruff: noqa: E501, ISC004, PLR2004 - an expression reads best in one piece

import re
from collections.abc import Iterator

from mothership.pipeline.rules.rule import Rule, Span, either, matcher
from mothership.pipeline.rules.validators import basic_credentials, jwt

_QUOTE = r"\\*[\"']"

URL = Rule(
    name="url_credentials",
    description="User and password in a URL (`scheme://user:password@host`), database URLs and JDBC included.",
    source="RFC 3986, 3.2.1",
    gates=(r"://[^\s/\"<>@]*:[^\s\"<>]*@", r"://[0-9A-Za-z_-]+@", r"(?i)jdbc:oracle:[a-z0-9]{3,6}:[^\s/]"),
    find=either(
        matcher(
            r"://(?P<secret>[^\s/?#\"'<>@:]{0,256}:(?![0-9]{1,5}(?:[/?#\s]|$))"
            r"(?:[^\s/\"<>]{1,1024}|[^\s\"<>@]{1,1024}))@(?=[\w\[.-])",
            before=("://",),
        ),
        matcher(r"://(?P<secret>[0-9A-Za-z_-]{20,256})@(?=[\w.-])", before=("://",)),
        matcher(
            r"jdbc:oracle:[a-z0-9]{3,6}:(?P<secret>[^\s/@\"']{1,64}/[^\s@\"']{1,128})@",
            ignore_case=True,
            before=("jdbc:oracle:",),
        ),
    ),
    positives=(
        ("git clone https://bob:hunter2@git.example.com/x.git", "bob:hunter2"),
        ("dsn postgresql://app:p%40ss@db.example:5432/app", "app:p%40ss"),
        ("redis://:s3cr3t@10.0.0.5:6379/0", ":s3cr3t"),
        ("amqp://u:p@ss#w@mq/vhost", "u:p@ss#w"),
        ("jdbc:oracle:thin:scott/tiger@//db:1521/xe", "scott/tiger"),
    ),
    negatives=(
        "GET http://example.com:8080/path?mail=a@b",
        "ssh://git@example.com:22/x.git",
        "https://example.com/a:b@c",
        "tcp://10.0.0.1:5070, tcp://10.0.0.2:5070",
    ),
)

# --- Authorization -----------------------------------------------------------------------------------------------

_HEADER = rf"authorization(?:{_QUOTE})?\s{{0,4}}(?:=>|[:=,])\s{{0,4}}(?:\[\s?)?(?:{_QUOTE})?"


def _has_digit(text: str) -> bool:
    return any("0" <= char <= "9" for char in text)


AUTHORIZATION = Rule(
    name="authorization",
    description="Credentials of an `Authorization` header, and `Bearer …` and `Basic …` wherever they stand.",
    source="RFC 9110, 11.6.2; RFC 6750; RFC 7617",
    gates=(
        r"(?i)authorization(?:\\*'|\\+\")?\s?[:=,>]{1,2}",
        r"(?i)bearer\s+[0-9a-z._~+/-]{6}",
        r"(?i)basic\s+[0-9a-z+/]{6}",
    ),
    find=either(
        matcher(
            _HEADER + r"(?:basic|bearer|token|apikey|negotiate|ntlm|jwt|dpop|sharedkey(?:lite)?|ssws|key)\s{1,4}"
            r"(?P<secret>[^\s\"'\\,;<>]{1,16384})",
            ignore_case=True,
            before=("authorization",),
        ),
        matcher(
            _HEADER + r"(?:digest|hawk|oauth|aws4-hmac-sha256|signature)\s{1,4}"
            r"(?P<secret>(?:[\w-]{1,64}=(?:\\*\"[^\"\r\n]{0,1024}\"|[^\s,\"]{0,1024}),?[ ]?){1,40})",
            ignore_case=True,
            before=("authorization",),
        ),
        matcher(
            _HEADER + r"(?P<secret>[0-9A-Za-z+/_.~=-]{8,16384})",
            _has_digit,
            ignore_case=True,
            before=("authorization",),
        ),
        matcher(
            r"(?<![A-Za-z])bearer\s{1,4}(?P<secret>[0-9A-Za-z._~+/-]{12,16384}={0,2})",
            _has_digit,
            ignore_case=True,
            before=("bearer",),
        ),
        matcher(
            r"(?<![A-Za-z])basic\s{1,4}(?P<secret>[0-9A-Za-z+/]{6,2048}={0,2})",
            basic_credentials,
            ignore_case=True,
            before=("basic",),
        ),
    ),
    positives=(
        ("Authorization: Bearer abc123", "abc123"),
        ("> authorization: Basic dXNlcjpwYXNz\r\n> host: x", "dXNlcjpwYXNz"),
        ('{"Authorization":"Token 9944b09199c62bcf9418"}', "9944b09199c62bcf9418"),
        ('Authorization: Digest username="bob", realm="x", response="6629fae49393a05397450978507c4ef1"', "6629fae4"),
        ("sent with bearer 6f1ed002ab5595859014ebf0951522d9", "6f1ed002ab5595859014ebf0951522d9"),
        ("auth Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ),
    negatives=(
        "authorization: granted for bob",
        "Authorization failed, bearer of the certificate unknown",
        "Basic authentication required, basic functionality only",
        "authorization=none",
    ),
)

JWT = Rule(
    name="jwt",
    description="JSON Web Tokens, signed, unsigned and encrypted: the first part must decode to a JOSE header.",
    source="RFC 7519, 7515, 7516",
    gates=(r"eyJ[0-9A-Za-z_-]{5}",),
    find=matcher(r"(?<![A-Za-z0-9])eyJ[0-9A-Za-z_-]{5,16384}(?:\.[0-9A-Za-z_-]{0,16384}){1,4}", jwt, before=("eyJ",)),
    positives=(
        (
            "jwt eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "eyJzdWIiOiIxMjM0NTY3ODkwIn0",
        ),
        ("x=eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ. end", "eyJzdWIiOiJib2IifQ"),
    ),
    negatives=("eyJub3RhIjoiand0In0 alone", "eyJxxxxxxx.not.one"),
)

# --- private keys ------------------------------------------------------------------------------------------------

_GAP = r"(?:[ +_]|%20)"
_BEGIN = re.compile(
    rf"-{{2,5}}{_GAP}?BEGIN{_GAP}(?:[A-Z0-9]{{1,12}}{_GAP}){{0,4}}(?:PRIVATE|SECRET){_GAP}KEY(?:{_GAP}BLOCK)?{_GAP}?-{{2,5}}"
)
_END = re.compile(rf"-{{2,5}}{_GAP}?END{_GAP}[^-\r\n]{{1,60}}-{{2,5}}")
_BODY = re.compile(r"(?:\\+[nrt]|[\s|>\"',+]|%0[AaDd])*(?:[0-9A-Za-z+/=]{16}|Proc-Type|Version|Comment|Charset)")
_PUTTY = re.compile(r"Private-Lines: [0-9]{1,3}(?:\\+[nr]|\s)+(?:[0-9A-Za-z+/=]{4,80}(?:\\+[nr]|\s)*){1,200}")


def _private_keys(text: str, start: int, end: int) -> Iterator[Span | None]:
    at = text.find("BEGIN", start, end + 8)
    while at >= 0:
        begin = _BEGIN.match(text, _dashes_before(text, at))
        if begin is None:
            yield None
            at = text.find("BEGIN", at + 5, end + 8)
            continue
        stop = _END.search(text, begin.end(), begin.end() + 65_536)
        if stop is None and not _BODY.match(text, begin.end()):
            yield None  # the words alone, without a key behind them
            at = text.find("BEGIN", begin.end(), end + 8)
            continue
        # A block without its end was cut off: everything behind it may be key.
        last = stop.end() if stop else len(text)
        yield begin.start(), last
        at = text.find("BEGIN", last, end + 8)


def _dashes_before(text: str, at: int) -> int:
    first = at
    while first > 0 and at - first < 8 and text[first - 1] in "-_+ ":
        first -= 1
    return at - len(text[first:at].lstrip("_+ "))


PRIVATE_KEY = Rule(
    name="private_key",
    description="Private key blocks (PEM, OpenSSH, PGP, SSH2, PuTTY), across line breaks, real or written `\\n`; a "
    "block that was cut off goes to the end of the string.",
    source="RFC 7468, 4716, 9580; PuTTY PPK; age",
    gates=(r"BEGIN[ +_%][0-9A-Z +_%]*(?:PRIVATE|SECRET)", r"Private-Lines: ", r"AGE-SECRET-KEY-1"),
    find=either(
        _private_keys,
        matcher(_PUTTY.pattern, before=("Private-Lines: ",)),
        matcher(r"AGE-SECRET-KEY-1[0-9A-Z]{10,80}", before=("AGE-SECRET-KEY-1",)),
    ),
    positives=(
        (
            "key:\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx\nabc/def+12==\n-----END RSA PRIVATE KEY-----\nok",
            "MIIEowIBAAKCAQEAx\nabc/def+12==",
        ),
        (
            '{"k":"-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkq\\n-----END PRIVATE KEY-----\\n"}',
            "MIIEvQIBADANBgkq",
        ),
        ("cut -----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjE", "b3BlbnNzaC1rZXktdjE"),
    ),
    negatives=(
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIE\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG\n-----END PUBLIC KEY-----",
        "expected -----BEGIN RSA PRIVATE KEY----- in file",
        "BEGIN TRANSACTION",
    ),
)

# --- connection strings ------------------------------------------------------------------------------------------

CONNECTION_STRING = Rule(
    name="connection_string",
    description="Keys in connection strings and signed URLs: `AccountKey=`, `SharedAccessKey=`, `sig=`, "
    "`X-Amz-Signature=`, Slack and Teams webhook paths.",
    source="Azure Storage, Service Bus and SAS; AWS Signature V4; Sentry",
    gates=(
        r"(?i)(?:account|access|primary|secondary)key\s?=\s?[0-9a-z+/%_-]{6}",
        r"(?i)[^0-9a-z](?:sig|signature|sharedaccesssignature)=[0-9a-z%+/_-]{6}",
        r"webhook\.office\.com|/webhookb2/|discord(?:app)?\.com/api/webhooks/",
    ),
    find=either(
        matcher(
            r"(?:account|access|primary|secondary)key\s?=\s?(?P<secret>[0-9A-Za-z+/%_-]{16,1024}={0,3})",
            ignore_case=True,
            before=("accountkey", "accesskey", "primarykey", "secondarykey"),
        ),
        matcher(
            r"(?<![0-9A-Za-z])(?:sig|signature|sharedaccesssignature)=(?P<secret>[0-9A-Za-z%+/_-]{16,1024}={0,3})",
            ignore_case=True,
            before=("sig", "sharedaccesssignature"),
        ),
        matcher(
            r"(?:webhook\.office\.com|/webhookb2/|discord(?:app)?\.com/api/webhooks/)(?P<secret>[0-9A-Za-z@/_-]{20,512})",
            before=("webhook.office.com", "/webhookb2/", "discord"),
        ),
    ),
    positives=(
        (
            "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==;",
            "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==",
        ),
        ("https://x.blob.example/c?sv=2022&sig=aBcDeF0123456789aBcD%3D", "aBcDeF0123456789aBcD%3D"),
    ),
    negatives=("AccountKey=missing", "config=1&design=aaaaaaaaaaaaaaaaaaaa"),
)

_NO_COMMUNITY_WORDS = """
string name strings is not and or the a none null list mismatch invalid unknown unset missing wrong from for with access
failure failed error configured required denied rejected expired changed removed added to in on of by set
"""
# --- SNMP and other devices --------------------------------------------------------------------------------------


_NO_COMMUNITY = frozenset(_NO_COMMUNITY_WORDS.split())


def _community(text: str) -> bool:
    if text.lower().rstrip(".,:;") in _NO_COMMUNITY:
        return False
    return not re.fullmatch(r"[0-9]+(?::[0-9]+)*", text) and not set(text) <= set("*xX")


def _mixed_community(text: str) -> bool:
    return _has_digit(text) and any(char.isalpha() for char in text) and _community(text)


SNMP_COMMUNITY = Rule(
    name="snmp_community",
    description="SNMP community strings in text: device configuration, command lines, `community=…`.",
    source="RFC 1157; Cisco IOS `snmp-server community`; Net-SNMP configuration and commands",
    gates=(
        r"(?i)community(?:\\*'|\\+\")?\s?(?:string|name)?(?:\\*'|\\+\")?\s?[:= ]",
        r"(?i)com2sec6?\s|createuser\s",
        r"(?i)snmp[a-z-]{2,10}\s",
    ),
    find=either(
        matcher(
            r"(?:snmp-server\s{1,4}community|snmp\s{1,4}community|r[ow]community6?)\s{1,4}(?:[0-9]\s{1,4})?"
            r"[\"']?(?P<secret>[^\s\"',;]{1,128})",
            _community,
            ignore_case=True,
            before=("snmp-server", "snmp ", "rocommunity", "rwcommunity"),
        ),
        matcher(
            r"snmp[^\r\n]{0,60}?\scommunity\s{1,2}[\"']?(?P<secret>[^\s\"',;]{1,128})",
            _community,
            ignore_case=True,
            before=("snmp",),
        ),
        matcher(
            r"createUser\s{1,4}(?:-e\s\S{1,64}\s)?\S{1,64}\s{1,4}(?:MD5|SHA[0-9-]{0,4})\s{1,4}(?P<secret>[^\r\n]{1,256})",
            before=("createUser",),
        ),
        matcher(
            r"snmp-server\s{1,4}user\s[^\r\n]{1,128}?\sauth\s{1,4}(?:md5|sha)\S{0,4}\s{1,4}(?P<secret>[^\r\n]{1,256})",
            ignore_case=True,
            before=("snmp-server",),
        ),
        matcher(
            r"community\s?:\s?(?P<secret>[^\s\"'\\,;&)\]}]{3,128})",
            _mixed_community,
            ignore_case=True,
            before=("community",),
        ),
        matcher(
            r"com2sec6?\s{1,4}(?:-Cn\s{1,4}\S{1,64}\s{1,4})?\S{1,64}\s{1,4}\S{1,64}\s{1,4}(?P<secret>[^\s\"']{1,128})",
            _community,
            ignore_case=True,
            before=("com2sec",),
        ),
        matcher(
            r"snmp(?:get|getnext|bulkget|walk|bulkwalk|set|table|trap|inform|status|df|delta|netstat|test)\s[^\r\n]{0,200}?"
            r"-c\s{0,2}[\"']?(?P<secret>[^\s\"']{1,128})",
            _community,
            before=("snmp",),
        ),
        matcher(
            rf"community(?:[ _-]?(?:string|name))?(?:{_QUOTE})?\s?=\s?(?:{_QUOTE})?(?P<secret>[^\s\"'\\,;&)\]}}]{{1,128}})",
            _community,
            ignore_case=True,
            before=("community",),
        ),
        matcher(
            rf"community(?:[ _-]?(?:string|name)(?:{_QUOTE})?\s?:\s?(?:{_QUOTE})?|{_QUOTE}\s?:\s?{_QUOTE}|\s?:\s?{_QUOTE}"
            rf"|[ _-](?:string|name)\s{_QUOTE})(?P<secret>[^\s\"'\\,;&)\]}}]{{1,128}})",
            _community,
            ignore_case=True,
            before=("community",),
        ),
    ),
    positives=(
        ("snmp-server community s3cretRO RO 10", "s3cretRO"),
        ("snmpwalk -v2c -c pr1vate 10.0.0.1 1.3.6.1", "pr1vate"),
        ("bad community=n0c-ro from 10.0.0.9", "n0c-ro"),
        ('{"community":"n0c-ro","version":"2c"}', "n0c-ro"),
        ("rocommunity n0c-ro 10.0.0.0/8", "n0c-ro"),
        ("com2sec local 10.0.0.0/8 n0c-ro", "n0c-ro"),
        ('createUser bob SHA "authpass1" AES "privpass1"', "privpass1"),
        ("snmp-server user bob grp v3 auth sha authpass1 priv aes 128 privpass1", "authpass1"),
        ("unknown community string: n0c-ro", "n0c-ro"),
        ("SNMPv2c trap with community n0c-ro from 10.0.0.9", "n0c-ro"),
    ),
    negatives=(
        "the open source community: join us",
        "bgp community 65000:100 set",
        "SNMP community mismatch from 10.0.0.9",
        "snmp: community string not configured",
        "set community=65000:100",
        "snmpd[812]: Connection from UDP",
    ),
)

DEVICE_PASSWORD = Rule(
    name="device_password",
    description="Passwords in the configuration of network devices and in SQL (`enable secret 5 …`, "
    "`IDENTIFIED BY '…'`), and on command lines (`--password …`, `-u user:password`).",
    source="Cisco IOS password types; SQL CREATE USER; curl, mysql, sshpass",
    gates=(
        r"(?i)(?:password|secret|key)\s+[04-9]\s+[^\s]",
        r"(?i)(?:enable|username\s+[^\s\"]+)\s+(?:privilege\s[0-9]+\s)?(?:password|secret)\s",
        r"(?i)(?:identified\s[^\"]*by|password)\s+(?:'|\\\")",
        r"(?i)-(?:password|passwd|passphrase|secret|token|api-?key|access-key|secret-key)\s",
        r"(?i)(?:\s-u|--user|--proxy-user)[ =][\\'\"]*[^\s:\"']+:[^\s]",
        r"(?:sshpass|mysql|mysqldump|mysqladmin)\s",
    ),
    find=either(
        matcher(
            r"(?:password|secret|key)\s{1,4}(?:7\s{1,4}(?P<secret>[0-9A-Fa-f]{4,256})(?![0-9A-Za-z]))",
            ignore_case=True,
            before=("password", "secret", "key"),
        ),
        matcher(
            r"(?:password|secret|key)\s{1,4}[45689]\s{1,4}(?P<secret>[\w$./+=]{16,256})",
            ignore_case=True,
            before=("password", "secret", "key"),
        ),
        matcher(
            r"(?:enable|username\s{1,4}\S{1,64})\s{1,4}(?:privilege\s[0-9]{1,2}\s)?(?:password|secret)\s{1,4}"
            r"(?:level\s[0-9]{1,2}\s)?(?:[0-9]\s{1,4})?(?P<secret>[^\s\"',;]{4,256})",
            _has_digit,
            ignore_case=True,
            before=("enable", "username"),
        ),
        matcher(
            r"(?:identified\s{1,4}(?:with\s{1,4}[\w']{1,40}\s{1,4})?by|password)\s{1,4}(?P<q>[\"'])(?P<secret>[^\"'\r\n]{1,256})(?P=q)",
            ignore_case=True,
            before=("identified", "password"),
        ),
        matcher(
            r"--[a-z-]{0,20}(?:password|passwd|passphrase|secret|token|api-?key|access-key|secret-key)\s{1,4}"
            r"(?![-|<\[(])[\"']?(?P<secret>[^\s\"'`]{2,512})",
            ignore_case=True,
            before=("--",),
        ),
        matcher(
            r"(?:\s-u|--user|--proxy-user)[ =][\"']?(?P<secret>[^\s:\"'/@]{1,64}:(?![0-9]{1,5}(?:[\s\"']|$))[^\s\"']{1,256})",
            before=(" -u", "--user", "--proxy-user"),
        ),
        matcher(r"sshpass\s{1,4}-p\s{0,2}[\"']?(?P<secret>[^\s\"']{1,256})", before=("sshpass",)),
        matcher(
            r"mysql(?:dump|admin)?\s(?:-[^p\s][^\s]{0,64}\s{1,2}|[^\s-][^\s]{0,64}\s{1,2}){0,8}-p(?P<secret>[^\s\"']{3,256})",
            before=("mysql",),
        ),
    ),
    positives=(
        ("enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0", "$1$mERr$hx5rVt7rPNoS4wqbXKX7m0"),
        ("username admin password 7 0822455D0A16", "0822455D0A16"),
        ("CREATE USER bob IDENTIFIED BY 'hunter2'", "hunter2"),
        ("exec tool --db-password hunter2 --verbose", "hunter2"),
        ("curl -u bob:hunter2 http://x", "bob:hunter2"),
        ("mysql -u root -phunter2 db", "hunter2"),
    ),
    negatives=(
        "Failed password for root from 10.0.0.1 port 22 ssh2",
        "message repeated 5 times: [ Failed password for root ]",
        "password 5 times wrong",
        "usage: tool --token <token> --password [prompt]",
        "docker run -u 1000:1000 image",
        "mysql -u root -p db",
    ),
)

# --- sessions ----------------------------------------------------------------------------------------------------

_COOKIE_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}"
_COOKIE_VALUE = r"[^\s;,\"'\\]{0,4096}"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _opaque(text: str) -> bool:
    letters = any(char.isalpha() for char in text)
    return letters and _has_digit(text) and not _UUID.fullmatch(text)


SESSION_COOKIE = Rule(
    name="session_cookie",
    description="`Cookie` and `Set-Cookie` headers, and the session cookies of the usual frameworks by name.",
    source="RFC 6265; default cookie names of Java, PHP, ASP.NET, Express, Laravel, Django, Rails, WordPress, Play",
    gates=(
        r"(?i)cookie(?:\\*'|\\+\")?\s?(?:=>|[:=])\s?[\[\\'\"]*[^\s\"=]+=",
        r"(?i)(?:sess(?:ion)?[_-]?id|sessid[a-z0-9]*|session|connect\.sid|csrftoken|xsrf-token|sid|sess[0-9a-f]+"
        r"|__(?:host|secure)-[0-9a-z_.-]+|logged_in_[0-9a-f]+|play_session|remember_me|remember_token)"
        r"[\\'\"]*=[\\'\"]*[0-9a-z%._~+/:!|-]{6}",
    ),
    find=either(
        matcher(
            rf"(?<!set-)(?<!set_)cookie2?(?:{_QUOTE})?\s?(?:=>|[:=])\s?(?:\[\s?)?(?:{_QUOTE})?"
            rf"(?P<secret>{_COOKIE_NAME}={_COOKIE_VALUE}(?:;\s?{_COOKIE_NAME}={_COOKIE_VALUE}){{0,100}})",
            ignore_case=True,
            before=("cookie",),
        ),
        matcher(
            rf"set[-_]cookie(?:{_QUOTE})?\s?(?:=>|[:=])\s?(?:\[\s?)?(?:{_QUOTE})?{_COOKIE_NAME}=(?P<secret>[^\s;,\"'\\]{{1,4096}})",
            ignore_case=True,
            before=("set-cookie", "set_cookie"),
        ),
        matcher(
            r"(?<![0-9A-Za-z])(?:JSESSIONID(?:SSO)?|PHPSESSID|ASPSESSIONID[A-Z]{8}|ASP\.NET_SessionId|\.ASPXAUTH|connect\.sid"
            r"|laravel_session|csrftoken|XSRF-TOKEN|PLAY_SESSION|SSESS[0-9a-f]{20,40}|remember_me|remember_token"
            r"|wordpress_logged_in_[0-9a-f]{1,40}|__(?:Host|Secure)-[0-9A-Za-z_.-]{1,40}|_[a-z]{2,32}_session)"
            rf"(?:{_QUOTE})?[=:](?:{_QUOTE})?(?P<secret>[0-9A-Za-z%._~+/:!|=-]{{6,4096}})",
            ignore_case=True,
        ),
        matcher(
            r"(?<![0-9A-Za-z])(?:sess(?:ion)?[_-]?id|session|sid)(?P<q>[\"']?)=[\"']?(?P<secret>[0-9A-Za-z%._~+/!|-]{16,4096})",
            _opaque,
            ignore_case=True,
            before=("sess", "sid"),
        ),
    ),
    positives=(
        ("Cookie: theme=dark; sessionid=38afes7a8; x=1", "sessionid=38afes7a8"),
        ("Set-Cookie: SID=31d4d96e407aad42; Path=/; HttpOnly", "31d4d96e407aad42"),
        ("GET /a;jsessionid=0A1B2C3D4E5F60718293A4B5C6D7E8F9?x=1", "0A1B2C3D4E5F60718293A4B5C6D7E8F9"),
        ("PHPSESSID=r2t5uvjq435r4q7ib3vtdjq120", "r2t5uvjq435r4q7ib3vtdjq120"),
    ),
    negatives=(
        "session=12 opened for user root",
        "Session: 30546354_3350523820 initialized by client",
        "session_id=550e8400-e29b-41d4-a716-446655440000",
        "cookie: not found",
        "side=left&inside=0123456789abcdef",
    ),
)

CREDENTIALS = (
    URL,
    AUTHORIZATION,
    JWT,
    PRIVATE_KEY,
    CONNECTION_STRING,
    SNMP_COMMUNITY,
    DEVICE_PASSWORD,
    SESSION_COOKIE,
)
