"""Names that nobody else has, also when many are fetched at once."""

from concurrent.futures import ThreadPoolExecutor

from mothership.edge.random_bytes import KEPT_SECONDS, NAME_BYTES, NAMES_FETCHED, RandomBytes


def test_no_two_threads_get_the_same_name() -> None:
    """Two batches of one fingerprint would be one: large bodies are decoded in threads of their own."""
    names = RandomBytes()
    with ThreadPoolExecutor(8) as threads:
        found = [one for some in threads.map(lambda _: [names() for _ in range(2_000)], range(8)) for one in some]
    assert len(set(found)) == 16_000
    assert {len(name) for name in found} == {NAME_BYTES}


def test_what_was_fetched_is_not_kept_for_long() -> None:
    """A machine that is copied as it runs would give the same names twice."""
    now = [10.0]
    names = RandomBytes(ticks=lambda: now[0])
    names()
    kept = set(names._names)
    assert len(kept) == NAMES_FETCHED - 1
    assert names() in kept
    now[0] += KEPT_SECONDS
    assert not {names() for _ in range(NAMES_FETCHED)} & kept
