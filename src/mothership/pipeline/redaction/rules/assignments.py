"""The rule for `password = …` and its many relatives."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.credential_names import TAILS, misread, says_credential
from mothership.pipeline.redaction.rules.columns import COLUMNS
from mothership.pipeline.redaction.rules.rule import Matcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import has_digit
from mothership.pipeline.redaction.rules.vocabulary import (
    DIRECTORY,
    OBJECT,
    PATH,
    benign,
    is_made,
    is_public,
    is_random,
    is_reference,
    list_says_nothing,
    says_words,
)

# What may stand before the stem so that it names a secret. `key` alone names nothing.
_KEY_KINDS = (
    r"(?:api|app|access|auth|account|admin|client|consumer|crypto|deploy|encryption|decryption|hmac|jwt|license|master"
    r"|private|secret|session|shared|shared[-_. ]?access|signing|signature|ssh|storage|webhook|subscription|vault|aes"
    r"|integration|publisher|ingest(?:ion)?|write|pre[-_.]?shared|validation|machine|activation|unseal|recovery|wep|wpa|service)"
)
_KEY_BEFORE = rf"{_KEY_KINDS}[-_. ]?"
_PAGING_ENDS = ("next", "prev", "previous", "page", "continuation", "sync", "cursor", "resume", "watch", "key")
_PASS_BEFORE = re.compile(
    r"(?:^|[^a-z])(?:admin|auth|db|ftp|http|imap|key|ldap|mail|mongo|my|mysql|pg|proxy|redis|root|smtp|sql|ssh|store|user|vpn|wifi)\Z",
    re.IGNORECASE,
)
_PW_BEFORE = r"(?:^|[^a-z])(?:(?:admin|bind|db|ldap|root|user)[-_.]?)?"
_CODE_BEFORE = r"(?:verification|security|auth(?:entication)?|one[- ]time|login|confirmation|2fa|mfa|recovery|backup|your|ihr|dein|votre|tu|su)[-_ ]"
_NEEDS_BEFORE = {"key": _KEY_BEFORE, "code": _CODE_BEFORE, "pw": _PW_BEFORE, "psk": _PW_BEFORE}
"""What must stand before a stem that names no secret by itself."""
_PAGING = re.compile(
    r"(?:next|prev|previous|page|continuation|sync|cursor|resume|watch|public ?key)[-_. ]?(?:page[-_. ]?)?\Z",
    re.IGNORECASE,
)
_EXISTING = re.compile(r"existing[-_]?\Z", re.IGNORECASE)
"""What makes of a secret the name of one that is kept elsewhere: Helm's `existingSecret`."""
_NO_BEFORE = re.compile(r"(?:^|[^a-z])no\Z", re.IGNORECASE)
_COMPLAINT = re.compile(
    r"(?:unexpected|invalid|illegal|unknown|bad|next|current|end|missing|malformed) \Z", re.IGNORECASE
)

_TOKENS_COUNTED = re.compile(
    r"[0-9] tokens?\b|\b(?:n|max|num|total|prompt|completion|input|output|cached|generated)[-_](?:new[-_])?tokens?[\"']{0,2}\s?[=:]\s?[0-9]|tokens? per second|tok(?:ens)?/s",
    re.IGNORECASE,
)

_FOREIGN = (
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "wachtwoord",
    "lösenord",
    "hasło",
    "heslo",
    "parola",
    "şifre",
    "jelszó",
    "κωδικός",
    "סיסמה",
    "كلمة المرور",
    "كلمة السر",
    "mật khẩu",
    "kata sandi",
    "รหัสผ่าน",
    "पासवर्ड",
    "salasana",
    "passord",
    "adgangskode",
    "lozinka",
    "parool",
    "clave",
    "mdp",
    "passw",
    "psw",
    "palavra-passe",
    "口令",
)
"""The same in other languages; behind these only what can't be a word."""


def _misread(word: str) -> str:
    return "|".join(re.escape(look) for look in misread(word) if set(look) != {"\ufffd"})


