"""What the service tells of itself by OTLP: traces of batches, and its own log. Nothing of an event."""
