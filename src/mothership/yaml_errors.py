"""What reading a text as YAML can raise. The library lets through what its constructors stumble over."""

import yaml

UNREADABLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError)
"""Besides bad syntax: a date that is none (`2027-02-30`), an explicit tag that does not fit, brackets without end.

`pydantic.ValidationError` and `UnicodeDecodeError` are `ValueError`s: catch them before it.
"""
