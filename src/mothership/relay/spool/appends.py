"""Batches that come at once are kept at once: looked up where they may be repeats, weighed, and inserted together."""

from collections.abc import Sequence
from itertools import repeat

from mothership.errors import NotPersisted
from mothership.relay.spool.operation import Append, Outcome
from mothership.relay.spool.quota import Quota
from mothership.relay.spool.sqlite_file import SpoolFile


def keep_all(quota: Quota, file: SpoolFile, appends: Sequence[Append]) -> list[Outcome]:
    """Keep those that are new and that there is room for, in as few statements as there can be."""
    outcomes: list[Outcome] = []
    new: list[Append] = []

    def keep() -> None:
        statuses = file.add([(one.record, one.packed, one.batch) for one in new])
        outcomes.extend(zip(new, statuses, repeat(None)))
        new.clear()

    for one in appends:
        if not one.batch.is_first_transmission:
            keep()  # it may repeat one of them
            if known := file.batch_status(one.record.fingerprint, is_retry=one.record.is_retry):
                outcomes.append((one, known, None))
                continue
        try:
            quota.require(file, one.record.client, len(one.packed))
        except NotPersisted as error:
            outcomes.append((one, None, error))
        else:
            new.append(one)
    keep()
    return outcomes
