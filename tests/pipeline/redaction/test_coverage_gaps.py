"""What `mothership check` says about what redaction leaves alone."""

from typing import Any

import pytest

from mothership.pipeline.redaction.coverage_gaps import not_covered
from mothership.pipeline.redaction.settings import RedactionSettings


def said(**settings: Any) -> str:
    return "\n".join(not_covered(RedactionSettings.model_validate(settings)))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"fields": ["message", "raw"]}, "look at nothing but what is below message, raw (`fields`)"),
        ({"except": ["payload_b64", "blob"]}, "patterns and rules don't look below blob (`except`)"),
        ({"credential_fields": False}, "drop_fields are removed (credential_fields: false)"),
        ({"credential_fields": False, "drop_fields": []}, "no field is removed by its name"),
        ({"rules": {"phone": False, "email": False}}, "switched off: phone, email."),
        ({"rules": {"email": {"fields": ["message"]}}}, "the rule email looks only below message"),
        ({"rules": {"email": {"except": ["to"]}}}, "the rule email doesn't look below to"),
        ({"mask_patterns": [{"pattern": "x", "name": "x", "fields": ["a"]}]}, "the pattern x looks only below a"),
        ({"checker": {"action": "flag"}}, "stored as it is (checker.action: flag)"),
        ({"salt": "your-secret-salt"}, "salt is the documentation's sample"),
    ],
)
def test_what_is_not_covered_is_said(settings: dict[str, Any], told: str) -> None:
    """And only where it is so."""
    assert told in said(**settings)
    assert told not in said()


def test_rules_that_are_off_by_default_are_named_until_they_are_on() -> None:
    """An operator who thinks that IP addresses go should read that they don't."""
    assert "off by default: ipv4, " in said()
    assert "ipv4" not in said(rules={"ipv4": True})
    assert "in payload_b64, what can be base64" in said()
    assert "payload_b64" not in said(**{"except": []})
