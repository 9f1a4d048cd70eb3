-- name: extension
-- What the server has: the version and schema that are installed here, the version that could be, whether the library
-- is loaded, and the license, `apache` or `timescale`.
SELECT
    (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS installed,
    (
        SELECT quote_ident(nspname)
        FROM pg_extension
        INNER JOIN pg_namespace ON extnamespace = pg_namespace.oid
        WHERE extname = 'timescaledb'
    ) AS schema,
    (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS available,
    coalesce(
        current_setting('timescaledb.disable_load', true), current_setting('timescaledb.license', true)
    ) IS NOT NULL AS loaded,
    current_setting('timescaledb.license', true) AS license;

-- name: create_extension
-- Needs the right to, and the library preloaded.
CREATE EXTENSION IF NOT EXISTS timescaledb;

-- name: schema_of_events
-- Other schemas of the database may hold hypertables of the same name, which this role may not look at.
SELECT nspname
FROM pg_class
INNER JOIN pg_namespace ON relnamespace = pg_namespace.oid
WHERE pg_class.oid = 'events'::REGCLASS;

-- name: needs_library
-- Whether the table is a hypertable, asked without the library: then what is inserted would miss the chunks.
SELECT EXISTS (
    SELECT FROM _timescaledb_catalog.hypertable
    WHERE schema_name = $1 AND table_name = 'events'
);

-- name: is_hypertable
-- Whether the table has chunks.
SELECT EXISTS (
    SELECT FROM timescaledb_information.hypertables
    WHERE hypertable_schema = $1 AND hypertable_name = 'events'
);

-- name: create_hypertable
-- Rows that are there already move into chunks.
SELECT {extension}.create_hypertable(
    'events', 'ts', chunk_time_interval => $1::INTERVAL, if_not_exists => true, migrate_data => true
);

-- name: has_brin
-- Whether the index of the ordinary table is still there.
SELECT EXISTS (
    SELECT FROM pg_index
    INNER JOIN pg_class ON indexrelid = pg_class.oid
    WHERE indrelid = 'events'::REGCLASS AND relname = 'idx_events_ts_brin'
);

-- name: drop_brin
-- Chunks make it useless.
DROP INDEX IF EXISTS idx_events_ts_brin;

-- name: set_chunk_interval
-- For chunks yet to come.
SELECT {extension}.set_chunk_time_interval('events', $1::INTERVAL);

-- name: chunk_interval
-- As it is.
SELECT time_interval FROM timescaledb_information.dimensions
WHERE hypertable_schema = $1 AND hypertable_name = 'events' AND column_name = 'ts';

-- name: jobs
-- The server's jobs on the table and its aggregate, what they were told, and how they do.
SELECT
    jobs.job_id,
    jobs.proc_name,
    jobs.scheduled,
    coalesce(jobs.config ->> 'drop_after', jobs.config ->> 'compress_after')::INTERVAL AS after,
    (jobs.config ->> 'start_offset')::INTERVAL AS start_offset,
    jobs.next_start < now() - INTERVAL '1 hour' AS late,
    stats.last_run_status = 'Failed' AS failed,
    coalesce(stats.total_failures, 0) AS failures
FROM timescaledb_information.jobs
LEFT JOIN timescaledb_information.job_stats AS stats ON jobs.job_id = stats.job_id
WHERE
    jobs.hypertable_schema = $1
    AND (jobs.hypertable_name, jobs.proc_name) IN (
        ('events', 'policy_retention'),
        ('events', 'policy_compression'),
        ('events_per_minute', 'policy_refresh_continuous_aggregate')
    );

-- name: recorded_policies
-- What Mothership noted: the jobs it made, and what it has to know of the aggregate.
SELECT name, job_id, noted_at FROM mothership_policies;

-- name: record_policy
-- Notes the job under the key that asked for it.
INSERT INTO mothership_policies (name, job_id)
SELECT $1, max(job_id)
FROM timescaledb_information.jobs
WHERE hypertable_schema = $2 AND proc_name = $3 AND hypertable_name IN ('events', 'events_per_minute')
HAVING max(job_id) IS NOT NULL
ON CONFLICT (name) DO UPDATE SET job_id = excluded.job_id;

-- name: record_filled
-- Notes that the aggregate has got all that was in the table.
INSERT INTO mothership_policies (name, noted_at) VALUES ('filled', now())
ON CONFLICT (name) DO UPDATE SET noted_at = excluded.noted_at;

-- name: record_dropped
-- Notes that events older than this may have been dropped.
INSERT INTO mothership_policies AS known (name, noted_at) VALUES ('dropped', now() - $1::INTERVAL)
ON CONFLICT (name) DO UPDATE SET noted_at = greatest(known.noted_at, excluded.noted_at);

-- name: forget_policy
-- It was removed.
DELETE FROM mothership_policies WHERE name = $1;

-- name: add_retention
-- Drops whole chunks older than this.
SELECT {extension}.add_retention_policy('events', drop_after => $1::INTERVAL, if_not_exists => true);

-- name: remove_retention
-- To put another in its place, or none.
SELECT {extension}.remove_retention_policy('events', if_exists => true);

-- name: drop_chunks
-- Retention where the server has no policy for it.
SELECT count(*) FROM {extension}.drop_chunks('events', older_than => $1::INTERVAL);

-- name: has_compression
-- Whether chunks of the table may be compressed yet.
SELECT compression_enabled FROM timescaledb_information.hypertables
WHERE hypertable_schema = $1 AND hypertable_name = 'events';

-- name: enable_compression
-- Columns of one type of event next to each other, newest first.
ALTER TABLE events SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'type',
    timescaledb.compress_orderby = 'ts DESC, id DESC'
);

-- name: add_compression
-- Turns chunks older than this into columns.
SELECT {extension}.add_compression_policy('events', compress_after => $1::INTERVAL, if_not_exists => true);

-- name: remove_compression
-- To put another in its place, or none.
SELECT {extension}.remove_compression_policy('events', if_exists => true);

-- name: has_columnstore
-- Whether compression goes by its newer name here (since 2.18).
SELECT to_regproc('{extension}.add_columnstore_policy') IS NOT NULL;

-- name: enable_columnstore
-- As `enable_compression`.
ALTER TABLE events SET (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'type',
    timescaledb.orderby = 'ts DESC, id DESC'
);

-- name: add_columnstore
-- As `add_compression`.
CALL {extension}.add_columnstore_policy('events', after => $1::INTERVAL, if_not_exists => true);

-- name: remove_columnstore
-- As `remove_compression`.
CALL {extension}.remove_columnstore_policy('events', if_exists => true);

-- name: has_aggregate
-- Whether the continuous aggregate over this very table is there.
SELECT EXISTS (
    SELECT FROM timescaledb_information.continuous_aggregates
    WHERE
        view_schema = $1
        AND view_name = 'events_per_minute'
        AND hypertable_schema = $1
        AND hypertable_name = 'events'
);

-- name: is_name_taken
-- Whether anything has the aggregate's name.
SELECT to_regclass('events_per_minute') IS NOT NULL;

-- name: create_aggregate
-- Counts by minute and type, kept up to date by the server: for dashboards over long times.
CREATE MATERIALIZED VIEW events_per_minute
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT {extension}.time_bucket(INTERVAL '1 minute', ts) AS minute, type, count(*) AS events
FROM events
GROUP BY 1, 2
WITH NO DATA;

-- name: share_aggregate
-- Whoever may read the events may read their counts.
DO $$
DECLARE
    reader RECORD;
BEGIN
    FOR reader IN
        SELECT DISTINCT CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS name
        FROM pg_class, aclexplode(relacl)
        WHERE pg_class.oid = 'events'::REGCLASS AND privilege_type = 'SELECT' AND grantee <> relowner
    LOOP
        EXECUTE format('GRANT SELECT ON events_per_minute TO %s', reader.name);
    END LOOP;
END
$$;

-- name: fill_aggregate
-- All that is in the table, before a policy refreshes a part and hides the rest. Commits by itself, in steps.
CALL {extension}.refresh_continuous_aggregate('events_per_minute', NULL, now() - INTERVAL '1 minute');

-- name: has_batches
-- Whether a refresh goes bucket by bucket unless it is told not to (since 2.19): half a million steps for a year.
SELECT coalesce('buckets_per_batch' = ANY(proargnames), false)
FROM pg_proc
WHERE oid = to_regproc('{extension}.add_continuous_aggregate_policy');

-- name: add_refresh
-- Every five minutes, all but the last minute, wherever something came in since. It must not reach what retention has
-- dropped: a refresh would count nothing there.
SELECT {extension}.add_continuous_aggregate_policy(
    'events_per_minute',
    start_offset => $1::INTERVAL,
    end_offset => INTERVAL '1 minute',
    schedule_interval => INTERVAL '5 minutes',
    if_not_exists => true
);

-- name: add_refresh_without_batches
-- As `add_refresh`.
SELECT {extension}.add_continuous_aggregate_policy(
    'events_per_minute',
    start_offset => $1::INTERVAL,
    end_offset => INTERVAL '1 minute',
    schedule_interval => INTERVAL '5 minutes',
    if_not_exists => true,
    buckets_per_batch => 0
);

-- name: remove_refresh
-- To put another in its place, or none.
SELECT {extension}.remove_continuous_aggregate_policy('events_per_minute', if_exists => true);
