"""The live tail: events as stored, to whoever follows them. It drops what is too much, and holds nothing back."""
