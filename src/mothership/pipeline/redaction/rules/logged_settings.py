"""Passwords in what tools say of a setting: its new value, a value bound by number, the default of one that is not set."""
# ruff: noqa: E501 - an expression reads best in one piece; lengths of values

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.credential_names import says_credential
from mothership.pipeline.redaction.rules.rule import QUOTE, REACH, WORD, CodeMatcher, Matcher, Span
from mothership.pipeline.redaction.rules.vocabulary import is_no_word, is_written_out, looks_like_secret, says_words

_NAMED = r"(?:passw(?:or)?d|passwd|passphrase|secret|token|api_?key|pwd)"
_BOUND = re.compile(
    rf"(?P<name>\w{{0,40}}{_NAMED}\w{{0,24}})[\"'`]?\s?=\s?(?:crypt\(|md5\(|digest\()?(?:\$|:|\?|@p?)(?P<number>[0-9]{{1,3}})",
    re.IGNORECASE,
)
_PLACES = re.compile(
    r"\(\s?(?P<names>[\w\s,\"'`.]{3,2000})\)\s{0,4}values\s{0,4}\(\s?(?P<places>\$[0-9]{1,3}(?:\s?,\s?\$[0-9]{1,3}){0,99})",
    re.IGNORECASE,
)


def _bound_numbers(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Yield where a statement says by which number a secret is bound, and the number."""
    for match in _BOUND.finditer(text, start, min(len(text), end + 256)):
        if match.start() < end:
            yield match.start(), match["number"]
    for match in _PLACES.finditer(text, start, min(len(text), end + REACH)):
        names, places = match["names"].split(","), match["places"].split(",")
        for name, place in zip(names, places, strict=False) if match.start() < end else ():
            if says_credential(name.strip(" \t\r\n\"'`")):
                yield match.start(), place.strip()[1:]


def _bound(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find values that a statement binds by number: `password = $2`, and `$2 = '…'` before it or behind it."""
    for at, number in _bound_numbers(text, start, end):
        value = re.compile(rf"\${number}\s?=\s?(?P<q>'|\\?\")(?P<secret>(?:(?!(?P=q))[^\r\n]){{1,512}})(?P=q)")
        near = value.search(text, max(0, at - 4096), min(len(text), at + 8192))
        yield near.span("secret") if near and is_written_out(near["secret"]) else None


def _is_default(text: str) -> bool:
    return is_written_out(text) and not says_words(text)


LOGGED_SETTINGS: tuple[Matcher | CodeMatcher, ...] = (
    CodeMatcher(_bound, (_BOUND, _PLACES)),
    # Puppet's and others' change of a property: `password: current_value absent, should be '…'`
    Matcher(
        rf"{_NAMED}(?:_hash)?[\"'\]]?:?\s[^\r\n]{{0,80}}?\b(?:should\sbe|changed?\s(?:from\s)?\S{{1,128}}\sto|desired)\s{QUOTE}(?P<secret>[^\"'\\\r\n]{{3,256}}){QUOTE}",
        is_written_out,
        ignore_case=True,
    ),
    Matcher(
        rf"defined\s{QUOTE}[\w.-]{{0,24}}{_NAMED}(?:_hash)?{QUOTE}\sas\s{QUOTE}(?P<secret>[^\"'\\\r\n]{{3,256}}){QUOTE}",
        is_written_out,
        ignore_case=True,
    ),
    # What a web firewall matched, an attribute that was set, a setting's name in camel case, a secret of a machine
    Matcher(
        rf"ARGS(?:_\w{{2,8}})?:(?:user_?)?(?:pass(?:word|wd)?|pwd?|pin)[12]?{QUOTE}?\s?[:=]\s{{0,2}}{WORD}",
        is_written_out,
    ),
    Matcher(
        rf"(?:unicodePwd|userPassword|[a-z0-9]{{2,24}}(?:Pwd|Password|Passwd|Secret))\s(?:was\s|has\sbeen\s)?(?:changed|set|reset|updated)\sto\s{{1,2}}{WORD}",
        _is_default,
    ),
    Matcher(rf"(?<![A-Za-z])[A-Za-z]{{1,24}}[a-z]Pass(?:wd)?{QUOTE}?\s?[:=]\s{{0,2}}{WORD}", looks_like_secret),
    Matcher(
        rf"(?<![A-Za-z])(?:passw(?:or)?d|passphrase)\s(?:from|in)\s[\w./-]{{3,60}}:\s{{1,2}}{WORD}(?=\s{{0,2}}(?:$|[\r\n]))",
        looks_like_secret,
        ignore_case=True,
    ),
    Matcher(
        r"(?<![A-Za-z-])secret,(?:[\w-]{1,16}=[^,\s]{0,64},){0,4}data=(?P<secret>[^\s,\"']{3,256})", is_written_out
    ),
    # What a variable or a macro became: `{$VMWARE.PASSWORD} resolved to …`
    Matcher(
        rf"\{{[$#@]?[\w.-]{{0,40}}{_NAMED}[\w.-]{{0,16}}\}}{QUOTE}?\s(?:resolved|expanded|evaluate[sd]|rendered|replaced|substituted)\s(?:to|by|with|as)\s{{1,2}}{WORD}",
        looks_like_secret,
        ignore_case=True,
    ),
    # `PASSWORD kibana_system = …`
    Matcher(rf"PASSWORD\s[\w.-]{{2,40}}\s?[=:]\s{{1,2}}{WORD}", looks_like_secret),
    # A variable's name and its value in quotation marks: `BORG_PASSPHRASE "drie kleine biggetjes"`
    Matcher(
        rf"[A-Z0-9_]{{0,40}}_(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY)\s{{1,4}}(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{3,256}})(?P=q)",
        _is_default,
    ),
    # What a program takes where a variable is not set: `os.environ.get("PASSWORD") or "…"`, `getenv("SECRET", "…")`
    Matcher(
        rf"(?:getenv|environ\.get|env|ENV\.fetch|config(?:\.get)?|getProperty|Env::get)\(\s?{QUOTE}[\w.-]{{0,60}}(?:passw(?:or)?d|passphrase|secret|token|api_?key|pwd|pass)\w{{0,16}}{QUOTE}\s?(?:\)\s?(?:or|\|\||\?\?|\?:)|,)\s?{QUOTE}(?P<secret>[^\"'\\\r\n]{{4,256}}){QUOTE}",
        _is_default,
        ignore_case=True,
    ),
    Matcher(
        rf"(?:#|%)define\s{{1,8}}\w{{0,40}}(?:passw(?:or)?d|passphrase|secret|token|api_?key|pwd)\w{{0,16}}(?:\s|\\t){{1,8}}{QUOTE}?(?P<secret>[^\s\"'\\]{{5,256}})",
        looks_like_secret,
        ignore_case=True,
    ),
    # Tasmota's and other devices' commands over MQTT; Grandstream's numbered settings; a game's login
    Matcher(
        rf"(?:CMND|cmnd/[\w.-]{{1,40}}/|RSL:|BACKLOG|;)\s?(?:Mqtt|Web)?Password[12]?\s{{1,2}}{WORD}",
        lambda text: is_no_word(text) and not text.endswith(":"),
        ignore_case=True,
    ),
    Matcher(
        r"(?<![0-9A-Za-z])P(?:2|34|47[0-9]?|196|406|506|606|1359)=(?P<secret>[^\s&;\"'\\]{3,64})(?=&P[0-9]|\s|$)",
        is_no_word,
        preceded=r"(?:P[0-9]{1,4}=[^\s&]{0,32}&)",
    ),
    Matcher(
        r"(?:command|cmd):?\s/(?:login|l|reg(?:ister)?|changepass(?:word)?|unregister)\s{1,2}(?P<secret>[^\s\"'\\]{3,64}(?:\s[^\s\"'\\]{3,64})?)(?=\s{0,2}(?:$|[\r\n\"]|\\[rn]))",
        is_no_word,
        ignore_case=True,
    ),
    Matcher(
        r"(?<![\w/.])/(?:login|l|reg(?:ister)?|changepass(?:word)?)\s{1,2}(?P<secret>[^\s\"'\\]{3,64})(?=\s(?:\S{3,64}\s)?(?:issued|was\stried|sent)\sby)",
        looks_like_secret,
        ignore_case=True,
    ),
    # One command's word each: `dev wifi connect … password …`, `open wpa2 passphrase … algorithm`, `auth-sha … encrypt-aes …`
    Matcher(
        rf"(?:\bwpa[23]?\spassphrase|\bpassphrase(?=\s\S{{3,64}}\salgorithm)|(?:auth|priv|encrypt)-(?:sha|md5|aes|des)[0-9]{{0,3}}|openssl\spasswd(?:\s-\S{{1,8}}){{0,4}}|pulumi\sconfig\sset\s--secret\s[\w:.-]{{1,64}}|b2\sauthorize-account\s[0-9a-f]{{12,32}}|PRAGMA\s(?:re)?key\s?=|\bsys\sadmin|the\spsk\sfound\.?)\s{{1,2}}{WORD}",
        is_no_word,
        ignore_case=True,
    ),
    Matcher(rf"nmcli\s[^\r\n]{{0,120}}?\spassword\s{{1,2}}{WORD}", is_no_word, parted=False),
    # What a program types at a prompt
    Matcher(
        rf"(?:write|send|sendline|write_channel)\w{{0,10}}:?\s?\(?b?{QUOTE}(?P<secret>[^\"'\r\n]{{3,128}}?)(?:\\{{1,2}}[rn]){{0,2}}{QUOTE}[^\r\n]{{0,40}}?{QUOTE}?passw",
        is_written_out,
        ignore_case=True,
        parted=False,
    ),
    Matcher(rf"(?:user_pass|http_pass|admin_mode_password)\w{{0,6}}!:\s{{1,2}}{WORD}", is_no_word, ignore_case=True),
    Matcher(r"/with/key/(?P<secret>[0-9A-Za-z_-]{16,64})(?![0-9A-Za-z_-])"),
    Matcher(r"/t/(?P<secret>[0-9a-z]{2}-[0-9a-f-]{32,80})/"),
    Matcher(r"pushover[^\r\n]{0,120}?&user=(?P<secret>u[0-9a-z]{29})(?![0-9a-z])", ignore_case=True),
    Matcher(r"(?<![a-z])user=(?P<secret>u[0-9a-z]{29})(?=[^\r\n]{0,120}?pushover)"),
    # PAN-OS makes an API key of these; Authorize.Net's key beside its login; a portal's cookie by its name
    Matcher(r"(?<![0-9A-Za-z+/])(?P<secret>LUFRPT[0-9A-Za-z+/]{40,200}={0,2})(?![0-9A-Za-z+/=])"),
    Matcher(r"x_tran_key[\"']?\s?[=:]\s?[\"']?(?P<secret>[0-9A-Za-z]{12,32})(?![0-9A-Za-z])"),
    Matcher(r"[\w-]{0,24}authcookie\s{1,2}(?P<secret>[0-9A-Za-z+/=_%.-]{16,512})(?=\s|$)"),
)

LOGGED_SETTINGS_POSITIVES = (
    ("/Mysql::User[app]/x: defined 'password' as 'zeil-4410'", "zeil-4410"),
    ('item "vm" macro {$VMWARE.PASSWORD} resolved to Zeil4410', "Zeil4410"),
    ("ARGS:pass: Zeil4410! matched", "Zeil4410!"),
    ('unicodePwd changed to "Zeil4410" for CN=kim', "Zeil4410"),
    ("RootUser: kim RootPass: Zeil4410", "Zeil4410"),
    ("Using password from config: 6a2f9c1e7b3d5f8041c6e2a9", "6a2f9c1e7b3d5f8041c6e2a9"),
    ("-object secret,id=s0,data=Zeil4410 -drive x", "Zeil4410"),
    ("/login Zeil4410 issued by player kim", "Zeil4410"),
)
LOGGED_SETTINGS_NEGATIVES = (
    "unicodePwd changed to a new value, {$X.PASSWORD} resolved to nothing, firstPass: true, bypass: 12, RootPass: unset, password in use: yes",
    "defined 'password' as required, ARGS:pass: , /login page issued by proxy, secret,id=s0,file=/etc/key",
)