_STEMS = {
    "pass": r"pass(?:word|wd|[-_]?phrase|code|wort|)s?[0-9]?",
    "pwd": r"pwd[0-9]?",
    "secret": r"secrets?(?:[-_. ]?(?:access[-_. ]?)?key|[-_. ]?value|[-_. ]?string|[-_. ]?token)?",
    "token": r"token(?:[-_. ]?(?:value|secret))?",
    "key": r"keys?(?: [0-9])?",
    "credential": r"credentials?",
    "otp": r"otp(?:[-_ ]?code)?",
    "cvv": r"cvv2?",
    "cvc": r"cvc2?",
    "senha": r"senha",
    "contrase": rf"(?:contrase(?:ñ|n)a|{_misread('contraseña')})",
    "kennwort": r"kennwort",
    "mot de passe": r"mot de passe",
    "mot_de_passe": r"mot_de_passe",
    "auth_token": r"auth_token",
    "mnemonic": r"mnemonic",
    **{word: rf"(?:{word}|{_misread(word)})" if not word.isascii() else word for word in _FOREIGN},
    "pw": r"pw",
    "psk": r"psk",
    "jwt": r"jwt",
    "bearer": r"bearer",
    "pin": r"pin",
    "code": r"code(?:\slautet|\sest|\ses)?",
    "csrf": r"csrf(?:middlewaretoken)?",
    "connection": r"connection[-_]?string",
}
_PASSWORDS = frozenset(
    {"pass", "pwd", "pw", "psk", "senha", "contrase", "kennwort", "mot de passe", "mot_de_passe", "mnemonic"}
)
_CODES = frozenset({"otp", "cvv", "cvc", "pin", "code"})
VALUE_MAX = 4_096
COUNTED_DIGITS_MAX = 7
LONG = 16
SLASHES_MAX = 64
_TAIL = (
    r"(?P<tail>[-_]?(?:hash|digest|base|base64|b64|encrypted|plain(?:text)?|old|new|confirm(?:ation)?|id|data|attempt(?:ed)?|input|entered|supplied|provided)|[-_][0-9]{1,2}|(?:[-_](?:"
    + "|".join(sorted(TAILS))
    + r")){1,2})?"
)
_QUOTE = r"\\{0,8}[\"']"
_BETWEEN = (
    rf"(?:(?P<value>(?:{_QUOTE}\s?(?:,|:\s?\{{)?\s?|[ ](?=value:)|(?:\r?\n|\\n)[ \t]{{1,40}}(?=value:))(?:{_QUOTE})?(?:value|val|content|default)(?:{_QUOTE})?\s?[:=]\s?)"
    rf"|(?:\s(?:for|of)\s[\w.@'\"`%-]{{1,64}}(?=\s?(?::(?!//)|=))|\s(?:provided|supplied|used)(?=:)|(?P<given>\s(?:is\s|was\s)?(?:generated|set|created|reset|issued|assigned)(?:\s(?:for|to|of)\s[\w.@'\"`%-]{{1,64}})?(?=:)))?(?P<closed>{_QUOTE})?\]?(?:\[[0-9A-Z_]{{0,24}}\])?\s{{0,40}}(?P<sign>=>|:=|==?|:|(?:is|was)(?:\s?:)?(?=\s))(?P<tag>\s(?:!![a-z]{{1,10}}|&[\w-]{{1,32}})(?=[ \t]))?(?:[ \t]{{0,40}}|(?P<block>[ \t]{{0,8}}(?:[|>][+-]?[0-9]?[ \t]{{0,4}})?(?:\r?\n|\\n)[ \t]{{1,40}}))(?:(?:\r?\n|\\n)?[ \t]{{0,8}}string\([0-9]{{1,5}}\)\s)?(?P<list>\[\s?(?=[\"'\\]))?"
    r"|(?P<tab>\t{1,4})"
    rf"|(?P<form>{_QUOTE}(?:(?:\r?\n|\\r\\n){{2}}))"
    rf"|(?P<xml>(?P<attribute>{_QUOTE})?(?:\s[^<>]{{0,200}})?>))"
)
# An unquoted value goes on behind these signs until a blank, a quotation mark, a tag, or the next name with its sign.
_SIGNS = r"[,;&|<>]{1,4}(?![\w.-]{0,40}\s?[=:])(?!(?<=&)\w{1,40}(?:[&\s]|\Z))(?!(?<=<)/?[A-Za-z!][\w:.-]{0,40}(?:[\s/>]|\Z))(?=[^\s\"'<>,;&|\\])"
_NO_MORE = r"(?![0-9A-Za-z_])"
_SOME_DIGITS = rf"(?P<secret>[0-9]{{4,8}}){_NO_MORE}"
_PLAIN = r"[^\s,;&\"'<>\\`|]"
_SLASH = r"\\(?![nrt\"'\\])"
_VALUE = (
    r"(?:(?:[bBuUrRfFN]{1,2}(?=[\"'])|(?:Some|Ok|Optional|Secret|SecretStr|String|str|md5|sha[0-9]{1,3}|crypt)\((?=\\{0,8}[\"']))?(?:\"\"(?=\"[^\"])|''(?='[^']))?(?:\"(?P<double>(?:[^\"\\\r\n]|\\[^\r\n]){0,4096})"
    r"|''(?P<doubled>[^'\r\n]{1,256})''(?!')|'(?P<single>(?:[^'\\\r\n]|\\[^\r\n]|''){0,4096})"
    r"|\\{1,8}[\"'](?P<escaped>(?:[^\"'\\\r\n]|\\{1,8}[^\"'\\\r\n]){0,4096}))"
    r"|\{(?P<braced>[^{}\r\n\"]{1,256})\}(?=[;\s\"']|\Z)"
    r"|<(?P<angled>[^<>\r\n\"']{1,256})>"
    r"|`(?P<back>[^`\r\n]{0,4096})"
    rf"|(?P<bare>(?:(?![|>][+-]?[0-9]?[ \t]{{0,4}}(?:\r?\n|\\n)){_SIGNS})?{_PLAIN}{{1,4096}}(?:{_SLASH}{_PLAIN}{{0,4096}}){{0,64}}|(?:{_SLASH}{_PLAIN}{{0,4096}}){{1,64}}))"
)
_MORE = re.compile(r"(?:[\"'][^\s,;&\"'<>\\`|:=)\]}]{1,4096}){1,8}(?![\"'])")
_GOES_ON = re.compile(rf"(?:{_SIGNS}{_PLAIN}{{1,256}}){{1,16}}")
_PARAMETER = re.compile(r"[?&][\w.-]{0,64}\Z")
_NEXT_NAME = re.compile(r"[A-Za-z_][\w.-]{0,40}=(?![\s=\"',;)}\]\\]|\Z)")
_IN_QUOTES = re.compile(r"(?P<q>[\"'])[\w.-]{0,64}\Z")
_PHRASE = re.compile(r"(?: [^\s\"'=:\\]{1,64}){1,12}(?=\\{0,4}[\"'])")
_SHELL_NAME = re.compile(r"\$\{\w{0,60}\Z")
_SCHEMA = re.compile(r"[{\[]+\Z")
_NAME_BEFORE = re.compile(r"(?:^|[\r\n]|\\n)[ \t]*(?:- )?[\w.-]*\Z")
_LIST_END = re.compile(r"\\*[\"']\s*\]")
_VALUE_END = re.compile(r"[\s\"'<>]|\Z")
_XML_VALUE = re.compile(r"(?:\s{0,8}<!\[CDATA\[(?P<data>(?:[^\]]|\](?!\]>)){1,4096}))|[^<\r\n]{1,4096}")
_ATTRIBUTE_BEFORE = re.compile(r"(?:name|key|id|field|param)\s?=\s?\\{0,8}[\"'][\w .:-]{0,40}\Z", re.IGNORECASE)
_REST_OF_LINE = re.compile(r"[^\r\n\"',;]{1,400}")


