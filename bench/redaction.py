"""Redaction against the JSON floor, on labelled texts, on real logs, and beside Presidio.

    python -m bench.redaction              the ratio to `orjson.loads` + `orjson.dumps` of the same clean events
    python -m bench.redaction --table      recall and precision by rule on the labelled texts
    python -m bench.redaction --logs DIR   the ratio for the lines of *.log files there, and what is masked in them
    python -m bench.redaction --no-audit   the ratio without the audit (checker.audit_share: 0)
    python -m bench.redaction --hostile    1 MiB hostile strings against 1 MiB of ordinary ones; --every: 12,000 kinds
    python -m bench.redaction --rules      the table of rules that docs/reference/redaction.md holds
    python -m bench.redaction --presidio   Presidio's pattern recognizers on the same texts, when it is installed

Nothing but the ratio runs unless asked for. Every figure is the best of several rounds, the sides in turns.
"""

import argparse
import copy
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import structlog
from corpora.events import clean_events, mixed_events, ordinary_events
from corpora.hostile import WRITTEN, every_shape, joined, repeated
from corpora.labelled import examples, harmless
from corpora.lines import lines_table

from mothership.event import Batch, Event
from mothership.pipeline.chain import SLICE_EVENTS
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.rules import BUILTIN
from mothership.pipeline.redaction.settings import RedactionSettings

EVENTS = 1_000
ROUNDS = 15
ROUNDS_BEFORE = 5
"""That are not counted: a service has seen its kinds of events before."""
MIB = 1 << 20


def main() -> None:
    """Print what was asked for."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--logs", type=Path)
    parser.add_argument("--no-audit", action="store_true")
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--presidio", action="store_true")
    parser.add_argument("--rules", action="store_true")
    arguments = parser.parse_args()
    if arguments.rules:
        print(rules_table())
        return
    settings = {"checker": {"audit_share": 0}} if arguments.no_audit else {}
    redaction = build(RedactionSettings.model_validate(settings), key=bytes(32))
    ratio(redaction, _log_events(arguments.logs) if arguments.logs else [])
    if arguments.table:
        table(redaction)
    if arguments.logs and not arguments.presidio:
        logs(redaction, arguments.logs)
    if arguments.hostile or arguments.every:
        hostile(redaction, every=arguments.every)
    if arguments.presidio:
        presidio(redaction, arguments.logs)


def rules_table() -> str:
    """Return the built-in rules as Markdown."""
    rows = [
        f"| `{rule.name}`{'' if rule.default else ' *off*'}{f' ({rule.group})' if rule.group else ''} "
        f"| {rule.description} | {rule.source} |"
        for rule in BUILTIN
    ]
    return "\n".join(["| rule | finds | source |", "| --- | --- | --- |", *rows])


def batch_of(events: list[Event]) -> Batch:
    """Return a batch of these very events."""
    return Batch(events, list(range(len(events))), fingerprint=b"", request_id="bench", received=0)


def through(redaction: Redaction, events: list[Event]) -> list[Event]:
    """Return the events after redaction, worked on in slices as by the chain."""
    redacted: list[Event] = []
    for start in range(0, len(events), SLICE_EVENTS):
        batch = batch_of(events[start : start + SLICE_EVENTS])
        for processor in redaction.processors:
            processor(batch)
        redacted += batch.events
    return redacted


def seconds(work: Callable[[], object]) -> float:
    """Return how much processor time it takes once: others on the machine don't count."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def floor_of(lines: list[bytes]) -> None:
    """Decode and encode each event; the results are let go, since keeping them would measure the allocator."""
    for line in lines:
        orjson.dumps(orjson.loads(line))


