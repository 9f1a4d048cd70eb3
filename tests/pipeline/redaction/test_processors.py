"""DropFields, MaskPatterns, HashFields, PIISafetyValidator over whole batches."""

import base64
import copy
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from mothership.event import Batch, Event
from mothership.pipeline.redaction.checker.pii_safety_validator import SCRUBBED
from mothership.pipeline.redaction.part_scan import LONG_BYTES
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.redaction.text import WINDOW

Make = Callable[..., Redaction]
Through = Callable[..., Batch]


def test_the_processors_have_the_specification_s_names_and_order(make: Make) -> None:
    """`/healthz` and `/stats` show them."""
    names = [processor.name for processor in make().processors]
    assert names == ["DropFields", "MaskPatterns", "HashFields", "PIISafetyValidator"]


@pytest.mark.parametrize(
    "key",
    [
        *("password", "Password", "PASS-WORD", "secret", "token", "key", "api_key", "apiKey", "X-Api-Key", "API KEY"),
        *("authorization", "Set-Cookie", "cookie", "client_secret", "clientSecret", "private_key", "community"),
        *("db_password", "dbPassword", "smtp.passwd", "auth_token", "deviceToken", "aws_secret_access_key", "ssn"),
        *(
            "user_password",
            "userPassword",
            "USER_PASSWORD",
            "node_password",
            "nodeToken",
            "notify_secret",
            "issuer_token",
        ),
        *(
            "minio_secret_key",
            "hashicorp_token",
            "pagerduty_token",
            "syncthing_apikey",
            "outputPassword",
            "reset_token",
        ),
        *("next_password", "userApiKey", "maxmind_password", "db_pass", "SMTP_PASS", "userPass", "password2"),
        *("password_1", "hashed_password", "secret_key_base", "license_key", "pre_shared_key", "readCommunity"),
        *("JSESSIONID", "PHPSESSID", "pw", "wpa_psk", "bindpw", "pin", "passwd_hash", "user[password]", "password[]"),
        *("password=", '"password"', "app.kubernetes.io/password", "oauthToken2Secret"),
        *("http.request.header.authorization", "\uff50\uff41ssword", "pass\u200bword", "cvv", "card_number"),
    ],
)
def test_a_field_named_for_a_credential_is_dropped_at_every_depth(make: Make, through: Through, key: str) -> None:
    """Whatever its value, also inside lists."""
    event = {"a": [{"b": {key: {"x": 1}}}], key: "swordfish", "other": 1}
    assert through(make(), event).events == [{"a": [{"b": {}}], "other": 1}]


@pytest.mark.parametrize(
    "key",
    [
        *(
            "keyboard",
            "monkey",
            "tokens_used_total",
            "max_tokens",
            "password_policy",
            "password_changed_at",
            "keys_total",
        ),
        *(
            "primary_key",
            "sort_key",
            "has_password",
            "next_page_token",
            "secretary",
            "passenger",
            "author",
            "tokenizer",
        ),
        *(
            "use_password",
            "isPassword",
            "prev_token",
            "maxTokens",
            "inputTokens",
            "spin",
            "pinned",
            "gpw",
            "total_pass",
        ),
        *("first_pass", "/etc/ssl/site.pem", "session_id2", "password_file", "secretKeyRef", "psk_enabled"),
        *("user", "session_id", "kind", "community_name_count", "compass"),
    ],
)
def test_a_field_that_only_sounds_like_a_credential_is_kept(make: Make, through: Through, key: str) -> None:
    """Field rules match names, not parts of names."""
    assert through(make(), {key: "value one"}).events == [{key: "value one"}]


def test_a_number_of_credentials_is_no_credential(make: Make, through: Through) -> None:
    """What a language model used, how many cookies came. A text is none, nor one number under the name of one thing."""
    kept = {"tokens": 4096, "used_tokens": 12.5, "cookies": 3, "usage": {"access-tokens": 123456}, "secrets": 12345}
    kept["list"] = [{"name": "tokens", "value": 4096}]
    assert through(make(), {**kept}).events == [kept]
    gone = {"tokens": "4096", "token": 40961234, "pin": 4711, "otp": 123456, "a": {"tokens": [4096]}, "secrets": True}
    assert through(make(), gone).events == [{"a": {}}]
    assert through(make(), {"list": [{"name": "token", "value": 40961234}]}).events == [{"list": [{"name": "token"}]}]
    assert through(make(drop_fields=["tokens"]), {"tokens": 4096, "x": [{"name": "tokens", "value": 1}]}).events == [
        {"x": [{"name": "tokens"}]}
    ]