def _spelled(stem: str) -> str:
    return re.escape(stem) if stem.isascii() else f"{re.escape(stem)}|{_misread(stem)}"


_STEM = re.compile("|".join(f"(?P<_{number}>{_spelled(stem)})" for number, stem in enumerate(_STEMS)), re.IGNORECASE)
_BY_GROUP = {f"_{number}": stem for number, stem in enumerate(_STEMS)}


def _stem(text: str, at: int) -> str:
    """Return the stem that begins here."""
    match = _STEM.match(text, at)
    return _BY_GROUP[match.lastgroup or ""] if match else ""


def _may_name(text: str, at: int) -> bool:
    stem = _stem(text, at)
    return bool(stem) and _names(stem, text, at)


def _named(*stems: str, before: str = "") -> Matcher:
    """Make a matcher of what is assigned to names that hold one of these stems."""
    shapes = "|".join(_STEMS[stem] for stem in stems)
    return Matcher(
        f"(?:{shapes}){_TAIL}{_BETWEEN}{_VALUE}",
        ignore_case=True,
        unicode=True,
        preceded=before,
        guard=_may_name,
        read=_assigned,
        parted=False,
    )


def _no_payment(text: str, start: int, _end: int) -> bool:
    """Tell a code from what a bank answers: `auth code 535264`."""
    return not text[max(0, start - 10) : start].lower().endswith("auth code ")


