"""The LLM step: one question a template, its verdict for all events of the template, and nobody waits for long."""
