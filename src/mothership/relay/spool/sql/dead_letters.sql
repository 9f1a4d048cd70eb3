-- name: all
-- Every dead letter, or those of a sink, oldest first.
SELECT id, sink, reason, buried, request_id, origin, fingerprint, events, size, record, client FROM letters
WHERE ?1 IS NULL OR sink = ?1 ORDER BY id;

-- name: chosen
-- Some of a sink and a reason (or of any), not set aside after a time, oldest first.
SELECT id, sink, reason, buried, request_id, origin, fingerprint, events, size, record, client FROM letters
WHERE (?1 IS NULL OR sink = ?1) AND (?2 IS NULL OR reason = ?2) AND (?3 IS NULL OR buried <= ?3) ORDER BY id LIMIT ?4;

-- name: by_id
-- One.
SELECT id, sink, reason, buried, request_id, origin, fingerprint, events, size, record, client FROM letters
WHERE id = ?;

-- name: summaries
-- What is shown of them in a list, from an id on.
SELECT id, sink, reason, buried, request_id, events, client FROM letters
WHERE (?1 IS NULL OR sink = ?1) AND (?2 IS NULL OR reason = ?2) AND id > ?3 ORDER BY id LIMIT ?4;

-- name: groups
-- How many there are of each sink and reason.
SELECT sink, reason, count(*), sum(events), min(buried), max(buried) FROM letters
GROUP BY sink, reason ORDER BY sum(events) DESC LIMIT ?;

-- name: left
-- How many of a sink and a reason there are that were not set aside after a time.
SELECT count(*) FROM letters
WHERE (?1 IS NULL OR sink = ?1) AND (?2 IS NULL OR reason = ?2) AND (?3 IS NULL OR buried <= ?3);

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
