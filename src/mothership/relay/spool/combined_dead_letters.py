"""The dead letters of the files of a data directory, and then those of a cluster, as one store.

What the file took while the cluster could not be reached is told even while it still can't: files come first.
"""

from collections.abc import Callable, Collection, Iterator

from mothership.dead_letters import Chosen, DeadLetter, DeadLetterGroup, DeadLetterSummary, Moved
from mothership.event import Row
from mothership.ports import DeadLetterStore
from mothership.relay.spool.dead_letter_admin import GROUPS_MAX, merged


class CombinedDeadLetters:
    """`ports.DeadLetterStore` over both. `is_of_cluster` knows the ids of the cluster."""

    def __init__(self, files: DeadLetterStore, cluster: DeadLetterStore, is_of_cluster: Callable[[str], bool]) -> None:
        self._files, self._cluster, self._is_of_cluster = files, cluster, is_of_cluster

    def views(self, ids: Collection[str] | None = None, sink: str | None = None) -> Iterator[DeadLetterSummary]:
        """All letters, or these, or a sink's. The cluster is asked when those of the files have been read."""
        for store, own in self._split(ids):
            yield from store.views(own, sink)

    def rows(self, letter_id: str) -> list[Row]:
        """The redacted rows of one letter. Raises `KeyError` or `CorruptRecord`."""
        return self._of(letter_id).rows(letter_id)

    def letter(self, letter_id: str) -> DeadLetter:
        """One letter, as it is kept. Raises `KeyError`."""
        return self._of(letter_id).letter(letter_id)

    def groups(self) -> list[DeadLetterGroup]:
        """How many there are of each sink and reason, most events first."""
        found: dict[tuple[str, str], DeadLetterGroup] = {}
        for group in (*self._files.groups(), *self._cluster.groups()):
            known = found.get(group[:2])
            found[group[:2]] = merged(known, group) if known else group
        return sorted(found.values(), key=lambda group: -group.events)[:GROUPS_MAX]

    def page(self, sink: str | None, reason: str | None, after: str, most: int) -> list[DeadLetterSummary]:
        """Letters in the order of their ids, from one on (empty: from the first)."""
        if self._is_of_cluster(after):
            return self._cluster.page(sink, reason, after, most)
        found = self._files.page(sink, reason, after, most)
        if len(found) < most:
            found += self._cluster.page(sink, reason, "", most - len(found))
        return found

    def retry(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Put letters back in line for the sink that refused them, where they are."""
        return sum(store.retry(own, sink) for store, own in self._split(ids))

    def drop(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Forget letters for good."""
        return sum(store.drop(own, sink) for store, own in self._split(ids))

    def retry_some(self, chosen: Chosen, most: int) -> Moved:
        """As `retry`, so many letters at most."""
        here = self._files.retry_some(chosen, most)
        return _added(here, self._cluster.retry_some(chosen, most - here.letters))

    def drop_some(self, chosen: Chosen, most: int) -> Moved:
        """As `drop`, so many letters at most."""
        here = self._files.drop_some(chosen, most)
        return _added(here, self._cluster.drop_some(chosen, most - here.letters))

    def replace_row(self, letter_id: str, position: int, row: Row | None) -> None:
        """Take one row out of a letter; with a new one, put that in line."""
        self._of(letter_id).replace_row(letter_id, position, row)

    def _of(self, letter_id: str) -> DeadLetterStore:
        return self._cluster if self._is_of_cluster(letter_id) else self._files

    def _split(self, ids: Collection[str] | None) -> Iterator[tuple[DeadLetterStore, Collection[str] | None]]:
        """Each store with the ids that are its own; without one that has none of those that are meant."""
        for store in (self._files, self._cluster):
            own = None if ids is None else [one for one in ids if self._of(one) is store]
            if own is None or own:
                yield store, own


def _added(one: Moved, other: Moved) -> Moved:
    return Moved(one.letters + other.letters, one.events + other.events, one.left + other.left)
