"""A name and its value that markup stands between: bold words of a message, cells of a table, elements of a list."""
# ruff: noqa: E501, PLR2004, RUF001, S106 - an expression reads best in one piece; lengths of values, and classes of their characters

import re

from mothership.pipeline.redaction.rules.rule import Matcher
from mothership.pipeline.redaction.rules.sentence_grammar import is_chosen
from mothership.pipeline.redaction.rules.vocabulary import is_written_out, looks_like_secret, says_words

_NAMED = r"(?:pass(?:word|wd|phrase|code)|pwd|passwort|kennwort|wachtwoord|mot\sde\spasse|contrase(?:ñ|n)a|senha|has[łl]o|пароль|api[\s_-]?key|secret(?:\s?key)?|(?:access|auth|api|bearer)[\s_-]?token|psk)"
_TAG = (
    r"</?(?:b|strong|i|em|u|td|th|tr|code|span|p|br|dt|dd|label|li|tt|kbd|pre|font|div|h[1-6])(?:\s[^<>]{0,120})?\s?/?>"
)
_COLUMN_TYPE = re.compile(
    r"(?:var)?char\w*|text|string|str|bool\w*|int\w*|bytea?|blob|uuid|json|required|optional|yes|no", re.IGNORECASE
)
_SIGNS = r"(?:\s{0,2}::\s{0,2}|\s[-–—|¦/~]{1,2}\s|[|;~¦]|,\s?|\t{1,4}|\s?\(|\s<|\s?=\s?`|:\s?`|\s`)"


def _is_shown(text: str) -> bool:
    """Tell what stands for itself in a page or a message from a word for none and from a type."""
    return (
        len(text) > 3 and is_written_out(text) and not says_words(text) and _COLUMN_TYPE.fullmatch(text) is None
        and not text.startswith(("${", "{{", "http", "<", "$"))
    )  # fmt: skip


def _is_behind_sign(text: str) -> bool:
    """Tell a password behind a sign that also parts other things."""
    return looks_like_secret(text) and is_chosen(text) and not text.startswith(("_", "-", "/"))


MARKED_UP = (
    # `**Password:** …`, `*Password*: `…``, `<td>Password</td><td>…</td>`, `Password: <strong>…</strong>`
    Matcher(
        rf"{_NAMED}(?:\*{{1,2}}|_{{2}}|`)?:?(?:\*{{1,2}}|_{{2}}|`)?:?\s{{0,3}}(?:(?<=[*_`])|(?<=[*_`]\s)|(?<=[*_`]:\s)|(?<=:\s(?=[*`])))[*`]{{0,2}}(?P<secret>[^\s*`<>|\"']{{4,256}})",
        _is_shown,
        ignore_case=True,
        unicode=True,
    ),
    Matcher(
        rf"{_NAMED}\s?:?\s{{0,2}}(?:{_TAG}\s{{0,8}}:?\s{{0,2}}){{1,6}}(?P<secret>[^\s<>\"']{{4,256}})(?=\s{{0,4}}(?:<|$|[\r\n]))",
        _is_shown,
        ignore_case=True,
        unicode=True,
        parted=False,
    ),
    Matcher(
        r"<key>[\w .:-]{0,48}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|psk|pin|credential)[\w .:-]{0,24}</key>\s{0,16}(?:\\n|\\t){0,8}<(?:string|data)>\s{0,8}(?P<secret>[^<>]{3,4096}?)\s{0,8}(?=</)",
        _is_shown,
        ignore_case=True,
    ),
    Matcher(
        rf"(?:^|\||[\r\n])\s{{0,40}}(?:[\w.-]{{1,24}}[\s_.-]){{0,3}}{_NAMED}\s{{0,60}}\|\s{{1,8}}(?P<secret>[^\s|]{{4,256}})(?=\s{{0,120}}(?:\||$|[\r\n]))",
        looks_like_secret,
        ignore_case=True,
    ),
    # Signs that few use: `password :: …`, `password - …`, `pwd|…`, `password (…)`
    Matcher(
        rf"(?<![A-Za-z])(?:pass(?:word|wd|phrase|code)?|pwd|pw|passwort|kennwort|wachtwoord){_SIGNS}(?P<secret>[^\s\"'`<>|;,()]{{5,128}})(?=[\s\"'`<>|;,)]|$)",
        _is_behind_sign,
        ignore_case=True,
        secret_has="[0-9!#$%^&*+]",
    ),
)

MARKED_UP_POSITIVES = (
    ("**Password:** molenwiek", "molenwiek"),
    ("*Password*: `molenwiek`", "molenwiek"),
    ("- **API key**: `k2Lw8Qz1Xv7Tn4Rb`", "k2Lw8Qz1Xv7Tn4Rb"),
    ("<td>Password</td><td>molenwiek</td>", "molenwiek"),
    ("<b>Password:</b> molenwiek<br>", "molenwiek"),
    ("<p>Your password: <strong>molenwiek</strong></p>", "molenwiek"),
    ("<key>SmtpPassword</key>\n\t<string>molenwiek</string>", "molenwiek"),
    ("| password | Kaas#2041 |", "Kaas#2041"),
    ("| admin password     | Kaas2041     |", "Kaas2041"),
    ("password :: Kaas#2041", "Kaas#2041"),
    ("password - Kaas#2041", "Kaas#2041"),
    ("pwd|Kaas#2041", "Kaas#2041"),
    ("password (Kaas#2041)", "Kaas#2041"),
)
MARKED_UP_NEGATIVES = (
    "**Password:** required, *Password*: `string`, <td>Password</td><td>varchar</td>, <b>Password:</b> ${PW}, <b>password</b> is wrong",
    "| password | varchar(255) | | password | NO | | token | text |, password - required, password (sha256), password, token2 and key",
    "<key>PasswordPolicy</key><dict>, <key>passwordRequired</key><true/>, pass - 12 tests, pass/fail, pwd|grep x, password | md5sum",
    "`password`: must be set, `token`, `secret` and `api_key`, __password__ = input, **token** expires in 3600s, password (at least 8 characters)",
)
