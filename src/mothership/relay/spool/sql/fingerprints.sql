-- name: create_recent
-- Those of the last second, in memory.
CREATE TEMP TABLE recent(
    fingerprint BLOB PRIMARY KEY, finished INTEGER NOT NULL, events INTEGER NOT NULL, content BLOB,
    client TEXT NOT NULL) WITHOUT ROWID;

-- name: create_recent_content
-- To find them by their content.
CREATE INDEX temp.recent_content ON recent(content) WHERE content IS NOT NULL;

-- name: rows_by_client
-- How many are remembered for each client.
SELECT client, count(*) FROM (SELECT client FROM finished UNION ALL SELECT client FROM temp.recent) GROUP BY client;

-- name: recent_by_fingerprint
-- A batch that every sink is through with.
SELECT fingerprint, events FROM temp.recent WHERE fingerprint = ?;

-- name: by_fingerprint
-- The same, of those before.
SELECT fingerprint, events FROM finished WHERE fingerprint = ?;

-- name: recent_by_content
-- The same, by its content: the one finished last.
SELECT fingerprint, events FROM temp.recent WHERE content = ? ORDER BY finished DESC LIMIT 1;

-- name: by_content
-- The same, of those before.
SELECT fingerprint, events FROM finished WHERE content = ? ORDER BY finished DESC LIMIT 1;

-- name: add_batches
-- Remembers whole batches that are about to be removed.
INSERT OR IGNORE INTO temp.recent (fingerprint, finished, events, content, client)
SELECT fingerprint, ?, events, content, client FROM batches
WHERE seq IN (SELECT value FROM json_each(?)) AND parent IS NULL;

-- name: any_recent
-- Whether there are any of the last second.
SELECT 1 FROM temp.recent LIMIT 1;

-- name: keep_recent
-- Puts those of the last second to the others. In their order: then those that are near each other come together.
INSERT OR IGNORE INTO finished (fingerprint, finished, events, content, client)
SELECT fingerprint, finished, events, content, client FROM temp.recent ORDER BY fingerprint;

-- name: forget_recent
-- They are among the others now.
DELETE FROM temp.recent;

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
