"""The key of the pseudonyms."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mothership.errors import ConfigurationError
from mothership.pipeline.redaction.key import KEY_FILE, Pseudonyms, derive_key, load_or_make_key
from mothership.pipeline.redaction.redaction import build, key_for
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
    with pytest.raises(
        ConfigurationError, match=r"pseudonym\.key is damaged .*restore it .*, or set .*redaction\.salt"
    ):
        load_or_make_key(tmp_path)


def test_a_salt_makes_the_same_key_everywhere(tmp_path: Path) -> None:
    """Instances that share it agree, and no file is written."""
    settings = RedactionSettings.model_validate({"salt": "pepper"})
    assert key_for(settings, tmp_path) == derive_key("pepper")
    assert list(tmp_path.iterdir()) == []
    assert "pepper" not in repr(settings)


def test_older_pseudonyms_can_be_looked_up_after_a_rotation() -> None:
    """The mark in a pseudonym says which key made it."""
    old = Pseudonyms(derive_key("old")).of("carol")
    redaction = build(
        RedactionSettings.model_validate({"salt": "new", "previous_keys": ["old"]}), key=derive_key("new")
    )
    new, former = redaction.pseudonyms.all_of("carol")
    assert former == old
    assert new != old
    assert redaction.pseudonyms.of(old) == old
