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
-- What waits for a sink, oldest first. Read only as far as one write goes.
SELECT seq, attempts, crashes, events, weight FROM deliveries
WHERE sink = ? AND seq >= ? AND seq < ? ORDER BY seq;

-- name: record_attempt
-- Before a write, so that a process that dies of it leaves a trace.
UPDATE deliveries SET attempts = attempts + 1, leased = 1 WHERE sink = ? AND seq = ?;

-- name: release
-- After a write that failed with the process alive.
UPDATE deliveries SET leased = 0, crashes = 0 WHERE sink = ? AND seq = ?;

-- name: add
-- A batch waits for a sink.
INSERT INTO deliveries (sink, seq, appended, events, weight, size) VALUES (?, ?, ?, ?, ?, ?);

-- name: remove
-- A batch waits for a sink no more.
DELETE FROM deliveries WHERE sink = ? AND seq = ?;

-- name: waits
-- Whether a batch waits for a sink.
SELECT 1 FROM deliveries WHERE sink = ? AND seq = ?;

-- name: oldest
-- When those that wait for a sink were appended, oldest first.
SELECT seq, appended FROM deliveries WHERE sink = ? AND seq >= ? ORDER BY seq LIMIT ?;
