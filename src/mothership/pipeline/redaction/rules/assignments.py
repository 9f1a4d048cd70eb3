"""The rule for `password = …` and its many relatives."""
# ruff: noqa: E501 - an example reads best in one piece

import re

from mothership.pipeline.redaction.rules.assigned_values import is_secret, says_no_value, stands_for_itself
from mothership.pipeline.redaction.rules.assignment_names import (
    CODE_BEFORE,
    NEEDS_BEFORE,
    PASSWORDS,
    SAID_OF_SECRETS,
    STEMS,
    may_name,
    stem_at,
)
from mothership.pipeline.redaction.rules.assignment_syntax import (
    BETWEEN,
    MORE,
    NAME_BEFORE,
    NO_MORE,
    OWNER,
    SOME_DIGITS,
    TAIL,
    VALUE,
    ends_line,
    is_behind,
    whole_value,
)
from mothership.pipeline.redaction.rules.columns import COLUMNS
from mothership.pipeline.redaction.rules.rule import IN_LINE, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.vocabulary import is_placeholder, is_random, looks_like_secret

VALUE_MAX = 4_096
OWNED_MAX = 256
SLASHES_MAX = 64
_LIST_END = re.compile(r"\\*[\"']\s*\]")
_VALUE_END = re.compile(r"[\s\"'<>]|\Z")
_XML_VALUE = re.compile(r"(?:\s{0,8}<!\[CDATA\[(?P<data>(?:[^\]]|\](?!\]>)){1,4096}))|[^<\r\n]{1,4096}")
_ATTRIBUTE_BEFORE = re.compile(r"(?:name|key|id|field|param)\s?=\s?\\{0,8}[\"'][\w .:-]{0,40}\Z", re.IGNORECASE)
_REST_OF_LINE = re.compile(r"[^\r\n\"',;]{1,400}")


def _named(*stems: str, before: str = "", owned: bool = False) -> Matcher:
    """Make a matcher of what is assigned to names that hold one of these stems; `owned`: with any words behind it."""
    shapes = "|".join(STEMS[stem] for stem in stems)
    return Matcher(
        f"(?:{shapes}){OWNER if owned else TAIL}{BETWEEN}{VALUE}",
        ignore_case=True,
        unicode=True,
        preceded=before,
        guard=may_name,
        read=_owned if owned else _assigned,
        parted=False,
    )


def _no_payment(text: str, start: int, _end: int) -> bool:
    """Tell a code from what a bank answers: `auth code 535264`."""
    return not text[max(0, start - 10) : start].lower().endswith("auth code ")


def _owned(text: str, match: "re.Match[str]", last: int) -> Span | None:
    """`PASSWORD_MYSQL=…`, `token.github=…`: whose it is, or where, may be any word; then it must look like a secret."""
    too_long = match["xml"] is None and len(match[match.lastgroup or 0]) > OWNED_MAX
    if too_long or not SAID_OF_SECRETS.isdisjoint(re.split(r"[-_.]", match["tail"].lower())):
        return None
    span = _assigned(text, match, last)
    value = text[slice(*span)] if span else ""
    return span if looks_like_secret(value) and is_random(value) else None


def _assigned(text: str, match: "re.Match[str]", last: int) -> Span | None:
    return _secret(stem_at(text, match.start()), text, match, last)


def _secret(stem: str, text: str, match: "re.Match[str]", last: int) -> Span | None:
    if match["xml"] is not None:
        return _in_element(text, match)
    kind = match.lastgroup or ""  # the value's groups stand last, and one of them has matched
    start, end = match.span(kind)
    if kind == "bare":
        more = MORE.match(text, end, last)
        if says_no_value(text, match, more=more is not None):
            return None
        end = more.end() if more else start + (len(match["bare"].rstrip(".,:)]}!?")) or end - start)
    elif (kind in {"braced", "angled"} and not stands_for_itself(stem, match[kind])) or is_behind(text, start, end):
        return None
    if match["block"]:
        return _in_block(stem, text, match, (start, end), last)
    if match["list"]:
        limit = min(last, start + VALUE_MAX)
        closing = _LIST_END.search(text, start, limit) if text.find("]", start, limit) >= 0 else None
        end = closing.start() if closing else end
    value = text[start:end]
    name = text[match.start() : match.start() + 10].lower()
    if stem == "pass" and (name.startswith("passphrase") or stem == "mnemonic") and kind == "bare":
        line = _REST_OF_LINE.match(text, start)
        end = line.end() if line and ":" in (match["sign"] or "") else end
    if not is_secret(stem, name, text, match, kind, value):
        return None
    if (
        len(match[kind]) >= VALUE_MAX or match[kind].count("\\") >= SLASHES_MAX
    ):  # only now: the way to its end may be long
        end = _VALUE_END.search(text, end, last).start()  # type: ignore[union-attr]
    return start, whole_value(text, match, end) if kind == "bare" and not match["list"] else end


