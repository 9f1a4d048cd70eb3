"""What came in lately: of which types, from whom, how fast it was answered. In memory, for the console."""
