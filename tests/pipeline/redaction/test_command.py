"""`mothership redact`, as a person at a shell meets it."""

import json
import subprocess
from pathlib import Path

from tests import preloaded

from mothership.pipeline.redaction.pseudonyms import Pseudonyms, derive_key

CONFIG = "server: {{data_dir: '{0}'}}\npipeline: {{processors: {{redaction: {{salt: pepper-pepper-pepper}}}}}}\n"


def run(tmp_path: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(tmp_path))
    with_config = () if "--test" in arguments else ("--config", str(config))
    return preloaded.run_bytes(["redact", *with_config, *arguments], stdin=stdin)


def test_events_go_in_and_come_out_redacted(tmp_path: Path) -> None:
    """A bad line is told by its number, the rest goes on, and the status says so."""
    lines = [
        b'{"type":"log","message":"login of carol@example.com","password":"swordfish"}',
        b'{"not json": "carol@example.com',
        b"[1]",
        b"",
        b'{"username":"carol"}',
    ]
    done = run(tmp_path, stdin=b"\n".join(lines))
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"type": "log", "message": "login of [REDACTED:email]"}
    assert second["username"].startswith("hash:")
    assert done.stderr.splitlines() == [b"line 2: not JSON", b"line 3: not a JSON object"]
    assert done.returncode == 1


def test_plain_lines_go_in_and_come_out_redacted(tmp_path: Path) -> None:
    """A log file is no NDJSON: each line is looked at as the message of a log event, and stays a line."""
    lines = [
        b"[Sun Dec 04 04:47:44 2005] [notice] mail to carol@example.com",
        b"",
        b'{"username":"carol"}',
        b"login \xff with password=Sw0rdfish1",
        b"4111111111111111",
    ]
    done = run(tmp_path, stdin=b"\n".join(lines))
    assert (done.returncode, done.stderr) == (0, b"")
    out = done.stdout.splitlines()
    assert out[0] == b"[Sun Dec 04 04:47:44 2005] [notice] mail to [REDACTED:email]"
    assert out[1].startswith(b'{"username":"hash:')
    assert out[2] == b"login \\xff with password=********"
    assert out[3] == b"[REDACTED:credit_card]"
    explained = run(tmp_path, "--explain", stdin=b"mail to carol@example.com")
    assert json.loads(explained.stdout) == {"line": 1, "hits": [{"rule": "email", "path": "message", "offset": 8}]}


def test_explain_tells_rule_path_and_offset_and_never_the_value(tmp_path: Path) -> None:
    """What an operator needs to tune the rules, and no more."""
    event = b'{"a":{"msg":"hi carol@example.com"},"list":[{"token":"swordfish"}],"dave@example.com":"4111111111111111"}'
    done = run(tmp_path, "--explain", stdin=event)
    assert json.loads(done.stdout) == {
        "line": 1,
        "hits": [
            {"rule": "DropFields", "path": "list.0.token"},
            {"rule": "email", "path": "a.msg", "offset": 3},
            {"rule": "email", "path": "(key)", "offset": 0},
            {"rule": "credit_card", "path": "[REDACTED:email]", "offset": 0},
        ],
    }
    assert done.returncode == 0


def test_the_examples_of_a_rule_file_can_be_run(tmp_path: Path) -> None:
    """Exit status 1 and the number of the example, when one fails."""
    file = tmp_path / "rules.yaml"
    rule = {"name": "badge", "pattern": r"badge \d+", "positives": ["badge 7"], "negatives": ["badger 7"]}
    greedy = rule | {"name": "greedy", "pattern": "badge"}
    file.write_text(json.dumps({"rules": [rule, greedy]}))
    done = run(tmp_path, "--test", str(file))
    assert done.stdout.splitlines() == [
        b"badge: 2 examples as expected",
        b"greedy: negative 1 is hit",
        b"2 rules, 1 example failed",
    ]
    assert done.returncode == 1


def test_a_value_can_be_looked_up_by_its_pseudonym(tmp_path: Path) -> None:
    """The same pseudonym that the service writes under this salt."""
    found = run(tmp_path, "--lookup", stdin=b"carol\n").stdout
    assert found.decode().strip() == Pseudonyms(derive_key("pepper-pepper-pepper")).of("carol")
