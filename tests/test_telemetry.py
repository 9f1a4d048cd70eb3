"""The service's own log: one form for all, and nothing of an event in it."""

import json
import subprocess
import sys

SPEAK = """
import logging, sys
from mothership.log_format import LogSettings, configure_logging
from mothership.telemetry import log
configure_logging(LogSettings(level=sys.argv[1], format="json"))
log.debug("a_detail")
log.info("a_fact", count=2)
try:
    {}["canary-value"]
except KeyError:
    log.exception("it_failed")
try:
    raise ExceptionGroup("canary-value", [KeyError("canary-value"), OSError("canary-value")])
except ExceptionGroup:
    log.exception("they_failed")
try:
    int("canary-value")
except ValueError:
    logging.getLogger("a.library").exception("a library failed")
"""


def spoken(level: str) -> list[dict[str, object]]:
    """The lines of a process that logs."""
    result = subprocess.run([sys.executable, "-c", SPEAK, level], capture_output=True, text=True, check=True)
    assert result.stdout == ""
    return [json.loads(line) for line in result.stderr.splitlines()]


def test_an_exception_is_logged_without_its_message() -> None:
    """Its type and its places help; its message may hold a value."""
    lines = spoken("INFO")
    assert "canary-value" not in json.dumps(lines)
    failed = next(line for line in lines if line["event"] == "it_failed")
    assert failed["exception"] == "KeyError"
    assert failed["places"]
    assert next(line for line in lines if line["event"] == "they_failed")["exception"] == "KeyError, OSError"
    assert lines[-1]["exception"] == "ValueError"


def test_a_command_that_configures_no_log_shows_no_value_either() -> None:
    """Structlog's own form of an exception has the variables around it: a question to a model, a key, a DSN."""
    unconfigured = "\n".join(line for line in SPEAK.splitlines() if "configure_logging" not in line)
    code = unconfigured.replace("try:", "around = 'canary-value'\ntry:").partition('try:\n    int("')[0]
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "canary-value" not in said.stdout + said.stderr
    assert "KeyError, OSError" in said.stdout


def test_a_line_is_json_with_level_and_time() -> None:
    """One object a line, for whoever collects it."""
    fact = spoken("INFO")[0]
    assert (fact["event"], fact["count"], fact["level"]) == ("a_fact", 2, "info")
    assert str(fact["timestamp"]).endswith("Z")


def test_the_level_decides_what_is_written() -> None:
    """DEBUG says more, ERROR less."""
    assert spoken("DEBUG")[0]["event"] == "a_detail"
    assert [line["level"] for line in spoken("ERROR")] == ["error"] * 3


def test_talkative_libraries_are_kept_quiet() -> None:
    """At DEBUG they would quote URLs, headers and prompts."""
    code = (
        "import logging\nfrom mothership.log_format import LogSettings, configure_logging\n"
        "configure_logging(LogSettings(level='DEBUG'))\n"
        "assert all(logging.getLogger(name).getEffectiveLevel() >= logging.WARNING "
        "for name in ('httpx2', 'httpcore2', 'openai', 'asyncpg', 'asyncio'))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_service_without_a_model_does_not_import_the_client_library() -> None:
    """It would take half of every start, of `check` too."""
    code = "import sys, mothership.app\nassert 'openai' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


SPEAK_OF_REQUESTS = """
from mothership.log_format import LogSettings, configure_logging, request_fields
from mothership.telemetry import log
configure_logging(LogSettings(level="INFO", format="json"))
request_fields.set({"request_id": "r1", "client": "ship-7"})
log.info("first")
log.info("second", client="another")
request_fields.set(None)
log.info("third")
"""


def test_a_line_about_a_request_names_it_and_its_caller() -> None:
    """What the line says itself stands; and when the request is over, nothing of it is left."""
    result = subprocess.run([sys.executable, "-c", SPEAK_OF_REQUESTS], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert [(line.get("request_id"), line.get("client")) for line in lines] == [
        ("r1", "ship-7"),
        ("r1", "another"),
        (None, None),
    ]