def _in_block(stem: str, text: str, match: "re.Match[str]", value: Span, last: int) -> Span | None:
    """YAML: a value on the line below its name, or a block of lines behind `|` or `>`."""
    before = NAME_BEFORE.search(text, max(0, match.start() - 64), match.start())
    if before is None or match["sign"] != ":":
        return None
    start, end = value
    block = match["block"]
    if "|" in block or ">" in block:
        indent = len(block) - len(block.rstrip(" \t"))
        more = rf"(?:\r?\n|\\{{1,4}}n)[ \t]{{{indent}}}{IN_LINE}*"
        lines = re.compile(rf"{IN_LINE}*(?:{more}){{0,64}}").match(text, start, last)
        return (start, lines.end()) if lines else value
    filled = ends_line(text, match.end())
    word = match["bare"]
    if not filled or is_placeholder(text[start:end]) or (word and (word.endswith(":") or word.startswith("-"))):
        return None
    return value if stem in PASSWORDS or is_random(text[start:end]) else None


def _in_element(text: str, match: "re.Match[str]") -> Span | None:
    """`<password>…</password>`: only inside an element's tag."""
    opening = text.rfind("<", max(0, match.start() - 120), match.start())
    if match["attribute"] and not _ATTRIBUTE_BEFORE.search(text, max(0, match.start() - 64), match.start()):
        return None
    if opening < 0 or text[opening + 1 : opening + 2] == "/" or ">" in text[opening : match.start()]:
        return None
    content = _XML_VALUE.match(text, match.end("xml"))
    closed = content is not None and (text[content.end() : content.end() + 2] in {"</", "<!", "]]"} or content["data"])
    if (
        content is None
        or not (closed or looks_like_secret(content[0]))
        or is_placeholder(content["data"] or content[0])
        or not any(map(str.isalnum, content[0]))
    ):
        return None
    return content.span("data" if content["data"] else 0)


