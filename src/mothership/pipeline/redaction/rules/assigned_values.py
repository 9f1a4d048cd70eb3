"""Whether what is assigned to a name for a secret is one: not a word for none, nor where it is kept, nor the next pair."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece; lengths of values

import re

from mothership.pipeline.redaction.credential_names import is_marker, says_credential
from mothership.pipeline.redaction.rules.assignment_names import BEHIND_A_MODEL_WORD, CODES, FOREIGN, PASSWORDS
from mothership.pipeline.redaction.rules.assignment_syntax import fills_line
from mothership.pipeline.redaction.rules.password_policy import says_policy
from mothership.pipeline.redaction.rules.validators import has_digit
from mothership.pipeline.redaction.rules.vocabulary import (
    DIRECTORY,
    OBJECT,
    PATH,
    is_placeholder,
    is_placeholder_list,
    is_public,
    is_random,
    is_reference,
    looks_like_secret,
    says_words,
)

_PASS_BEFORE = re.compile(
    r"(?:^|[^a-z])(?:admin|auth|db|ftp|http|imap|key|ldap|mail|mongo|my|mysql|pg|proxy|redis|root|smtp|sql|ssh|store|user|vpn|wifi)\Z",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(
    r"(?:unexpected|invalid|illegal|unknown|bad|next|current|end|missing|malformed) \Z", re.IGNORECASE
)
_TOKENS_COUNTED = re.compile(
    r"[0-9] tokens?\b|\b(?:n|max|num|total|prompt|completion|input|output|cached|generated)[-_](?:new[-_])?tokens?[\"']{0,2}\s?[=:]\s?[0-9]|tokens? per second|tok(?:ens)?/s",
    re.IGNORECASE,
)
COUNTED_DIGITS_MAX = 7
LONG = 16
_PARAMETER = re.compile(r"[?&][\w.-]{0,64}\Z")
_NEXT_NAME = re.compile(r"[A-Za-z_][\w.-]{0,40}=(?![\s=\"',;)}\]\\]|\Z)")
_SHELL_NAME = re.compile(r"\$\{\w{0,60}\Z")
_SCHEMA = re.compile(r"[{\[]+\Z")
_NAME_BEGINS = re.compile(r"(?P<sign>[.:(])[a-z]?[\w-]{0,40}\Z", re.ASCII)
_STATSD = re.compile(r"[0-9.]{1,16}\|(?:c|g|ms|h|s|d|m)(?:\|.*)?")
"""A counter as statsd has it: `login.failed.password:44|c`."""
_DURATION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?(?:ns|us|µs|ms|s|m|h|d)")
"""How long one took: `first_token=412ms`."""
_NEXT_KEY = re.compile(r"[\"']\s?=>")
_REMARK = re.compile(r"\[[A-Za-z]{2,16}(?: [A-Za-z]{2,16}){1,8}\]")
"""Words in brackets instead of a value: `[see secured channel]`."""


def says_no_value(text: str, match: "re.Match[str]", *, more: bool) -> bool:
    """Tell whether what stands unquoted is no value: a word for none, where a program has it from, the next pair, JSON."""
    value, (start, end) = match["bare"], match.span("bare")
    remark = text[start - 1] in " \t" and value.strip("#") == "" and text[end : end + 1] in {" ", "\t"}
    # `DB_PASSWORD= # set at deploy` holds nothing
    if remark or (not more and is_placeholder(value)) or is_reference(value, text[end : end + 1]):
        return True
    if value[0] == "?" and _SHELL_NAME.search(text, max(0, match.start() - 64), match.start()):
        return True  # what the shell says when there is none: `${DB_PASSWORD:?must be set}`
    statsd = _STATSD.fullmatch(value + text[end : end + 4].partition("\n")[0])
    if statsd or (_SCHEMA.fullmatch(value) and text[end : end + 1] in {'"', "'", "\\"}) or _REMARK.match(text, start):
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


def stands_for_itself(stem: str, value: str) -> bool:
    """Tell whether what stands in braces or angle brackets is a value: not words for one, nor an object's fields."""
    if (
        re.search(r":\s|=\s?[\w.]", value)
        or says_words(value.removesuffix("!r"))
        or value[0] == "/"
        or "0x" in value
        or "..." in value
    ):
        return False
    return stem in PASSWORDS or (is_random(value) and not re.search(r"[\s=:]", value))


