"""A user and a password in what is said of a login: who tried which, with what somebody got in, what became of them."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece; lengths of values

import re

from mothership.pipeline.redaction.rules.rule import IN_LINE, QUOTE, Matcher
from mothership.pipeline.redaction.rules.sentence_grammar import OPEN, VALUE, is_chosen, looks_like_password
from mothership.pipeline.redaction.rules.vocabulary import UNLIKE_WORDS, is_written_out, looks_like_secret, says_words

_LOGIN = r"(?<![A-Za-z])(?:log(?:ging|ged)?[\s-]?(?:in|on)|login|log-?on|sign(?:ed|ing)?[\s-]in|auth(?:enticat\w{1,4})?|tr(?:y|ies|ied|ying)|attempt(?:ed|ing|s)?|crack(?:ed|ing)|guess(?:ed|ing)?|creds?|credentials?|combo|using|works?\swith|success(?:ful)?|valid|brute-?forced?|default|reset|connect(?:ed|ing)?|backdoor|account|basicauth|basic[\s_-]auth)(?![A-Za-z])"
_SOMEBODY = r"(?!user[\s'\"]|account[\s'\"]|host/)[A-Za-z][\w.@$\\-]{0,40}"
_USUAL = r"(?:root|admin|administrator|user|test|guest|pi|ubuntu|debian|centos|oracle|postgres|mysql|ftp|support|operator|ubnt|sa|tomcat|service|supervisor|tech|default|666666|888888)"
_TIME = re.compile(r"[0-9:.]+|[\w-]+\.[a-z]{2,5}|[a-z]{1,8}[0-9]{0,3}(?:[/.:-].*)?|[0-9a-fA-F:.-]+")


def _is_second(text: str) -> bool:
    """Tell a password behind its user from a machine, a path, a port and a time."""
    return looks_like_password(text) and is_chosen(text) and _TIME.fullmatch(text) is None and "/" not in text[:1]


def _is_any(text: str) -> bool:
    """Tell any password from a word for none, and from figures alone."""
    return (
        is_written_out(text)
        and not says_words(text)
        and not text.startswith(("/", "//", "["))
        and (len(text) > 5 or not text.isdigit())
        and re.fullmatch(r"[0-9.:]{7,}|\W+", text) is None
    )


def _are_secrets(text: str) -> bool:
    """Tell passwords in a row."""
    return all(map(looks_like_secret, re.split(r",\s", text)))


LOGIN_ATTEMPTS = (
    # `tried admin/…`, `logged in with bob:…`, `creds for the switch: admin / …`
    Matcher(
        rf"{_LOGIN}[^\r\n]{{0,48}}?(?:[\s:='\"\\\[(]){_SOMEBODY}(?::|\s?/\s?)(?!/){OPEN}{VALUE}",
        _is_second,
        ignore_case=True,
        secret_has=UNLIKE_WORDS,
        parted=False,
    ),
    Matcher(
        rf"(?<![A-Za-z])(?:attempt(?:ed|ing|s)?|tried|trying|creds?|credentials?|cracked|guessed|auth(?:entication)?\s(?:failed|failure|ok|success(?:ful)?|rejected)|log-?in\s(?:failed|ok|success(?:ful)?|attempt)|failed\s(?:login|logon|auth\w{{0,12}}))(?:\s(?:login|for|as|with|from|user|using|of|is|was|work|combo|pair)|\s\S{{1,40}}(?=\s(?:using|with))|:|\s->){{0,4}}\s{OPEN}{_USUAL}{OPEN}(?::|\s?/\s?)(?!/){OPEN}{VALUE}",
        _is_any,
        ignore_case=True,
    ),
    Matcher(
        rf"(?:auth(?:entication)?\s(?:failed|failure|error|ok)|login\s(?:failed|attempt|failure|ok)|bad\slogin|cracked)(?:\sfor)?:?\s{OPEN}[A-Za-z][\w.@-]{{1,40}}{OPEN}:{OPEN}(?P<secret>(?![0-9]{{1,5}}(?:\s|$))[^\s\"'/,;:<>]{{4,128}})(?=[\"']?(?:\s|$|[,;]))",
        lambda text: _is_any(text) and (len(text) > 7 or looks_like_secret(text)),
        ignore_case=True,
    ),
    # `as admin with …`, `log in with jan and …`, `Basic auth user jan with …`, `the creds are admin …`
    Matcher(
        rf"(?<![A-Za-z])(?:log(?:ging|ged)?[\s-]?(?:in|on)|login|signed?[\s-]in|auth\w{{0,12}}|connect\w{{0,3}}|creds|credentials)\s(?:(?:as|with|for|user|are|is|using|to|the|account)\s){{1,3}}{OPEN}{_SOMEBODY}{OPEN}(?:\s(?:with|and|using|,|\+|&))?\s{OPEN}{VALUE}",
        _is_second,
        ignore_case=True,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(
        rf"(?<![A-Za-z])use\s{OPEN}{VALUE}{OPEN}(?=\s(?:to\s(?:log|sign)[\s-]?(?:in|on)|as\s(?:the\s|your\s|a\s|its\s)?(?:temp\w{{0,6}}\s|new\s)?(?:pass|pw|login)))",
        is_chosen,
        ignore_case=True,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(
        rf"(?<![\w.@/-]){_SOMEBODY}\s/\s{OPEN}{VALUE}{OPEN}(?=\s(?:is|are|was|works?)\s(?:the|my|our|your|for)\s)",
        _is_second,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(rf"\{{[A-Za-z][\w.@-]{{1,40}}\s{VALUE[:-1]}|\}})(?=\}}\s(?:pass|login|auth))", looks_like_secret),
    # What became of one: `reset for jan -> …`, `set pw of jan to …`, `changed pw from … to …`, `old=… new=… password`
    Matcher(
        rf"(?<![A-Za-z])(?:pass(?:word|phrase|code|wd)?|pw|pwd|wachtwoord|passwort)\s(?:reset|changed?|updated?|set|rotat\w{{1,3}})\s(?:for|of|voor|für)\s\S{{1,48}}\s?(?:->|=>|→|:|=)\s{{0,2}}{OPEN}{VALUE}",
        _is_any,
        ignore_case=True,
    ),
    Matcher(
        rf"(?<![A-Za-z])(?:reset|changed?|updated?|set|setting)\s(?:the\s)?(?:pass(?:word|phrase|code|wd)?|pw|pwd)\s(?:(?:of|for|on)\s\S{{1,48}}\s)?(?:->|=>|→|to|from|=)\s{OPEN}{VALUE}",
        looks_like_secret,
        ignore_case=True,
    ),
    Matcher(
        rf"(?<![A-Za-z])(?:reset|changed?|updated?|set|setting)\s(?:the\s)?(?:pass(?:word|phrase|code|wd)?|pw|pwd)\s(?:(?:of|for|on)\s\S{{1,48}}\s)?from\s\S{{4,128}}\sto\s{OPEN}{VALUE}",
        looks_like_secret,
        ignore_case=True,
    ),
    Matcher(
        rf"(?<![a-z])(?:old|new|prev(?:ious)?|current)\s?=\s?{OPEN}{VALUE}(?=[^\r\n]{{0,80}}?passw)",
        looks_like_secret,
        ignore_case=True,
        parted=False,
    ),
    Matcher(
        rf"passw[^\r\n]{{0,80}}?\s(?:old|new|prev(?:ious)?|current)\s?=\s?{OPEN}{VALUE}",
        looks_like_secret,
        ignore_case=True,
        parted=False,
    ),
    Matcher(
        rf"(?<![A-Za-z])(?:tmp|temp|temporary|initial|new|old|current|default|test|start|guest|admin|root|wifi)\s(?:pw|pwd|pass)\s{{1,2}}{OPEN}{VALUE}",
        looks_like_secret,
        ignore_case=True,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(
        r"(?<![A-Za-z])(?:passwords|passphrases)(?:\stried|\sattempted|\sseen)?\s?[:=]\s{0,2}\[?(?P<secret>[^\s,\"'\]]{4,64}(?:,\s[^\s,\"'\]]{4,64}){0,20})",
        _are_secrets,
        ignore_case=True,
    ),
    Matcher(
        rf"(?:password|passphrase|passcode|passwort|wachtwoord|pwd)\s(?:entered|entry|used|guess(?:ed)?|tried|typed|hint|attempt(?:ed)?|given|submitted|supplied|rejected|was)(?:\s(?:was|is|by\s\S{{1,40}}))?\s?:?\s{{0,2}}(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{3,128}})(?P=q)(?!\s?[:=(])",
        _is_any,
        ignore_case=True,
    ),
    Matcher(
        rf"(?:password|passphrase|passcode)\s(?:guess(?:ed)?|tried|typed|hint|attempt(?:ed)?)(?:\s(?:was|is))?\s?[:=]?\s{{1,2}}{OPEN}{VALUE}",
        looks_like_secret,
        ignore_case=True,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(
        rf"(?<![A-Za-z])ww(?:\s?[:=]|\sis)\s{{0,2}}{OPEN}{VALUE}",
        looks_like_secret,
        ignore_case=True,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(
        r"(?<![A-Za-z0-9_])(?:ww=|(?:u|user|usr|login|name)=[^&\s]{1,64}&(?:p|pw|ww)=)(?P<secret>[^\s&\"'\\]{3,128})",
        is_written_out,
        ignore_case=True,
    ),
    # Tools that try many: `[+] CORP\jan:… (Pwn3d!)`, hashcat's line of a wireless network, `KEY FOUND! [ … ]`
    Matcher(
        r"\[\+\][^\r\n]{0,100}?[\w.-]{0,24}\\{1,2}[\w.$-]{1,40}:(?P<secret>[^\s\"':]{3,128})(?=[\"']?(?:\s|$|[\"']))",
        is_written_out,
    ),
    Matcher(
        rf"[0-9a-f]{{32}}:[0-9a-f]{{12}}:[0-9a-f]{{12}}:[^\r\n:]{{1,32}}:(?P<secret>{IN_LINE}{{8,63}})(?=\s{{0,2}}(?:$|[\r\n\"\\]))",
    ),
    Matcher(r"KEY\sFOUND!\s\[\s(?P<secret>[^\]\r\n]{5,128}?)\s\]"),
    # Settings that take both: `auth_basic_user jan:…`, `incominguser jan …`, `static:jan:…`
    Matcher(
        rf"(?<![A-Za-z])(?:auth_basic_user|basicauth|basic_auth|AuthUserPass|AuthUser|htaccess|htpasswd|password_maps\s?=?\s?static)[:=]?\s{{0,2}}{OPEN}[A-Za-z][\w.@-]{{0,40}}:(?!//)(?P<secret>[^\s\"'\\,;:]{{3,128}})(?![\w:])",
        lambda text: _is_any(text) and not text.isdigit(),
    ),
    Matcher(r"(?:incominguser|outgoinguser)\s{1,4}\S{1,64}\s{1,4}(?P<secret>[^\s\"'\\]{3,128})", _is_any, ignore_case=True),
    Matcher(
        rf"(?<![A-Za-z_.-])auth(?:{QUOTE})?\s?[:=]\s?(?:{QUOTE})?[A-Za-z][\w.@-]{{0,40}}:(?!//)(?P<secret>[^\s\"'\\,;:/]{{4,128}})(?![\w:])",
        _is_second,
    ),
    Matcher(
        r"(?<![\w.])(?:login|log_in|signin|authenticate|auth|connect|logon|bind|verify_?(?:user|login|password))\(\s?(?:[A-Za-z][\w.@-]{0,40},\s?)(?P<secret>[^\s,()\"']{5,128})\s?\)",
        is_chosen,
        ignore_case=True,
    ),
    Matcher(
        rf"\[\s?{QUOTE}[\w.@-]{{1,64}}{QUOTE},\s?{QUOTE}(?P<secret>[^\"'\\\r\n]{{4,128}}){QUOTE}\s?\](?=[^\r\n]{{0,80}}?(?:password|passwd|pwd))",
        looks_like_secret,
        ignore_case=True,
        parted=False,
    ),
)  # fmt: skip

LOGIN_ATTEMPTS_POSITIVES = (
    ("tried admin/Kaas#2041 and got 401", "Kaas#2041"),
    ("logged in with admin:Kaas#2041", "Kaas#2041"),
    ("Creds for the switch: admin / Kaas#2041", "Kaas#2041"),
    ("login attempt: root:molenwiek", "molenwiek"),
    ("auth failed for kim:molenwiek", "molenwiek"),
    ("logging in as admin with Kaas#2041", "Kaas#2041"),
    ("log in with kim and Kaas#2041", "Kaas#2041"),
    ("use Kaas#2041 to log in", "Kaas#2041"),
    ("kim / Kaas#2041 is the login for the nas", "Kaas#2041"),
    ("{kim Kaas2041} password mismatch", "Kaas2041"),
    ("password reset for kim.lee -> molenwiek", "molenwiek"),
    ("set pw of kim to Kaas#2041", "Kaas#2041"),
    ("changed pw from Kaas#2041 to Brie#2042", "Brie#2042"),
    ("old=Kaas#2041 new=Brie#2042 password changed", "Brie#2042"),
    ("tmp pw Kaas#2041", "Kaas#2041"),
    ("tried passwords: Kaas2041, Brie2042", "Brie2042"),
    ("password entered 'molenwiek' does not match", "molenwiek"),
    ("password guess: Kaas#2041", "Kaas#2041"),
    ("ww: Kaas#2041", "Kaas#2041"),
    ("u=kim&p=molenwiek", "molenwiek"),
    ("SMB 10.0.0.1 445 DC [+] CORP\\kim:molenwiek (Pwn3d!)", "molenwiek"),
    ("4d4fe7aac3a2cecab195321ceb99a7d0:fc690c158264:f4747f87f9f4:Home:molenwiek", "molenwiek"),
    ("KEY FOUND! [ drie oude molens ]", "drie oude molens"),
    ("auth_basic_user kim:molenwiek9", "molenwiek9"),
    ("incominguser kim molenwiek", "molenwiek"),
    ("login(kim, Kaas#2041)", "Kaas#2041"),
    ("parameters: ['kim', 'Kaas#2041'] for insert into users (login, password)", "Kaas#2041"),
    ('{"auth": "kim:Kaas#2041"}', "Kaas#2041"),
)
LOGIN_ATTEMPTS_NEGATIVES = (
    "login from host:8443, logged in with ops/web01, trying node1:eth0 and db2:5432, tried 10.0.0.1:22, connected to redis:6379 / db0",
    "authentication ok for CORP/DC01, logged in as admin with 2FA, login as bob with publickey SHA256:AbCdEf012345, attempt 3/5, try 2/10",
    "using config/App2.yaml, using TLSv1.3/AES256, using python/3.11.4, connecting to wss://h/x, default: en/US, valid until 2026/03",
    "reset pw for kim, set password for bob to expire, old=3 new=4 password policy, use port8443 to log in, use OAuth2 to log in",
    "Login OK: [host/NB-22x1] (from client ap1)",
    "auth: bearer:missing, auth=LOGIN:ok, login(kim, true), login(user, options), static: dir:public2, passwords: 12, passwords: hidden",
    "login attempt: root:publickey from 10.0.0.1 failed, credentials: vault/prod, creds: file:/run/creds, account ops/web01, www: x",
    "Login failed for db:prod login:admin from 10.0.0.4",
    "[+] Running 2/2, [+] Building 3.2s, password hint: the usual, password attempt 3, password entered 3 times, auth failed for bob:22",
)
