"""`mothership send` to the real service: lines become rows at their own time, redacted first."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests import preloaded
from tests.journey.conftest import Start
from tests.journey.test_service import select

LINES = """{day} {clock} web01 sshd[311]: Failed password for root from 192.0.2.7
{date} {clock},123 ERROR [main] org.example.App: password=hunter2hunter2
java.lang.IllegalStateException: no
\tat org.example.A.b(A.java:7)
{{"type":"app","time":"{date}T{clock}Z","level":50,"pid":7,"msg":"said itself"}}
no time at all
"""


def test_lines_are_redacted_read_and_stored_at_their_own_time(start: Start, database_dsn: str, tmp_path: Path) -> None:
    """The same file again adds nothing; its rows say which format each line was."""
    config = {"pipeline": {"processors": {"redaction": {"drop_fields": ["password", "hostname"]}}}}
    service = start(dsn=database_dsn, config=config)
    path = tmp_path / "app.log"
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    date, clock = f"{hour_ago:%Y-%m-%d}", f"{hour_ago:%H:%M:%S}"
    path.write_text(LINES.format(day=f"{hour_ago:%b %d}", date=date, clock=clock))
    command = ["send", str(path), "--url", service.url, "--tag", "site=nyc"]
    for says in ("accepted 4, rejected 0, dead 0, duplicates 0", "accepted 4, rejected 0, dead 0, duplicates 4"):
        said = preloaded.run(command)
        assert (said.returncode, says in said.stdout) == (0, True), said
    rows = select(
        database_dsn,
        "SELECT data->>'log_format', data->>'program', data->>'pid', data->>'severity', data->>'hostname',"
        " to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'), data->>'timestamp_source', data->'tags'->>'site'"
        " FROM events ORDER BY id",
    )
    then = f"{date} {clock}"
    assert [row for row in rows if row[0]] == [
        ("syslog", "sshd", "311", None, None, f"{then}.000", None, "nyc"),
        ("log4j", None, None, "error", None, f"{then}.123", None, "nyc"),
        ("json", None, "7", "error", None, f"{then}.000", None, "nyc"),
    ]
    (unread,) = [row for row in rows if not row[0]]
    assert unread[6] == "observed"
    texts = [text for (text,) in select(database_dsn, "SELECT data::text FROM events")]
    assert not [text for text in texts if "hunter2" in text]
    assert [text for text in texts if "IllegalStateException: no" in text and "A.java:7" in text]
