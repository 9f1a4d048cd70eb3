"""Templates: ids that hold, work and memory that are bounded."""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mothership.event import Batch
from mothership.pipeline.templates.template_tree import TemplateTree, template_of_text
from mothership.pipeline.templates.templates import Templates, TemplateSettings
from mothership.pipeline.templates.vocabulary import technical_words

LINES = [
    *(
        f"Dec 10 06:55:{n:02} web01 sshd[{24200 + n}]: Invalid user {name} from 173.234.31.{n}"
        for n, name in enumerate(["webmaster", "admin", "oracle", "guest", "test"])
    ),
    *(f"2025-01-{n + 1:02}T00:00:00Z connection from 10.0.0.{n}:5{n}12 closed after {n * 3} ms" for n in range(9)),
    *(f"user={name} uid={n} action=login ok" for n, name in enumerate(["a", "b", "carol"])),
    "mod_jk child workerEnv in error state 6",
    "mod_jk child workerEnv in error state 7",
]


def tree(**settings: Any) -> TemplateTree:
    return TemplateTree(**{"similarity": 0.7, "templates_max": 1_000, **settings})


def batch_of(*events: dict[str, Any]) -> Batch:
    return Batch(list(events), list(range(len(events))), b"f" * 32, "r", 0)


def test_messages_that_differ_only_in_parameters_share_a_template() -> None:
    """Numbers, addresses, times and values after `=` are parameters by their look; words once they vary."""
    one = tree()
    for line in LINES:
        one.template(line)
    assert {one.template(line).text for line in LINES} == {
        "<*> web01 sshd[<*>]: Invalid user <*> from <*>".replace("web01 ", ""),
        "<*> connection from <*>:<*> closed after <*> ms".replace("<*>:<*>", "<*>"),
        "user=<*> uid=<*> action=<*> ok",
        "mod_jk child workerEnv in error state <*>",
    }


def test_the_id_is_a_function_of_the_text() -> None:
    """The figure is fixed: it is stored in databases."""
    assert template_of_text("a <*>").id == tree().template("a 17").id == "d062582fcbf3f9ee"


def test_two_instances_that_see_the_lines_in_other_orders_give_the_same_ids() -> None:
    """Instances behind a load balancer agree once each has seen the variety."""
    one, other = tree(), tree()
    shuffled = LINES[:]
    random.Random(5).shuffle(shuffled)
    for line, second in zip(LINES, shuffled, strict=True):
        one.template(line)
        other.template(second)
    assert [one.template(line).id for line in LINES] == [other.template(line).id for line in LINES]


def test_a_template_only_becomes_more_general() -> None:
    """A word that has varied is a placeholder from then on."""
    one = tree()
    assert one.template("backup of volume alpha done").text == "backup of volume alpha done"
    assert one.template("backup of volume beta done").text == "backup of volume <*> done"
    assert one.template("backup of volume alpha done").text == "backup of volume <*> done"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Accepted password for zebulon from 10.0.0.1 port 22 ssh2",
            "Failed password for zebulon from 10.0.0.1 port 22 ssh2",
        ),
        ("10:00:00 nas7 backup of volume alpha started", "10:00:01 nas7 backup of volume alpha failed"),
        (
            "BLOCK* NameSystem.addStoredBlock: blk_1 of pool a b c",
            "BLOCK* NameSystem.allocateBlock: blk_1 of pool a b c",
        ),
    ],
)
def test_messages_that_differ_in_a_word_of_english_stay_two(one: str, other: str) -> None:
    """However alike they are: the word is what the message says, and not a parameter."""
    grown = tree()
    first, second = grown.template(one), grown.template(other)
    assert first.id != second.id
    assert (grown.template(one), grown.template(other)) == (first, second)


def test_names_of_accounts_are_parameters_although_they_are_words() -> None:
    """`root` and `admin` are who, not what."""
    grown = tree()
    grown.template("session opened for root by the console of the host")
    assert grown.template("session opened for admin by the console of the host").text == (
        "session opened for <*> by the console of the host"
    )


