-- name: extension
-- What the server has: the version that is installed here, and the one that could be.
SELECT
    (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS installed,
    (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS available;

-- name: create_extension
-- Needs the right to, and the library preloaded.
CREATE EXTENSION IF NOT EXISTS timescaledb;

-- name: is_hypertable
-- Whether the table has chunks.
SELECT EXISTS (
    SELECT FROM timescaledb_information.hypertables
    WHERE format('%I.%I', hypertable_schema, hypertable_name)::REGCLASS = 'events'::REGCLASS
);

-- name: license
-- `apache` or `timescale`.
SELECT current_setting('timescaledb.license', true);

-- name: create_hypertable
-- Rows that are there already move into chunks.
SELECT create_hypertable('events', 'ts', chunk_time_interval => $1::INTERVAL, if_not_exists => true, migrate_data => true);

-- name: set_chunk_interval
-- For chunks yet to come.
SELECT set_chunk_time_interval('events', $1::INTERVAL);

-- name: chunk_interval
-- As it is.
SELECT time_interval FROM timescaledb_information.dimensions
WHERE format('%I.%I', hypertable_schema, hypertable_name)::REGCLASS = 'events'::REGCLASS AND column_name = 'ts';

-- name: policies
-- The policies on the table, with their ages.
SELECT
    proc_name AS name,
    coalesce(config ->> 'drop_after', config ->> 'compress_after')::INTERVAL AS after
FROM timescaledb_information.jobs
WHERE
    format('%I.%I', hypertable_schema, hypertable_name)::REGCLASS = 'events'::REGCLASS
    AND proc_name IN ('policy_retention', 'policy_compression');

-- name: add_retention
-- Drops whole chunks older than this.
SELECT add_retention_policy('events', drop_after => $1::INTERVAL, if_not_exists => true);

-- name: remove_retention
-- To put another in its place.
SELECT remove_retention_policy('events', if_exists => true);

-- name: has_compression
-- Whether chunks of the table may be compressed yet.
SELECT compression_enabled FROM timescaledb_information.hypertables
WHERE format('%I.%I', hypertable_schema, hypertable_name)::REGCLASS = 'events'::REGCLASS;

-- name: enable_compression
-- Columns of one type of event next to each other, newest first.
ALTER TABLE events SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'type',
    timescaledb.compress_orderby = 'ts DESC, id DESC'
);

-- name: add_compression
-- Turns chunks older than this into columns.
SELECT add_compression_policy('events', compress_after => $1::INTERVAL, if_not_exists => true);

-- name: remove_compression
-- To put another in its place.
SELECT remove_compression_policy('events', if_exists => true);

-- name: has_columnstore
-- Whether compression goes by its newer name here (since 2.18).
SELECT to_regproc('add_columnstore_policy') IS NOT NULL;

-- name: enable_columnstore
-- As `enable_compression`.
ALTER TABLE events SET (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'type',
    timescaledb.orderby = 'ts DESC, id DESC'
);

-- name: add_columnstore
-- As `add_compression`.
CALL add_columnstore_policy('events', after => $1::INTERVAL, if_not_exists => true);

-- name: remove_columnstore
-- As `remove_compression`.
CALL remove_columnstore_policy('events', if_exists => true);

-- name: has_aggregate
-- Whether the continuous aggregate is there.
SELECT to_regclass('events_per_minute') IS NOT NULL;

-- name: create_aggregate
-- Counts by minute and type, kept up to date by the server: for dashboards over long times.
CREATE MATERIALIZED VIEW events_per_minute
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket(INTERVAL '1 minute', ts) AS minute, type, count(*) AS events
FROM events
GROUP BY 1, 2
WITH NO DATA;

-- name: refresh_aggregate
-- Every five minutes, all but the last minute of the last three days.
SELECT add_continuous_aggregate_policy(
    'events_per_minute',
    start_offset => INTERVAL '3 days',
    end_offset => INTERVAL '1 minute',
    schedule_interval => INTERVAL '5 minutes',
    if_not_exists => true
);