def _assigned(text: str, match: "re.Match[str]", last: int) -> Span | None:
    return _secret(_stem(text, match.start()), text, match, last)


def _names(stem: str, text: str, at: int) -> bool:
    """Tell whether what stands before the stem lets it name a secret."""
    before = text[max(0, at - 24) : at]
    letter = before[-1:].isascii() and before[-1:].isalpha()
    if stem == "token":
        return not _ends(before, _PAGING_ENDS) or _PAGING.search(before) is None
    if stem in _CODES or stem in {"jwt", "bearer"}:
        return not letter or (before[-1].islower() and text[at].isupper())
    if stem in {"secret", "credential"} and _EXISTING.search(before):
        return False
    # Not the name of one, `arn:aws:secretsmanager:eu-west-1:123456789012:secret:db`, and not sudo's `NOPASSWD: ALL`.
    return not (before.endswith(":") and before[-13:-1].isdigit()) and _NO_BEFORE.search(before) is None


def _ends(before: str, words: tuple[str, ...]) -> bool:
    """Tell quickly whether a search for words at the end may find one."""
    return before.lower().rstrip("-_. ").endswith(words) or not before.isascii()


def _secret(stem: str, text: str, match: "re.Match[str]", last: int) -> Span | None:
    if match["xml"] is not None:
        return _in_element(text, match)
    kind = match.lastgroup or ""  # the value's groups stand last, and one of them has matched
    start, end = match.span(kind)
    if kind == "bare":
        more = _MORE.match(text, end, last)
        if _says_no_value(text, match, more=more is not None):
            return None
        end = more.end() if more else start + (len(match["bare"].rstrip(".,:)]}!?")) or end - start)
    elif (kind in {"braced", "angled"} and not _stands_for_itself(stem, match[kind])) or _is_behind(text, start, end):
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
    if not _is_secret(stem, name, text, match, kind, value):
        return None
    if (
        len(match[kind]) >= VALUE_MAX or match[kind].count("\\") >= SLASHES_MAX
    ):  # only now: the way to its end may be long
        end = _VALUE_END.search(text, end, last).start()  # type: ignore[union-attr]
    return start, _whole(text, match, end) if kind == "bare" and not match["list"] else end


def _is_behind(text: str, start: int, end: int) -> bool:
    """Tell what stands behind the end of a quotation from what stands inside of one: it begins with a blank and has no end."""
    return text[start : start + 1] == " " and text[start - 1] in "\"'" and text[end : end + 1] not in {'"', "'", "\\"}


def _says_no_value(text: str, match: "re.Match[str]", *, more: bool) -> bool:
    """Tell whether what stands unquoted is no value: a word for none, where a program has it from, the next pair, JSON."""
    value, (start, end) = match["bare"], match.span("bare")
    if (not more and benign(value)) or is_reference(value, text[end : end + 1]):
        return True
    if value[0] == "?" and _SHELL_NAME.search(text, max(0, match.start() - 64), match.start()):
        return True  # what the shell says when there is none: `${DB_PASSWORD:?must be set}`
    if _SCHEMA.fullmatch(value) and text[end : end + 1] in {'"', "'", "\\"}:
        return True
    if (
        match["sign"] == "="
        and text[start - 1] in " \t"
        and _PARAMETER.search(text, max(0, match.start() - 66), match.start())
    ):
        return True  # of a URL's query, empty
    if value.rstrip(";,)}").isdigit() and len(value.rstrip(";,)}")) == 1:
        return True
    return text[start - 1] in " \t" and text[match.start("sign") - 1] not in " \t" and bool(_NEXT_NAME.match(value))


