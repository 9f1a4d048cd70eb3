"""Redaction: what every event passes first, and the only way into the rest of the service."""

import asyncio
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from mothership.errors import ConfigurationError
from mothership.event import Event
from mothership.pipeline.redaction.active_rules import BINARY, builtin_rules, identity_fields, operators_rules
from mothership.pipeline.redaction.automata import Hits
from mothership.pipeline.redaction.batch_scan import Scan
from mothership.pipeline.redaction.checker.pii_safety_validator import FIELDS, PIISafetyValidator, key_signs
from mothership.pipeline.redaction.checker.shape_scanner import ShapeScanner, prefilters_of
from mothership.pipeline.redaction.checker.shapes_from_examples import shapes_for
from mothership.pipeline.redaction.counters import RedactionCounters
from mothership.pipeline.redaction.explanation import Explanation, explain
from mothership.pipeline.redaction.field_contexts import FieldContexts
from mothership.pipeline.redaction.field_names import FieldNames, fold
from mothership.pipeline.redaction.fields import DropFields, HashFields
from mothership.pipeline.redaction.mask_patterns import MaskPatterns
from mothership.pipeline.redaction.operator_patterns import PatternFinder
from mothership.pipeline.redaction.part_scan import PartScan
from mothership.pipeline.redaction.prefilter_audit import PrefilterAudit
from mothership.pipeline.redaction.prefilters import Prefilters
from mothership.pipeline.redaction.propagation import Propagation
from mothership.pipeline.redaction.pseudonyms import (
    SALT_COMMAND,
    Pseudonyms,
    derive_key,
    former_key,
    kept_former_keys,
    load_or_make_key,
)
from mothership.pipeline.redaction.rules import BUILTIN, CompiledWhenAsked, Rule, base64_finder, own_token_finders
from mothership.pipeline.redaction.settings import (
    PatternSettings,
    RedactionSettings,
    parse_patterns,
)
from mothership.pipeline.redaction.text import OBFUSCATED, ActiveRule, Prefilter, TextRedactor
from mothership.pipeline.redaction.text_normalization import PREFILTERS as OBFUSCATION_PREFILTERS
from mothership.ports import Processor
from mothership.telemetry import log
from mothership.yaml_errors import UNREADABLE

VERSION = 1
"""Of the built-in rules and of how they are applied: part of the rule-set hash in the audit trail."""
LEISURE_AFTER_SECONDS = 10.0
LEISURE_PAUSE_SECONDS = 0.01


