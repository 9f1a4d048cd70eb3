"""Reads what log lines say about themselves: when, where, which program, how bad."""
