"""The rule for credentials written into programs: arguments of calls, comparisons, fallbacks, typed declarations."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher, Rule
from mothership.pipeline.redaction.rules.vocabulary import is_placeholder, is_reference, looks_like_secret, says_words

_NAME = r"(?:passw(?:or)?d|passphrase|passcode|pwd|secret|token|api_?key|auth_?key|(?<![a-z])pass(?![a-z])|access_?key|private_?key|secret_?key|credentials?)"
_TAIL = r"\w{0,24}"
_TEXT = rf"{QUOTE}(?P<secret>[^\"'\\\r\n]{{3,512}}){QUOTE}"
_LOGIN_CALLS = (
    # Looked for where a word begins that a bracket follows: at every letter each of these names would be tried. They are
    # what such words end with, in any case: `ldap_bind`, `mysqli_real_connect` and `NetworkCredential` are not named.
    r"(?<![A-Za-z_])(?=[\w.:\]]{2,96}\s?\()[A-Za-z_]{0,64}(?:auth(?:enticat(?:e|ion))?|bind(?:_s|_ext)?|changePassword|changeUserPassword"
    r"|connect|create_?user|createSession|credentials?|getConnection|identity|imap_open|log[io]n|mysqli|setUsernameAndPassword|sign_?in"
    r"|softAP|ssh2_auth_password|userdata|username(?:_pw_set|token)?|UsernamePasswordToken|WiFi\.begin)"
)
PASSPHRASE_MIN = 8
"""Characters of a word that stands where only a password can."""
_STATE_WORDS = re.compile(
    r"[A-Za-z]{1,24}(?: [A-Za-z]{1,24}){2,20}[.:!?]?|[a-z]+(?:[_.:/-][a-z]+)*|[A-Z]+(?:_[A-Z]+)+|[a-z_]{2,24}(?:\.[a-z_]{2,24}){1,8}\.[A-Z][A-Za-z0-9]{2,60}|\s*"
)


_PHRASE = re.compile(r"[A-Za-z]{3,24}(?: [A-Za-z]{3,24}){2,6}")
_OF_SENTENCES = """
the and with was were has had have this that here there you your please must could can would cannot failed error refused timed out connection connect server host user
"""
_FOR_SENTENCES = frozenset(_OF_SENTENCES.split())


def _is_value(text: str) -> bool:
    """Tell a value from what programs say of one: a label, a key in a table, a sentence, a placeholder."""
    if " " in text and any(says_words(word) for word in text.split()):
        return False  # it speaks of one
    return not (
        is_placeholder(text, quoted=True)
        or says_words(text)
        or is_reference(text, "")
        or _STATE_WORDS.fullmatch(text) is not None
    )


def _is_argument(text: str) -> bool:
    """Tell a password that is an argument from an address, a file or another argument."""
    if _PHRASE.fullmatch(text):
        return not any(word in _FOR_SENTENCES or says_words(word) for word in text.lower().split())
    return (_is_value(text) and not text.isdigit() and not text.startswith("/") and "://" not in text) or (
        len(text) >= PASSPHRASE_MIN and text.isalnum() and text.islower() and not says_words(text)
    )


CODE = Rule(
    name="code_credential",
    description="Credentials in programs and what they print of themselves: the last text of a login call "
    '(`NetworkCredential("u", "…")`), `setPassword("…")`, `apiKey == "…"`, `env.SECRET || "…"`, `api_key: &str = "…"`, '
    '`strcpy(password, "…")`, `auth=("u", "…")`.',
    source="the standard and database libraries of Java, C#, Python, PHP, Perl, Ruby, JavaScript, Go, Rust, C and C++",
    matchers=(
        Matcher(rf"{_NAME}{_TAIL}\sas\s\w{{3,12}}\s?=\s?{_TEXT}", _is_value, ignore_case=True),
        Matcher(
            rf"{_LOGIN_CALLS}(?:\]?::new)?\s?\(\s?(?:(?:[^()\r\n]|\([^()\r\n]{{0,40}}\)){{0,200}}?,\s{{0,2}})(?:password\s?[:=]\s?)?{_TEXT}(?=\s{{0,2}}(?:\)|,\s{{0,2}}(?:\[|Array|[{{]|null|[0-9])))",
            _is_argument,
            ignore_case=True,
        ),
        # With the database or the address behind it: `mysqli("h", "bob", "…", "shop")`, `connect('bob', '…', 't3://h')`.
        Matcher(
            rf"(?:mysqli|mysql_connect|pymysql\.connect|MySQLdb\.connect|psycopg2?\.connect|connect|login)\s?\(\s?{QUOTE}[^\"'\\\r\n]{{1,128}}{QUOTE}\s?,\s{{0,2}}(?:{QUOTE}[^\"'\\\r\n]{{1,64}}{QUOTE}\s?,\s{{0,2}})?{_TEXT}\s?,\s{{0,2}}{QUOTE}(?:[\w-]{{1,64}}|[a-z0-9]{{1,12}}://[^\"'\r\n]{{1,128}}){QUOTE}",
            looks_like_secret,
        ),
        # SNMP's: `CommunityData('…')`, `UsmUserData('bob', '…', '…')`, `community=OctetString("…")`
        Matcher(
            rf"(?:CommunityData\(\s?(?:{QUOTE}[^\"'\\\r\n]{{1,64}}{QUOTE},\s{{0,2}}(?=\\{{0,3}}[\"']))?|community\s?=\s?\w{{1,24}}\(|createV?[123]?c?Session\(\s?{QUOTE}[^\"'\\\r\n]{{1,128}}{QUOTE},\s{{0,2}})\s?{_TEXT}",
            _is_value,
            ignore_case=True,
        ),
        Matcher(
            rf"UsmUserData\(\s?{QUOTE}[^\"'\\\r\n]{{1,64}}{QUOTE},\s{{0,2}}(?:\w{{1,12}}=)?{QUOTE}(?P<secret>[^\r\n)]{{3,256}}?){QUOTE}\s{{0,2}}[,)](?!\s{{0,2}}[\"'])"
        ),
        # SQL's procedures and functions: `sp_addlogin 'bob', '…'`, `crypt('…', gen_salt('bf'))`
        Matcher(
            rf"(?:sp_addlogin\s(?:@\w{{1,16}}\s?=\s?)?N?{QUOTE}[^\"'\\\r\n]{{1,64}}{QUOTE}|sp_password\s(?:NULL|N?{QUOTE}[^\"'\\\r\n]{{1,64}}{QUOTE}))\s?,\s{{0,2}}(?:@\w{{1,16}}\s?=\s?)?N?{_TEXT}",
            ignore_case=True,
        ),
        Matcher(
            rf"(?:crypt|pgp_sym_(?:en|de)crypt|hash_?pw|hashpw|password_hash|password_verify|make_password)\(\s?{_TEXT}\s?,",
            _is_value,
        ),
        # C: `#define WIFI_PASS "…"`
        Matcher(rf"#define\s{{1,4}}\w{{0,40}}{_NAME}{_TAIL}\s{{1,16}}{_TEXT}", _is_value, ignore_case=True),
        Matcher(rf"redis[\w.]{{0,24}}\.auth\(\s?{_TEXT}", _is_argument, ignore_case=True),
        # ClickHouse's tables elsewhere: `remote('h', 'db.t', 'bob', '…')`, `mysql('h:3306', 'db', 't', 'bob', '…')`
        Matcher(
            rf"(?:remote(?:Secure)?\(\s?{QUOTE}[^\"'\\\r\n]{{1,128}}{QUOTE}\s?,\s{{0,2}}(?:{QUOTE})?[\w-]{{1,64}}\.[\w-]{{1,64}}(?:{QUOTE})?"
            rf"|(?:remote(?:Secure)?|mysql|postgresql|mongodb)\(\s?{QUOTE}[^\"'\\\r\n]{{1,128}}{QUOTE}(?:\s?,\s{{0,2}}(?:{QUOTE})?[\w-]{{1,64}}(?:{QUOTE})?){{2}})"
            rf"\s?,\s{{0,2}}{QUOTE}[^\"'\\\r\n]{{1,64}}{QUOTE}\s?,\s{{0,2}}{_TEXT}",
            ignore_case=True,
        ),
        Matcher(
            rf"\bauth(?:{QUOTE})?\s?[=:]\s?(?:Some\()?\(\s?{QUOTE}[^\"'\\\r\n]{{1,128}}{QUOTE},\s{{0,2}}{_TEXT}\s?\)"
        ),
        Matcher(
            rf"(?:strn?cpy|strlcpy|memcpy|setenv|putenv|os\.environ\.set)\(\s?\W{{0,2}}[\w.>-]{{0,60}}{_NAME}{_TAIL}[\"']?,\s{{0,2}}{_TEXT}",
            _is_value,
            ignore_case=True,
        ),
        Matcher(rf"{_NAME}{_TAIL}\s?:\s?[&\w<>\[\]?' ]{{1,40}}\s?=\s?{_TEXT}", _is_value, ignore_case=True),
        Matcher(
            rf"{_NAME}{_TAIL}[^\r\n\"'=:;]{{0,40}}\s?(?:\|\||\?\?|\?:|\bor\b)\s?{_TEXT}",
            _is_value,
            ignore_case=True,
            parted=False,
        ),
        Matcher(
            rf"{_NAME}{_TAIL}[\]\"')]{{0,3}}\s?=\s?[\w.$ >-]{{0,60}}\s?(?:\|\||\?\?|\?:|\bor\b)\s?{_TEXT}",
            _is_value,
            ignore_case=True,
        ),
        Matcher(
            rf"{_NAME}{_TAIL}[\]\"')]{{0,3}}\s?(?:[!=]==?|<>|\b(?:eq|ne|is|is not|-eq|-ne|-ceq|-like)\b|\.equals(?:IgnoreCase)?\(|\.Equals\(|, )\s?{_TEXT}(?!\s?:)",
            _is_value,
            ignore_case=True,
        ),
        Matcher(
            rf"{_TEXT}\s?(?:[!=]==?|<>|\.equals(?:IgnoreCase)?\()\s?[\w.$>\[\"'-]{{0,40}}{_NAME}",
            _is_value,
            ignore_case=True,
        ),
        Matcher(rf"{_NAME}{_TAIL}\s?[({{]\s?{_TEXT}\s?[)}}]", _is_value, ignore_case=True),
        Matcher(
            rf"(?:DBI->connect|PDO|new\s(?:PDO|mysqli|Redis|SqlConnection)|[\w.]{{0,40}}DirectoryEntry)\s?\([^\r\n]{{0,256}}?,\s{{0,2}}{_TEXT}\s?[,)]",
            _is_argument,
        ),
        Matcher(rf"CURLOPT_XOAUTH2_BEARER\s?,\s?{_TEXT}", _is_value),
    ),
    positives=(
        ('new DirectoryEntry("LDAP://dc1.example", "corp\\\\bob", "Winkel73hout")', "Winkel73hout"),
        ('curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, "aB3dEf9hIjKlMnOpQrSt");', "aB3dEf9hIjKlMnOpQrSt"),
        ('DriverManager.getConnection(url, "sa", "jaJKqmUao2LuqgA6")', "jaJKqmUao2LuqgA6"),
        ('new UsernamePasswordToken("admin", "Lantern1185?")', "Lantern1185?"),
        ('requests.get(url, auth=("ops", "quartzbramble"))', "quartzbramble"),
        ("process.env.JWT_SECRET || 'vLMgR0CbUMNKH1gxUipYqxah'", "vLMgR0CbUMNKH1gxUipYqxah"),
        ('new NetworkCredential("svc", "Sparrow4479*")', "Sparrow4479*"),
        ("ldap_bind(Resource id #3, 'cn=admin', 'P@ssB7Orh')", "P@ssB7Orh"),
        ("[System.Net.NetworkCredential]::new('x','Bramble2718?')", "Bramble2718?"),
        ('strcpy(cfg.password, "orchid_harbour_15");', "orchid_harbour_15"),
        ('let api_key: &str = "SpwVOsf6LuCgxmA651L0jAKWEcVlgC3t";', "SpwVOsf6LuCgxmA651L0jAKWEcVlgC3t"),
        ('password = credentials ?: "iJ4Sl%cYl3"', "iJ4Sl%cYl3"),
        ("my $dbh = DBI->connect($dsn, 'app', 'hHF8Z%jsLt0MF');", "hHF8Z%jsLt0MF"),
        ('redis.auth("tOilIJomJ6fk")', "tOilIJomJ6fk"),
        ('if (api_key === "s3cr3t-of-mine") {', "s3cr3t-of-mine"),
        ('if ("hunter2" == password)', "hunter2"),
        ('password.equals("hunter2")', "hunter2"),
        ('std::string secret("hunter2");', "hunter2"),
        ('builder.setPassword("hunter2")', "hunter2"),
        ('Const PWD As String = "Regen772#"', "Regen772#"),
        ('let db_pass: &str = "CM6cq41lJCe4r";', "CM6cq41lJCe4r"),
        ('UA_Client_connectUsername(client, "opc.tcp://h:4840", "app", "ginger.Summer_54")', "ginger.Summer_54"),
        ('new mysqli("h", "bob", "2gyZbdNRQmf1qJ", "shop")', "2gyZbdNRQmf1qJ"),
        ("connect('weblogic','Suns3t?263','t3://h')", "Suns3t?263"),
        ('client.connect(clientId.c_str(), "bob", "bridge8382!")', "bridge8382!"),
        ('smtp.login("bob@example.com", "anchor rotterdam juventus")', "anchor rotterdam juventus"),
        ("CommunityData('pumpkin70_', mpModel=1)", "pumpkin70_"),
        ("UsmUserData('bob', 'Br1dg3?363', 'qwertQWE~6920')", "Br1dg3?363"),
        ("sp_addlogin 'bob', 'Shadow1939#', 'db'", "Shadow1939#"),
        ("SELECT crypt('qwertwsx~6360', gen_salt('bf'))", "qwertwsx~6360"),
        ('#define WIFI_PASS "granite8 shadow"', "granite8 shadow"),
        ("remote('ch2:9000', 'db.t', 'reader', 'T1dePool88')", "T1dePool88"),
        ("mysql('h:3306', 'shop', 'orders', 'app', 'T1dePool88')", "T1dePool88"),
        ("kwargs={'auth': ('kim', 'Cl0ckT0wer')}", "Cl0ckT0wer"),
        ('Client { auth: Some(("relay", "Wr4kHout77")), tls: true }', "Wr4kHout77"),
        ('WiFi.begin("Boathouse", "Tulpenveld63188")', "Tulpenveld63188"),
    ),
    negatives=(
        'log.info("password changed"), getPassword("user"), setToken("access_token")',
        'if (token === "bearer") { } else if (password == "") { }',
        'config.get("db.password"), request.getParameter("password"), env("API_KEY", "secret")',
        'authenticate("user", "password"), login("username", "password"), connect("db", "users")',
        'password: str = "", token: Optional[str] = None',
        "const label = secret ? 'yes' : 'no'; token || 'none'",
        'connect("db", "could not reach the server"), {"format": "password", "maxLength": 67}, connect("h", "shop", "public")',
        '#define PASSWORD_MAX "64", onLogin("user", "login_ok"), crypt("x")',
        'connect("10.0.0.1", "5432"), auth(request, "/login")',
    ),
)
