"""KEEP: on disk first, then forward."""
