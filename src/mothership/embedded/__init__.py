"""A real PostgreSQL out of a wheel, in the data directory: the database when none is configured.

The cluster is `<data_dir>/postgres`, reached through a Unix socket; no port, no password: the server asks the kernel
who is calling, and lets in root and the user that the service runs as. It runs in a session of its own, so Ctrl-C in
a terminal reaches the service first and the service's last writes find their database. What a `kill -9` leaves
behind (a server without a service, a `postmaster.pid` without a server, half a cluster) is tidied by the next start.
"""
