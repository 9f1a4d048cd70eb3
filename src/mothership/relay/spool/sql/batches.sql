-- name: remove_deliveries_without_batch
-- Left only by damage.
DELETE FROM deliveries WHERE seq NOT IN (SELECT seq FROM batches);

-- name: remove_batches_without_delivery
-- Left only by damage.
DELETE FROM batches WHERE seq NOT IN (SELECT seq FROM deliveries);

-- name: bytes_by_client
-- What each client holds.
SELECT client, sum(size) FROM batches GROUP BY client;

-- name: last_seq
-- The highest number ever given to a batch.
SELECT seq FROM sqlite_sequence WHERE name = 'batches';

-- name: parts
-- The parts of a batch that was split.
SELECT seq, events FROM batches WHERE parent = ?;

-- name: by_fingerprint
-- The newest whole batch of this fingerprint.
SELECT seq, fingerprint, events FROM batches WHERE fingerprint = ? AND parent IS NULL ORDER BY seq DESC LIMIT 1;

-- name: by_content
-- The newest whole batch of this content.
SELECT seq, fingerprint, events FROM batches WHERE content = ? AND parent IS NULL ORDER BY seq DESC LIMIT 1;

-- name: add
-- Keeps a batch. Its number is the row's id.
INSERT INTO batches (fingerprint, parent, events, size, record, content, client) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: record
-- A batch as it is on disk.
SELECT record FROM batches WHERE seq = ?;

-- name: record_and_sizes
-- A batch as it is on disk, and what it counts for.
SELECT record, events, size, client FROM batches WHERE seq = ?;

-- name: oldest_records
-- The oldest batches as they are on disk.
SELECT seq, record FROM batches ORDER BY seq LIMIT ?;

-- name: all_records
-- Every batch as it is on disk, and what it counts for.
SELECT events, size, record FROM batches;

-- name: remove
-- Every sink is through with it.
DELETE FROM batches WHERE seq IN (SELECT value FROM json_each(?));
