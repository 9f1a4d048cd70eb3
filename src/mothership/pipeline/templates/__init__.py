"""Templates: a message reduced to what its kind has in common."""
