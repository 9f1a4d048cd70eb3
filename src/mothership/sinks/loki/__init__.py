"""Loki, the log search."""
