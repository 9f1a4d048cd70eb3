"""Rules for credentials in URLs: user and password, keys in the query, and what is written like either."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece; lengths of keys

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import QUOTE, CodeMatcher, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import has_digit
from mothership.pipeline.redaction.rules.vocabulary import is_written_out

_GO_DSN = re.compile(r":[^\s/@\"'<>(),;=]*@(?:tcp|unix|udp)[46]{0,2}\(")
_MANUAL = re.compile(r"(?:[A-Z]{1,8}_)?(?:USER(?:NAME)?|LOGIN|NAME):(?:[A-Z]{1,8}_)?(?:PASS(?:WORD|WD)?|PWD|SECRET)")
"""How a manual writes it: `postgresql://USER:PASSWORD@HOST`."""
_GO_USER = re.compile(r"[^\s/@\"'<>(),;=]{1,256}")


def _made_by_chance(text: str) -> bool:
    lower, upper = any(char.islower() for char in text), any(char.isupper() for char in text)
    return has_digit(text) and lower and upper


def _made_by_chance_or_hex(text: str) -> bool:
    """Tell a key from a name: of letters in both cases and digits, or of hexadecimal digits alone."""
    return _made_by_chance(text) or (len(text) >= 32 and re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text) is not None)


def _has_password(text: str) -> bool:
    """Tell a user's password in a URL from asterisks, and from a variable that holds it."""
    return (
        re.fullmatch(r"\*+|[xX]{3,}|\$\{?\w{1,60}\}?|<[\w-]{1,40}>", text.partition(":")[2]) is None
        and _MANUAL.fullmatch(text) is None
    )


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
            _has_password,
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
        "postgresql://USER:PASSWORD@HOST:5432/DBNAME, mysql://DB_USER:DB_PASS@db/shop",
        "https://example.com/a:b@c",
        "https://deploy@github.com/x.git",
        "// note: ask bob@host",
        "listening@tcp(10.0.0.1:80)",
        "tcp://10.0.0.1:5070, tcp://10.0.0.2:5070",
    ),
)

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
        # RFC 6749, 4.1.3: the code that is exchanged for a token, in a form, in JSON, and Keycloak's in an address
        Matcher(
            rf"authorization_code(?:{QUOTE})?[^\r\n]{{0,600}}?(?<![A-Za-z_])code(?:{QUOTE})?\s?[=:]\s?(?:{QUOTE})?(?P<secret>[0-9A-Za-z%._~+/-]{{8,4096}})(?![\w(])",
            has_digit,
        ),
        Matcher(
            rf"(?<![A-Za-z_])code(?:{QUOTE})?\s?[=:]\s?(?:{QUOTE})?(?P<secret>[0-9A-Za-z%._~+/-]{{8,2048}})(?=[^\r\n]{{0,600}}?grant_type(?:{QUOTE})?\s?[=:]\s?(?:{QUOTE})?authorization_code)",
            has_digit,
            then=("authorization_code", 2_800),
        ),
        Matcher(r"[?&]code=(?P<secret>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.[0-9a-f-]{36}){1,2})(?![\w-])"),
        # A link that lets in whoever has it, and interfaces that take a key as a part of their path
        Matcher(
            r"/(?:auth|accounts?|users?|passwords?|login|magic|sign-?in|emails?|register|invitations?)/(?:verify|confirm(?:ation)?|reset(?:-password)?|magic(?:-?link)?|login|activate|accept|invite|link|token)/(?P<secret>[0-9A-Za-z_-]{20,200})(?![\w-])",
            _made_by_chance_or_hex,
        ),
        Matcher(
            r"/(?:(?:password|passwd)[-_]?reset|reset(?:[-_]password|[-_]pw)?|magic[-_]?link|(?:verify|confirm)[-_](?:e?mail|account)|activate(?:[-_]account)?|unlock[-_]account|one[-_]?time[-_]login)/(?P<secret>[0-9A-Za-z_-]{24,200})(?![\w-])",
            _made_by_chance_or_hex,
        ),
        Matcher(
            r"/api/(?P<secret>[0-9A-Za-z-]{32,40})(?=/(?:lights|groups|config|schedules|scenes|sensors|rules|resourcelinks|capabilities)(?![\w-]))",
            _made_by_chance_or_hex,
        ),
        Matcher(
            r"/api/v1/(?P<secret>[0-9A-Za-z]{20})(?=/(?:telemetry|attributes|rpc|claim|firmware|software|provision)(?![\w-]))",
            _made_by_chance,
        ),
        Matcher(r"/index\.php/s/(?P<secret>[0-9A-Za-z]{15})(?![\w-])", _made_by_chance),
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
        ("mail sent: https://x.example.com/reset/7f3e9b2c1d8a4f6e5b0c9d7a3e1f8b2c", "7f3e9b2c1d8a4f6e5b0c9d7a3e1f8b2c"),
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
        (
            "grant_type=authorization_code&client_id=x&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=y",
            "SplxlOBeZQQYbYS6WxSbIA",
        ),
        ('{"code": "4/0AX4XfWh7", "grant_type": "authorization_code"}', "4/0AX4XfWh7"),
        (
            "302 /cb?code=0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d.1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f1",
            "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
        ),
        (
            "mail with https://portal.example.org/users/confirm/9f4c1d7e0b3a58c2649f4c1d7e0b3a58c264aa10 sent",
            "9f4c1d7e0b3a58c2649f4c1d7e0b3a58c264aa10",
        ),
        ("GET /account/reset/q8ZrT1mKx0Lw7Yc3VbN5pHd2 302", "q8ZrT1mKx0Lw7Yc3VbN5pHd2"),
        (
            "GET http://10.1.1.8/api/tR4kZ8mQ1xLw7Yc3VbN5pHd2sJ6fGe9uAo0iKtWq/groups/2",
            "tR4kZ8mQ1xLw7Yc3VbN5pHd2sJ6fGe9uAo0iKtWq",
        ),
        ("POST /api/v1/k3Lw8Qz1Xv7Tn4Rb9Yd2/attributes 200", "k3Lw8Qz1Xv7Tn4Rb9Yd2"),
        ("GET /index.php/s/b7Kq2ZxW9mLt4Rv", "b7Kq2ZxW9mLt4Rv"),
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
        "grant_type=authorization_code failed with status_code=400, authorization_code flow, error_code=4010001",
        "GET /auth/verify/email-address-of-the-customer, /users/reset/0a1b2c3d, /api/v1/customers/telemetry, /api/v1/device-0001/attributes",
        "GET /api/9f4c1d7e0b3a58c2649f4c1d7e0b3a58/orders, /index.php/s/settings, /index.php/apps/files, /account/confirm/step-two-of-registration",
        "GET /search?key=name&code=404&k=10 HTTP/1.1",
        "GET /items?key=customer-orders-by-region&auth=none",
        '{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx","e":"AQAB"}',
        "appid=440 installed, recovery key not found, GET /list?user=bob&page=2, GET /x?u=1&p=${pw}",
    ),
)
