-- name: all
-- Every dead letter, or those of a sink, oldest first.
SELECT id, sink, reason, buried, request_id, origin, fingerprint, events, size, record, client FROM letters
WHERE ?1 IS NULL OR sink = ?1 ORDER BY id;

-- name: totals
-- How many there are, with their events and bytes.
SELECT count(*), coalesce(sum(events), 0), coalesce(sum(size), 0) FROM letters;

-- name: bytes_by_client
-- What each client holds.
SELECT client, sum(size) FROM letters GROUP BY client;

-- name: events_by_sink
-- How many events each sink refused.
SELECT sink, sum(events) FROM letters GROUP BY sink;

-- name: events_of_batch
-- How many events of one batch each sink refused.
SELECT sink, sum(events) FROM letters WHERE origin = ? GROUP BY sink;

-- name: sizes
-- What a dead letter counts for.
SELECT events, size, client FROM letters WHERE id = ?;

-- name: all_records
-- Every dead letter as it is on disk, and what it counts for.
SELECT events, size, record FROM letters;

-- name: older_than
-- Some that were set aside before a time.
SELECT id FROM letters WHERE buried < ? LIMIT 1000;

-- name: oldest_of_client
-- A client's oldest, those of rejected events first.
SELECT id, size FROM letters WHERE client = ? ORDER BY sink <> ?, id LIMIT 1000;

-- name: add
-- Sets rows aside. The same rows of the same sink are there once.
INSERT OR IGNORE INTO letters
(sink, reason, buried, request_id, origin, fingerprint, events, size, record, client)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: remove
-- It was retried, or dropped.
DELETE FROM letters WHERE id = ?;
