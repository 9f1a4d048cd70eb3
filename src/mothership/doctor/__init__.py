"""`mothership doctor`: what stands between this configuration and a service that works, looked at from here.

One module for each kind of examination. Each is an asynchronous generator of findings, so that what is found is shown
as it is found. Nothing that matters is changed: SQL runs in read-only transactions, Loki is sent a push without a
stream, and the file whose fsync is timed has no name. No finding quotes a secret or an event.
"""
