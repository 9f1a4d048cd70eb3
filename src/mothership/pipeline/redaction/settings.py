"""What the operator decides about redaction: YAML `pipeline.processors.redaction`."""
# ruff: noqa: E501 - an expression reads best in one piece

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from mothership.pipeline.redaction.operator_patterns import compile_pattern
from mothership.pipeline.redaction.pseudonyms import DOCUMENTED_SALTS, SALT_CHARACTERS_MIN, SALT_COMMAND
from mothership.pipeline.redaction.rules import BUILTIN

Action: TypeAlias = Literal["replace", "mask", "keep_last", "hash", "drop"]
"""What becomes of a match: `[REDACTED:<rule>]`, the mask, the mask and the last characters, a pseudonym, no field."""

PATTERN_PROGRAM_MAX = 20_000
PATTERN_CHARACTERS_MAX = 4_000

_ISSUED = r"(?:00[1-9]|0[1-9]\d|[1-578]\d\d|6[0-57-9]\d|66[0-57-9])-(?:0[1-9]|[1-9]\d)-(?:000[1-9]|00[1-9]\d|0[1-9]\d\d|[1-9]\d{3})"
DEFAULT_MASK_PATTERNS = (
    # The specification's `password=\S+`, ended where a query string, a list or a quotation goes on, without
    # placeholders such as `$PASSWORD`, `%s`, `<password>`, `****`; and values that say nothing are let be.
    ("password", r"password=(?P<secret>[^\s&;,\"'$%{<*\[\\][^\s&;,\"']*)"),
    # The specification's `\b\d{3}-\d{2}-\d{4}\b` without the numbers that are never issued.
    ("ssn", rf"\b{_ISSUED}\b"),
)


class Scope(BaseModel):
    """Where a rule looks."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    fields: tuple[str, ...] = Field(
        default=(),
        description="Only below these fields: names (case, `-` and `_` ignored, any depth) or dotted paths. "
        "Empty: everywhere.",
    )
    except_fields: tuple[str, ...] = Field(
        default=(), alias="except", description="Never below these fields: names or dotted paths."
    )


class RuleSettings(Scope):
    """How one built-in rule behaves."""

    enabled: bool = Field(default=True, description="Whether the rule is on.")
    action: Action | None = Field(
        default=None,
        description="What becomes of a match: `replace` by `[REDACTED:<rule>]`, `mask`, `keep_last`, `hash` "
        "(a keyed pseudonym) or `drop` the field. Default: the general `action`.",
    )
    keep_last: int = Field(default=4, ge=1, le=8, description="Characters that `keep_last` leaves readable.")


class PatternSettings(Scope):
    """A pattern of the operator's own."""

    pattern: str = Field(description="A regular expression in RE2 syntax; a group named `secret` narrows what is hit.")
    name: str = Field(
        default="pattern",
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$",
        description="The rule's name in counts and markers.",
    )
    ignore_case: bool = Field(default=True, description="Whether upper and lower case are the same.")
    action: Action = Field(default="mask", description="What becomes of a match.")
    keep_last: int = Field(default=4, ge=1, le=8, description="Characters that `keep_last` leaves readable.")
    positives: tuple[str, ...] = Field(
        default=(), description="Texts in which it must hit (run by `mothership redact --test`)."
    )
    negatives: tuple[str, ...] = Field(default=(), description="Texts in which it must not hit.")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        if len(pattern) > PATTERN_CHARACTERS_MAX:
            raise ValueError(f"longer than {PATTERN_CHARACTERS_MAX} characters")
        compiled = compile_pattern(pattern, ignore_case=True)
        if compiled.programsize > PATTERN_PROGRAM_MAX:
            raise ValueError("too big for RE2: use smaller repeat counts")
        return pattern


class CheckerSettings(BaseModel, frozen=True, extra="forbid"):
    """What PIISafetyValidator does with an event that still looks unsafe."""

    action: Literal["reject", "scrub", "flag"] = Field(
        default="scrub",
        description="`scrub` replaces the whole string that looks unsafe, `reject` refuses the event, `flag` stores "
        "it as it is, counted, and keeps it from the LLM.",
    )
    audit_share: float = Field(
        default=0.001,
        ge=0.0,
        le=1.0,
        description="Share of the events that go through every rule's finder whatever the prefilters say, so that a "
        "prefilter that misses is noticed: see `mothership_redaction_audit_missed_total`.",
    )


class PseudonymSettings(BaseModel, frozen=True, extra="forbid"):
    """Which values get one pseudonym."""

    normalize: bool = Field(
        default=True,
        description="Give one pseudonym to e-mail addresses and user names that differ in case or surrounding blanks, "
        "and to the notations of one MAC or IP address.",
    )