def _whole(text: str, match: "re.Match[str]", end: int) -> int:
    """Return where an unquoted value really ends: behind signs in it, or with the quotation that the pair stands in."""
    more = _GOES_ON.match(text, end)
    if more:
        return more.end()
    if match["sign"] == "=" and _IN_QUOTES.search(text, max(0, match.start() - 66), match.start()):
        phrase = _PHRASE.match(text, end)
        return phrase.end() if phrase else end
    return end


def _stands_for_itself(stem: str, value: str) -> bool:
    """Tell whether what stands in braces or angle brackets is a value: not words for one, nor an object's fields."""
    if (
        re.search(r":\s|=\s?[\w.]", value)
        or says_words(value.removesuffix("!r"))
        or value[0] == "/"
        or "0x" in value
        or "..." in value
    ):
        return False
    return stem in _PASSWORDS or (is_random(value) and not re.search(r"[\s=:]", value))


def _in_block(stem: str, text: str, match: "re.Match[str]", value: Span, last: int) -> Span | None:
    """YAML: a value on the line below its name, or a block of lines behind `|` or `>`."""
    before = _NAME_BEFORE.search(text, max(0, match.start() - 64), match.start())
    if before is None or match["sign"] != ":":
        return None
    start, end = value
    block = match["block"]
    if "|" in block or ">" in block:
        indent = len(block) - len(block.rstrip(" \t"))
        lines = re.compile(rf"[^\r\n]*(?:\r?\n[ \t]{{{indent}}}[^\r\n]*){{0,64}}").match(text, start, last)
        return (start, lines.end()) if lines else value
    filled = _ends_line(text, match.end())
    word = match["bare"]
    if not filled or benign(text[start:end]) or (word and (word.endswith(":") or word.startswith("-"))):
        return None
    return value if stem in _PASSWORDS or is_random(text[start:end]) else None


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
        or not (closed or is_made(content[0]))
        or benign(content["data"] or content[0])
        or not any(map(str.isalnum, content[0]))
    ):
        return None
    return content.span("data" if content["data"] else 0)


def _is_secret(stem: str, name: str, text: str, match: "re.Match[str]", kind: str, value: str) -> bool:
    before = text[max(0, match.start() - 12) : match.start()]
    spaced = kind == "bare" and match["sign"] == ":" and text[match.end("sign")] in " \t"
    next_name = spaced and match["bare"].endswith(":") and text[match.end("bare") : match.end("bare") + 1] == " "
    # `reason = Invalid password : local database`
    complains = spaced and text[match.start("sign") - 1] in " \t" and _COMPLAINT.search(before) and not is_made(value)
    if next_name or complains or _says_nothing(stem, match, kind, value):
        return False
    if stem in _CODES:
        return (3 if stem in {"cvv", "cvc"} else 4) <= len(value) <= 10 and value.isdigit()
    if stem in _PASSWORDS and not (spaced and value.isdigit() and len(value) < 4):
        alone = spaced and is_made(value) and _fills_line(text, match)
        return _is_password(stem, name, before, value, spaced=spaced and not alone)
    if is_public(value) or (kind == "bare" and (OBJECT.fullmatch(value) or PATH.fullmatch(value))):
        return False
    if kind == "bare" and match["sign"] == ":":
        # Without a space it may be a package and its architecture: `python3-jwt:all`.
        alone = spaced and _fills_line(text, match)
        return (is_random(value) or alone) and not (spaced and _COMPLAINT.search(before))
    return not value.isdigit() or (len(value) > 3 and not (stem == "token" and _counts_tokens(text, match, value)))