class Redaction:
    """The four processors, and what else speaks of the same rules."""

    def __init__(
        self,
        settings: RedactionSettings,
        key: bytes,
        previous_keys: Sequence[bytes] = (),
        is_token: Callable[[str], bool] | None = None,
        builtin: Sequence[Rule] = BUILTIN,
    ) -> None:
        patterns = (*settings.mask_patterns, *read_rule_files(settings.rule_files))
        self.pseudonyms = Pseudonyms(key, previous_keys, normalize=settings.pseudonyms.normalize)
        self.counters = RedactionCounters(rules_hash(settings, patterns))
        drop = FieldNames(settings.drop_fields, credentials=settings.credential_fields, paired=True)
        hashed = FieldNames((*settings.hash_fields, *identity_fields(settings)))
        rules = [*operators_rules(settings, patterns), *builtin_rules(settings, builtin, len(patterns))]
        names = {rule.name for rule in rules[len(patterns) :]}
        shapes = [shape for shape in shapes_for(builtin) if shape.rule in names and shape.also <= names]
        fields = [name for name in FIELDS if name in drop]
        expressions = {OBFUSCATED: OBFUSCATION_PREFILTERS} | {rule.owner: rule.prefilters for rule in rules}
        self._complete = complete = tuple(_completed(rules, self, is_token))
        prefilters, signs = _prefilters(expressions, rules, complete), prefilters_of(shapes, key_signs(fields))
        contexts = FieldContexts(prefilters.in_shape if settings.credential_fields else None, rules[len(patterns) :])
        rules_scan = PartScan(prefilters, read_with_name=contexts.in_part)
        signs_scan = PartScan(signs, long_bytes=sys.maxsize)
        scan = Scan(rules_scan, signs_scan, drop=drop, hashed=hashed, texts=contexts.texts_of)
        propagation = Propagation(self.counters) if settings.propagate else None
        self.drop = DropFields(drop, scan, self.counters, propagation, arguments=self._arguments)
        self.hash = HashFields(hashed, scan, self.pseudonyms, self.counters, propagation)
        hashing, binary = None if hashed.is_empty else self.hash, _binary(settings)

        def masks(prefilter: Prefilter, counters: RedactionCounters) -> MaskPatterns:
            text = TextRedactor(
                complete,
                prefilter,
                self.pseudonyms,
                mask_char=settings.mask_char,
                mask_length=settings.mask_length,
                spans_max=settings.spans_max,
            )
            return MaskPatterns(text, scan, counters, hashing, contexts, binary=binary)

        def everything(_text: str) -> Hits:
            return prefilters.everything

        self.mask = masks(prefilters.in_text, self.counters)
        # With counts of its own: what it finds is a fault, and no redaction as usual.
        unfiltered = masks(everything, RedactionCounters(self.counters.rules_hash))
        self.audit = PrefilterAudit(settings.checker.audit_share, unfiltered, complete)
        self.check = PIISafetyValidator(
            settings.checker.action,
            self.counters,
            shapes=ShapeScanner(shapes, signs),
            scan=scan,
            rules=complete[len(patterns) :],
            fields=fields,
            binary=binary,
            audit=self.audit,
        )

    def _arguments(self, command: list[str]) -> list[str]:
        return self.mask.arguments(command)

    @property
    def processors(self) -> list[Processor]:
        """The processors in the specification's order."""
        return [self.drop, self.mask, self.hash, self.check]

    def text(self, text: str) -> str:
        """Redact a lone string (what an LLM answered, what a template holds) by the same rules."""
        return self.mask.text(text)

    def source(self, text: str) -> str:
        """Redact the envelope's `source` as if it stood on an event; `unknown` when nothing of it may be kept."""
        return self.field("source", text) or "unknown"

    def field(self, name: str, text: str) -> str | None:
        """Redact a text as if it stood in an event's field of that name; None when nothing of it may be kept."""
        event: Event = {name: text}
        for step in (self.drop, self.mask, self.hash):
            step.apply(event)
        kept = event.get(name)
        return kept if isinstance(kept, str) and not self.check.findings(event) else None

    def unsafe(self, text: str) -> bool:
        """Tell whether redaction would change a text."""
        return self.mask.changes(text)

    def counts(self) -> dict[str, int]:
        """Return the places redacted since the start, by rule."""
        return self.counters.counts()

    async def compile_at_leisure(
        self, after_seconds: float = LEISURE_AFTER_SECONDS, pause_seconds: float = LEISURE_PAUSE_SECONDS
    ) -> None:
        """Compile every finder, one by one: else the first event that the audit looks at would wait for all of them."""
        await asyncio.sleep(after_seconds)
        for rule in self._complete:
            if isinstance(rule.find, CompiledWhenAsked):
                rule.find.compile()
                await asyncio.sleep(pause_seconds)

    def explain(self, event: Event) -> Explanation:
        """Redact one event, and tell each place where a rule hit, never what was there. Nothing is counted."""
        with self.counters.paused():
            return explain(event, drop=self.drop, mask=self.mask, hashed=self.hash, check=self.check)


def build(
    settings: RedactionSettings,
    *,
    key: bytes,
    previous_keys: Sequence[bytes] | None = None,
    is_token: Callable[[str], bool] | None = None,
    builtin: Sequence[Rule] = BUILTIN,
) -> Redaction:
    """Compile redaction from its settings, over these rules.

    `is_token` tells the service's own tokens, of which it knows hashes only.

    Raises ConfigurationError, naming the key, for a rule file or a former key that can't be used.
    """
    return Redaction(
        settings, key, former_keys(settings) if previous_keys is None else previous_keys, is_token, builtin
    )


def key_for(settings: RedactionSettings, data_dir: Path) -> bytes:
    """Return the key of the pseudonyms: made of the configured salt, or the one kept in the data directory."""
    if settings.own_salt is not None:
        return derive_key(settings.own_salt)
    if settings.salt is not None:
        log.warning("documented_salt_ignored", reason=documented_salt())
    return load_or_make_key(data_dir)


