"""A bounded table that nobody can push others out of."""

import random

from mothership.fair_cache import FairCache


def test_one_that_fills_it_pushes_out_its_own() -> None:
    """The oldest of whoever has most, however many others there are."""
    cache: FairCache[int, str] = FairCache(10)
    assert not cache.put("quiet", 1, "kept")
    assert [cache.put("greedy", number, "") for number in range(20)] == [False] * 9 + [True] * 11
    assert cache.get("quiet", 1) == "kept"
    assert [number for number in range(20) if cache.get("greedy", number) is not None] == list(range(11, 20))
    assert not cache.put("greedy", 19, "again")
    assert cache.put("new", 1, "")
    assert (cache.count, cache.get("new", 1)) == (10, "")
    assert (cache.pop("quiet", 1), cache.pop("quiet", 1), cache.count) == ("kept", None, 9)


def test_what_was_asked_for_is_not_the_oldest() -> None:
    """Of one owner's entries the one that was longest of no use goes."""
    cache: FairCache[int, int] = FairCache(3)
    for number in range(3):
        cache.put("one", number, number)
    cache.get("one", 0)
    cache.put("one", 3, 3)
    assert [cache.get("one", number) for number in range(4)] == [0, None, 2, 3]


def test_it_is_what_a_plain_model_is() -> None:
    """Any number of puts, gets and pops by several owners."""
    chance = random.Random(5)
    cache: FairCache[int, int] = FairCache(30)
    model: dict[str, dict[int, int]] = {name: {} for name in "abcde"}
    for step in range(20_000):
        name, key = chance.choice("aaaaabbcde"), chance.randrange(40)
        mine = model[name]
        if chance.random() < 0.6:
            before = {owner: len(entries) for owner, entries in model.items()}
            grew = key not in mine
            mine.pop(key, None)
            mine[key] = step
            before[name] += grew
            evicts = sum(before.values()) > 30
            assert cache.put(name, key, step) is evicts
            if evicts:
                most = max(before.values())
                gone = [
                    owner
                    for owner, entries in model.items()
                    if before[owner] == most and cache._of.get(owner, {}).keys() != entries.keys()
                ]
                assert len(gone) == 1
                del model[gone[0]][next(iter(model[gone[0]]))]
        elif chance.random() < 0.5:
            assert cache.get(name, key) == mine.get(key)
            if key in mine:
                mine[key] = mine.pop(key)
        else:
            assert cache.pop(name, key) == mine.pop(key, None)
        assert cache.count == sum(map(len, model.values()))
