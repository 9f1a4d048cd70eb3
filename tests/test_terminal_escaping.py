"""A log line may hold what commands a terminal or turns the text around: no command of ours passes it on."""

import json
import threading
from pathlib import Path

from click.testing import CliRunner
from tests import preloaded
from tests.relay.support import ToxicSink, rows_batch, running, until
from tests.shipping.http_server import ScriptedAnswer, ScriptedServer

from mothership.__main__ import cli
from mothership.event import Row, RowBatch
from mothership.terminal_escaping import escaped

EVIL = "a\x1b]0;title\x07\x1b[2Jb\x7f\x9b31m\u202edrowssap\u2066\u200f\u2028 ü\t😀"
COMMANDS = set("\x1b\x07\x7f\x9b\u202e\u2066\u200f\u2028")


def test_text_keeps_its_letters_and_loses_its_commands() -> None:
    """Letters of any script, emoji and tabs are no commands."""
    told = escaped(EVIL)
    assert not COMMANDS & set(told)
    assert "\\u001b]0;title\\u0007" in told
    assert told.endswith("ü\t😀")


def test_redact_escapes_and_means_the_same(tmp_path: Path) -> None:
    """JSON events and plain lines alike."""
    (tmp_path / "config.yaml").write_text(f"server: {{data_dir: {tmp_path}}}\n")
    stdin = json.dumps({"message": EVIL}, ensure_ascii=False).encode() + b"\nplain \x1b[2J \xe2\x80\xae line\n"
    done = preloaded.run_bytes(["redact", "--config", str(tmp_path / "config.yaml")], stdin=stdin)
    event, plain = done.stdout.decode().splitlines()
    assert not COMMANDS & set(event + plain)
    assert json.loads(event) == {"message": EVIL}
    assert plain.startswith("plain \\u001b[2J \\u202e line")


async def test_dead_letters_show_and_list_escape(tmp_path: Path) -> None:
    """What a sink refused is what somebody wrote."""
    batch = rows_batch(1)
    evil = json.dumps({"n": "1-1", "message": EVIL}, ensure_ascii=False).encode()
    rows = [Row(row.ts, row.type, row.source, evil, *row[4:]) for row in batch.rows[:1]]
    async with running(tmp_path, ToxicSink("tsdb", poison=b"-1")) as relay:
        await relay.keep(RowBatch(batch.fingerprint, f"r{EVIL}", batch.received, rows, batch.client))
        await until(lambda: relay.status().dead_letters.events == 1)
    (tmp_path / "config.yaml").write_text(f"server: {{data_dir: {tmp_path}}}\n")
    config = ["--config", str(tmp_path / "config.yaml")]
    listed = CliRunner().invoke(cli, ["dead-letters", "list", *config]).output
    shown = CliRunner().invoke(cli, ["dead-letters", "show", listed.split()[0], *config]).output
    assert not COMMANDS & set(listed + shown)
    assert json.loads(shown.splitlines()[-1]) == {"n": "1-1", "message": EVIL}


def test_send_escapes_what_a_server_answers(tmp_path: Path) -> None:
    """The far end may be anybody."""
    path = tmp_path / "app.log"
    path.write_text("line\n")
    with ScriptedServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.script = [
            ScriptedAnswer(200, {"rejected": 1, "errors": [{"index": 0, "reason": EVIL}]}),
            ScriptedAnswer(401, {"reason": EVIL}),
        ]
        told = "".join(CliRunner().invoke(cli, ["send", str(path), "--url", server.url]).output for _ in range(2))
        server.shutdown()
        thread.join()
    assert "title" in told
    assert not COMMANDS & set(told)