class RedactionSettings(BaseModel):
    """The redaction that every event passes first."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    enabled: bool = Field(
        default=True,
        description="Always true: redaction can't be disabled. Single rules can be, in `rules`.",
    )
    drop_fields: tuple[str, ...] = Field(
        default=("password", "secret", "token", "key"),
        description="Fields that are removed: names (case, `-` and `_` ignored, any depth) or dotted paths.",
    )
    credential_fields: bool = Field(
        default=True,
        description="Remove also the fields whose built-in names say credential or personal number: `api_key`, "
        "`authorization`, `cookie`, `community`, `db_password`, `ssn`, …",
    )
    mask_patterns: tuple[PatternSettings, ...] = Field(
        default=tuple(PatternSettings(name=name, pattern=pattern) for name, pattern in DEFAULT_MASK_PATTERNS),
        description="Regular expressions in RE2 syntax whose matches are masked: a string, or an object with "
        "`pattern`, `name`, `ignore_case`, `action`, `keep_last`, `fields`, `except`, `positives`, `negatives`.",
    )
    hash_fields: tuple[str, ...] = Field(
        default=("username", "email"),
        description="Fields whose values become keyed pseudonyms: names or dotted paths.",
    )
    salt: SecretStr | None = Field(
        default=None,
        description="Key of the pseudonyms, shared by all instances: at least 16 characters that nobody can guess "
        f"(`{SALT_COMMAND}`). Without it one is made once and kept in the data directory.",
    )
    previous_keys: tuple[SecretStr, ...] = Field(
        default=(),
        description="Former salts, and former key files as `file:/path/to/pseudonym.key`, so that a value's older "
        "pseudonyms can still be looked up.",
    )
    pseudonyms: PseudonymSettings = Field(default=PseudonymSettings(), description="Which values count as equal.")
    mask_char: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        default="*", description="The character that masks."
    )
    mask_length: int = Field(
        default=8, ge=0, le=64, description="Characters in a mask; 0 keeps the length of what was masked."
    )
    action: Action = Field(default="replace", description="What becomes of a built-in rule's match.")
    rules: dict[str, RuleSettings] = Field(
        default_factory=dict,
        description="Built-in rules by name: `true`, `false`, an action, or an object with `enabled`, `action`, "
        "`keep_last`, `fields`, `except`.",
    )
    rule_files: tuple[Path, ...] = Field(
        default=(), description="YAML files with a list `rules` of patterns, as in `mask_patterns`, to share."
    )
    fields: tuple[str, ...] = Field(
        default=(), description="Patterns and rules look only below these fields. Empty: everywhere."
    )
    except_fields: tuple[str, ...] = Field(
        default=("payload_b64",),
        alias="except",
        description="Patterns and rules never look below these fields; in `payload_b64`, not at what can be base64.",
    )
    propagate: bool = Field(
        default=True,
        description="Replace a value that was dropped or hashed by its field's name in the event's other strings, too, "
        "where it stands as a whole word. Short values and common words are left.",
    )
    checker: CheckerSettings = Field(default=CheckerSettings(), description="The check after redaction.")
    spans_max: int = Field(
        default=1_000,
        ge=10,
        le=100_000,
        description="Matches replaced in one string; a string with more is replaced as a whole, to bound its cost.",
    )

    @classmethod
    def rule_names(cls) -> tuple[str, ...]:
        """Return the names of the built-in rules and of their groups."""
        return (*(rule.name for rule in BUILTIN), *sorted({rule.group for rule in BUILTIN} - {""}))

    @field_validator("mask_patterns", mode="before")
    @classmethod
    def _plain_patterns(cls, patterns: Any) -> Any:
        if not isinstance(patterns, list | tuple):
            return patterns
        return tuple({"pattern": each} if isinstance(each, str) else each for each in patterns)

    @field_validator("rules", mode="before")
    @classmethod
    def _plain_rules(cls, rules: Any) -> Any:
        if not isinstance(rules, dict):
            return rules
        return {name: _rule(each) for name, each in rules.items()}

    @field_validator("rules")
    @classmethod
    def _known_rules(cls, rules: dict[str, RuleSettings]) -> dict[str, RuleSettings]:
        known = cls.rule_names()
        for name in rules:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                raise ValueError(f"no rule is called `{name}`" + (f"; did you mean `{near[0]}`?" if near else ""))
        return rules

    @field_validator("drop_fields", "hash_fields", "fields", "except_fields")
    @classmethod
    def _named(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() for name in names):
            raise ValueError("an empty field name")
        return names

    @field_validator("mask_char")
    @classmethod
    def _inert(cls, char: str) -> str:
        if char.isalnum() or char in "\"'\\@[]{}" or not char.isprintable():
            raise ValueError("must be a printable character other than a letter, a digit, a quote, a bracket or `@`")
        return char

    @field_validator("salt")
    @classmethod
    def _strong(cls, salt: SecretStr | None) -> SecretStr | None:
        if salt is None:
            return salt
        length = len(salt.get_secret_value())
        if not length:
            raise ValueError("empty; leave it out to have a key made and kept in the data directory")
        if length < SALT_CHARACTERS_MIN:
            raise ValueError(
                f"shorter than {SALT_CHARACTERS_MIN} characters, so pseudonyms could be guessed back: make one with "
                f"`{SALT_COMMAND}`, and name the old one in `previous_keys` to keep looking up what it made"
            )
        return salt

    @property
    def own_salt(self) -> str | None:
        """The salt, unless it is the documentation's: everybody knows that one, and the kept key is used instead."""
        salt = self.salt.get_secret_value() if self.salt else None
        return None if salt in DOCUMENTED_SALTS else salt

    @model_validator(mode="after")
    def _always(self) -> "RedactionSettings":
        if not self.enabled:
            raise ValueError(
                "enabled: false is refused: no event may be kept unredacted; switch single rules off in `rules`, "
                "and empty `drop_fields`, `mask_patterns` or `hash_fields` one by one"
            )
        return self


def parse_patterns(patterns: Iterable[Any]) -> tuple[PatternSettings, ...]:
    """Read what a rule file lists."""
    return tuple(PatternSettings.model_validate({"pattern": p} if isinstance(p, str) else p) for p in patterns)


_SWITCHES = frozenset({"on", "off", "yes", "no", "true", "false"})


def _rule(each: Any) -> Any:
    if isinstance(each, bool) or (isinstance(each, str) and each.lower() in _SWITCHES):
        return {"enabled": each}
    if isinstance(each, str):
        return {"action": each}
    return each
