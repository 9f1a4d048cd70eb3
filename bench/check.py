"""What the check after redaction catches of a broken rule's lines that are none of its examples, rule by rule.

python -m bench.check                the labelled sets of corpora/texts, two minutes
python -m bench.check thirteenth …   these of them
"""

import sys
from collections import Counter

import structlog
from corpora.broken_rules import SETS, left_by_broken_rules


def main() -> None:
    """Print the table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    lines, caught = Counter[str](), Counter[str]()
    for left in left_by_broken_rules(sys.argv[1:] or SETS):
        lines[left.rule] += 1
        caught[left.rule] += left.caught
    print(f"{'rule':24} {'only it finds':>13} {'caught':>7} {'share':>6}")
    for rule, count in [*lines.most_common(), ("all", lines.total())]:
        hits = caught.total() if rule == "all" else caught[rule]
        print(f"{rule:24} {count:13} {hits:7} {hits / count:6.3f}")


if __name__ == "__main__":
    main()
