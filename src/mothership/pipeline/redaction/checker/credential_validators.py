"""What makes the check sure that a value is a credential: written apart from the rules' validators, on purpose."""
# ruff: noqa: PLR2004 - expressions read best in one piece, lists of words as text; figures are those of the standards

import base64
import binascii
import re
from functools import cache

from mnemonic import Mnemonic

from mothership.pipeline.redaction.checker.shape_match import Context
from mothership.pipeline.redaction.checker.value_validators import (
    bare,
    looks_like_secret,
    made,
    stands_for_nothing,
    value,
)

_MARKER_BEGINS = "[redacted:"
_OF_A_MANUAL = re.compile(r"(?:[A-Z]{1,8}_)?(?:PASS(?:WORD|WD)?|PWD|SECRET)")


def url_password(context: Context) -> bool:
    """Tell whether what stands between `:` and `@` of a URL is a password."""
    text = context.value
    return (
        not stands_for_nothing(text)
        and not context.before(len(_MARKER_BEGINS)).endswith(_MARKER_BEGINS)
        and not re.fullmatch(r"[0-9]{1,5}(?:[,?].*)?", text)
        and text.lower() not in {"password", "pass", "pwd", "secret"}
        and not (_OF_A_MANUAL.fullmatch(text) and context.before(9).endswith(("user:", "username:", "login:", "name:")))
    )


_METHODS = re.compile(
    r"publickey|keyboard-?interactive|hostbased|gssapi.*|pam.*|ssh2?|session|prod(?:uction)?|staging", re.IGNORECASE
)
_MYSQL = re.compile(r"(?:mysql\w*|maria\w*|mongo\w*|psql|ssh|scp|mkdir)\b")
_DIGEST = re.compile(r"(?:[0-9a-f]{8}){4,16}")


def value_alone(context: Context) -> bool:
    """Tell whether what stands where only a secret does is one, without the quotation marks around it."""
    text = context.value.strip("\"'")
    return value(Context(text, 0, len(text))) and _METHODS.fullmatch(text) is None


def value_of_option(context: Context) -> bool:
    """Tell whether an option beside a user's takes a password: no database, port or path, as `-p` may."""
    return value_alone(context) and _MYSQL.search(context.before(160)) is None


def keyed(context: Context) -> bool:
    """Tell whether what stands behind an algorithm is a key, and not what was made with it."""
    return value_alone(context) and _DIGEST.fullmatch(context.value) is None


def basic(context: Context) -> bool:
    """Tell whether base64 holds `user:password`."""
    return ":" in _decoded(context.value)


def encoded_password(context: Context) -> bool:
    """Tell whether base64 holds a made word and nothing beside it."""
    return looks_like_secret(_decoded(context.value).strip()) and not context.value.isalpha()


def plain(context: Context) -> bool:
    """Tell whether base64 holds what SASL PLAIN sends."""
    return "\0" in _decoded(context.value)


def encoded_credential(context: Context) -> bool:
    """Tell whether base64 holds JSON that names a credential."""
    return _NAMED_IN_JSON.search(_decoded(context.value)) is not None


def hex_command(context: Context) -> bool:
    """Tell whether a command line in hexadecimal holds a made word, or an option for a password."""
    text = context.value
    line = bytes.fromhex(text[: len(text) // 2 * 2]).decode("utf-8", "replace")
    return _HEX_OPTION.search(line) is not None


_NAMED_IN_JSON = re.compile(
    r"\"(?:auths?|[a-z_.-]{0,20}(?:password|passwd|secret|token|api_?key))\"\s?:\s?[\"{]", re.IGNORECASE
)
_HEX_OPTION = re.compile(r"passw|secret|token|\x00-p[^\x00]", re.IGNORECASE)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True).decode()
    except (ValueError, binascii.Error):
        return ""


def cookie(context: Context) -> bool:
    """Tell whether a cookie's value is made."""
    return any(map(looks_like_secret, re.split(r"[\s;=]+", context.value)))


def session(context: Context) -> bool:
    """Tell whether a session's id is random: neither a number, a UUID nor a name with a number."""
    text = bare(context.value)
    if not looks_like_secret(text) or re.fullmatch(r"[0-9_.-]+|s-1-5-.*|[a-z]+-?[0-9]+", text, re.IGNORECASE):
        return False
    return len(text) >= 16 or (any(map(str.isupper, text)) and any(map(str.islower, text)))


@cache
def _seed_list() -> frozenset[str]:
    return frozenset(Mnemonic("english").wordlist)


def seed_words(context: Context) -> bool:
    """Tell whether twelve words in a row stand in BIP 39's list, hardly one of them twice."""
    in_a_row: list[str] = []
    for word in re.findall("[a-z]+", context.value):
        in_a_row = [*in_a_row[-11:], word] if word in _seed_list() else []
        if len(in_a_row) == 12 and len(set(in_a_row)) >= 9:
            return True
    return False


def not_filled(context: Context) -> bool:
    """Tell a key from what a manual writes for one, a row of one letter."""
    return "X" * 8 not in context.value


def beside_user(context: Context) -> bool:
    """Tell a password behind its user from the name of a machine that logs in: `[host/web01.example]`."""
    return made(context) and not context.before(6).endswith("[host/")


_NO_OWN = re.compile(
    r"(?:cache|primary|foreign|partition|sort|object|dedup(?:lication)?|idempotency|row|record|message|event|group|hash|shard"
    r"|index|lookup|registry|state|lock|blob|item|issue|project|metric|bucket|peer|public|pub|tracking|trace|correlation"
    r"|request|etag|map|s3|redis|host|data|duplicate|unique|next|store|storage|translation|image|file|path|batch|search|query"
    r"|restore|build|from)[_-]?key[\"']? ?[:=,]>? ?[\"']?$"
)


def own_key(context: Context) -> bool:
    """Tell a key from an id of something, by what it is a key of, and from words, by its figures."""
    text = context.value
    figures = sum(map(str.isdigit, text))
    return (
        figures >= 4 and not text.isdigit() and not _NO_OWN.search(context.before(64)) and not stands_for_nothing(text)
    )
