"""The doctor beside a service that runs."""

import json

from tests import preloaded
from tests.journey.conftest import Start


def test_the_doctor_sees_the_service_and_leaves_it_as_it_is(start: Start, database_dsn: str) -> None:
    """The port is no fault when the service has it, and what is in its spool and database is said."""
    service = start(dsn=database_dsn)  # others leave dead letters
    assert service.post({"messages": [{"type": "log", "message": "hello"}]}).status_code == 200
    before = sorted((service.data_dir / "spool").iterdir())
    result = preloaded.run(["doctor", "--json"], environ=service.environ, cwd=service.data_dir.parent)
    findings = json.loads(result.stdout)["findings"]
    said = "\n".join(f"{each['part']} {each['severity']}: {each['what']}" for each in findings)
    assert "port ok: it says that it is ready" in said
    assert "database ok: the role may write events" in said
    assert "disk ok: 1 spool file with 0 events" in said
    # The tests' server does not sync; below /tmp nothing lasts.
    assert {each["part"] for each in findings if each["severity"] == "error"} == {"database"}
    assert sorted((service.data_dir / "spool").iterdir()) == before
