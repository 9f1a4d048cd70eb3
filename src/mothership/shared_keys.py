"""Keys that the instances on one database share: agreed on through it, and kept in the data directory.

Whoever is first proposes its own; the others adopt it. Fingerprints, so that an instance knows a batch that another one
has stored; pseudonyms, so that the same person gets the same one everywhere.

The key of the pseudonyms never changes while events are processed: it is agreed on before the first event, or, where
the database does not answer in time, at the next start. Until then the instance uses its own and says so.
"""

import asyncio
from pathlib import Path

from mothership import key_files
from mothership.errors import MothershipError
from mothership.pipeline.redaction.pseudonyms import adopt_key, load_or_make_key
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.telemetry import log

PSEUDONYMS = "pseudonym"
FINGERPRINTS = "fingerprint"
FIRST_PATIENCE_SECONDS = 10.0
"""Longest an instance without a key waits for the database before it takes events under a key of its own."""
PATIENCE_SECONDS = 3.0
"""The same for an instance that has one: it is most likely the right one."""
RETRY_SECONDS = 5.0
EAGER_RETRY_SECONDS = 0.25
DIFFERS = (
    "pseudonyms: this instance uses a key of its own, because the database did not answer when it started; restart it, "
    "and it uses the one that the others use (`redact --lookup` finds both)"
)


async def pseudonym_key(tsdb: TsdbSink, data_dir: Path, mine: bytes, *, is_first: bool) -> tuple[bytes, bool]:
    """The key to start with, and whether it is the one that all instances on this database use.

    `is_first`: `mine` has just been made, and nothing was processed under it.
    """
    try:
        async with asyncio.timeout(FIRST_PATIENCE_SECONDS if is_first else PATIENCE_SECONDS):
            shared = await _ask(tsdb, PSEUDONYMS, mine, retry_seconds=EAGER_RETRY_SECONDS)
    except TimeoutError:
        log.warning("pseudonym_key_not_agreed", what="the database did not answer; this instance uses its own key")
        return mine, False
    if shared != mine:
        adopt_key(data_dir, shared, None if is_first else mine)
        log.warning("pseudonym_key_taken_from_database", former_key_kept=not is_first)
    return shared, True


async def settle_pseudonym_key(tsdb: TsdbSink, data_dir: Path) -> None:
    """Agree after the start, for the next one. This process goes on with the key it has."""
    mine = load_or_make_key(data_dir)
    shared = await _ask(tsdb, PSEUDONYMS, mine, retry_seconds=RETRY_SECONDS)
    if shared == mine:
        log.info("pseudonym_key_agreed")
        return
    adopt_key(data_dir, shared, mine)
    tsdb.add_note(DIFFERS)
    log.error("pseudonym_key_differs", what=DIFFERS)


async def fingerprint_key(tsdb: TsdbSink, path: Path) -> bytes:
    """The key that all instances on this database use, as soon as it answers."""
    mine = key_files.load_or_make(path)
    shared = await _ask(tsdb, FINGERPRINTS, mine, retry_seconds=RETRY_SECONDS)
    if shared != mine:
        try:
            key_files.replace(path, shared)
        except OSError as error:
            # What is queued can be delivered without; it is asked for again at the next start.
            log.warning("fingerprint_key_not_kept", path=str(path), reason=error.strerror)
        else:
            log.info("fingerprint_key_taken_from_database")
    return shared


async def _ask(tsdb: TsdbSink, name: str, mine: bytes, *, retry_seconds: float) -> bytes:
    while True:
        try:
            return await tsdb.shared_key(name, mine)
        except MothershipError:
            await asyncio.sleep(retry_seconds)
