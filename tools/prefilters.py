"""Writes `prefilters.json`: what the built-in rules' prefilters are, derived now.

    tools/prefilters.py [--check]       with --check: exit status 1 when the file is not what would be derived

Nothing depends on it but the time that the service needs to start: what isn't in it is derived then.
"""

import sys

from mothership.pipeline.redaction.rules import BUILTIN
from mothership.pipeline.redaction.rules.stored_prefilters import FILE, file_of

made = file_of(each for rule in BUILTIN for matcher in rule.matchers for each in matcher.derivations)
if "--check" not in sys.argv:
    FILE.write_text(made, encoding="utf-8")
elif not FILE.exists() or FILE.read_text(encoding="utf-8") != made:
    sys.exit("rules/prefilters.json is stale: run `make prefilters` and commit it")
