-- name: create
-- What is asked of many batches at once is in `deliveries`, which is small: the records need not be read for it.
-- `letters` are the dead letters, `finished` the fingerprints of what every sink is through with: as they were first
-- called, since a file outlives its words.
CREATE TABLE IF NOT EXISTS batches(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint BLOB NOT NULL, parent BLOB, events INTEGER NOT NULL,
    size INTEGER NOT NULL, record BLOB NOT NULL, content BLOB, client TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS batches_fingerprint ON batches(fingerprint);
CREATE INDEX IF NOT EXISTS batches_content ON batches(content) WHERE content IS NOT NULL;
CREATE INDEX IF NOT EXISTS batches_parent ON batches(parent) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS batches_held ON batches(client, size);
CREATE TABLE IF NOT EXISTS deliveries(
    sink TEXT NOT NULL, seq INTEGER NOT NULL, appended INTEGER NOT NULL, events INTEGER NOT NULL,
    weight INTEGER NOT NULL, size INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(sink, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS finished(
    fingerprint BLOB PRIMARY KEY, finished INTEGER NOT NULL, events INTEGER NOT NULL, content BLOB,
    client TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS finished_when ON finished(finished, client);
CREATE INDEX IF NOT EXISTS finished_content ON finished(content) WHERE content IS NOT NULL;
CREATE TABLE IF NOT EXISTS letters(
    id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, reason TEXT NOT NULL, buried INTEGER NOT NULL,
    request_id TEXT NOT NULL, origin BLOB NOT NULL, fingerprint BLOB NOT NULL, events INTEGER NOT NULL,
    size INTEGER NOT NULL, record BLOB NOT NULL, client TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS letters_held ON letters(client, id, size);
CREATE UNIQUE INDEX IF NOT EXISTS letters_once ON letters(sink, fingerprint);
CREATE INDEX IF NOT EXISTS letters_origin ON letters(origin);

-- name: upgrade_1
-- From the first version's tables to the second's; what `create` has beyond them is made after it.
ALTER TABLE batches ADD COLUMN content BLOB;
ALTER TABLE batches ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE finished ADD COLUMN content BLOB;
ALTER TABLE finished ADD COLUMN client TEXT NOT NULL DEFAULT '';
DROP INDEX finished_when;

-- name: upgrade_2
-- From the second version's tables to the third's.
ALTER TABLE letters ADD COLUMN client TEXT NOT NULL DEFAULT '';