def is_secret(stem: str, name: str, text: str, match: "re.Match[str]", kind: str, value: str) -> bool:
    """Tell whether a value is a secret, by the name it is assigned to and what stands around."""
    before = text[max(0, match.start() - 12) : match.start()]
    spaced = kind == "bare" and match["sign"] == ":" and text[match.end("sign")] in " \t"
    next_name = spaced and match["bare"].endswith(":") and text[match.end("bare") : match.end("bare") + 1] == " "
    # `reason = Invalid password : local database`
    complains = (
        spaced and text[match.start("sign") - 1] in " \t" and _COMPLAINT.search(before) and not looks_like_secret(value)
    )
    part = kind == "bare" and match["sign"] == ":" and _is_part_of_name(text, match, value, spaced=spaced)
    if (
        next_name
        or complains
        or part
        or _is_placeholder(stem, match, kind, value)
        or says_policy(text, match.start(kind))
        # the first name of what is listed: `'passwords' => ['users' => ['expire' => 60]]`
        or (match["list"] and _NEXT_KEY.match(text, match.end(kind)))
    ):
        return False
    if stem in CODES:
        return (3 if stem in {"cvv", "cvc"} else 4) <= len(value) <= 10 and value.isdigit()
    if stem in PASSWORDS and not (spaced and value.isdigit() and len(value) < 4):
        alone = spaced and looks_like_secret(value) and fills_line(text, match)
        return _is_password(stem, name, before, value, spaced=spaced and not alone)
    if (
        is_public(value)
        or (kind == "bare" and (OBJECT.fullmatch(value) or PATH.fullmatch(value)))
        or (
            stem == "token"
            and (
                _DURATION.fullmatch(value)
                or (value.isdigit() and _counts_tokens(text, match, value))
                or ((is_marker(value) or is_marker(value.strip("[],;"))) and BEHIND_A_MODEL_WORD.search(before))
            )
        )
    ):
        return False
    if kind == "bare" and match["sign"] == ":":
        # Without a space it may be a package and its architecture: `python3-jwt:all`.
        alone = spaced and fills_line(text, match)
        return (is_random(value) or alone) and not (spaced and _COMPLAINT.search(before))
    return len(value) > 3 or not value.isdigit()


def _is_part_of_name(text: str, match: "re.Match[str]", value: str, *, spaced: bool) -> bool:
    """Tell a word behind a name that only holds one for a secret: `:auth-token:compileJava`, `(gdm-password:session)`.

    Or behind the title of something: `Job 'Rotate sa password' : Step 1`.
    """
    if not value.rstrip(")").isalpha():
        return False
    if spaced:
        return text[match.start("sign") - 1] in " \t" and match["closed"] is not None
    before = _NAME_BEGINS.search(text, max(0, match.start() - 64), match.start())
    if before is None:
        return False
    if before["sign"] == "(":
        return text[match.start() - 1] == "-" and ")" in match["bare"]
    return before["sign"] == ":" or text[match.start() : match.start() + 9] == "passwords"


def _counts_tokens(text: str, match: "re.Match[str]", number: str) -> bool:
    """Tell whether a number is of a language model's tokens: small, and in its line behind how many there were."""
    if len(number) > COUNTED_DIGITS_MAX:
        return False
    line = max(text.rfind("\n", 0, match.start()) + 1, match.start() - 160)
    return _TOKENS_COUNTED.search(text, line, match.start()) is not None


def _is_placeholder(stem: str, match: "re.Match[str]", kind: str, value: str) -> bool:
    told = match["sign"] is not None and match["sign"][0] in "iwIW"  # `the password is …`
    if told and not is_random(value):
        return True
    if match["tab"] and stem not in CODES and not (is_random(value) and has_digit(value)):
        return True  # a table's heading
    if (
        (stem in FOREIGN and not looks_like_secret(value) and not (match["sign"] == "=" and _is_set(value)))
        or _named_only(stem, match, value)
        or (match["given"] and not looks_like_secret(value))
        or not value.strip(".,:;()[]{}!? \t")
    ):
        return True
    if match["list"] and is_placeholder_list(value):
        return True
    return is_placeholder(value, quoted=kind != "bare") or (stem == "pwd" and DIRECTORY.fullmatch(value) is not None)


def _is_set(value: str) -> bool:
    """Tell a word that is set to be a password, in a file or an address, from a state and from figures."""
    return value.isalpha() and len(value) > 4 and not is_placeholder(value) and not says_words(value)


def _named_only(stem: str, match: "re.Match[str]", value: str) -> bool:
    """Tell whether a text speaks of a secret, or of what identifies it, and doesn't hold it."""
    if (match["tail"] or "").lower().endswith("attempt"):
        return value.isdigit()  # how many there were
    if (match["tail"] or "").lower().endswith("id"):
        if stem == "token" and value.isdigit():
            return len(value) <= COUNTED_DIGITS_MAX  # of a model's vocabulary: `image_token_id=151655`
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
            and (not spaced or (looks_like_secret(value) and not value.isalnum()))
        )
    return True


def _name(before: str) -> str:
    """Return the part of a name that stands before the stem."""
    return before[len(before.rstrip("".join(set(before) - set(" \t=:,;{}[]()<>\"'")))) :]
