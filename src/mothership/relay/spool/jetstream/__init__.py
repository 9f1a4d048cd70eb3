"""The spool on a NATS JetStream cluster: what was acknowledged outlasts the machine that took it."""