def _log_events(folder: Path) -> list[Event]:
    """Return the lines of all files as events, in an order by chance that is always the same."""
    files = sorted(folder.glob("*.log"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
    random.Random(1).shuffle(lines)
    at = "2025-08-22T17:11:27.880579+00:00"
    return [
        {"type": "log", "timestamp": at, "file_path": "/var/log/syslog", "message": line, "service": "syslog"}
        for line in lines
    ]


def ratio(redaction: Redaction, log_events: list[Event]) -> None:
    """Print redaction over the floor, for clean events, such that lose a named field, mixed ones, and log lines."""
    mixes: dict[str, Callable[[int], list[Event]]] = {
        "clean (goal 4)": lambda first: clean_events(EVENTS, first=first),
        "each loses a named field (goal 6)": lambda first: [
            event | {"community": f"n0c{number}"}
            for number, event in enumerate(clean_events(EVENTS, first=first), first)
        ],
        "mixed, 20 % with secrets (goal 8)": lambda first: mixed_events(EVENTS, first=first),
    }
    if log_events:
        mixes["log lines, each read once (goal 8)"] = lambda first: log_events[first : first + EVENTS]
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in mixes}
    for number in range(ROUNDS_BEFORE + ROUNDS):
        for name, mix in mixes.items():
            lines = [orjson.dumps(event) for event in mix(number * EVENTS)]  # no event comes twice
            if len(lines) < EVENTS:
                continue
            floor = seconds(partial(floor_of, lines))
            fresh = [orjson.loads(line) for line in lines]
            costs[name].append((floor, seconds(partial(through, redaction, fresh))))
    for name, rounds in costs.items():
        floors, spent = zip(*rounds[ROUNDS_BEFORE:], strict=True)
        middle = statistics.median(cost / floor for floor, cost in rounds[ROUNDS_BEFORE:])
        floor, cost = min(floors) / EVENTS * 1e6, min(spent) / EVENTS * 1e6
        print(f"{name}: floor {floor:.2f} us, redaction {cost:.2f} us: ratio {cost / floor:.2f} (median {middle:.2f})")


def table(redaction: Redaction) -> None:
    """Print recall by rule, what else of the text changed, and harmless texts changed by kind."""
    seen, missed, context = Counter[str](), Counter[str](), Counter[str]()
    for rule, text, secret in examples():
        redacted = redaction.text(text)
        before, _, after = text.partition(secret)
        seen[rule] += 1
        missed[rule] += secret in redacted or secret[: max(6, len(secret) * 2 // 3)] in redacted
        context[rule] += not (redacted.startswith(before) and redacted.endswith(after))
    print(f"\n{'rule':28} {'texts':>6} {'recall':>7} {'rest kept':>10}")
    for rule, count in sorted(seen.items()):
        print(f"{rule:28} {count:6} {1 - missed[rule] / count:7.3f} {1 - context[rule] / count:10.3f}")
    kinds, changed = Counter[str](), Counter[str]()
    for kind, text in harmless():
        kinds[kind] += 1
        changed[kind] += redaction.text(text) != text
    wrong, total = sum(changed.values()), sum(kinds.values())
    print(f"harmless texts of {len(kinds)} kinds changed: {wrong} of {total} {dict(+changed)}")
    positives = sum(seen.values()) - sum(missed.values())
    print(f"recall {positives / sum(seen.values()):.4f}, precision {positives / (positives + wrong):.4f}")
    lines_table(redaction.text)


def logs(redaction: Redaction, folder: Path) -> None:
    """Print what is masked in real lines, by file; the lines themselves only where something changed."""
    for file in sorted(folder.glob("*.log")):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        out = through(redaction, [{"type": "log", "message": line} for line in lines])
        changed = [(line, event["message"]) for line, event in zip(lines, out, strict=True) if line != event["message"]]
        print(f"{file.name}: {len(changed)} of {len(lines)} lines changed")
        for line, masked in changed[:5]:
            print(f"  - {line[:150]}\n  + {masked[:150]}")


def hostile(redaction: Redaction, *, every: bool = False) -> None:
    """Print 1 MiB hostile strings against 1 MiB of ordinary lines measured beside them, the dearest first."""
    ordinary = ordinary_events(MIB)
    parts = every_shape() if every else WRITTEN
    base = min(cost(redaction, ordinary) for _ in range(9))
    costs: dict[str, float] = {}
    for name, text in chain(repeated(parts, MIB), joined(MIB).items()):
        costs[name] = cost(redaction, [{"message": text}]) / base
        for _ in range(5 if costs[name] > 2 else 0):
            costs[name] = min(costs[name], cost(redaction, [{"message": text}]) / cost(redaction, ordinary))
    above = sum(times > 3 for times in costs.values())
    print(f"\n1 MiB of ordinary lines: {base * 1e3:.1f} ms; of {len(costs)} texts {above} cost more than 3 x that")
    for name, times in sorted(costs.items(), key=lambda each: -each[1])[:20]:
        print(f"{name[:36]:36} {times:6.1f} x")


def cost(redaction: Redaction, events: list[Event]) -> float:
    """Return the processor seconds that redaction of these events takes; they stay as they are."""
    fresh = copy.deepcopy(events)
    start = time.thread_time()
    through(redaction, fresh)
    return time.thread_time() - start


SHARED = {
    "email": "EmailRecognizer",
    "credit_card": "CreditCardRecognizer",
    "ssn": "UsSsnRecognizer",
    "iban": "IbanRecognizer",
    "phone": "PhoneRecognizer",
}


def presidio(redaction: Redaction, folder: Path | None) -> None:
    """Print recall, texts changed wrongly and microseconds a line, both on the same lines in one run."""
    try:
        import tldextract  # type: ignore[import-not-found]  # noqa: PLC0415 - only where Presidio is installed
        from presidio_analyzer import predefined_recognizers as recognizers  # type: ignore[import-not-found]  # noqa: PLC0415 - an extra
    except ImportError:
        print("\nPresidio is not installed here (pip install presidio-analyzer, in an environment of its own)")
        return
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())  # its own list; no network in the measurement
    theirs = {rule: getattr(recognizers, name)() for rule, name in SHARED.items()}
    texts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for rule, text, secret in examples():
        if rule in SHARED:
            texts[rule].append((text, secret))
    print(f"\n{'recall':12} {'ours':>7} {'Presidio':>9}")
    for rule, labelled in texts.items():
        ours = sum(secret not in redaction.text(text) for text, secret in labelled)
        their = sum(_covers(_spans(theirs[rule], text), text, secret) for text, secret in labelled)
        print(f"{rule:12} {ours / len(labelled):7.3f} {their / len(labelled):9.3f}")
    samples = {"harmless texts": [text for _, text in harmless()]}
    if folder:
        files = sorted(folder.glob("*.log"))
        samples["real log lines"] = [
            line for file in files for line in file.read_text(encoding="utf-8", errors="replace").splitlines()[::8]
        ]
    for name, lines in samples.items():
        _beside(redaction, theirs, name, lines)


def _beside(redaction: Redaction, theirs: dict[str, Any], name: str, texts: list[str]) -> None:
    ours_hit = sum(redaction.text(text) != text for text in texts)
    their_hit = sum(any(_spans(each, text) for each in theirs.values()) for text in texts[::4])
    quick = [each for rule, each in theirs.items() if rule != "phone"]
    own_rounds, quick_rounds, all_rounds = [], [], []
    for _ in range(ROUNDS):
        own_rounds.append(seconds(lambda: through(redaction, [{"message": text} for text in texts])))
        quick_rounds.append(seconds(lambda: _all(quick, texts[::4])) * 4)
        all_rounds.append(seconds(lambda: _all(theirs.values(), texts[::16])) * 16)
    ours, without_phone, with_phone = min(own_rounds), min(quick_rounds), min(all_rounds)
    own, five, four = (each / len(texts) * 1e6 for each in (ours, with_phone, without_phone))
    print(f"{name} ({len(texts)}): hit: ours {ours_hit / len(texts):.2%}, Presidio {their_hit * 4 / len(texts):.2%}")
    print(f"  us a line: ours with all rules {own:.1f}, Presidio's five {five:.0f} ({four:.0f} without phone)")
    print(f"  Presidio costs {five / own:.0f} times ours ({four / own:.0f} without phone)")


def _spans(recognizer: Any, text: str) -> list[tuple[int, int]]:
    found = recognizer.analyze(text, recognizer.supported_entities, None) or []
    return [(each.start, each.end) for each in found if each.score > 0.0]


def _covers(spans: list[tuple[int, int]], text: str, secret: str) -> bool:
    start = text.index(secret)
    return any(first <= start and start + len(secret) <= last for first, last in spans)


def _all(recognizers: Iterable[Any], lines: list[str]) -> None:
    for line in lines:
        for recognizer in recognizers:
            _spans(recognizer, line)


if __name__ == "__main__":
    main()
