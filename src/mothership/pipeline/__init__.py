"""CHANGE: a batch of plain dicts, owned by the chain while it runs."""
