"""Rules for credentials that are known by where they stand."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import QUOTE, REACH, CodeMatcher, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import basic_credentials, has_digit, jwt
from mothership.pipeline.redaction.rules.vocabulary import is_written_out

_GO_DSN = re.compile(r":[^\s/@\"'<>(),;=]*@(?:tcp|unix|udp)[46]{0,2}\(")
_GO_USER = re.compile(r"[^\s/@\"'<>(),;=]{1,256}")


def _made_by_chance(text: str) -> bool:
    lower, upper = any(char.islower() for char in text), any(char.isupper() for char in text)
    return has_digit(text) and lower and upper


def _made_by_chance_or_hex(text: str) -> bool:
    """Tell a key from a name: of letters in both cases and digits, or of hexadecimal digits alone."""
    return _made_by_chance(text) or (len(text) >= 32 and re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text) is not None)


def _has_password(text: str) -> bool:
    """Tell a user's password in a URL from asterisks, and from a variable that holds it."""
    return re.fullmatch(r"\*+|[xX]{3,}|\$\{?\w{1,60}\}?|<[\w-]{1,40}>", text.partition(":")[2]) is None


def _go_dsn(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find `user:password@tcp(host)`, reading backwards from the `@`."""
    for protocol in ("@tcp", "@unix", "@udp"):
        at = text.find(protocol, start, end + len(protocol))
        while at >= 0:
            behind = text[at + len(protocol) : at + len(protocol) + 2].lstrip("46")
            before = _GO_USER.match(text[max(0, at - 256) : at][::-1]) if behind.startswith("(") else None
            user = before[0][::-1].partition(":") if before else ("", "", "")
            yield (at - len(user[2]), at) if user[0] and user[2] else None
            at = text.find(protocol, at + 1, end + len(protocol))


URL = Rule(
    name="url_credentials",
    description="User and password in a URL (`scheme://user:password@host`), database URLs and JDBC included.",
    source="RFC 3986, 3.2.1",
    matchers=(
        Matcher(
            r"://(?P<secret>[^\s/?#\"'<>@:]{0,256}(?:@[\w.-]{1,128}(?=:[^\s@/]{1,256}@))?:(?![0-9]{1,5}(?:[/?#\s]|$))"
            r"(?:[^\s/\"<>]{1,1024}|[^\s\"<>@]{1,1024}))@(?=[\w\[.-]|%2F)",
            _has_password,
            then=("@", 1_300),
        ),
        Matcher(r"://(?P<secret>[0-9A-Za-z_-]{20,256})@(?=[\w.-])", then=("@", 300)),
        Matcher(r"https?://(?P<secret>[0-9A-Za-z_-]{8,256})@(?=[\w.-])", _made_by_chance),
        Matcher(
            r"//(?<![\w:/]//)(?P<secret>[^\s/?#\"'<>@:]{1,64}:(?![0-9]{1,5}[/?#\s])[^\s/\"'<>@]{3,256})@(?=[A-Za-z\[]|[0-9]{1,3}\.[0-9])",
        ),
        CodeMatcher(_go_dsn, (_GO_DSN,)),
        Matcher(
            r"jdbc:oracle:[a-z0-9]{3,6}:(?P<secret>[^\s/@\"']{1,64}/[^\s@\"']{1,128})@",
            ignore_case=True,
        ),
    ),
    positives=(
        ("git clone https://bob:hunter2@git.example.com/x.git", "bob:hunter2"),
        ("dsn postgresql://app:p%40ss@db.example:5432/app", "app:p%40ss"),
        ("redis://:s3cr3t@10.0.0.5:6379/0", ":s3cr3t"),
        ("smtp://bob@example.com:copper1873@mail.example.com:587", "copper1873"),
        ("amqp://u:p@ss#w@mq/vhost", "u:p@ss#w"),
        ("jdbc:oracle:thin:scott/tiger@//db:1521/xe", "scott/tiger"),
        ('{"url":"https:\\/\\/bob:hunter2@h\\/x"}', "bob:hunter2"),
        ("dsn app:hunter2@tcp(10.0.0.1:3306)/shop", "hunter2"),
        ("clone https://aB3dEf9hIjK@github.com/x.git", "aB3dEf9hIjK"),
        ("proxy //bob:hunter2@proxy/ used", "bob:hunter2"),
    ),
    negatives=(
        "GET http://example.com:8080/path?mail=a@b",
        "ssh://git@example.com:22/x.git",
        "https://example.com/a:b@c",
        "https://deploy@github.com/x.git",
        "// note: ask bob@host",
        "listening@tcp(10.0.0.1:80)",
        "tcp://10.0.0.1:5070, tcp://10.0.0.2:5070",
    ),
)

# --- Authorization -----------------------------------------------------------------------------------------------

_HEADER = rf"authorization(?:{QUOTE})?\s{{0,4}}(?:=>|[:=,])\s{{0,4}}(?:\[\s?)?(?:{QUOTE})?"


AUTHORIZATION = Rule(
    name="authorization",
    description="Credentials of an `Authorization` header, and `Bearer …` and `Basic …` wherever they stand.",
    source="RFC 9110, 11.6.2; RFC 6750; RFC 7617",
    matchers=(
        Matcher(
            _HEADER
            + r"(?:basic|bearer|token|apikey|negotiate|ntlm|jwt|dpop|sharedkey(?:lite)?|ssws|key|aws|goog[14])\s{1,4}"
            r"(?P<secret>[^\s\"'\\,;<>]{1,16384})",
            is_written_out,
            ignore_case=True,
        ),
        Matcher(
            _HEADER + r"(?:digest|hawk|oauth|aws4-hmac-sha256|signature)\s{1,4}"
            r"(?P<secret>(?:[\w-]{1,64}=(?:\\*\"[^\"\r\n]{0,1024}\"|[^\s,\"]{0,1024}),?[ ]?){1,40})",
            ignore_case=True,
        ),
        Matcher(
            _HEADER + r"[A-Za-z][\w-]{1,31}\s{1,4}(?P<secret>[0-9A-Za-z+/_.~=:-]{12,16384})(?![\w ])",
            has_digit,
            ignore_case=True,
        ),
        Matcher(
            _HEADER + r"(?P<secret>[0-9A-Za-z+/_.~=-]{8,16384})",
            has_digit,
            ignore_case=True,
        ),
        Matcher(
            r"(?<![A-Za-z])bearer\s{1,4}(?P<secret>[0-9A-Za-z._~+/-]{12,16384}={0,2})",
            has_digit,
            ignore_case=True,
        ),
        Matcher(
            r"(?<![A-Za-z])basic\s{1,4}(?P<secret>[0-9A-Za-z+/]{6,2048}={0,2})",
            basic_credentials,
            ignore_case=True,
        ),
    ),
    positives=(
        ("Authorization: Bearer abc123", "abc123"),
        ("> authorization: Basic dXNlcjpwYXNz\r\n> host: x", "dXNlcjpwYXNz"),
        ('{"Authorization":"Token 9944b09199c62bcf9418"}', "9944b09199c62bcf9418"),
        ('Authorization: Digest username="bob", realm="x", response="6629fae49393a05397450978507c4ef1"', "6629fae4"),
        ("sent with bearer 6f1ed002ab5595859014ebf0951522d9", "6f1ed002ab5595859014ebf0951522d9"),
        ("auth Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("Authorization: Splunk 098be711-1ae1-41be-a727-68ef131fc9a2", "098be711-1ae1-41be-a727-68ef131fc9a2"),
        ("Authorization: AWS 0PN5J17HBGZHT7JJ3X82:frJIUN8DYpKDtOLCwo//yllqDzg=", "frJIUN8DYpKDtOLCwo//yllqDzg="),
    ),
    negatives=(
        "authorization: granted for bob",
        "Authorization failed, bearer of the certificate unknown",
        "Basic authentication required, basic functionality only",
        "authorization=none",
    ),
)

_JWT = re.compile(r"(?<![A-Za-z0-9])eyJ[0-9A-Za-z_-]{5,16384}(?:\.[0-9A-Za-z_-]{0,16384}){1,4}", re.ASCII)
_JWT_PART = re.compile(r"[0-9A-Za-z_-]*")
_JWT_PART_MAX = 16_384 + len("eyJ")


def _jwts(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find tokens; what begins in a run of their characters that no dot ends is none, which is said once for all."""
    last = min(len(text), end + REACH)
    at = text.find("eyJ", start, end + 2)
    while at >= 0:
        run = _JWT_PART.match(text, at, last)
        stop = run.end() if run else at
        if text[stop : min(stop + 1, last)] != ".":
            yield None
            at = text.find("eyJ", stop, end + 2)
            continue
        match = _JWT.match(text, at, last) if stop - at <= _JWT_PART_MAX else None
        yield match.span() if match and jwt(match[0]) else None
        at = text.find("eyJ", max(at + 1, stop - _JWT_PART_MAX), end + 2)


JWT = Rule(
    name="jwt",
    description="JSON Web Tokens, signed, unsigned and encrypted: the first part must decode to a JOSE header.",
    source="RFC 7519, 7515, 7516",
    matchers=(
        CodeMatcher(_jwts, (_JWT,)),
        # Encoded once more: base64 of `eyJ`.
        Matcher(r"(?<![A-Za-z0-9+/])ZXlK[0-9A-Za-z+/]{60,16384}={0,2}"),
    ),
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
    rf"-{{2,5}}{_GAP}?BEGIN{_GAP}(?:(?:[A-Z0-9]{{1,12}}{_GAP}){{0,4}}(?:PRIVATE|SECRET){_GAP}KEY(?:{_GAP}BLOCK)?"
    rf"|OpenVPN{_GAP}(?:Static|tls-crypt-v2{_GAP}(?:client|server)){_GAP}key(?:{_GAP}V[0-9])?){_GAP}?-{{2,5}}"
)
_END = re.compile(rf"-{{2,5}}{_GAP}?END{_GAP}[^-\r\n]{{1,60}}-{{2,5}}")
_END_MAX = 80  # characters
_BLOCK_MAX = 65_536
_BODY = re.compile(r"(?:\\+[nrt]|[\s|>\"',+]|%0[AaDd])*(?:[0-9A-Za-z+/=]{16}|Proc-Type|Version|Comment|Charset)")
_PUTTY = r"Private-Lines: [0-9]{1,3}(?:\\+[nr]|\s)+(?:[0-9A-Za-z+/=]{4,80}(?:\\+[nr]|\s)*){1,200}"


def _private_keys(text: str, start: int, end: int) -> Iterator[Span | None]:
    at = text.find("BEGIN", start, end + 8)
    stop: re.Match[str] | None = None
    searched = 0  # up to here there is no other end: looking again from every beginning would be quadratic
    while at >= 0:
        begin = _BEGIN.match(text, _dashes_before(text, at))
        if begin is None:
            yield None
            at = text.find("BEGIN", at + 5, end + 8)
            continue
        if stop is None or stop.start() < begin.end():
            first, last = max(begin.end(), searched - _END_MAX), begin.end() + _BLOCK_MAX
            stop = _END.search(text, first, last) if text.find("END", first, last) >= 0 else None
            searched = 0 if stop else last
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
    matchers=(
        CodeMatcher(_private_keys, (_BEGIN,)),
        Matcher(_PUTTY),
        # Encoded: base64 of `-----BEGIN ` and the kinds of private keys.
        Matcher(
            r"LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0EgUFJJ|FQyBQUklW|PUEVOU1NI|FTkNSWVBU|EU0EgUFJJ)[0-9A-Za-z+/\r\n]{16,16000}={0,2}"
        ),
        Matcher(r"AGE-SECRET-KEY-1[0-9A-Z]{10,80}"),
        # Without its lines: DER in base64 begins alike for each kind, and otherwise than a public key or a certificate.
        Matcher(
            r"(?<![0-9A-Za-z+/])M(?:II[A-Za-z0-9+/]{1,4}(?:IBADANBgkqhkiG9w0BAQEFAASC|IBAAK[BC])|IG[HT]AgEAMB[AM]GByqGSM49AgEG|H[cQ]CAQEEI|C4CAQAwBQYDK2V|IGkAgEBBD)[0-9A-Za-z+/\r\n]{24,16000}={0,2}"
        ),
        # A wallet's: extended keys, and what stands behind the words for one in hexadecimal or base58.
        Matcher(r"(?<![0-9A-Za-z])[xyztuv]prv(?P<secret>[1-9A-HJ-NP-Za-km-z]{80,120})(?![0-9A-Za-z])"),
        Matcher(
            r"(?:WIF|priv(?:ate|kei?y)?)[\s_-]{0,2}(?:key)?[\s\"':=]{1,4}(?P<secret>[5KLc9][1-9A-HJ-NP-Za-km-z]{50,51})(?![0-9A-Za-z])",
        ),
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
        (
            "-----BEGIN OpenVPN Static key V1-----\n68358e94e65fd995324c7934e0bada66\n-----END OpenVPN Static key V1-----",
            "68358e94e65fd995324c7934e0bada66",
        ),
        (
            "ssh_host_rsa_key: MIIEowIBAAKCAQEAruaTVrByQ49ep0InLS552FeL1n1KZxtlI2MgJ30bnvoFN4YvjEHLYO9hBbiGxguV",
            "ruaTVrByQ49ep0InLS552FeL1n1KZxtlI2MgJ30bnvoFN4YvjEHLYO9hBbiGxguV",
        ),
        (
            "wif key 5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ".replace("wif", "WIF"),
            "5HueCGU8rMjxEXxiPuD5BDku4MkFqe",
        ),
        ("cut -----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjE", "b3BlbnNzaC1rZXktdjE"),
    ),
    negatives=(
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIE\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG\n-----END PUBLIC KEY-----",
        "expected -----BEGIN RSA PRIVATE KEY----- in file",
        "BEGIN TRANSACTION",
        "spki MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAdqw0PWA12teOHpZPFKiywN1YZ8sr, cert MIIDdzCCAl+gAwIBAgIEAfcELdFrqueEHkOo1",
        "OpenVPN Static key file: ta.key, -----BEGIN OpenVPN tls-auth-----",
    ),
)