def test_a_value_whose_name_stands_beside_it_is_dropped(make: Make, through: Through) -> None:
    """As environment variables and headers are often listed."""
    event = {"env": [{"name": "DB_PASSWORD", "value": "swordfish"}, {"name": "HOME", "value": "/root"}]}
    assert through(make(), event).events == [{"env": [{"name": "DB_PASSWORD"}, {"name": "HOME", "value": "/root"}]}]


def test_a_value_that_follows_its_name_in_a_list_is_replaced(make: Make, through: Through) -> None:
    """Arguments of a command, and pairs of a name and a value; a table's heading stays."""
    event = {
        "argv": ["mysql", "--password", "swordfish", "--verbose"],
        "headers": [["Authorization", "Bearer swordfish"], ["Accept", "*/*"]],
        "columns": ["user", "password", "host"],
        "names": ["password", "token"],
        "flags": ["--password", "--verbose"],
    }
    out = through(make(), {**event}).events[0]
    assert "swordfish" not in str(out)
    assert out["argv"] == ["mysql", "--password", "[REDACTED:assignment]", "--verbose"]
    assert [out[name] for name in ("columns", "names", "flags")] == [
        ["user", "password", "host"],
        ["password", "token"],
        ["--password", "--verbose"],
    ]


def test_a_community_that_an_agent_reported_is_dropped(make: Make, through: Through) -> None:
    """SNMP results name what they hold beside it."""
    results = [{"oid": "1.3.6.1.6.3.18.1.1.1.2.1", "oid_name": "snmpCommunityName", "value": "n0c-ro"}]
    assert "n0c-ro" not in str(through(make(), {"type": "snmp", "results": results}).events)


def test_dotted_paths_name_one_place(make: Make, through: Through) -> None:
    """Lists on the way are passed through."""
    redaction = make(drop_fields=["a.b.c"], hash_fields=["u.id"])
    event = {"a": [{"b": {"c": 1, "d": 2}}], "b": {"c": 3}, "u": {"id": "x", "name": "y"}, "id": "z"}
    out = through(redaction, event).events[0]
    assert out["a"] == [{"b": {"d": 2}}]
    assert out["b"] == {"c": 3}
    assert out["u"]["id"].startswith("hash:")
    assert (out["u"]["name"], out["id"]) == ("y", "z")


def test_keys_are_redacted_and_stay_apart(make: Make, through: Through) -> None:
    """Two addresses as keys must not swallow one another."""
    event = {"seen": {"a@example.com": 1, "b@example.com": 2, "fine": 3}}
    assert through(make(), event).events == [{"seen": {"[REDACTED:email]": 1, "[REDACTED:email]#2": 2, "fine": 3}}]


def test_an_empty_key_stays_empty(make: Make, through: Through) -> None:
    """Chance found that it did not, the first time it was seen."""
    assert through(make(), {"": "a@example.com", "x": {"": 1}}).events == [{"": "[REDACTED:email]", "x": {"": 1}}]


def test_numbers_that_are_cards_are_masked_and_other_numbers_are_not(make: Make, through: Through) -> None:
    """JSON has numbers too."""
    event = {"n": 4111111111111111, "f": 4111111111111111.0, "ts": 1732482748000, "c": 4111111111111112, "x": -1e300}
    out = through(make(), event).events[0]
    assert out["n"] == out["f"] == "[REDACTED:credit_card]"
    assert (out["ts"], out["c"], out["x"]) == (1732482748000, 4111111111111112, -1e300)


def test_a_bare_number_in_a_field_named_for_telephones_is_masked(make: Make, through: Through) -> None:
    """The name of the field is the word beside it."""
    event = {"phone": "4155552671", "mobileNumber": 4155552671, "msisdn": "4917612345678", "microphone": "on"}
    out = through(make(), {**event, "phone_calls": 12}).events[0]
    assert out["phone"] == out["mobileNumber"] == out["msisdn"] == "[REDACTED:phone]"
    assert (out["microphone"], out["phone_calls"]) == ("on", 12)


def test_a_session_s_id_goes_when_it_looks_made_by_chance(make: Make, through: Through) -> None:
    """A counter, a UUID and a Windows security identifier stay: operators join lines by them."""
    kept = {"session_id": "550e8400-e29b-41d4-a716-446655440000", "sid": "S-1-5-21-3623811015-3361044348-30300820"}
    event = {"a": {"session_id": "9f86d081884c7d659a2feaa0c55ad015"}, "b": {"sid": "kT9xw2LqPz"}, "c": {**kept}}
    out = through(make(), {**event, "d": {"sessionId": 42}}).events[0]
    assert out["a"]["session_id"] == out["b"]["sid"] == "[REDACTED:session_cookie]"
    assert (out["c"], out["d"]) == (kept, {"sessionId": 42})