ASSIGNMENT = Rule(
    name="assignment",
    description="Values assigned to a name that says secret (`password`, `passwd`, `pwd`, `secret`, `token`, `api_key`, "
    "`client_secret`, …): plain, in JSON or YAML inside a string, query strings, XML, environment variables. The name "
    "stays readable.",
    source="gitleaks `generic-api-key`, Cribl and Datadog scanner libraries; values that say nothing are let be",
    matchers=(
        _named(*(stem for stem in STEMS if stem not in NEEDS_BEFORE)),
        *(_named(stem, before=before) for stem, before in NEEDS_BEFORE.items()),
        _named("pass", "pwd", "secret", "token", owned=True),
        _named("key", before=NEEDS_BEFORE["key"], owned=True),
        Matcher(rf"cv[vc]2? (?P<secret>[0-9]{{3,4}}){NO_MORE}", ignore_case=True, guard=may_name),
        Matcher(rf"otp(?:[-_ ]?code)? {SOME_DIGITS}", ignore_case=True, guard=may_name),
        Matcher(rf"code {SOME_DIGITS}", ignore_case=True, preceded=CODE_BEFORE, fits=_no_payment),
        *COLUMNS,
    ),
    positives=(
        ("login password=hunter2 ok", "hunter2"),
        (
            '{"key":"AuthorizationKey","value":"0C11D0C3E5F60718293A4B5C6D7E8F90A1B2C3D4"}',
            "0C11D0C3E5F60718293A4B5C6D7E8F90",
        ),
        ('mot_de_passe_sql="Lyon-Soleil3"', "Lyon-Soleil3"),
        ("define( 'NONCE_KEY',        'q|W8~z&]Lk 3\"x{Rt0^mP' );", 'q|W8~z&]Lk 3"x{Rt0^mP'),
        ("define('LOGGED_IN_SALT', 'Zt>7~k<2Qw]x+9Lm;Rb');", "Zt>7~k<2Qw]x+9Lm;Rb"),
        ("exp 12/26 cvc 123", "123"),
        ("2FA backup code: 23135535", "23135535"),
        ("login secret=DtrfAbzyhntcEbgqfdtp ok", "DtrfAbzyhntcEbgqfdtp"),
        ('{"user":"bob","password":"hunt\\"er2","id":4}', 'hunt\\"er2'),
        ('{\\"token\\": \\"abc.def-123\\", \\"id\\": 4}', "abc.def-123"),
        ("GET /x?user=bob&api_key=AbC123&page=2", "AbC123"),
        ("db:\n  user: bob\n  password: hunter2\n", "hunter2"),
        ("a: 1\nclient_secret: swordfish\n", "swordfish"),
        ("export DB_PASS='p w'; run", "p w"),
        ("clientSecret: 'x9Y8z7'", "x9Y8z7"),
        ("<password>hunter2</password>", "hunter2"),
        ("the password is hunter2 now", "hunter2"),
        ('{"password": ["hunter2", "hunter3"]}', "hunter3"),
        ("Server=db;User Id=sa;Password=p@ss,w0rd;Trusted=no", "p@ss"),
        ('<add key="password" value="hunter2"/>', "hunter2"),
        ("X-Api-Key: 0123456789abcdef", "0123456789abcdef"),
        ("login(password=b'hunter2')", "hunter2"),
        ('connect(password=u"hunter2")', "hunter2"),
        ('password=abc"hunter2 ok', "hunter2"),
        ("Uid=sa;Pwd={hun;ter2};Encrypt=yes", "ter2"),
        ("password={hunter2} password=[hunter3] password=<hunter4>", "hunter3"),
        ("retry with password=<hunter4>, then", "hunter4"),
        ('password = """hunter2"""', "hunter2"),
        ("db:\n  password:\n    hunter2\n  user: bob\n", "hunter2"),
        ("db:\n  password: >-\n    hunter2\n    and more\n  user: bob\n", "and more"),
        ("db:\n  password: !!str hunter2\n", "hunter2"),
        ("password\thunter2z9", "hunter2z9"),
        ('<Data Name="Password">hunter2</Data>', "hunter2"),
        ('<param name="db.password">hunter2</param>', "hunter2"),
        ("<Password><![CDATA[hunter2]]></Password>", "hunter2"),
        ('form-data; name="password"\r\n\r\nhunter2\r\n--x', "hunter2"),
        ("pw=hunter2 psk=hunter3 bindpw=hunter4", "hunter2"),
        ("wpa_psk=hunter3", "hunter3"),
        ("set rootpw=hunter4", "hunter4"),
        ("sent jwt=aa11bb22", "aa11bb22"),
        ("SSHPASS=hunter2 ssh host", "hunter2"),
        ("card pin=4921", "4921"),
        ("your verification code: 492113", "492113"),
        ("Invalid API key provided: aB3dEf9hIjK", "aB3dEf9hIjK"),
        ("password_1=hunter2", "hunter2"),
        ("PASSWORD2024=hunter2 token-007=aB3dEf9hIjK", "aB3dEf9hIjK"),
        ("PASSWORD_GITLAB=kq4tZ8wv api_key.us-east-1: aB3dEf9hIjK", "kq4tZ8wv"),
        ("\x1b[31mpassword\x1b[0m=hunter2", "hunter2"),
        ("пароль: hunter2, 密码: hunter3", "hunter3"),
        ("env:\n- name: SECRET_TOKEN\n  value: aB3dEf9hIjK", "aB3dEf9hIjK"),
        ("sent OTP 492113 to bob", "492113"),
        ('{"password_attempt":"hunter2"}', "hunter2"),
        ("Array\n(\n    [password] => hunter2\n)", "hunter2"),
        ('["password"]=>\n  string(7) "hunter2"', "hunter2"),
        ("A temporary password is generated for root@localhost: hunter2", "hunter2"),
        ("SET PASSWORD FOR 'app'@'%' = 'hunter2'", "hunter2"),
        ('  + password                 = "hunter2"', "hunter2"),
        ("conninfo = 'user=a password=''hunter2'' host=b'", "hunter2"),
        ("env: [{Name:DB_PASSWORD Value:hunter2 ValueFrom:nil}]", "hunter2"),
        ("smtp:\n  pass: hunter2\n", "hunter2"),
        ('"smtp:\\n  password: >-\\n    hunter2\\n  port: 587"', "hunter2"),
        ("Unseal Key 1: OvEpmdKv7d1127M1QI6VGNIIGUJulnKN", "OvEpmdKv7d1127M1QI6VGNIIGUJulnKN"),
        ("define('DB_PASSWORD', 'hunter2');", "hunter2"),
        ("INSERT INTO users (name, password) VALUES ('bob', 'hunter2'), ('eve', 'hunter3')", "hunter3"),
        ("user,password,role\nbob,hunter2,admin\neve,hunter3,user", "hunter3"),
        ("password=&quot;hunter2&quot;", "hunter2"),
        ("&lt;password&gt;hunter2&lt;/password&gt;", "hunter2"),
        ("environment: DB_PASSWORD=${DB_PASSWORD:-hunter2}", "hunter2"),
        ("password=!vaultHunter2", "!vaultHunter2"),
        ("client_token=hmac-sha256:hunter2", "hunter2"),
        ('password="<<<hunter2>>>"', "hunter2"),
        ("rtsp://10.0.0.93:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp", "tlJwpbo6"),
        ('{"password": ["must be at least 18 characters", "hunter2"]}', "hunter2"),
        ('{"password": ["must be hunter2"]}', "hunter2"),
        ('{"password": "correct horse battery staple"}', "correct horse battery staple"),
        ("used 311 tokens, token=8f3a29871c", "8f3a29871c"),
    ),
    negatives=(
        "API_TOKEN= # from the vault, jwt.secret=@jwt.secret@, db.password=@db.password@, wrong password for ssid=Dek4, reason 15",
        "unable to load private key: error:0909006C:PEM routines:get_name, password for user=kim rejected",
        "Failed password for root from 10.0.0.1 port 22 ssh2",
        "password: required, secret: /run/secrets/db, passwd: files systemd",
        "the password is required, the token was expired",
        "token=null secret=${SECRET} password=<redacted>",
        "Unexpected token: FooBar",
        "reason = Invalid password : local database : user = bob, confirm_password: Passwords do not match",
        "sudo: bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/ls",
        "tests: pass=12 fail=0",
        "max_tokens=150 total_tokens: 4096 token_count=12",
        "sort key: name, primary key=id",
        "next_page_token=abc123def",
        "Skipping token=Token{78af589 ActivityRecord{3b04890 u0}}, activity token: android.os.BinderProxy@2bd79ce",
        "bypass: enabled, compass=north",
        "password=<your password> secret=[FILTERED] token={user.token} pwd={} password=[hidden]",
        "UPDATE users SET password = $1, secret = :secret, token = ? WHERE id = @id",
        "spec:\n  serviceAccountToken:\n    expirationSeconds: 3600\n",
        "serviceAccountToken: expirationSeconds: 3600",
        "user\tpassword\thost\nbob\tx\tdb1",
        "password_file=/run/secrets/db_password tls_key_file=/etc/ssl/key.pem keyfile: /etc/x.pem",
        "secretKeyRef: {name: db, key: password}",
        'File "/app/token.py", line 12, in secret',
        "gpio pin=17 state=1, error code: 492113, mapping=4921",
        '<input type="password">Please type',
        "tokens:\n  max: 10\n",
        "status installed gir1.2-secret-1:amd64 0.20, python3-jwt:all 2.6, base-passwd:amd64 3.6",
        "password = unquote(password), password=make_password(raw)",
        "password_attempt=3, password_attempts=12, token=UsernamePasswordAuthenticationToken, otp 12 sent",
        "bob ALL=(root) NOPASSWD: /usr/bin/systemctl, password=null, ssl.key.password=none",
        "token = Name.Builtin, Token: '#cccccc', 'PullParserToken' => '3.18', trailer.<token>.command",
        'print(f"password={password!r}"), password: Optional[str] = None',
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf, secretId=prod/db, encryption_key_id: alias/x",
        "PublicKeyToken=cc7b13ffcd2ddd51, pam_unix(passwd:chauthtok): password changed for bob, {Name:x Password:}",
        'password = os.environ["DB_PASSWORD"], token = req.headers.authorization?.split(" ")[1], password = var.db_password',
        'password = getpass.getpass("Password: ")',
        "INSERT INTO users (name, password) VALUES ($1, $2), (?, ?)",
        "name,token,count\na,12,3\n",
        'helm upgrade x --set postgres.existingSecret=pg-creds, "GET /api/keys?sort=token&api_key= HTTP/1.1" 401, userToken=Anonymous',
        'password = getpass.getpass("Password for %s: " % user)',
        '("password", "required"), t("password", "Password")',
        # What stands for a value that is kept elsewhere.
        "      - POSTGRES_PASSWORD=${POSTGRES_PASSWORD:?must be set}",
        "        password: ${{ secrets.DOCKERHUB_TOKEN }}",
        'with: {token: "${{secrets.GITHUB_TOKEN}}"}',
        '{"api_key": "%ENV(API_KEY)%", "db_password": "%env(resolve:DB_PASSWORD)%"}, password=%DB_PASS%',
        "db_password: {{ vault_db_password }}",
        "db_password: <%= ENV['DB_PASSWORD'] %>",
        'db_password: "<%= Rails.application.credentials.db_password %>"',
        "db_password: ENC[AES256_GCM,data:UAJ7NO4qFqwGzWCA,iv:thEgG178Z3GpOFpjQnbfjdMVDmJcRjLJTF4LMfJze2I=,tag:IvOrEeTOlu5sMNzRfQzwTw==,type:str]",
        "profile::db_password: ENC[PKCS7,MIIBeQYJKoZIhvcNAQcDoIIBajCCAWYCAQAxggEhMIIBHQIBADAFMAACAQEw]",
        "db_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n",
        "wifi:\n  password: !secret wifi_password\n",
        '{"auth":{"client_token":"hmac-sha256:e64716f10dfda69224ab135cb72af64738ae9d1d333a6f6b62569856cfcb572b"}}',
        # Masked, or nothing.
        '(43)   User-Password = "<<< secret >>>", password=<<hidden>>',
        "#3 crypto_key_load (key=0x555f448faa20, pass=0x0) at key.c:696",
        "eos_token='</s>' pad_token='<pad>' mask_token=\"[MASK]\" eot_token='<|endoftext|>'",
        "rtsp://10.0.0.93:554/user=admin_password=_channel=1_stream=0.sdp",
        # Said of one.
        '{"errors": {"password": ["must be at least 18 characters"], "token": ["is required", "can\'t be blank"]}}',
        '{"password": "This password is too short. It must contain at least 8 characters."}',
        "prompt eval time = 3598.12 ms / 311 tokens; max_tokens=4727 token=29871",
        "n_tokens=512, token=13",
        'EOT token = 128009, bos_token_id=128000, "eos_token_id": [128001, 128009], start_token=-9223372036854775808',
        "unexpected token: `=>`, passwd: XXX-REDACTED-XXX, password='# REDACTED #', OPENAI_API_KEY=sk-...",
        "STRIPE_SECRET=changeme-in-production, SECRET_KEY=replace-with-a-long-one, token: xoxb-your-token-here, password: '<set me>'",
        "Passwort: Mindestens 8 Zeichen, Password: 8+ characters, Hasło: min. 8 znaków, Contraseña: mínimo 10 caracteres",
        "ExternalSecret=shop/payment-keys, LoadCredential=db:/etc/credstore/db, Mountable secrets:  robot-dockercfg, RandomPassword: (create)",
        "'passwords' => ['users' => ['provider' => 'users']]",
        "image_token_id=151655 first_token=412ms last_token=9120.5ms, AUTH_TOKEN='put your token here', Password: ●●●●●●●●",
        "secret_name=prod-db-7f3a token_expires_at=2026-01-05T10:11:12Z password_policy_id=9f8e7d6c5b api_key_owner=u48213aF",
    ),
)