def _counts_tokens(text: str, match: "re.Match[str]", number: str) -> bool:
    """Tell whether a number is of a language model's tokens: small, and in its line behind how many there were."""
    if len(number) > COUNTED_DIGITS_MAX:
        return False
    line = max(text.rfind("\n", 0, match.start()) + 1, match.start() - 160)
    return _TOKENS_COUNTED.search(text, line, match.start()) is not None


def _says_nothing(stem: str, match: "re.Match[str]", kind: str, value: str) -> bool:
    told = match["sign"] is not None and match["sign"][0] in "iwIW"  # `the password is …`
    if told and not is_random(value):
        return True
    if match["tab"] and stem not in _CODES and not (is_random(value) and has_digit(value)):
        return True  # a table's heading
    if (
        (stem in _FOREIGN and not is_made(value))
        or _named_only(stem, match, value)
        or (match["given"] and not is_made(value))
        or not value.strip(".,:;()[]{}!?")
    ):
        return True
    if match["list"] and list_says_nothing(value):
        return True
    return benign(value, quoted=kind != "bare") or (stem == "pwd" and DIRECTORY.fullmatch(value) is not None)


def _named_only(stem: str, match: "re.Match[str]", value: str) -> bool:
    """Tell whether a text speaks of a secret, or of what identifies it, and doesn't hold it."""
    if (match["tail"] or "").lower().endswith("attempt"):
        return value.isdigit()  # how many there were
    if (match["tail"] or "").lower().endswith("id"):
        return stem in {"key", "credential"} or "/" in value or not is_random(value)
    if match["single"] is not None and match.string[match.start() - 1 : match.start()] == "`":
        return True  # Ruby's way to name a method: `password='
    return stem == "csrf" and (len(value) < LONG or not is_random(value))


def _is_password(stem: str, name: str, before: str, value: str, *, spaced: bool) -> bool:
    if stem == "pass" and not name.startswith(("passw", "passp", "passc")):
        # `pass` is also what a test does.
        return (
            (
                not before[-1:].isalpha()
                or _PASS_BEFORE.search(before) is not None
                or says_credential(_name(before) + "Pass")
            )
            and not (value.isdigit() and len(value) < 6)
            and (not spaced or (is_made(value) and not value.isalnum()))
        )
    return True


def _name(before: str) -> str:
    """Return the part of a name that stands before the stem."""
    return before[len(before.rstrip("".join(set(before) - set(" \t=:,;{}[]()<>\"'")))) :]


def _fills_line(text: str, match: "re.Match[str]") -> bool:
    """Tell whether name and value are all of their line, as in YAML."""
    before = _NAME_BEFORE.search(text, max(0, match.start() - 64), match.start())
    return before is not None and _ends_line(text, match.end())


def _ends_line(text: str, at: int) -> bool:
    r"""Tell whether a line ends here, the line break perhaps written `\n`."""
    return text[at : at + 1] in {"", "\n", "\r"} or text[at : at + 2] in {"\\n", "\\r"}


ASSIGNMENT = Rule(
    name="assignment",
    description="Values assigned to a name that says secret (`password`, `passwd`, `pwd`, `secret`, `token`, `api_key`, "
    "`client_secret`, …): plain, in JSON or YAML inside a string, query strings, XML, environment variables. The name "
    "stays readable.",
    source="gitleaks `generic-api-key`, Cribl and Datadog scanner libraries; values that say nothing are let be",
    matchers=(
        _named(*(stem for stem in _STEMS if stem not in _NEEDS_BEFORE)),
        *(_named(stem, before=before) for stem, before in _NEEDS_BEFORE.items()),
        Matcher(rf"cv[vc]2? (?P<secret>[0-9]{{3,4}}){_NO_MORE}", ignore_case=True, guard=_may_name),
        Matcher(rf"otp(?:[-_ ]?code)? {_SOME_DIGITS}", ignore_case=True, guard=_may_name),
        Matcher(rf"code {_SOME_DIGITS}", ignore_case=True, preceded=_CODE_BEFORE, fits=_no_payment),
        *COLUMNS,
    ),
    positives=(
        ("login password=hunter2 ok", "hunter2"),
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
    ),
)
