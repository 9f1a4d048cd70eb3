-- name: rows_by_client
-- How many are remembered for each client.
SELECT client, count(*) FROM finished GROUP BY client;

-- name: by_fingerprint
-- A batch that every sink is through with.
SELECT fingerprint, events FROM finished WHERE fingerprint = ?;

-- name: by_content
-- The same, by its content: the one finished last.
SELECT fingerprint, events FROM finished WHERE content = ? ORDER BY finished DESC LIMIT 1;

-- name: add_batches
-- Remembers whole batches that are about to be removed.
INSERT OR IGNORE INTO finished (fingerprint, finished, events, content, client)
SELECT fingerprint, ?, events, content, client FROM batches
WHERE seq IN (SELECT value FROM json_each(?)) AND parent IS NULL;

-- name: add
-- Remembers one of another file.
INSERT OR IGNORE INTO finished (fingerprint, finished, events, content, client) VALUES (?, ?, ?, ?, ?);

-- name: older_than
-- The oldest that were finished before a time.
SELECT client, fingerprint FROM finished WHERE finished < ? ORDER BY finished LIMIT ?;

-- name: oldest_of_client
-- A client's oldest.
SELECT client, fingerprint FROM finished WHERE client = ? ORDER BY finished LIMIT ?;

-- name: remove
-- Forgets one.
DELETE FROM finished WHERE fingerprint = ?;

-- name: all
-- What a damaged file still gives.
SELECT fingerprint, finished, events, content, client FROM finished LIMIT ?;

-- name: all_of_version_1
-- The same from a file of before the second version, which has neither content nor client.
SELECT fingerprint, finished, events, NULL, '' FROM finished LIMIT ?;
