"""Enrichment: what is added, from what, and that nothing a node sent is overwritten."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mothership.event import Batch, Event
from mothership.pipeline.enrichment.enrichment import EnrichmentSettings, build
from mothership.pipeline.enrichment.service import (
    ServiceFromPath,
    ServiceNameSettings,
    service_of_path,
    service_of_program,
)
from mothership.pipeline.enrichment.severity import SeverityMap, severity_names
from mothership.pipeline.enrichment.site_environment import SiteEnvironment, SiteEnvSettings, SiteEnvTags
from mothership.pipeline.enrichment.tags import AddTags

RECEIVED = 1_795_554_747_123_456


def batch_of(*events: Event, client: str = "anonymous") -> Batch:
    return Batch(
        events=list(events),
        indices=list(range(len(events))),
        fingerprint=b"f" * 32,
        request_id="r",
        received=RECEIVED,
        client=client,
    )


def enriched(event: Event, settings: EnrichmentSettings | None = None) -> Event:
    batch = batch_of(event)
    for processor in build(settings or EnrichmentSettings()):
        processor(batch)
    return batch.events[0]


def test_the_specifications_event_gets_every_added_field() -> None:
    """The names are contracts, and so is their order."""
    assert [processor.name for processor in build(EnrichmentSettings())] == [
        "AddTags", "SeverityMap", "ServiceFromPath", "GeoHint", "SiteEnvTags", "TimestampNormalizer",
    ]  # fmt: skip
    event = enriched(
        {
            "type": "syslog",
            "timestamp": "2025-01-01T00:00:00Z",
            "message": "User login successful",
            "source": "nyc-web01-prod",
            "source_ip": "10.1.2.3",
            "severity": "info",
        }
    )
    assert event == {
        "type": "syslog",
        "timestamp": "2025-01-01T00:00:00.000000Z",
        "message": "User login successful",
        "source": "nyc-web01-prod",
        "source_ip": "10.1.2.3",
        "severity": "info",
        "severity_num": 6,
        "service": "web",
        "geo_hint": "private",
        "tags": {
            "processed_by": "mothership",
            "version": "1.5",
            "service": "web",
            "site": "nyc",
            "environment": "prod",
        },
    }


def test_switched_off_it_adds_nothing() -> None:
    """`enabled: false` leaves events as redaction left them."""
    assert build(EnrichmentSettings(enabled=False)) == []


@pytest.mark.parametrize(
    ("tags", "field", "expected"),
    [
        (None, "tags", {"team": "sea", "processed_by": "mothership"}),
        ({}, "tags", {"team": "sea", "processed_by": "mothership"}),
        ({"team": "land"}, "tags", {"team": "land", "processed_by": "mothership"}),
        ({"team": None, "x": None}, "tags", {"team": "sea", "processed_by": "mothership", "x": None}),
        ({"team": ""}, "tags", {"team": "", "processed_by": "mothership"}),
        (["a", "b"], "mothership_tags", {"team": "sea", "processed_by": "mothership"}),
        ("a,b", "mothership_tags", {"team": "sea", "processed_by": "mothership"}),
    ],
)
def test_tags_are_merged_key_by_key_and_a_nodes_own_stay(tags: Any, field: str, expected: Any) -> None:
    """A list of tags stays the list it was; ours are beside it."""
    batch = batch_of({"type": "log", "tags": tags})
    AddTags({"team": "sea", "processed_by": "mothership"})(batch)
    assert batch.events[0][field] == expected
    if field != "tags":
        assert batch.events[0]["tags"] == tags


def test_events_do_not_share_their_tags() -> None:
    """A tag put on one event must not appear on another."""
    batch = batch_of({"type": "a"}, {"type": "b"})
    AddTags({"team": "sea"})(batch)
    batch.events[0]["tags"]["site"] = "nyc"
    assert batch.events[1]["tags"] == {"team": "sea"}


@pytest.mark.parametrize(
    ("event", "number"),
    [
        *(({"severity": word}, number) for word, number in severity_names.items()),
        ({"severity": "ERROR"}, 3),
        ({"severity": " Warn "}, 4),
        ({"severity": "err"}, 3),
        ({"severity": "crit"}, 2),
        ({"severity": "emerg"}, 0),
        ({"severity": "panic"}, 0),
        ({"severity": "information"}, 6),
        ({"severity": 0}, 0),
        ({"severity": 7}, 7),
        ({"severity": "3"}, 3),
        ({"severity": "unknown", "level": "error"}, 3),
        ({"level": "WARNING"}, 4),
        ({"severity": 8}, None),
        ({"severity": -1}, None),
        ({"severity": True}, None),
        ({"severity": 3.0}, None),
        ({"severity": "unknown"}, None),
        ({"severity": ["error"]}, None),
        ({"severity": "x" * 10_000}, None),
        ({}, None),
        ({"severity": "error", "severity_num": 99}, 99),
    ],
)
def test_severity_words_and_numbers_become_the_number(event: Event, number: int | None) -> None:
    """Without case, with the usual short forms, and never over what the node sent."""
    batch = batch_of({"type": "syslog", **event})
    SeverityMap(severity_names, ("severity", "level"))(batch)
    assert batch.events[0].get("severity_num") == number


def test_short_forms_follow_the_configured_mapping() -> None:
    """Who maps `critical` to 9 means `crit` too."""
    batch = batch_of({"severity": "CRIT"}, {"severity": "err"}, {"severity": "mayday"})
    SeverityMap({"Critical": 9, "Mayday": 0}, ("severity",))(batch)
    assert [event.get("severity_num") for event in batch.events] == [9, None, 0]


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/var/log/nginx/access.log", "nginx"),
        ("/var/log/nginx/access.log.2.gz", "nginx"),
        ("/var/log/postgresql/postgresql-15-main.log", "postgresql"),
        ("/var/log/auth.log", "auth"),
        ("/var/log/auth.log.1", "auth"),
        ("/var/log/secure", "auth"),
        ("/var/log/syslog", "syslog"),
        ("/var/log/messages-20240101", "syslog"),
        ("/var/log/kern.log", "kernel"),
        ("/var/log/dpkg.log", "dpkg"),
        ("/var/log/app/2024/01/15.log", "app"),
        ("/var/log/journal/0123456789abcdef/system.journal", "journald"),
        ("/var/log/containers/shop-7d8f9-x2x_default_cart-" + "a1" * 32 + ".log", "cart"),
        ("/var/log/pods/default_shop-7d8f9_0f0e/cart/0.log", "cart"),
        ("/var/lib/docker/containers/" + "ab" * 32 + "/" + "ab" * 32 + "-json.log", "docker"),
        ("/opt/billing/logs/out.log", "billing"),
        ("/opt/billing/run.log", "billing"),
        ("/srv/shop/log/production.log", "shop"),
        ("/home/ann/crawler/logs/today.log", "crawler"),
        ("/mnt/import.log", "import"),
        ("C:\\inetpub\\logs\\LogFiles\\W3SVC1\\u_ex240115.log", "iis"),
        ("C:\\ProgramData\\Backup Agent\\logs\\agent.log", "backup-agent"),
        ("app.log", "app"),
        ("/var/log/error.log", None),
        ("/", None),
        ("", None),
        ("///", None),
    ],
)
def test_a_service_is_read_off_its_path(path: str, service: str | None) -> None:
    """By container, by the directory of its logs, by the file's name."""
    assert service_of_path(path) == service