def test_binary_payloads_are_let_be(make: Make, through: Through) -> None:
    """Patterns over base64 would only break it."""
    event = {"type": "flow_packet", "payload_b64": "RSCAPAABAABABg4111111111111111CoAAAEAAAAAABgAAA="}
    assert through(make(), {**event}).events == [event]


@pytest.mark.parametrize(
    "value",
    ["mail alice@example.com", "4111111111111111", {"x": "alice@example.com"}, [{"payload_b64": "password=hunter2"}]],
)
def test_a_payload_that_is_no_base64_is_looked_at_as_ever(make: Make, through: Through, value: object) -> None:
    """A name alone must not be a way past redaction."""
    out = str(through(make(), {"payload_b64": value}).events)
    assert not any(secret in out for secret in ("alice@", "4111", "hunter2"))


def test_what_a_machine_counted_is_no_card(make: Make, through: Through) -> None:
    """One number of sixteen digits in ten passes the check digit."""
    reading = {"oid": "1.3.6.1.2.1.31.1.1.1.6.1", "value": "4111111111111111", "numeric_value": 4111111111111111}
    event = {
        "results": [reading],
        "metric": {"type": "Counter64", "value": 4111111111111111},
        "rx_bytes": 4111111111111111,
        "ts": 4111111111111111,
        "took": 4222222222222,
    }
    assert through(make(), {**event}).events == [event]
    paid = through(make(), {"n": 4111111111111111, "pan": 4222222222222, "value": 4111111111111111}).events[0]
    assert "1111" not in str(paid)
    assert "2222" not in str(paid)


def test_equal_values_get_equal_pseudonyms_on_every_instance_with_the_key(make: Make, through: Through) -> None:
    """So that joins work; and nothing that can be guessed without the key."""
    events = [{"username": "carol"}, {"deep": [{"User-Name": "carol", "email": ["x@example.com", None]}]}]
    one = through(make(), *copy.deepcopy(events)).events
    two = through(make(), *copy.deepcopy(events)).events
    assert one == two
    assert one[0]["username"] == one[1]["deep"][0]["User-Name"]
    assert one[1]["deep"][0]["email"][1] is None
    assert "carol" not in str(one)


@pytest.mark.parametrize("left_out", ["DropFields", "MaskPatterns", "HashFields", "PIISafetyValidator"])
def test_each_processor_is_right_without_any_of_the_others(make: Make, left_out: str) -> None:
    """They share one scan, and none relies on another having run."""
    redaction = make()
    event = {"password": "swordfish", "message": "from a@example.com", "username": "carol"}
    batch = Batch([event], [0], b"", "test", 0)
    for processor in redaction.processors:
        if processor.name != left_out:
            processor(batch)
    text = str(batch.events)
    assert ("carol" in text) == (left_out == "HashFields")
    # What the others missed, the checker finds.
    assert "swordfish" not in text
    assert "a@example.com" not in text
    if left_out == "MaskPatterns":
        assert batch.events[0]["message"] == SCRUBBED


def test_redacting_twice_changes_nothing_more(make: Make, through: Through) -> None:
    """Markers and pseudonyms are never taken for secrets."""
    event = {
        "message": "password=hunter2 token: abcDEF123 from a@example.com card 4111 1111 1111 1111 ssn 123-45-6789",
        "url": "https://bob:pw1234@host/x?api_key=abcdef&mail=a%40example.com",
        "username": "carol",
        "cookie_header": "Cookie: sessionid=abcdef0123456789abcdef",
        "a@example.com": "Authorization: Bearer abcdef0123456789",
    }
    for settings in ({}, {"action": "mask"}, {"action": "hash"}, {"action": "keep_last"}, {"mask_length": 0}):
        redaction = make(**settings)
        once = through(redaction, copy.deepcopy(event)).events
        twice = through(redaction, *copy.deepcopy(once)).events
        assert twice == once, settings


def test_a_secret_wrapped_in_a_made_up_marker_is_found(make: Make) -> None:
    """Only markers that redaction itself writes are let be."""
    redaction = make()
    for text in ("[REDACTED:4111111111111111]", "hash:abcd:4111111111111111", "[REDACTED:a@example.com]"):
        assert redaction.unsafe(text)


