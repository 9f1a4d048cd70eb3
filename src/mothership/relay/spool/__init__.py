"""The spool: what was acknowledged and is not yet everywhere, on disk."""
