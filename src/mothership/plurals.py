"""Numbers that agree with their nouns, in texts for operators."""


def counted(number: int, noun: str) -> str:
    """`1 event`, `2 events`, `1,000 batches`."""
    plural = f"{noun}es" if noun.endswith(("ch", "s", "x")) else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