@pytest.mark.parametrize(
    ("program", "service"),
    [
        ("sshd", "sshd"),
        ("sshd(pam_unix)", "sshd"),
        ("/usr/sbin/CRON[311]:", "cron"),
        ("systemd-logind", "systemd-logind"),
        ("nova.api.openstack", "nova.api.openstack"),
        ("-", None),
        ("unknown", None),
        ("", None),
        ("%ASA-6-302013", None),
    ],
)
def test_a_service_is_read_off_its_program(program: str, service: str | None) -> None:
    """RFC 3164 tags and RFC 5424 app names come with a lot around them."""
    assert service_of_program(program) == service


@pytest.mark.parametrize(
    ("event", "service"),
    [
        ({"file_path": "/var/log/nginx/access.log", "hostname": "db01"}, "nginx"),
        ({"app_name": "sshd", "hostname": "web01"}, "sshd"),
        ({"app_name": "-", "tag": "cron"}, "cron"),
        ({"hostname": "web01"}, "web"),
        ({"hostname": "nyc-db02-prod.example.com"}, "db"),
        ({"host": "core-switch-3"}, "switch"),
        ({"host": "192.0.2.7"}, None),
        ({"hostname": "unknown", "source": "lb01"}, "lb"),
        ({"file_path": ["/var/log/nginx/x"], "app_name": 7}, None),
        ({"service": "mine", "file_path": "/var/log/nginx/access.log"}, "mine"),
        ({"log_file": "/opt/billing/run.out", "hostname": "web01"}, "billing"),
        ({"path": "/var/log/nginx/access.log", "hostname": "web01"}, "nginx"),
        ({"file": "auth.log.1"}, "auth"),
        ({"filename": "C:\\ProgramData\\Agent\\logs\\agent.log"}, "agent"),
        ({"file_path": "/var/log/nginx/access.log", "path": "/var/log/auth.log"}, "nginx"),
        ({"path": "/api/users", "file": "main.c", "filename": "report.pdf", "hostname": "web01"}, "web"),
        ({"hostname": "-", "host": "web01"}, "web"),
        ({"service": None, "tags": {"service": None}, "app_name": "sshd"}, "sshd"),
        ({"service": {"name": "mine"}, "app_name": "sshd"}, {"name": "mine"}),
    ],
)
def test_path_then_program_then_host_and_never_over_the_nodes_word(event: Event, service: Any) -> None:
    """A service that a node names is the service."""
    batch = batch_of({"type": "log", **event})
    ServiceFromPath(ServiceNameSettings())(batch)
    assert batch.events[0].get("service") == service
    tag = batch.events[0].get("tags", {}).get("service")
    assert tag == (service if isinstance(service, str) else None)