# --- connection strings ------------------------------------------------------------------------------------------

URL_PARAMETER = Rule(
    name="url_parameter",
    description="Keys and codes in the query of a URL whose name alone says little: `?key=…`, `&code=…`, `appid=…`, `sonar.login=…`.",
    source="Google, HERE, OpenWeatherMap, PAN-OS and SonarQube interfaces; RFC 6749, 4.1.2",
    matchers=(
        Matcher(
            r"[?&;](?:key|k|apikey|appid|app_key|code|auth|authkey|ticket|assertion|signature|hmac|subscription-key|access|sid|otp|nonce_str|saml_?art|samlart|oauth_verifier)=(?P<secret>[0-9A-Za-z%._~+/-]{16,8192}={0,2})(?![\w=])",
            _made_by_chance_or_hex,
            ignore_case=True,
        ),
        Matcher(
            r"[?&](?:u|usr|user|username|login|loginuse|uname|name|userid)=[^&\s\"'#]{1,128}&(?:amp;)?(?:p|pw|psw|pwd|pass|passwd|loginpass?|loginpwd|upass|userpwd)=(?P<secret>[^&\s\"'#<>]{3,512})",
            is_written_out,
            ignore_case=True,
        ),
        Matcher(
            r"(?<![\w-])(?:code_verifier|device_code|assertion|client_assertion)=(?P<secret>[0-9A-Za-z%._~+/-]{16,8192}={0,2})",
            has_digit,
            ignore_case=True,
        ),
        Matcher(
            r"(?:sonar\.login|appid|app_id|clientsecret)[\"']?\s?[=:]\s?[\"']?(?P<secret>[0-9a-f]{32,64})(?![\w-])",
            ignore_case=True,
        ),
        Matcher(
            r"(?:unseal|recovery|master|encryption|network)[ _-]key[^\r\n=:]{0,40}?[\"']?(?:[=:]|\skey=)\s?[\"']?(?P<secret>[0-9A-Za-z+/]{24,512}={0,2})(?![\w+/=])",
            has_digit,
            ignore_case=True,
        ),
        Matcher(r"secretData\W{1,8}[^{}\r\n]{0,200}?value\W{3,12}(?P<secret>[0-9A-Za-z+/]{16,512}={0,2})"),
        Matcher(r"secretData\W{1,8}[^{}\r\n]{0,800}?salt\W{3,12}(?P<secret>[0-9A-Za-z+/]{8,512}={0,2})"),
        Matcher(
            r"(?:network|encryption|link|master)_?key\W{1,6}(?P<secret>(?:[0-9]{1,3},\s?){7,63}[0-9]{1,3})",
            ignore_case=True,
        ),
        Matcher(r"unseal\s[^\r\n]{0,60}?key=(?P<secret>[0-9A-Za-z+/]{24,512}={0,2})", has_digit, ignore_case=True),
        Matcher(
            rf"{QUOTE}kty{QUOTE}[^{{}}\r\n]{{0,2048}}?{QUOTE}(?:d|k|p|q|dp|dq|qi){QUOTE}\s?:\s?{QUOTE}(?P<secret>[0-9A-Za-z_-]{{16,4096}})"
        ),
        Matcher(
            rf"{QUOTE}(?:d|k){QUOTE}\s?:\s?{QUOTE}(?P<secret>[0-9A-Za-z_-]{{16,4096}}){QUOTE}[^{{}}\r\n]{{0,2048}}?{QUOTE}kty{QUOTE}"
        ),
        Matcher(
            r"(?:oauth|oidc|authorization|callback|redirect)[^\r\n]{0,60}?[\s?&]code=(?P<secret>[0-9A-Za-z%._~+/-]{20,4096})",
            _made_by_chance,
            ignore_case=True,
        ),
        # What decrypts a recorded connection: NSS key logs, `ip xfrm`.
        Matcher(
            r"(?:CLIENT_RANDOM|(?:CLIENT|SERVER|EXPORTER|EARLY)_[A-Z_]{0,30}SECRET(?:_[0-9])?)\s[0-9a-fA-F]{64}\s(?P<secret>[0-9a-fA-F]{32,128})"
        ),
        Matcher(
            r"(?:enc|auth|auth-trunc|aead)\s{1,2}\\?'?[a-z0-9()_,-]{3,40}\\?'?\s{1,2}0x(?P<secret>[0-9a-f]{16,160})",
            ignore_case=True,
        ),
    ),
    positives=(
        (
            "GET https://geo.example.net/rev?key=9rJUGDaODgNFdcNJlZersmu1QOtI10hjZZUrxFm",
            "9rJUGDaODgNFdcNJlZersmu1QOtI10hjZZUrxFm",
        ),
        (
            "302 -> https://app.example.com/cb?code=9FRLaw-TocSPuNI_woQlKFHQ33TR59vfkTsjnPJc&state=52w3r3n0",
            "9FRLaw-TocSPuNI_woQlKFHQ33TR59vfkTsjnPJc",
        ),
        ("/weather?q=Delft&appid=289ade3c3a9124e01fbd9cd71b9a0847", "289ade3c3a9124e01fbd9cd71b9a0847"),
        ("POST http://h:8086/write?db=x&u=bob&p=Qwerty123%238193", "Qwerty123%238193"),
        (
            "oauth callback code=hwBigjz6sfW4UIsOdVlHnwrXNCDzAnECEO8tJd8t&state=x",
            "hwBigjz6sfW4UIsOdVlHnwrXNCDzAnECEO8tJd8t",
        ),
        ("{'kty': 'OKP', 'd': 'tioWSGOkN8HKeoy7p7SOzOypZerAFMmtkG75c4IDR7H', 'x': 'abc'}", "tioWSGOkN8HKeoy7p7SOzOypZ"),
        ("sonar.login=ccc50de9c136cbfa74832c2ea7e402b4b07a823a", "ccc50de9c136cbfa74832c2ea7e402b4b07a823a"),
        (
            "unseal key share accepted: key=07zFEkto/c6xrsF9Kfe2KrYZe6y7NI3/Jjb59zqIlcfz",
            "07zFEkto/c6xrsF9Kfe2KrYZe6y7NI3",
        ),
        (
            '{"kty":"EC","crv":"P-256","x":"DCXWi-gZgAo5yjPqdj9EmT","d":"yq4QZrRseh3rk5ZHRTDvwlhjf2t"}',
            "yq4QZrRseh3rk5ZHRTDvwlhjf2t",
        ),
    ),
    negatives=(
        "GET /search?key=name&code=404&k=10 HTTP/1.1",
        "GET /items?key=customer-orders-by-region&auth=none",
        '{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx","e":"AQAB"}',
        "appid=440 installed, recovery key not found, GET /list?user=bob&page=2, GET /x?u=1&p=${pw}",
    ),
)

CONNECTION_STRING = Rule(
    name="connection_string",
    description="Keys in connection strings and signed URLs: `AccountKey=`, `SharedAccessKey=`, `sig=`, "
    "`X-Amz-Signature=`, Slack and Teams webhook paths.",
    source="Azure Storage, Service Bus and SAS; AWS Signature V4; Sentry",
    matchers=(
        Matcher(
            r"(?:account|access|primary|secondary)key\s?=\s?(?P<secret>[0-9A-Za-z+/%_-]{16,1024}={0,3})",
            ignore_case=True,
        ),
        Matcher(
            r"(?<![0-9A-Za-z])(?:sig|signature|sharedaccesssignature)=(?P<secret>[0-9A-Za-z%+/_-]{16,1024}={0,3})",
            ignore_case=True,
        ),
        Matcher(
            r"(?:webhook\.office\.com|/webhookb2/|discord(?:app)?\.com/api/webhooks/)(?P<secret>[0-9A-Za-z@/_-]{20,512})",
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

CREDENTIALS = (URL, AUTHORIZATION, JWT, PRIVATE_KEY, URL_PARAMETER, CONNECTION_STRING)
