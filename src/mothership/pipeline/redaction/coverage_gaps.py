"""What a configuration of redaction leaves uncovered, in words."""

from collections.abc import Iterator

from mothership.pipeline.redaction.redaction import documented_salt, read_rule_files
from mothership.pipeline.redaction.rules import BUILTIN
from mothership.pipeline.redaction.settings import RedactionSettings, Scope

BINARY = "payload_b64"


def not_covered(settings: RedactionSettings) -> Iterator[str]:
    """Say, one sentence each, where redaction doesn't look and what it doesn't look for."""
    for where in _places(settings):
        yield f"Not covered: {where}."
    if not settings.drop_fields and not settings.credential_fields:
        yield "Not covered: no field is removed by its name (drop_fields is empty, credential_fields: false)."
    elif not settings.credential_fields:
        yield (
            "Not covered: of fields whose names say credential (api_key, authorization, cookie, …) only those in "
            "drop_fields are removed (credential_fields: false)."
        )
    off = [name for name, rule in settings.rules.items() if not rule.enabled]
    if off:
        yield f"Not covered: what these rules find, switched off: {', '.join(off)}."
    quiet = [
        rule.name for rule in BUILTIN if not rule.default and settings.rules.keys().isdisjoint((rule.name, rule.group))
    ]
    if quiet:
        yield f"Not covered: what these rules find, off by default: {', '.join(quiet)}."
    if settings.checker.action == "flag":
        yield "Not covered: what the check still finds unsafe is stored as it is (checker.action: flag)."
    if settings.salt is not None and settings.own_salt is None:
        yield f"{documented_salt()}."


def _places(settings: RedactionSettings) -> Iterator[str]:
    if settings.fields:
        yield (
            f"patterns and rules look at nothing but what is below {_listed(settings.fields)} (`fields`); elsewhere "
            "only drop_fields and hash_fields work"
        )
    for name in settings.except_fields:
        if name == BINARY:
            yield f"in {name}, what can be base64 (`except`)"
        else:
            yield f"patterns and rules don't look below {name} (`except`)"
    for name, rule in settings.rules.items():
        if rule.enabled:
            yield from _scope(f"the rule {name}", rule)
    for pattern in (*settings.mask_patterns, *read_rule_files(settings.rule_files)):
        yield from _scope(f"the pattern {pattern.name}", pattern)


def _scope(what: str, scope: Scope) -> Iterator[str]:
    if scope.fields:
        yield f"{what} looks only below {_listed(scope.fields)} (`fields`)"
    if scope.except_fields:
        yield f"{what} doesn't look below {_listed(scope.except_fields)} (`except`)"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