def documented_salt() -> str:
    """Say what becomes of a salt that is the documentation's."""
    return (
        "pipeline.processors.redaction.salt is the documentation's sample, which everybody knows, and is not used: "
        f"pseudonyms are made with the key kept in the data directory; make a salt with `{SALT_COMMAND}`, or leave it "
        "out"
    )


def former_keys(settings: RedactionSettings, data_dir: Path | None = None) -> list[bytes]:
    """Return the keys of `previous_keys`, of a documented salt, and those that the data directory had before.

    What they made can still be looked up.

    Raises ConfigurationError with one line for each key file that can't be used.
    """
    told = [each.get_secret_value() for each in settings.previous_keys]
    if settings.salt is not None and settings.own_salt is None:
        told.append(settings.salt.get_secret_value())
    former: list[bytes] = []
    faults: list[str] = []
    for each in told:
        try:
            former.append(former_key(each))
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(faults)
    return former + (kept_former_keys(data_dir) if data_dir else [])


def read_rule_files(files: Sequence[Path]) -> tuple[PatternSettings, ...]:
    """Read shared rule files. Raises ConfigurationError with one line for each fault."""
    patterns: list[PatternSettings] = []
    faults: list[str] = []
    for file in files:
        where = f"pipeline.processors.redaction.rule_files: {file}"
        try:
            listed = yaml.safe_load(file.read_text(encoding="utf-8"))
            if not isinstance(listed, dict) or not isinstance(listed.get("rules"), list):
                faults.append(f"{where}: needs a list `rules`")
                continue
            patterns += parse_patterns(listed["rules"])
        except OSError as error:
            faults.append(f"{where}: can't be read ({type(error).__name__})")
        except ValidationError as error:
            faults += [f"{where}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        except UNREADABLE:
            faults.append(f"{where}: not YAML in UTF-8")
    if faults:
        raise ConfigurationError(faults)
    return tuple(patterns)


def rules_hash(settings: RedactionSettings, patterns: Sequence[PatternSettings] = ()) -> str:
    """Return a short hash of everything that decides what is redacted, secrets aside."""
    plain = settings.model_dump_json(exclude={"salt", "previous_keys"})
    listed = [each.model_dump_json() for each in patterns]
    return hashlib.blake2b(f"{plain}{_builtin_facts()}{listed}{VERSION}".encode(), digest_size=6).hexdigest()


@cache
def _builtin_facts() -> str:
    """Return a hash of all that the built-in rules are made of: megabytes, with the texts of their modules."""
    facts = [fact for rule in BUILTIN for matcher in rule.matchers for fact in (rule.name, *matcher.facts())]
    return hashlib.blake2b("\0".join(facts).encode()).hexdigest()


def _prefilters(
    expressions: Mapping[str, Sequence[str]], rules: Iterable[ActiveRule], complete: Iterable[ActiveRule]
) -> Prefilters:
    """Compile; what depends on this service answers otherwise from one day to the next, and is not asked beforehand."""
    may_find = {
        rule.owner: rule.find.may_find
        for rule, whole in zip(rules, complete, strict=True)
        if isinstance(rule.find, (CompiledWhenAsked, PatternFinder)) and rule.find is whole.find
    }
    return Prefilters(expressions, may_find=may_find)


def _completed(
    rules: Sequence[ActiveRule], redaction: Redaction, is_token: Callable[[str], bool] | None
) -> Iterator[ActiveRule]:
    """Give the rules whose finders depend on this service those finders."""
    own = own_token_finders(is_token) if is_token else None
    for rule in rules:
        if rule.name == "base64":
            yield replace(rule, find=base64_finder(redaction.unsafe))
        elif rule.name == "known_token" and own:
            yield replace(rule, find=own[rule.part])
        else:
            yield rule


def _binary(settings: RedactionSettings) -> frozenset[str]:
    """Return which of the excepted fields are so for being base64: anything else in them is looked at as ever."""
    return frozenset(fold(name) for name in settings.except_fields) & BINARY
