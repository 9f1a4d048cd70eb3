-- name: make_migrations
-- The list of what was applied.
CREATE TABLE IF NOT EXISTS mothership_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);

-- name: has_migrations
-- Whether the list is there.
SELECT to_regclass('mothership_migrations') IS NOT NULL;

-- name: applied_migrations
-- The numbers of what was applied.
SELECT number FROM mothership_migrations ORDER BY number;

-- name: record_migration
-- Notes one as applied.
INSERT INTO mothership_migrations (number, name) VALUES ($1, $2) ON CONFLICT (number) DO NOTHING;

-- name: missing_tables
-- Which of these are not there.
SELECT name FROM unnest($1::TEXT []) AS wanted (name) WHERE to_regclass(name) IS NULL;

-- name: limit_locks
-- A change of the schema gives up rather than make every writer queue behind it.
SET LOCAL lock_timeout = '10s';

-- name: columns
-- The columns that a write fills, with their types.
SELECT attname AS name, format_type(atttypid, NULL) AS type
FROM pg_attribute
WHERE attrelid = 'events'::REGCLASS AND attnum > 0 AND NOT attisdropped;

-- name: table_bytes
-- Size of the table, its chunks included.
SELECT coalesce(sum(pg_total_relation_size(relation)), 0)::BIGINT
FROM (
    SELECT 'events'::REGCLASS AS relation
    UNION
    SELECT inhrelid FROM pg_inherits WHERE inhparent = 'events'::REGCLASS
) AS parts;

-- name: indexes
-- The names of the table's indexes, with the operator class of the first column.
SELECT index_class.relname AS name, operator_class.opcname AS operators
FROM pg_index
INNER JOIN pg_class AS index_class ON pg_index.indexrelid = index_class.oid
INNER JOIN pg_opclass AS operator_class ON pg_index.indclass[0] = operator_class.oid
WHERE pg_index.indrelid = 'events'::REGCLASS;

-- name: idx_events_type_ts
-- Recent events of a type.
CREATE INDEX IF NOT EXISTS idx_events_type_ts ON events (type, ts DESC);

-- name: idx_events_source_ts
-- Recent events of a source.
CREATE INDEX IF NOT EXISTS idx_events_source_ts ON events (source, ts DESC);

-- name: idx_events_data_gin
-- Events by content: `data @> …`.
CREATE INDEX IF NOT EXISTS idx_events_data_gin ON events USING gin (data {operators});

-- name: idx_events_ts_brin
-- Events by time alone, where there are no chunks: a few kilobytes for a million rows.
CREATE INDEX IF NOT EXISTS idx_events_ts_brin ON events USING brin (ts) WITH (pages_per_range = 32, autosummarize = on);
