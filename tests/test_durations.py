"""A span of time has a unit: one parser, and what is printed loads again."""

import random
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from mothership.config import Settings, keys, load, section
from mothership.durations import (
    LONGEST,
    Duration,
    DurationOrNever,
    DurationOrSeconds,
    format_duration,
    parse_duration,
)
from mothership.errors import ConfigurationError

SPANS = [dotted for dotted, field in keys() if "timedelta" in str(field.annotation)]
BARE_IN_THE_SPECIFICATION = {"llm.circuit_breaker.reset_timeout"}
REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "configuration.md"


def nested(dotted: str, value: Any) -> dict[str, Any]:
    """The key as a tree."""
    for part in reversed(dotted.split(".")):
        value = {part: value}
    return value  # type: ignore[no-any-return]  # a key has a part


def loaded(tmp_path: Path, tree: Any) -> Settings:
    """This tree, through a file."""
    path = tmp_path / "config.yaml"
    path.write_text(tree if isinstance(tree, str) else yaml.safe_dump(tree))
    return load(path, {})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 day", 86_400),
        ("12 Hours", 43_200),
        (" 4 weeks ", 4 * 604_800),
        ("90d", 90 * 86_400),
        ("1h30m", 5_400),
        ("1 h 30 min", 5_400),
        ("15 minutes", 900),
        ("15 min", 900),
        ("00:15:00", 900),
        ("1 day 12:00:00", 129_600),
        ("1 day, 0:00:00", 86_400),
        ("1 day 12 hours", 129_600),
        ("500 ms", 0.5),
        ("1.5 hours", 5_400),
        ("P90D", 90 * 86_400),
        ("PT15M", 900),
        ("P1DT12H", 129_600),
        ("P2W", 2 * 604_800),
        ("PT0.5S", 0.5),
    ],
)
def test_a_span_is_read_as_people_and_databases_write_it(text: str, seconds: float) -> None:
    """Units in words or short, in a row, as PostgreSQL prints it, as ISO 8601."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("90", "has no unit"),
        ("-90", "has no unit"),
        ("1.5", "has no unit"),
        ("", "a number and a unit"),
        ("soon", "a number and a unit"),
        ("days", "a number and a unit"),
        ("-1 day", "a number and a unit"),
        ("1 day ago", "a number and a unit"),
        ("1 day 12", "a number and a unit"),
        ("12:30", "a number and a unit"),
        ("٩ days", "a number and a unit"),
        ("1e9 days", "unknown unit"),
        ("1 fortnight", "unknown unit"),
        ("3M", "differ in length"),
        ("3 months", "differ in length"),
        ("1 mon", "differ in length"),
        ("1 year", "differ in length"),
        ("P3M", "differ in length"),
        ("P1Y", "differ in length"),
        ("P", "a number and a unit"),
        ("P1DT", "a number and a unit"),
        ("PT", "a number and a unit"),
        ("0 days", "longer than nothing"),
        ("P0D", "longer than nothing"),
        ("999999999999999 weeks", "at most"),
        ("9" * 5_000 + " days", "a number and a unit"),
    ],
)
def test_what_could_mean_two_things_is_refused_with_the_way_out(text: str, reason: str) -> None:
    """In one line that doesn't quote it."""
    with pytest.raises(ValueError, match=reason) as caught:
        parse_duration(text)
    assert "\n" not in str(caught.value)


def test_what_is_written_is_read_as_the_same_span() -> None:
    """To the microsecond."""
    chance = random.Random(7)
    spans = [timedelta(microseconds=1), LONGEST, timedelta(hours=36), timedelta(seconds=1.5)]
    spans += [timedelta(microseconds=chance.randrange(1, 10 ** chance.randrange(1, 16))) for _ in range(2_000)]
    for span in spans:
        assert parse_duration(format_duration(span)) == span


def test_there_are_settings_that_are_spans_and_each_has_the_named_type() -> None:
    """A `timedelta` of pydantic's own reads a bare number as seconds."""
    own = {str(parser) for kind in (Duration, DurationOrNever, DurationOrSeconds) for parser in get_args(kind)[1:2]}
    assert {"database.retention", "database.chunk_interval", "database.columnstore_after"} < set(SPANS)
    for dotted, field in keys():
        if dotted in SPANS:
            assert own & {str(parser) for parser in field.metadata}, dotted


def test_a_span_that_is_a_number_has_its_unit_in_its_name() -> None:
    """Whoever reads `timeout: 5` has to guess."""
    guess = re.compile(r"(timeout|interval|retention|_age|_after|_pause|period|_window|delay|lifetime|ttl)$")
    assert not [dotted for dotted, _ in keys() if guess.search(dotted) and dotted not in SPANS]


@pytest.mark.parametrize("dotted", SPANS)
@pytest.mark.parametrize("bare", [90, 90.0, "90", 0, "0", True, [90]])
def test_a_bare_number_is_refused_at_every_span(tmp_path: Path, dotted: str, bare: Any) -> None:
    """`retention: 90` was 90 seconds, and deleted a table."""
    if dotted in BARE_IN_THE_SPECIFICATION and str(bare) in ("90", "90.0"):
        return
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, nested(dotted, bare))
    assert all(dotted in fault for fault in caught.value.faults)


def test_the_specifications_bare_number_is_seconds(tmp_path: Path) -> None:
    """Its own configuration file says `reset_timeout: 60`."""
    assert loaded(tmp_path, nested("llm.circuit_breaker.reset_timeout", 60)) == load(None, {})


@pytest.mark.parametrize("word", ["null", "off", "no", "never", "~", "Off"])
def test_a_span_that_may_be_left_out_is_switched_off_by_a_word(tmp_path: Path, word: str) -> None:
    """Not by 0, which could mean at once."""
    assert loaded(tmp_path, f"database: {{retention: {word}}}").database.retention is None
    with pytest.raises(ConfigurationError, match="switches it off"):
        loaded(tmp_path, "database: {retention: 0 days}")


def test_a_retention_that_deletes_within_the_hour_is_a_slip_of_the_pen(tmp_path: Path) -> None:
    """`3m` is three minutes; months were meant."""
    with pytest.raises(ConfigurationError, match="1 hour at least"):
        loaded(tmp_path, "database: {retention: 3m}")


def test_what_the_reference_gives_as_defaults_loads_again(tmp_path: Path) -> None:
    """Every key of docs/reference/configuration.md, one by one and all together."""
    page = REFERENCE.read_text().split("\n## Entries of")[0]
    entry = r"^#### `(.+)`\n[^\n]*? · (?:default `(.*?)`|default: see below|default hidden)(?: ·|$)"
    shown = dict(re.findall(entry, page, re.MULTILINE))
    plain = load(None, {})
    assert set(shown) == {dotted for dotted, field in keys() if not section(field.annotation)}
    for dotted, default in shown.items():
        if default:
            assert loaded(tmp_path, nested(dotted, yaml.safe_load(default))) == plain, dotted


def test_what_check_prints_loads_again(tmp_path: Path) -> None:
    """A configuration that is printed and saved is the same configuration."""
    settings = loaded(tmp_path, "database: {chunk_interval: 36h, columnstore_after: 7d, retention: P90D}")
    printed = yaml.safe_dump(settings.model_dump(mode="json", by_alias=True), sort_keys=False, width=110)
    assert loaded(tmp_path, printed) == settings
    assert "retention: 90 days" in printed
