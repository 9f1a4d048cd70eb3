-- Which batches are stored: written in the transaction that stores their rows, so a batch sent again is seen.
-- `stored_at` is the database's time, not the batch's: a batch that waited in a spool for a month is remembered, too.
CREATE TABLE IF NOT EXISTS ingested_batches (
    fingerprint BYTEA PRIMARY KEY,
    stored_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    events INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_ingested_batches_stored_at ON ingested_batches (stored_at);
