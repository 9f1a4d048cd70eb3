"""The last hour in steps of five seconds: what the console's charts show."""

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec

STEP_SECONDS = 5
SAMPLES_MAX = 720
"""An hour."""
ANSWERS_MAX = 2_000
"""Most answer times of a step that are looked at."""
TYPES_MAX = 8
"""Most types of a step that are told apart."""
TYPES_SHOWN = 6
OTHER = "other"


class Sample(msgspec.Struct):
    """One step of one worker, or of all."""

    at: int
    """Its end: seconds since the Unix epoch, a multiple of `STEP_SECONDS`, so that the steps of all workers agree."""
    types: dict[str, float] = {}
    """Events a second of each type."""
    rates: dict[str, float] = {}
    """What else is counted, a second: `rejected`, `refused`, `answers`, and `stored.<sink>`."""
    levels: dict[str, float] = {}
    """What waits: `queued.<sink>`."""
    answer_seconds: dict[str, float] = {}
    """`p50`, `p95` and `max`; of several workers the worst."""

    def merge(self, other: "Sample") -> "Sample":
        """The same step of two workers."""
        return Sample(
            self.at,
            _added(self.types, other.types),
            _added(self.rates, other.rates),
            _added(self.levels, other.levels),
            {name: max(self.answer_seconds.get(name, 0.0), other.answer_seconds.get(name, 0.0))
             for name in {**self.answer_seconds, **other.answer_seconds}},
        )  # fmt: skip


class Step:
    """What is counted until the next sample is made of it."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.rejected = 0
        self._answers: list[float] = []
        self._answered = 0

    def answered(self, seconds: float) -> None:
        """A request was answered. Of very many in a step each pushes an earlier one out."""
        if len(self._answers) < ANSWERS_MAX:
            self._answers.append(seconds)
        else:
            self._answers[self._answered % ANSWERS_MAX] = seconds
        self._answered += 1

    def sample(self, at: int, seconds: float, counted: Mapping[str, float], levels: Mapping[str, float]) -> Sample:
        """Make the sample of a step that took so long. `counted` is what others counted in it."""
        common = dict(self.types.most_common(TYPES_MAX))
        if rest := self.types.total() - sum(common.values()):
            common[OTHER] = common.get(OTHER, 0) + rest
        rates = {"rejected": self.rejected, "answers": self._answered, **counted}
        return Sample(
            at,
            {name: round(count / seconds, 3) for name, count in common.items()},
            {name: round(count / seconds, 3) for name, count in rates.items()},
            dict(levels),
            _quantiles(self._answers),
        )


class History:
    """The samples of one worker, oldest first."""

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        self._samples: deque[Sample] = deque(samples, SAMPLES_MAX)

    def add(self, sample: Sample) -> None:
        """Keep one, unless the clock was set back behind the last."""
        if self._samples and sample.at <= self._samples[-1].at:
            if self._samples[-1].at - sample.at < STEP_SECONDS:
                return
            self._samples.clear()
        self._samples.append(sample)

    def samples(self, since: float) -> list[Sample]:
        """Those that are later."""
        return [sample for sample in self._samples if sample.at > since]


def merged(histories: Iterable[Sequence[Sample]]) -> list[Sample]:
    """The samples of several workers as one history."""
    found: dict[int, Sample] = {}
    for samples in histories:
        for sample in samples:
            known = found.get(sample.at)
            found[sample.at] = known.merge(sample) if known else sample
    return [found[at] for at in sorted(found)]


def columns(samples: Sequence[Sample]) -> dict[str, object]:
    """What a chart wants: a list of times, and for each line as many values. Types that are rare are `other`."""
    totals: Counter[str] = Counter()
    for sample in samples:
        totals.update(sample.types)
    shown = [name for name, _ in totals.most_common() if name != OTHER][:TYPES_SHOWN]
    types = {name: [sample.types.get(name, 0.0) for sample in samples] for name in shown}
    if len(totals) > len(shown):
        types[OTHER] = [
            round(sum(rate for name, rate in sample.types.items() if name not in types), 3) for sample in samples
        ]
    return {
        "step_seconds": STEP_SECONDS,
        "at": [sample.at for sample in samples],
        "types": types,
        "rates": _table([sample.rates for sample in samples]),
        "levels": _table([sample.levels for sample in samples]),
        "answer_seconds": _table([sample.answer_seconds for sample in samples], missing=None),
    }


def _table(rows: Sequence[Mapping[str, float]], missing: float | None = 0.0) -> dict[str, list[float | None]]:
    names = sorted({name for row in rows for name in row})
    return {name: [row.get(name, missing) for row in rows] for name in names}


def _quantiles(answers: Sequence[float]) -> dict[str, float]:
    if not answers:
        return {}
    ordered = sorted(answers)

    def at(part: float) -> float:
        return round(ordered[min(len(ordered) - 1, math.floor(part * len(ordered)))], 5)

    return {"p50": at(0.5), "p95": at(0.95), "max": round(ordered[-1], 5)}


def _added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: round(one.get(name, 0.0) + other.get(name, 0.0), 3) for name in {**one, **other}}