def test_a_restart_changes_no_id(tmp_path: Path) -> None:
    """What was learnt is read back from the state file, exactly."""
    state = tmp_path / "templates.json"
    before = Templates(TemplateSettings(), state=state)
    events = [{"message": line} for line in LINES]
    before(batch_of(*events))
    again = [{"message": line} for line in LINES]
    before(batch_of(*again))
    before.save()
    assert state.stat().st_mode & 0o777 == 0o600
    after = Templates(TemplateSettings(), state=state)
    restarted = [{"message": line} for line in LINES]
    after(batch_of(*restarted))
    assert [event["template_id"] for event in restarted] == [event["template_id"] for event in again]


async def test_what_was_learnt_is_saved_now_and_then(tmp_path: Path) -> None:
    """Even a kill costs no more than the last five minutes' new templates; no batch waits for the disk."""
    state = tmp_path / "templates.json"
    templates = Templates(TemplateSettings(), state=state)
    slept = asyncio.Queue[float]()
    wake = asyncio.Queue[None]()

    async def sleep(seconds: float) -> None:
        slept.put_nowait(seconds)
        await wake.get()

    task = asyncio.create_task(templates.run(sleep=sleep))
    templates(batch_of({"message": "service started"}))
    assert await slept.get() == 300
    assert not state.exists()
    wake.put_nowait(None)
    await slept.get()
    assert b"service started" in state.read_bytes()
    state.unlink()
    templates(batch_of({"message": "service started"}))
    wake.put_nowait(None)
    await slept.get()
    assert not state.exists()
    task.cancel()


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 1, "templates": [1, null, "x"]}', b"\xff"]
)
def test_a_damaged_state_file_is_no_reason_not_to_start(tmp_path: Path, damage: bytes) -> None:
    """Ids are a convenience; the service starts without what it can't read."""
    state = tmp_path / "templates.json"
    state.write_bytes(damage)
    templates = Templates(TemplateSettings(), state=state)
    event = {"message": "service started"}
    templates(batch_of(event))
    assert "template_id" in event


def test_half_a_surrogate_pair_is_saved_and_read_back(tmp_path: Path) -> None:
    """Decoders differ in what they let through; it must not spoil a stop."""
    state = tmp_path / "templates.json"
    templates = Templates(TemplateSettings(), state=state)
    event = {"message": "service \ud800 started"}
    templates(batch_of(event))
    templates.save()
    again = {"message": "service \ud800 started"}
    Templates(TemplateSettings(), state=state)(batch_of(again))
    assert again == event


def test_a_state_file_that_cant_be_written_raises_nothing(tmp_path: Path) -> None:
    """Saving is done at the stop: it must not spoil it."""
    Templates(TemplateSettings(), state=tmp_path / "missing" / "templates.json").save()


def test_the_first_field_with_text_counts() -> None:
    """`message`, else `raw_message`, else `error`; measurements and other types have no template."""
    events: list[dict[str, Any]] = [
        {"message": "a b", "raw_message": "c d"},
        {"message": "", "raw_message": "a b"},
        {"message": 7, "error": "a b"},
        {"type": "snmp", "results": []},
        {"message": "  "},
    ]
    templates = Templates(TemplateSettings())
    templates(batch_of(*events))
    assert [event.get("template_id") for event in events] == [template_of_text("a b").id] * 3 + [None] * 2
    assert templates.template_of(events[0]) == template_of_text("a b")
    assert templates.template_of(events[3]) is None


def test_a_second_run_over_the_same_events_changes_nothing() -> None:
    """The chain runs a processor again when another event made it raise."""
    templates = Templates(TemplateSettings())
    event = {"message": "backup of volume alpha done"}
    templates(batch_of(event))
    first = dict(event)
    templates(batch_of(event, {"message": "backup of volume beta done"}))
    assert event == first


