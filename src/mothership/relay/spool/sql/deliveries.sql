-- name: totals
-- What waits for each sink.
SELECT sink, count(*), sum(events), sum(size) FROM deliveries GROUP BY sink;

-- name: stored_bytes
-- Bytes of all batches that wait, each counted once however many sinks it waits for.
SELECT coalesce(sum(size), 0) FROM (SELECT DISTINCT seq, size FROM deliveries);

-- name: recover_leases
-- After a start: whatever was leased belonged to a process that died.
UPDATE deliveries SET crashes = crashes + 1, leased = 0 WHERE leased = 1;

-- name: pending
-- What waits for a sink, oldest first, as one value.
SELECT json_group_array(json_array(seq, attempts, crashes, events, weight)) FROM (
    SELECT seq, attempts, crashes, events, weight FROM deliveries
    WHERE sink = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?
);

-- name: record_attempt
-- Before a write, so that a process that dies of it leaves a trace.
UPDATE deliveries SET attempts = attempts + 1, leased = 1
WHERE sink = ? AND seq IN (SELECT value FROM json_each(?));

-- name: release
-- After a write that failed with the process alive.
UPDATE deliveries SET leased = 0, crashes = 0 WHERE sink = ? AND seq IN (SELECT value FROM json_each(?));

-- name: add
-- A batch waits for a sink.
INSERT INTO deliveries (sink, seq, appended, events, weight, size) VALUES (?, ?, ?, ?, ?, ?);

-- name: remove
-- A batch waits for a sink no more.
DELETE FROM deliveries WHERE sink = ? AND seq IN (SELECT value FROM json_each(?));

-- name: finish
-- Of these batches those that wait for a sink, with what they count for, and whether they wait for others; one value.
SELECT json_group_array(json_array(d.seq, d.events, d.size, coalesce(b.client, ''), b.parent IS NULL, EXISTS (
    SELECT 1 FROM json_each(?3) AS other INNER JOIN deliveries AS o ON o.sink = other.value AND o.seq = d.seq
)))
FROM json_each(?2) AS done
INNER JOIN deliveries AS d ON d.sink = ?1 AND d.seq = done.value
LEFT JOIN batches AS b ON b.seq = d.seq;

-- name: waits
-- Whether a batch waits for a sink.
SELECT 1 FROM deliveries WHERE sink = ? AND seq = ?;

-- name: oldest
-- When those that wait for a sink were appended, oldest first.
SELECT seq, appended FROM deliveries WHERE sink = ? ORDER BY seq LIMIT ?;
