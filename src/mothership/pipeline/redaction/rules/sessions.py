"""Rules for sessions."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher, Rule
from mothership.pipeline.redaction.rules.validators import has_digit

_COOKIE_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}"
_COOKIE_VALUE = r"[^\s;,\"'\\]{0,4096}"
LONG = 16
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


# A Windows security identifier, and what ZooKeeper and kernels print.
_PUBLIC = re.compile(r"S-1-[0-9-]+|0x[0-9a-f]+\Z", re.IGNORECASE)


def _opaque(text: str) -> bool:
    """Tell whether a session's id looks made by chance; UUIDs join log lines, and open nothing by themselves."""
    if not has_digit(text) or _UUID.fullmatch(text) or _PUBLIC.match(text):
        return False
    lower, upper = any(char.islower() for char in text), any(char.isupper() for char in text)
    return (lower or upper) if len(text) >= LONG else (lower and upper)


_NAMED = rf"(?:{QUOTE})?[=:]\s?(?:{QUOTE})?(?P<secret>[0-9A-Za-z%._~+/:!|@=-]{{6,4096}})"

_PLAIN_NAME = r"[\w.-]{0,24}(?:consent|theme|lang|language|locale|timezone|tz|currency|country|region|dark_?mode|font|layout|sidebar|banner|gdpr|seen|dismissed|expanded)[\w.-]{0,24}"
_PLAIN_COOKIES = re.compile(
    rf"(?:{_PLAIN_NAME}=[A-Za-z0-9_.,/+-]{{0,24}}(?:;\s?|$))+",
    re.IGNORECASE,
)


def _says_who(text: str) -> bool:
    """Tell cookies from those that only say how a page is to look."""
    return _PLAIN_COOKIES.fullmatch(text) is None