def test_a_nodes_own_template_id_is_kept() -> None:
    """A field that came with the event is the node's."""
    templates = Templates(TemplateSettings())
    event = {"message": "a b", "template_id": "mine"}
    templates(batch_of(event))
    assert event["template_id"] == "mine"
    assert templates.template_of(event) is None


def test_memory_is_bounded_and_what_is_seen_often_stays() -> None:
    """A flood of lines that are all different pushes out its own templates, not those of the real traffic."""
    chance = random.Random(1)
    one = tree(templates_max=200)
    usual = "the usual message of the day"
    for n in range(5_000):
        words = ["".join(chance.choices("abcdefgh", k=6)) for _ in range(chance.randrange(3, 9))]
        one.template(" ".join(words))
        if n % 10 == 0:
            one.template(usual)
    assert one.count <= 200
    assert len(one._by_text) <= 400
    assert len(one._masked) <= 400
    assert usual in {text for text, _ in one.texts()}


def test_one_callers_junk_costs_the_others_no_template() -> None:
    """Of the tree, of one leaf, and of the first words of one length: whoever brought most gives way."""
    words = [word for word in sorted(technical_words()) if word.isalpha()]
    mine = [f"disk {word} imminent" for word in words[:30]] + [f"{word} was lost" for word in words[-20:]]
    one = tree(templates_max=500)
    for line in mine:
        one.template(line, "ship")
    junk = [
        *(f"disk {first} {second}" for first in words[100:140] for second in words[200:250]),  # one leaf
        *(f"{first} a b{second}" for first in words[:400] for second in ("x", "y", "z")),  # leaves of one length
        *(" ".join(words[start : start + 2 + start % 9]) for start in range(2_000)),  # the tree
    ]
    for line in junk:
        one.template(line, "hostile")
    kept = {text for text, owner in one.texts() if owner == "ship"}
    assert kept == set(mine)
    assert one.count == 500
    # And a new one of theirs finds room, with a leaf of its own.
    assert one.template("zfs pool degraded", "ship").text in {text for text, _ in one.texts()}


def test_who_brought_a_template_is_known_after_a_restart(tmp_path: Path) -> None:
    """Else all that was saved would give way together."""
    state = tmp_path / "templates.json"
    one = Templates(TemplateSettings(), state=state)
    batch = batch_of({"message": "disk failure imminent"})
    batch.client = "ship"
    one(batch)
    one.save()
    assert list(Templates(TemplateSettings(), state=state)._tree.texts()) == [("disk failure imminent", "ship")]


def test_numbers_that_are_ever_new_teach_nothing_new() -> None:
    """Times, ports and sizes never repeat: what is remembered of words and messages must not grow with them."""
    one = tree()
    for n in range(10_000, 20_000):
        one.template(f"2025-01-01T{n}Z connection {n} from 10.0.0.7:{n} closed after size={n} bytes")
    assert (one.count, len(one._by_digits), len(one._masked)) == (1, 1, 9)


@pytest.mark.parametrize(
    "line",
    [
        "a" * 100_000,
        "a-" * 50_000,
        "1" * 100_000,
        "=" * 100_000,
        "a=" * 50_000,
        " ".join("ab" * 50_000),
        "<*>" * 30_000,
        "\x00" * 100_000,
        "x " * 50_000,
    ],
)
def test_no_line_takes_long(line: str) -> None:
    """Work for a line is linear in what is looked at, whatever it is made of."""
    templates = Templates(TemplateSettings(message_chars_max=100_000))
    started = time.thread_time()
    templates(batch_of({"message": line}))
    assert time.thread_time() - started < 5  # quadratic work would take minutes


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(st.lists(st.text(max_size=80), max_size=30))
def test_any_text_gets_the_id_of_its_template(lines: list[str]) -> None:
    """No text raises, and the id always belongs to the text that is known for it."""
    templates = Templates(TemplateSettings(templates_max=5))
    events: list[dict[str, Any]] = [{"message": line} for line in lines]
    templates(batch_of(*events))
    for event in events:
        template = templates.template_of(event)
        if template is not None:
            assert template == template_of_text(template.text)
    assert templates.count <= 5
