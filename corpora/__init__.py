"""Texts and events that tests and benchmarks share: written ones in `texts/`, and what is made of them by chance."""
