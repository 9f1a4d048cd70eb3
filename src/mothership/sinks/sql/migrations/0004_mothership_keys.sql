-- Secrets that instances on one database share, so that they compute equal fingerprints of equal batches.
CREATE TABLE IF NOT EXISTS mothership_keys (
    name TEXT PRIMARY KEY,
    key BYTEA NOT NULL
);
REVOKE ALL ON mothership_keys FROM PUBLIC;
