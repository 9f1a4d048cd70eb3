"""Redaction: what every event passes first: fields, patterns, pseudonyms, and a second look at what is left."""
