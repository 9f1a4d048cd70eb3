-- name: begin
-- Opens a write's transaction. What it can't finish in time, the server ends by itself; and a session whose client
-- vanished gives its locks back.
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL statement_timeout = {statement_milliseconds};
SET LOCAL idle_in_transaction_session_timeout = 60000;

-- name: begin_durably
-- The same where the server's default lets a commit return before it is on disk: an acknowledged event must be.
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL statement_timeout = {statement_milliseconds};
SET LOCAL idle_in_transaction_session_timeout = 60000;
SET LOCAL synchronous_commit = on;

-- name: claim_fingerprints
-- Claims batches, and contents, and returns those that nobody had noted. Waits for a concurrent transaction that claims the same.
-- Sorted by the caller, so that two instances with the same batches can't lock each other out.
INSERT INTO ingested_batches (fingerprint, events, retry_received_micros, first_received_micros)
SELECT fingerprint, events, retry_received_micros, first_received_micros
FROM unnest(
    $1::BYTEA [], $2::INTEGER [], $3::BIGINT [], $4::BIGINT []
) AS claimed (fingerprint, events, retry_received_micros, first_received_micros)
ON CONFLICT (fingerprint) DO NOTHING
RETURNING fingerprint;

-- name: notes_to_amend
-- Of these contents, those whose notes may change by transmissions that arrived then. All times are by the database's
-- clock (migration 6 says "received", and meant an instance's own). Runs after `claim_fingerprints` and locks in
-- order, so that no two instances can lock each other out.
SELECT noted.fingerprint, noted.retry_received_micros, noted.first_received_micros
FROM ingested_batches AS noted
INNER JOIN unnest(
    $1::BYTEA [], $2::BIGINT [], $3::BIGINT [], $4::BIGINT [], $5::BIGINT []
) AS here (content, first_earliest, first_latest, retry_earliest, retry_latest)
    ON
        noted.fingerprint = here.content AND (
            noted.retry_received_micros >= here.first_latest OR noted.retry_received_micros > here.retry_earliest
            OR noted.first_received_micros > here.first_earliest OR noted.first_received_micros > here.retry_latest
        )
ORDER BY noted.fingerprint
FOR UPDATE OF noted;

-- name: amend_notes
-- Notes them anew; they are locked.
UPDATE ingested_batches AS noted SET
    retry_received_micros = here.retry_received_micros, first_received_micros = here.first_received_micros
FROM unnest(
    $1::BYTEA [], $2::BIGINT [], $3::BIGINT []
) AS here (content, retry_received_micros, first_received_micros)
WHERE noted.fingerprint = here.content;

-- name: claim_split_batches
-- Batches that come as their halves: one that comes whole all the same, after a crash, is known. Waits for a transaction
-- that is storing one of them still.
INSERT INTO ingested_batches (fingerprint, events)
SELECT fingerprint, 0 FROM unnest($1::BYTEA []) AS claimed (fingerprint)
ON CONFLICT (fingerprint) DO NOTHING;

-- name: stored_split_batches
-- Which of them were stored whole: halves of one whose commit was not heard of are there already.
SELECT fingerprint FROM ingested_batches
WHERE fingerprint = ANY ($1::BYTEA []) AND events > 0;

-- name: count_events
-- Adds to the counts. The last statement before the commit, so their locks are held for that long only.
INSERT INTO event_counts AS counts (minute, slot, events)
SELECT minute, pg_backend_pid() % 32, events
FROM unnest($1::BIGINT [], $2::BIGINT []) AS added (minute, events)
ON CONFLICT (minute, slot) DO UPDATE SET events = counts.events + excluded.events;

-- name: read_counts
-- What `/stats` shows: a few hundred small rows, however many events there are.
SELECT
    coalesce(sum(events) FILTER (WHERE minute = 0), 0)::BIGINT AS total,
    coalesce(sum(events) FILTER (WHERE minute BETWEEN $1 AND $2), 0)::BIGINT AS recent
FROM event_counts;

-- name: forget_counts
-- Drops the counts of minutes that nobody asks for any more.
DELETE FROM event_counts WHERE minute > 0 AND minute < $1;

-- name: forget_fingerprints
-- Drops a bounded number of fingerprints older than the window.
DELETE FROM ingested_batches
WHERE fingerprint IN (
    SELECT fingerprint FROM ingested_batches
    WHERE stored_at < now() - $1::INTERVAL
    ORDER BY stored_at
    LIMIT $2
);

-- name: forget_events
-- Retention where there are no chunks to drop: deletes a bounded number of old rows. The BRIN index finds them.
DELETE FROM events
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM events
    WHERE ts < now() - $1::INTERVAL
    LIMIT $2
));

-- name: forget_events_in_chunks
-- The same where there are chunks, in which `ctid` is not unique: all up to the time of the last of a bounded number.
DELETE FROM events
WHERE ts <= (
    SELECT max(ts)
    FROM (
        SELECT ts FROM events
        WHERE ts < now() - $1::INTERVAL
        ORDER BY ts
        LIMIT $2
    ) AS oldest
);

-- name: try_advisory_lock
-- One instance at a time tidies; the others skip their turn.
SELECT pg_try_advisory_xact_lock($1);

-- name: advisory_lock
-- One instance at a time changes the schema; the others wait.
SELECT pg_advisory_xact_lock($1);

-- name: propose_key
-- Stores a shared secret if there is none of this name.
INSERT INTO mothership_keys (name, key) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING;

-- name: read_key
-- The shared secret of this name.
SELECT key FROM mothership_keys WHERE name = $1;

-- name: role
-- Who we are here, quoted.
SELECT quote_ident(current_user);

-- name: probe
-- Whether a write could be taken now.
SELECT
    current_setting('transaction_read_only')::BOOLEAN AS read_only,
    to_regclass('events') IS NOT NULL AS has_table;

-- name: clock
-- What the clock shows that all instances share, in microseconds.
SELECT (extract(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT;

-- name: synchronous_commit
-- Whether a commit is on disk when it returns.
SELECT current_setting('synchronous_commit');
