"""What is refused at the start, and how it is said."""

from typing import Any

import pytest
from pydantic import ValidationError

from mothership.sinks.loki.sink import LokiSettings

SPEC = {
    "enabled": False, "url": "http://localhost:3100", "tenant_id": None, "username": None, "password": None,
    "batch_size": 100, "batch_timeout_seconds": 5.0, "max_retries": 3, "retry_backoff_seconds": 1.0,
    "timeout_seconds": 30.0,
}  # fmt: skip
VARIABLES = {
    "enabled": "LOKI_ENABLED", "url": "LOKI_URL", "tenant_id": "LOKI_TENANT_ID", "username": "LOKI_USERNAME",
    "password": "LOKI_PASSWORD", "batch_size": "LOKI_BATCH_SIZE", "batch_timeout_seconds": "LOKI_BATCH_TIMEOUT_SECONDS",
}  # fmt: skip


def test_the_specifications_keys_defaults_and_variables() -> None:
    """They are contracts."""
    assert {key: getattr(LokiSettings(), key) for key in SPEC} == SPEC
    fields = LokiSettings.model_fields
    for key, variable in VARIABLES.items():
        extra = fields[key].json_schema_extra
        assert isinstance(extra, dict)
        assert extra["env"] == variable
    assert LokiSettings.model_validate(SPEC) == LokiSettings()


def test_nobody_waits_for_a_timer_that_nobody_set() -> None:
    """The specification's default is a bound, not a wish to wait five seconds beside an idle Loki."""
    assert LokiSettings().linger_seconds == 0.0
    assert LokiSettings(batch_timeout_seconds=5.0).linger_seconds == 5.0


def test_every_key_is_described() -> None:
    """The documentation is made from it."""
    assert all(field.description for field in LokiSettings.model_fields.values())


@pytest.mark.parametrize(
    "url",
    [
        "http://loki:3100",
        "http://loki:3100/",
        "http://loki:3100/loki/api/v1/push",
        "http://loki:3100/loki/api/v1/push/",
    ],
)
def test_the_push_path_may_be_given_or_not(url: str) -> None:
    """Both forms are found in the wild."""
    assert LokiSettings(url=url).url == "http://loki:3100"


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"url": "loki:3100"}, "http://host:port"),
        ({"url": "http://"}, "http://host:port"),
        ({"url": "http://loki:99999"}, "http://host:port"),
        ({"url": "http://me:geheim@loki:3100"}, "username"),
        ({"url": "http://loki:3100?x=1"}, "query"),
        ({"username": "me"}, "both or neither"),
        ({"password": "geheim"}, "both or neither"),
        ({"username": "me", "password": "geheim", "bearer_token": "geheim"}, "one of them"),
        ({"bearer_token": "geheim\n"}, "header"),
        ({"bearer_token": "geheim ü"}, "header"),
        ({"username": "a:b", "password": "geheim"}, "colon"),
        ({"proxy_url": "geheim:8080"}, "http://host:port"),
        ({"proxy_url": "http://me:geheim@proxy:99999"}, "from 1 to 65535"),
        ({"proxy_url": "http://me:geheim@a b:80"}, "without a space"),
        ({"proxy_url": "http://me:geheim@[::1:80"}, "brackets"),
        ({"tenant_id": "a|b"}, "tenant"),
        ({"tenant_id": "a b"}, "tenant"),
        ({"tenant_id": "a\r\nX-Evil: 1"}, "tenant"),
        ({"client_key_file": "key.pem"}, "client_cert_file"),
        ({"max_line_bytes": 2_000_000}, "max_push_bytes"),
        ({"max_streams": 100, "max_label_values": {"type": 80}}, "max_streams"),
        ({"structured_metadata_fields": [""]}, "empty"),
        ({"batch_size": 0}, "batch_size"),
        ({"batchsize": 1}, "batchsize"),
    ],
)
def test_what_can_not_be_is_refused_with_a_reason(settings: dict[str, Any], word: str) -> None:
    """And the reason quotes no secret."""
    with pytest.raises(ValidationError) as caught:
        LokiSettings.model_validate(settings)
    text = str([{"loc": error["loc"], "msg": error["msg"]} for error in caught.value.errors()])
    assert word in text
    assert "geheim" not in text


def test_empty_is_not_set() -> None:
    """Compose hands over an empty variable where nothing was meant."""
    empty = LokiSettings(tenant_id="", username="", password="", bearer_token="", proxy_url="")
    assert (empty.tenant_id, empty.username, empty.password, empty.bearer_token, empty.proxy_url) == (None,) * 5


def test_secrets_do_not_show() -> None:
    """A settings object may end up in a log line."""
    settings = LokiSettings(username="me", password="geheim", proxy_url="http://a:geheim@proxy")
    assert "geheim" not in repr(settings) + str(settings.model_dump())
