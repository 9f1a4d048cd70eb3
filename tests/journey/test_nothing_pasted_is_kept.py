"""What a person pastes into the console is forgotten with the answer: a service as a process, looked through."""

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
from tests.console.conftest import form_token
from tests.journey.conftest import Service

HTML = {"accept": "text/html"}


async def everything_in(dsn: str) -> str:
    """Each row of each table that is the service's, as text."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        found = [await connection.fetch(f"SELECT t::text FROM {table['name']} t") for table in tables]  # noqa: S608
        return "\n".join(row[0] for rows in found for row in rows)
    finally:
        await connection.close()


def files_below(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_nothing_pasted_is_stored_logged_or_counted(everyday: Service) -> None:
    canary = f"canary{secrets.token_hex(6)}"
    event = {"type": canary, "source": canary, "password": canary, "message": f"password={canary} {canary}", canary: 1}
    texts = [canary, f"password={canary}", json.dumps(event), json.dumps(event, indent=1), f"{{{canary}", f"[{canary}",
             '{"a":' * 9_000 + canary, canary * 10_000]  # fmt: skip
    pattern = {"name": "own", "pattern": canary, "positives": canary, "negatives": f"{canary}\nx"}
    traced = [json.dumps(event), json.dumps(event | {"message": [canary] * 9}), canary, f"{{{canary}",
              f'{{"type": "x", "a": {"[" * 9_000}{canary}']  # fmt: skip
    with httpx2.Client(base_url=everyday.url, headers=HTML, timeout=60) as client:
        token = form_token(client.get("/console/redaction").text)

        def paste(where: str, **request: Any) -> int:
            path = where if "/" in where else f"redaction/{where}"
            return client.post(f"/console/{path}", **request).status_code

        for text in texts:
            assert paste("try", data={"text": text, "form_token": token}) in {200, 413}
            assert paste("try", data={"text": text}) == 403
        assert paste("pattern", data=pattern | {"form_token": token}) == 200
        for fault in ({"pattern": f"({canary}"}, {"name": canary.upper()}, {"action": canary}, {"keep_last": canary}):
            assert paste("pattern", data=pattern | {"form_token": token} | fault) == 422
        assert paste("try", content=canary.encode(), headers={"content-type": "application/json"}) == 400
        for text in traced:
            assert paste("trace/try", data={"text": text, "form_token": token}) in {200, 422}
        for fault in ({"type": canary}, {"at-least": canary}, {"count": canary}, {"q": canary * 500}):
            assert paste("trace/live", data={"form_token": token, "count": "1"} | fault) in {200, 422}
        assert paste(canary, data={"text": canary}) in {403, 404}
        assert client.put("/console/redaction/try", content=canary).status_code in {403, 405}
    everyday.get("/console/overview.json")
    for kept in (everyday.get("/metrics").text, everyday.get("/stats").text, everyday.log.read_text(),
                 asyncio.run(everything_in(everyday.dsn))):  # fmt: skip
        assert kept
        assert canary not in kept.lower()
    assert canary.encode() not in files_below(everyday.data_dir)
