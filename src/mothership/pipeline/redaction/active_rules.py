"""The rules in force: the operator's patterns and the built-in rules, with what the settings decide about each."""

from collections.abc import Iterator, Sequence

from mothership.pipeline.redaction.field_names import fold
from mothership.pipeline.redaction.operator_patterns import PatternFinder, compile_pattern, pattern_prefilter
from mothership.pipeline.redaction.rules import Rule, identity
from mothership.pipeline.redaction.rules.vocabulary import is_placeholder_word
from mothership.pipeline.redaction.settings import (
    DEFAULT_MASK_PATTERNS,
    PatternSettings,
    RedactionSettings,
    RuleSettings,
    Scope,
)
from mothership.pipeline.redaction.text import ActiveRule, FieldScope

BINARY = frozenset({"payloadb64"})


def operators_rules(settings: RedactionSettings, patterns: Sequence[PatternSettings]) -> Iterator[ActiveRule]:
    """Yield the operator's patterns as rules."""
    for rank, each in enumerate(patterns):
        compiled = compile_pattern(each.pattern, ignore_case=each.ignore_case)
        yield ActiveRule(
            name=each.name,
            find=PatternFinder(
                compiled, is_placeholder_word if (each.name, each.pattern) in DEFAULT_MASK_PATTERNS else None
            ),
            action=each.action,
            keep_last=each.keep_last,
            rank=rank,
            prefilters=(pattern_prefilter(each.pattern, ignore_case=each.ignore_case),),
            only=_scope(settings.fields, each.fields),
            never=_scope(_except(settings), each.except_fields),
        )


def identity_fields(settings: RedactionSettings) -> tuple[str, ...]:
    """Return the names of fields that say who somebody is, where the whole group is on."""
    chosen = settings.rules.get(identity.GROUP)
    return identity.FIELDS if chosen and chosen.enabled else ()


def builtin_rules(settings: RedactionSettings, rules: Sequence[Rule], first: int) -> Iterator[ActiveRule]:
    """Yield the built-in rules that are on, ranked from this on, each of their matchers by itself."""
    for rank, rule in enumerate(rules, first):
        chosen = settings.rules.get(rule.name) or settings.rules.get(rule.group)
        if not _enabled(rule, chosen):
            continue
        scope: Scope = chosen or Scope()
        for part, matcher in enumerate(rule.matchers):
            yield ActiveRule(
                name=rule.name,
                find=matcher.finder(),
                action=(chosen and chosen.action) or settings.action,
                keep_last=chosen.keep_last if chosen else 4,
                rank=rank,
                part=part,
                numbers=rule.numbers,
                prefilters=matcher.prefilters,
                only=_scope(settings.fields, scope.fields),
                never=_scope(_except(settings), scope.except_fields),
            )


def _enabled(rule: Rule, chosen: RuleSettings | None) -> bool:
    return chosen.enabled if chosen else rule.default


def _except(settings: RedactionSettings) -> list[str]:
    return [name for name in settings.except_fields if fold(name) not in BINARY]


def _scope(general: Sequence[str], own: Sequence[str]) -> FieldScope:
    listed = (*general, *own)
    return FieldScope(
        frozenset(fold(name) for name in listed if "." not in name),
        tuple(tuple(fold(part) for part in name.split(".")) for name in listed if "." in name),
    )
