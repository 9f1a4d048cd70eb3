"""The key of the pseudonyms."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from mothership.errors import ConfigurationError
from mothership.event import Batch
from mothership.pipeline.redaction.pseudonyms import KEY_FILE, Pseudonyms, derive_key, former_key, load_or_make_key
from mothership.pipeline.redaction.redaction import Redaction, build, key_for
from mothership.pipeline.redaction.settings import RedactionSettings


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    """A start after the first must find the same one."""
    key = load_or_make_key(tmp_path / "new")
    assert load_or_make_key(tmp_path / "new") == key
    assert stat.S_IMODE((tmp_path / "new" / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == [KEY_FILE]
    assert load_or_make_key(tmp_path / "other") != key


def test_starting_several_at_once_makes_one_key(tmp_path: Path) -> None:
    """Otherwise equal values would part."""
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(load_or_make_key, [tmp_path] * 24))
    assert len(keys) == 1


def test_a_damaged_key_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """A new key in its place would part equal values in silence."""
    (tmp_path / KEY_FILE).write_bytes(b"short")
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(
        ConfigurationError, match=r"pseudonym\.key is damaged .*restore it .*, or set .*redaction\.salt"
    ):
        load_or_make_key(tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o620])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever reads it can guess pseudonyms back, whoever writes it can part equal values."""
    load_or_make_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(ConfigurationError, match=rf"open to other users \(mode {mode:04o}\).*chmod 600"):
        load_or_make_key(tmp_path)
    with pytest.raises(ConfigurationError, match=r"previous_keys: .*open to other users"):
        former_key(f"file:{tmp_path / KEY_FILE}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_owner_may_be_shared_with_a_group(tmp_path: Path) -> None:
    """As Kubernetes mounts a secret for a process that isn't root."""
    key = load_or_make_key(tmp_path)
    os.chown(tmp_path / KEY_FILE, 12345, -1)
    (tmp_path / KEY_FILE).chmod(0o440)
    assert load_or_make_key(tmp_path) == key
    (tmp_path / KEY_FILE).chmod(0o444)
    with pytest.raises(ConfigurationError, match="open to other users"):
        load_or_make_key(tmp_path)


SALT = "pepper-pepper-pepper"


def test_a_salt_makes_the_same_key_everywhere(tmp_path: Path) -> None:
    """Instances that share it agree, and no file is written."""
    settings = RedactionSettings.model_validate({"salt": SALT})
    assert key_for(settings, tmp_path) == derive_key(SALT)
    assert list(tmp_path.iterdir()) == []
    assert SALT not in repr(settings)


def test_a_salt_that_could_be_guessed_is_refused_with_the_command_that_makes_one() -> None:
    """Pseudonyms of a short salt are undone by trying salts."""
    with pytest.raises(ValidationError, match=r"shorter than 16 characters.*`openssl rand -base64 32`") as caught:
        RedactionSettings.model_validate({"salt": "fifteen-letters"})
    assert "fifteen-letters" not in caught.value.errors(include_input=False)[0]["msg"]
    assert RedactionSettings.model_validate({"salt": "sixteen--letters"}).own_salt == "sixteen--letters"


def test_the_salt_of_the_documentation_is_not_used(tmp_path: Path) -> None:
    """The specification's sample must start, and its salt is known to everybody: the kept key stands in for it."""
    settings = RedactionSettings.model_validate({"salt": "your-secret-salt"})
    with structlog.testing.capture_logs() as logs:
        key = key_for(settings, tmp_path)
    assert key == load_or_make_key(tmp_path) != derive_key("your-secret-salt")
    assert [(each["event"], each["log_level"]) for each in logs] == [("documented_salt_ignored", "warning")]
    assert "openssl rand" in logs[0]["reason"]
    # What it made before it was ignored is still found.
    made_before = Pseudonyms(derive_key("your-secret-salt")).of("carol")
    assert made_before in build(settings, key=key).pseudonyms.all_of("carol")


def test_older_pseudonyms_can_be_looked_up_after_a_rotation() -> None:
    """The mark in a pseudonym says which key made it."""
    old = Pseudonyms(derive_key("old")).of("carol")
    redaction = build(RedactionSettings.model_validate({"salt": SALT, "previous_keys": ["old"]}), key=derive_key(SALT))
    new, former = redaction.pseudonyms.all_of("carol")
    assert former == old
    assert new != old
    assert redaction.pseudonyms.of(old) == old


def test_older_pseudonyms_can_be_looked_up_after_moving_from_the_kept_key_to_a_salt(tmp_path: Path) -> None:
    """`previous_keys` takes the key file."""
    old = Pseudonyms(load_or_make_key(tmp_path)).of("carol")
    told = {"salt": SALT, "previous_keys": [f"file:{tmp_path / KEY_FILE}"]}
    redaction = build(RedactionSettings.model_validate(told), key=derive_key(SALT))
    assert redaction.pseudonyms.all_of("carol") == [Pseudonyms(derive_key(SALT)).of("carol"), old]
    assert redaction.pseudonyms.of(old) == old


def test_a_former_key_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    """A lookup that silently knows fewer keys finds fewer people."""
    settings = RedactionSettings.model_validate({"previous_keys": [f"file:{tmp_path / 'gone'}", f"file:{tmp_path}"]})
    with pytest.raises(ConfigurationError) as caught:
        build(settings, key=b"k" * 32)
    assert len(caught.value.faults) == 2
    assert "previous_keys" in caught.value.faults[0]
    assert "gone" in caught.value.faults[0]


def test_what_only_looks_like_a_pseudonym_is_a_value_like_any_other(
    make: Callable[..., Redaction], through: Callable[..., Batch]
) -> None:
    """Otherwise whoever knows the form could have anything stored: a name written so would stay as it is."""
    forged = "hash:abcd:" + "jdoejdoejdoejdoejdoejdoejdoejdoe".translate(str.maketrans("jdoe", "ghio"))
    redaction = make(hash_fields=["username"])
    once = through(redaction, {"username": forged}).events[0]["username"]
    assert once != forged
    assert through(redaction, {"username": once}).events[0]["username"] == once


def test_a_forged_pseudonym_hides_no_pattern_of_the_operators(make: Callable[..., Redaction]) -> None:
    """Where a pseudonym of this instance stands no rule looks; anybody else's is text."""
    redaction = make(mask_patterns=["hash:[a-p:]+"])
    own = redaction.pseudonyms.of("carol")
    assert redaction.text(f"by {own}") == f"by {own}"
    assert redaction.text(f"by hash:pppp:{own[10:]}") == "by ********"


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("username", "Carol", " carol "),
        ("email", "Carol@Example.com", "carol@example.com"),
        ("TargetUserName", "CAROL", "carol"),
        ("user.name", "Carol", "carol"),
        ("mac", "AA-BB-CC-00-11-22", "aabb.cc00.1122"),
        ("mac", "aa:bb:cc:00:11:22", "AABB.CC00.1122"),
        ("src_ip", "2001:DB8:0:0::1", "2001:db8::1"),
        ("src_ip", "::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_one_person_or_address_has_one_pseudonym(
    make: Callable[..., Redaction], through: Callable[..., Batch], field: str, one: str, other: str
) -> None:
    """However it is written; `pseudonyms.normalize: false` takes every value as it stands."""
    where = field.split(".")

    def pseudonym(value: str, redaction: Redaction) -> str:
        event = {"message": "x", where[0]: {where[1]: value} if where[1:] else value}
        got = through(redaction, event).events[0][where[0]]
        return str(got[where[1]] if where[1:] else got)

    normal = make(hash_fields=[field])
    assert pseudonym(one, normal) == pseudonym(other, normal)
    assert pseudonym(one, normal) in normal.pseudonyms.all_of(one)
    exact = make(hash_fields=[field], pseudonyms={"normalize": False})
    assert pseudonym(one, exact) != pseudonym(other, exact)
    assert pseudonym(one, exact) in exact.pseudonyms.all_of(one)


def test_values_that_name_nobody_are_told_apart_by_case(
    make: Callable[..., Redaction], through: Callable[..., Batch]
) -> None:
    """A serial number `aB` is not `Ab`."""
    redaction = make(hash_fields=["serial"])
    one, other = (through(redaction, {"serial": value}).events[0]["serial"] for value in ("aB", "Ab"))
    assert one != other


def test_the_email_rule_gives_the_pseudonym_that_the_field_gets(
    make: Callable[..., Redaction], through: Callable[..., Batch]
) -> None:
    """Or text and field of one event could not be joined."""
    event = through(
        make(rules={"email": "hash"}), {"email": "Carol@example.com", "message": "to carol@Example.com"}
    ).events[0]
    assert event["message"] == f"to {event['email']}"