def test_texts_that_json_can_not_carry_are_redacted_all_the_same(make: Make, through: Through) -> None:
    """Lone surrogates and huge integers must not open a way around the scan."""
    event = {"bad": "\ud800 a@example.com", "big": 1 << 200, "password": "x"}
    out = through(make(), event).events[0]
    assert out["bad"] == "\ud800 [REDACTED:email]"
    assert "password" not in out


@pytest.mark.parametrize("size", [LONG_BYTES // 2, LONG_BYTES * 2])
def test_a_long_event_is_redacted_as_a_short_one_is(make: Make, through: Through, size: int) -> None:
    """It isn't looked at as a whole, so every string of it is."""
    filler = "Accepted publickey for root, session opened. "
    event: dict[str, Any] = {
        "message": filler * (size // len(filler)) + "mail alice@example.com now",
        "password": "x",
        "user": {"username": "bob", "tags": ["call +1 617 555 0118", "fine"]},
    }
    out = through(make(), {"n": 1}, event, {"n": 2}).events
    assert [each.get("n") for each in out] == [1, None, 2]
    assert out[1]["message"] == event["message"].replace("alice@example.com", "[REDACTED:email]")
    assert "password" not in out[1]
    assert out[1]["user"]["username"].startswith("hash:")
    assert out[1]["user"]["tags"] == ["call [REDACTED:phone]", "fine"]


@pytest.mark.parametrize("at", [100, WINDOW - 30, WINDOW - 5, WINDOW + 5, 2 * WINDOW - 12, 3 * WINDOW + 700])
def test_an_odd_spelling_in_a_long_text_is_read_where_it_stands(make: Make, at: int) -> None:
    """Only the parts that are oddly spelled are read otherwise, and a secret may begin in the part before."""
    plain = "all quiet on the bridge, wind from the north. " * (4 * WINDOW // 46)
    text = f"{plain[:at]} alice%40example.com {plain[at:]}"
    assert make().text(text) == text.replace("alice%40example.com", "[REDACTED:email]")


def test_a_secret_whose_odd_spelling_comes_late_is_found_in_a_long_text(make: Make) -> None:
    """A token with a long head that begins in one part, and whose dots, spelled `&#46;`, are in the next."""
    head, body, signature = (
        base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=")
        for part in ({"alg": "RS256", "kid": "k" * 1_500}, {"sub": "1234567890", "name": "carol"}, {"s": "x" * 40})
    )
    before = ("all quiet on the bridge, wind from the north. " * WINDOW)[: WINDOW - 700]
    text = f"{before} {head}&#46;{body}&#46;{signature} " + "and calm seas. " * WINDOW
    assert head not in make().text(f" {head}&#46;{body}&#46;{signature} ")
    masked = make().text(text)
    assert body not in masked
    assert head[:300] not in masked


def test_an_event_nested_too_deeply_is_refused_and_the_others_are_not(make: Make, through: Through) -> None:
    """It can't be redacted, so it is not kept."""
    deep: Any = "a@example.com"
    for _ in range(5_000):
        deep = {"x": deep}
    batch = through(make(), {"n": 1}, deep, {"n": 2})
    assert batch.events == [{"n": 1}, {"n": 2}]
    assert [(r.index, "deep" in r.reason) for r in batch.rejected] == [(1, True)]


@pytest.mark.parametrize(
    ("action", "kept", "unsafe", "rejected"), [("reject", 0, 0, 1), ("scrub", 1, 1, 0), ("flag", 1, 1, 0)]
)
def test_the_checker_decides_about_what_redaction_missed(
    make: Make, action: str, kept: int, unsafe: int, rejected: int
) -> None:
    """Independent of the rules: here they have not run at all."""
    redaction = make(checker={"action": action})
    batch = Batch([{"a": {"b": "from carol@example.com"}}, {"fine": 1}], [0, 1], b"", "test", 0)
    redaction.check(batch)
    assert len(batch.events) == 1 + kept
    assert len(batch.unsafe) == unsafe
    assert len(batch.rejected) == rejected
    assert redaction.check.counts() == {"e-mail address": 1}
    if rejected:
        assert "`a.b`" in batch.rejected[0].reason
        assert "carol" not in batch.rejected[0].reason
    if action == "scrub":
        assert batch.events[0] == {"a": {"b": SCRUBBED}}


def test_the_checker_respects_what_the_operator_switched_off(make: Make, through: Through) -> None:
    """A rule that is off is no failure of redaction."""
    event: Event = {"message": "from carol@example.com", "community": "public"}
    redaction = make(rules={"email": False}, credential_fields=False)
    assert through(redaction, copy.deepcopy(event)).events == [event]
    assert redaction.check.counts() == {}


def test_what_was_done_is_counted_by_rule(make: Make, through: Through) -> None:
    """Since the start, and on the batch, for what the log says of it."""
    redaction = make()
    batch = through(redaction, {"m": "a@example.com b@example.com", "password": "x"}, {"username": "carol"})
    assert through(redaction, {"m": "nothing"}).redactions == {}
    assert redaction.counts() == batch.redactions == {"DropFields": 1, "HashFields": 1, "email": 2}


def test_a_batch_is_what_its_events_would_be_alone(make: Make, through: Through) -> None:
    """The shared scan hides nothing, wherever in the batch an event stands."""
    redaction = make()
    marked = {"m": "x a@example.com", "password": 1}
    for position in (0, 23, 24, 47, 99):
        events: list[Event] = [{"m": f"line {number}", "n": number} for number in range(100)]
        clean = orjson.dumps([event for number, event in enumerate(events) if number != position])
        events[position] = copy.deepcopy(marked)
        out = through(redaction, *events).events
        assert out.pop(position) == {"m": "x [REDACTED:email]"}
        assert orjson.dumps(out) == clean


def test_a_path_reaches_a_key_that_was_flattened(make: Make, through: Through) -> None:
    """`user.badge` is one place, whether a shipper nests or joins."""
    redaction = make(drop_fields=("user.badge",), hash_fields=("host.owner",), credential_fields=False)
    event = {
        "user.badge": "A-77",
        "ecs.user.badge": "A-78",
        "user": {"badge": "A-79"},
        "host.owner": "carol",
        "badge": 1,
    }
    (kept,) = through(redaction, event).events
    assert set(kept) == {"user", "host.owner", "badge"}
    assert kept["user"] == {}
    assert "carol" not in str(kept)


@pytest.mark.parametrize(
    "command",
    [
        ["mongosh", "-u", "root", "-p", "nd85Gandalf-", "--quiet"],
        ["redis-cli", "-h", "cache", "-a", "nd85Gandalf-", "ping"],
        ["ldapsearch", "-x", "-D", "cn=admin", "-w", "nd85Gandalf-"],
        ["mysql", "-uroot", "-pnd85Gandalf-", "shop"],
        ["docker", "login", "-u", "bob", "-p", "nd85Gandalf-"],
    ],
)
def test_a_password_among_a_commands_arguments_is_masked(make: Make, through: Through, command: list[str]) -> None:
    """As it is in a text: what an argument is, those before it tell."""
    events: list[Event] = [{"data": {"command": list(command)}}, {"argv": [{"args": list(command)}]}]
    for out in through(make(), *events).events:
        assert "Gandalf" not in str(out)
        assert command[0] in str(out)
        assert command[1] in str(out)


@pytest.mark.parametrize(
    "command",
    [
        ["ls", "-l", "/var/log", "-p", "é"],
        ["nmap", "-p", "22-8080", "web1"],
        ["docker", "run", "-p", "8080:80", "nginx"],
        ["-a", "\ud800", "b"],
        ["mongosh", "-p", 12, None],
    ],
)
def test_arguments_that_are_no_password_stay(make: Make, through: Through, command: list[object]) -> None:
    """Ports, paths, and what is no text."""
    assert through(make(), {"command": list(command)}).events == [{"command": command}]


def test_arguments_stay_where_the_rule_for_commands_is_off(make: Make, through: Through) -> None:
    """Switched off is switched off."""
    event: Event = {"command": ["mongosh", "-u", "root", "-p", "nd85Gandalf-"]}
    off = make(rules={"command_password": False, "device_password": False})
    assert through(off, dict(event)).events == [event]


@pytest.mark.parametrize("name", ["wa_id", "called", "caller", "callee", "CallerIDNum"])
def test_a_number_is_a_telephones_where_its_field_is_named_for_a_call(make: Make, through: Through, name: str) -> None:
    """Only with its country's code: such fields hold functions and times as well."""
    events: list[Event] = [{name: "0033623839172"}, {name: "393301507663"}, {name: 393301507663}]
    assert [out[name] for out in through(make(), *events).events] == ["[REDACTED:phone]"] * 3
    kept: list[Event] = [{name: 1700000000}, {name: "main.go:12"}, {name: "1700000000123"}, {name: "12345678"}]
    assert through(make(), *[dict(each) for each in kept]).events == kept