def test_a_users_pattern_comes_before_the_built_in_rules() -> None:
    """The first group's text goes where the service says so."""
    settings = ServiceNameSettings(patterns={r"^/data/([a-z]+)/": r"ship-\1", "^ENG": "engine"}, tag=False)
    batch = batch_of({"file_path": "/data/radar/logs/x.log"}, {"hostname": "eng01"}, {"hostname": "web01"})
    ServiceFromPath(settings)(batch)
    assert batch.events[0] == {"file_path": "/data/radar/logs/x.log", "service": "ship-radar"}
    assert [event["service"] for event in batch.events] == ["ship-radar", "engine", "web"]


def test_half_a_surrogate_pair_is_no_obstacle() -> None:
    """RE2 takes no such text, and the event would be rejected for it."""
    host: Event = {"host": "aurora-\ud800", "file_path": "/data/\ud800/x.log"}
    batch = batch_of(host)
    ServiceFromPath(ServiceNameSettings(patterns={"^/data/": "engine"}, tag=False))(batch)
    SiteEnvTags(SiteEnvSettings(hostname_patterns=("^(?P<site>aurora)",)))(batch)
    assert host["service"] == "engine"
    assert host["tags"] == {"site": "aurora"}


@pytest.mark.parametrize("patterns", [{"(": "x"}, {"a": r"\1"}, {r"(?<=a)b": "x"}])
def test_a_bad_pattern_is_named(patterns: dict[str, str]) -> None:
    """A configuration error says which and why."""
    with pytest.raises(ValidationError, match=r"RE2 expression|group"):
        ServiceNameSettings(patterns=patterns)


@pytest.mark.parametrize(
    ("event", "site", "environment"),
    [
        ({"hostname": "nyc-web01-prod"}, "nyc", "prod"),
        ({"hostname": "NYC-WEB-01-PROD.example.com"}, "nyc", "prod"),
        ({"hostname": "prod-fra2-db01"}, "fra2", "prod"),
        ({"hostname": "web01.fra1.staging.example.com"}, "fra1", "staging"),
        ({"hostname": "web01-dev"}, None, "dev"),
        ({"host": "nyc-web01"}, "nyc", None),
        ({"source": "test-db3"}, None, "test"),
        ({"hostname": "web01"}, None, None),
        ({"hostname": "192.0.2.1"}, None, None),
        ({"hostname": "unknown", "host": "nyc-web01-prod"}, "nyc", "prod"),
        ({"hostname": ["nyc-web01-prod"]}, None, None),
        ({"hostname": "nyc-web01-prod", "site": "Oslo", "env": "canary"}, "Oslo", "canary"),
        ({"datacenter": "eu-1", "environment": "qa"}, "eu-1", "qa"),
        ({"hostname": "nyc-web01-prod", "tags": {"site": "own"}}, "own", "prod"),
        ({"site": 7, "env": None}, None, None),
    ],
)
def test_site_and_environment_are_read_off_fields_and_hostnames(
    event: Event, site: str | None, environment: str | None
) -> None:
    """What the event says itself counts more than what its host is called."""
    batch = batch_of({"type": "log", **event})
    SiteEnvTags(SiteEnvSettings())(batch)
    tags = batch.events[0].get("tags", {})
    assert (tags.get("site"), tags.get("environment")) == (site, environment)


