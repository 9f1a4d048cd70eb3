"""`mothership send` as a person or a script meets it."""

import gzip
import ssl
import threading
from pathlib import Path
from typing import Any

import trustme
from click.testing import CliRunner, Result
from tests.shipping.http_server import ScriptedAnswer, ScriptedServer

from mothership.commands.send import send


def run(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(send, list(arguments), catch_exceptions=False, **more)


def test_the_command_ends_with_one_line_that_says_it_all(server: ScriptedServer, tmp_path: Path) -> None:
    """And with the reasons for what was rejected."""
    path = tmp_path / "app.log"
    path.write_text("".join(f"line {n}\n" for n in range(230)))
    server.script = [
        ScriptedAnswer(200, {"rejected": 1, "errors": [{"index": 3, "reason": "the event is larger than allowed"}]})
    ]
    result = run(str(path), "--url", server.url, "--token", "t0ken", "--batch", "50", "--source", "web01")
    assert result.exit_code == 1
    assert "sent 230, accepted 229, rejected 1, dead 0, duplicates 0, retries 0" in result.output
    assert "rejected 1: the event is larger than allowed" in result.output
    assert {seen.headers["authorization"] for seen in server.seen} == {"Bearer t0ken"}
    assert sorted(event["message"] for event in server.stored()) == sorted(f"line {n}" for n in range(230))


def test_the_command_reads_standard_input(server: ScriptedServer) -> None:
    """`journalctl -o json | mothership send -`."""
    result = run("-", "--url", server.url, "--type", "journal", input='{"n":1}\nplain\n')
    assert result.exit_code == 0
    assert [event["type"] for event in server.stored()] == ["journal", "journal"]
    assert server.stored()[1]["file_path"] == "/dev/stdin"


def test_a_refused_batch_is_exit_status_3_and_the_reason(server: ScriptedServer, tmp_path: Path) -> None:
    """A script must notice."""
    path = tmp_path / "app.log"
    path.write_text("line\n")
    server.script = [ScriptedAnswer(401, {"reason": "a bearer token is needed"})]
    result = run(str(path), "--url", server.url)
    assert result.exit_code == 3
    assert "401 Unauthorized: a bearer token is needed" in result.output
    assert "sent 0" in result.output


def test_a_damaged_archive_is_exit_status_3(server: ScriptedServer, tmp_path: Path) -> None:
    """Whole lines are shipped, the rest is named, and the next file goes on."""
    path, other = tmp_path / "app.log.gz", tmp_path / "other.log"
    path.write_bytes(gzip.compress(b"line\n" * 4_000)[:-20])
    other.write_text("other\n")
    result = run(str(path), str(other), "--url", server.url)
    assert result.exit_code == 3
    assert f"{path}: the gzip data is cut off; the whole lines before that are shipped" in result.output
    messages = [event["message"] for event in server.stored()]
    assert set(messages) == {"line", "other"}
    assert messages.count("line") > 100


def test_a_wrong_address_is_exit_status_2(tmp_path: Path) -> None:
    """In words, not in a traceback."""
    path = tmp_path / "app.log"
    path.write_text("line\n")
    result = run(str(path), "--url", "localhost")
    assert result.exit_code == 2
    assert "is no address" in result.output


def test_it_shows_its_own_certificate_and_checks_the_servers(tmp_path: Path) -> None:
    """Mutual TLS, with a private authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own = authority.issue_cert("node-7")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "node.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    path = tmp_path / "app.log"
    path.write_text("line\n")
    with ScriptedServer() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.scheme = "https"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        ca, cert = ("--ca", str(tmp_path / "ca.pem")), ("--client-cert", str(tmp_path / "node.pem"))
        good = run(str(path), "--url", server.url, *ca, *cert)
        without = run(str(path), "--url", server.url, *ca, "--give-up-seconds", "0.1")
        server.shutdown()
        thread.join()
    assert good.exit_code == 0, good.output
    assert len(server.seen) == 1
    assert without.exit_code == 3
    assert "wants a client certificate: give --client-cert and --client-key" in without.output


def test_a_file_shipped_again_is_known_by_its_keys(server: ScriptedServer, tmp_path: Path) -> None:
    """The same events of the same file have the same keys, those of a file of equal content have others."""
    path, copy = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    for one in (path, copy, path):
        one.write_text('{"type":"log","message":"same"}\n' * 30)
        assert run(str(one), "--url", server.url, "--batch", "10", "--concurrency", "1").exit_code == 0
    keys = [seen.headers["idempotency-key"] for seen in server.seen]
    assert keys[:3] == keys[6:9]
    assert len(set(keys)) == 6
    assert run(str(path), "--url", server.url, "--again").exit_code == 0
    assert server.seen[-1].headers["idempotency-key"] not in keys


def test_with_a_state_a_run_goes_on_where_the_last_one_ended(server: ScriptedServer, tmp_path: Path) -> None:
    """A cron job on files that grow; what is packed is read as a whole each time, under the same keys."""
    log, packed, state = tmp_path / "app.log", tmp_path / "old.log.gz", tmp_path / "state.json"
    packed.write_bytes(gzip.compress(b"packed\n"))
    for lines in ("one\none\n", "one\nlast without an end"):
        with log.open("a") as file:
            file.write(lines)
        assert run(str(log), str(packed), "--state", str(state), "--url", server.url).exit_code == 0
    assert run(str(log), "--state", str(state), "--url", server.url).exit_code == 0
    messages = [event["message"] for event in server.stored()]
    assert sorted(messages) == ["last without an end", "one", "one", "one", "packed", "packed"]
    keys = {seen.headers["idempotency-key"] for seen in server.seen if seen.messages[0]["message"] == "packed"}
    assert len(keys) == 1


def test_what_was_not_delivered_is_sent_by_the_next_run(server: ScriptedServer, tmp_path: Path) -> None:
    """As the same batch, though the file has grown and the options are others."""
    log, state = tmp_path / "app.log", tmp_path / "state.json"
    log.write_text("one\n")
    server.script = [ScriptedAnswer(401, {"reason": "no"})]
    refused = run(str(log), "--state", str(state), "--url", server.url)
    assert refused.exit_code == 3
    assert "what was not delivered is sent at the next start" in refused.output
    with log.open("a") as file:
        file.write("two\n")
    assert run(str(log), "--state", str(state), "--url", server.url, "--service", "shop").exit_code == 0
    first, *others = server.seen
    again, new = sorted(others, key=lambda seen: str(seen.messages[0]["message"]))  # several are in flight at a time
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert [event["message"] for event in again.messages + new.messages] == ["one", "two"]


def test_a_dry_run_leaves_the_state_alone(server: ScriptedServer, tmp_path: Path) -> None:
    """Nothing was shipped."""
    log, state = tmp_path / "app.log", tmp_path / "state.json"
    log.write_text("one\n")
    for _ in range(2):
        assert '"message":"one"' in run(str(log), "--state", str(state), "--url", server.url, "--dry-run").output
    assert run(str(log), "--state", str(state), "--url", server.url).exit_code == 0
    assert [event["message"] for event in server.stored()] == ["one"]