SESSION_COOKIE = Rule(
    name="session_cookie",
    description="`Cookie` and `Set-Cookie` headers, and the session cookies of the usual frameworks by name.",
    source="RFC 6265; default cookie names of Java, PHP, ASP.NET, Express, Laravel, Django, Rails, WordPress, Play",
    matchers=(
        Matcher(
            rf"(?<!set-)(?<!set_)cookie2?(?:{QUOTE})?\s?(?:=>|[:=])\s?(?:\[\s?)?(?:{QUOTE})?"
            rf"(?P<secret>{_COOKIE_NAME}={_COOKIE_VALUE}(?:;\s?{_COOKIE_NAME}={_COOKIE_VALUE}){{0,100}})",
            _says_who,
            ignore_case=True,
        ),
        Matcher(
            rf"(?:set[-_])?cookie2?(?:{QUOTE})?\s?(?:=>|[:=])\s?(?:{QUOTE})?(?P<secret>[0-9A-Za-z%._~+/!|-]{{8,4096}}={{0,2}})(?![=\w])",
            _opaque,
            ignore_case=True,
        ),
        Matcher(
            rf"set[-_]cookie(?:{QUOTE})?\s?(?:=>|[:=])\s?(?:\[\s?)?(?:{QUOTE})?(?!{_PLAIN_NAME}=[A-Za-z0-9_.,/+-]{{0,24}}(?:[;\s\"']|$)){_COOKIE_NAME}=(?P<secret>[^\s;,\"'\\]{{1,4096}})",
            lambda text: text.lower() != "deleted",
            ignore_case=True,
        ),
        Matcher(
            r"(?<![0-9A-Za-z])(?:JSESSIONID(?:SSO)?|PHPSESSID|ASPSESSIONID[A-Z]{8}|ASP\.NET_SessionId|\.ASPXAUTH|connect\.sid"
            r"|laravel_session|csrftoken|NSC_[0-9A-Za-z_.-]{1,32}|MYSAPSSO2|LtpaToken2?|SMSESSION|MRHSession|webvpn|DSID|F5_ST|BIGipServer[0-9A-Za-z_.~-]{1,64}|AWSALB(?:CORS|TG)?|sessionToken|auth_tkt|iPlanetDirectoryPro|openam|sysauth\w{0,8}|[A-Z]{2,12}COOKIE\w{0,12}|mod_auth_openidc_session|grafana_session|seraph\.[a-z]{3,16}|_gitlab_session|sap-usercontext|CGISESSID|fe_typo_user|phpMyAdmin|zbx_session\w{0,4}|roundcube_sessauth|SimpleSAMLAuthToken|XSRF-TOKEN|PLAY_SESSION|SSESS[0-9a-f]{20,40}|remember_?me|remember_token|OP_SESSION_\w{1,40}"
            rf"|wordpress_logged_in_[0-9a-f]{{1,40}}|__(?:Host|Secure)-[0-9A-Za-z_.-]{{1,40}}){_NAMED}",
            ignore_case=True,
        ),
        Matcher(
            rf"curl\s(?:[^\r\n]{{0,300}}?\s)?(?:--cookie|-b)[\s=]\s{{0,2}}{QUOTE}?(?P<secret>{_COOKIE_NAME}={_COOKIE_VALUE}(?:;\s?{_COOKIE_NAME}={_COOKIE_VALUE}){{0,100}})",
        ),
        Matcher(
            r"cookie[^\r\n]{0,40}?name=\W{0,2}[\w.-]{1,64}\W{0,4}(?:value|val)=\W{0,2}(?P<secret>[0-9A-Za-z%._~+/!|-]{8,4096})",
            ignore_case=True,
        ),
        Matcher(rf"auth{QUOTE}\s?:\s?{QUOTE}(?P<secret>[0-9a-f]{{32}}){QUOTE}"),
        Matcher(
            r"(?:_oauth2_proxy\w{0,8}|cadata(?:key|iv|sig|ttl)?|authsid|unifises)=(?P<secret>[0-9A-Za-z%._~+/!|-]{8,4096}={0,2})",
            ignore_case=True,
        ),
        Matcher(
            r"(?:sess(?:ion)?|(?<![A-Za-z])(?:sid|sso|ticket|jwt|csrf))[\w.-]{0,40}=(?P<secret>[0-9A-Za-z%._~+/!|-]{16,4096}={0,2})",
            _opaque,
            ignore_case=True,
        ),
        Matcher(
            rf"--session-?(?:id|key|token)[\s=]\s?(?:{QUOTE})?(?P<secret>[0-9A-Za-z%._~+/!|-]{{8,4096}}={{0,2}})",
            ignore_case=True,
        ),
        Matcher(rf"set[-_]cookie2?\s{QUOTE}{_COOKIE_NAME}=(?P<secret>[^\s;,\"'\\]{{1,4096}})", ignore_case=True),
        Matcher(rf"_(?<![0-9A-Za-z]_)[a-z]{{2,32}}_session{_NAMED}", ignore_case=True),
        Matcher(rf"(?<![0-9A-Za-z])[A-Za-z]{{1,20}}AuthCookie{_NAMED}", ignore_case=True),
        Matcher(
            rf"(?<![0-9A-Za-z])(?:(?:sess(?:ion)?[_-]?id|sid)(?:{QUOTE})?\s?[=:]|session(?:{QUOTE})?=)\s?(?:{QUOTE})?(?P<secret>[0-9A-Za-z%._~+/!|-]{{8,4096}}={{0,2}})",
            _opaque,
            ignore_case=True,
        ),
    ),
    positives=(
        ('{"method":"host.get","auth":"0180f9917a29a20e5dc1901bbba91e85","id":1}', "0180f9917a29a20e5dc1901bbba91e85"),
        (
            "_shibsession_64656661756c74=_e7a90a41f1b8779b2a6dc360832f2efe address mismatch",
            "e7a90a41f1b8779b2a6dc360832f2efe",
        ),
        ('mgmt_cli show hosts --session-id "rAo8l5uTRSVTMzMcZG0Dwq" --format json', "rAo8l5uTRSVTMzMcZG0Dwq"),
        ('set_cookie "jwt_refresh=BkL9Xz7GxP2tHlZbjhby; Secure"', "BkL9Xz7GxP2tHlZbjhby"),
        (
            "NSC_AAAC=532082f30831017009d92ffe7d658683d7d09d62b4252c5fc7fac52142d77984 accepted",
            "532082f30831017009d92ffe7d",
        ),
        (
            "MYSAPSSO2=sTO1mifh4gbc9v5xg9wBJJoUd40CEiJbbZAkehYu3lwvwPflXqfflx2/21lRN8Im1vozqToU8dRnHZCQ0G7fpCHMjA",
            "sTO1mifh4gbc9v5xg9wBJJoUd40CEi",
        ),
        (
            "curl --cookie 'auth=76fc0e42add731fd820b27cb78f04e90e085bf596479a670; lang=en' https://p",
            "76fc0e42add731fd820b27cb78f04e90",
        ),
        (
            "javax.servlet.http.Cookie name=JSESSIONID value=6878C859B48D5832579E7EB91F9824C5.node1",
            "6878C859B48D5832579E7EB91F9824C5",
        ),
        ("Cookie: theme=dark; sessionid=38afes7a8; x=1", "sessionid=38afes7a8"),
        ("Set-Cookie: SID=31d4d96e407aad42; Path=/; HttpOnly", "31d4d96e407aad42"),
        ("GET /a;jsessionid=0A1B2C3D4E5F60718293A4B5C6D7E8F9?x=1", "0A1B2C3D4E5F60718293A4B5C6D7E8F9"),
        ("Cookie: kT9xw2LqPz", "kT9xw2LqPz"),
        ("PHPSESSID=r2t5uvjq435r4q7ib3vtdjq120", "r2t5uvjq435r4q7ib3vtdjq120"),
        ("sysauth=a6cbc0d990c2e54e6f146dd6bfef1c94 expired", "a6cbc0d990c2e54e6f146dd6bfef1c94"),
        ('{"session_id": "kT9xw2LqPz"}', "kT9xw2LqPz"),
    ),
    negatives=(
        "session=12 opened for user root",
        "Session: 30546354_3350523820 initialized by client",
        "session_id=550e8400-e29b-41d4-a716-446655440000",
        "Set-Cookie: sessionid=deleted; Max-Age=0; path=/",
        "Set-Cookie: theme=dark; Max-Age=31536000; Path=/; SameSite=Lax",
        "cookie: not found, Cookie: cookie_consent=accepted; theme=dark; lang=nb-NO",
        "sid=S-1-5-21-3623811015-3361044348-30300820-1013 session_id=shard42",
        "Got user-level KeeperException when processing sessionid:0x14f05578bd80006 type:create",
        "side=left&inside=0123456789abcdef",
    ),
)