def test_the_configured_places_come_in_their_order() -> None:
    """Event, host, caller, shape of the name, static."""
    settings = SiteEnvSettings(
        hosts={"ship-42-*": SiteEnvironment(site="ship-42"), "*-lab": SiteEnvironment(environment="lab")},
        callers={"harbour": SiteEnvironment(site="harbour", environment="shore")},
        site="sea",
        environment="prod",
    )
    tag = SiteEnvTags(settings)

    def place(host: str, client: str) -> tuple[str, str]:
        batch = batch_of({"hostname": host}, client=client)
        tag(batch)
        return batch.events[0]["tags"]["site"], batch.events[0]["tags"]["environment"]

    assert place("ship-42-radar", "anonymous") == ("ship-42", "prod")
    assert place("SHIP-42-LAB", "anonymous") == ("ship-42", "lab")
    assert place("nyc-web01-dev", "harbour") == ("harbour", "shore")
    assert place("nyc-web01-dev", "anonymous") == ("nyc", "dev")
    assert place("x", "anonymous") == ("sea", "prod")


def test_what_is_built_in_can_be_added_to_and_taken_out() -> None:
    """A fleet has names of its own."""
    batch = batch_of({"hostname": "engine7-aurora"}, {"hostname": "nyc-edge01-prod"})
    ServiceFromPath(ServiceNameSettings(host_roles={"Engine": "propulsion", "edge": ""}))(batch)
    SiteEnvTags(SiteEnvSettings(hostname_patterns=("-(?P<site>aurora)$",), guess_from_hostnames=False))(batch)
    assert batch.events == [
        {"hostname": "engine7-aurora", "service": "propulsion", "tags": {"service": "propulsion", "site": "aurora"}},
        {"hostname": "nyc-edge01-prod"},
    ]


def test_a_hostname_pattern_without_a_group_is_refused() -> None:
    """It could never give anything."""
    with pytest.raises(ValidationError, match="has no group named"):
        SiteEnvSettings(hostname_patterns=("^web",))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(
    """
    timestamp tags mothership_tags severity level severity_num service file_path app_name program tag hostname
    host source source_ip geo_hint site env environment datacenter @timestamp timestamp_source message
    timestamp_original timestamp_sent timestamp_reason path file filename log_file
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


def contained(small: Any, big: Any) -> bool:
    """Whether everything in one JSON object is still in the other."""
    if small is None:
        return True  # counts as not sent
    if isinstance(small, dict) and isinstance(big, dict):
        return all(key in big and contained(value, big[key]) for key, value in small.items())
    return bool(small == big)


@given(st.dictionaries(fields, json_values | st.sampled_from(["web01", "10.0.0.1", "error", "/var/log/a.log"])))
def test_nothing_a_node_sent_is_overwritten_and_a_second_run_changes_nothing(sent: Event) -> None:
    """Whatever the fields hold; but `timestamp`, which the specification standardizes, and an empty field."""
    event = enriched({**sent, "tags": dict(sent["tags"])} if isinstance(sent.get("tags"), dict) else dict(sent))
    before = {key: value for key, value in sent.items() if key != "timestamp" and value is not None}
    assert contained(before, event)
    once = {**event, "tags": dict(event["tags"])} if isinstance(event.get("tags"), dict) else dict(event)
    assert enriched(event) == once


@pytest.mark.parametrize("nil", ["-", "N/A", "None", "UNKNOWN", " null ", "nil", "", "  "])
def test_a_host_that_says_nothing_leaves_the_turn_to_the_next_field(nil: str) -> None:
    """A NIL host name arrives as `-`."""
    batch = batch_of({"hostname": nil, "host": "nyc-web01-prod", "tags": {"site": None, "environment": None}})
    SiteEnvTags(SiteEnvSettings())(batch)
    assert batch.events[0]["tags"] == {"site": "nyc", "environment": "prod"}
