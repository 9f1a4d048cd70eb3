-- name: begin
-- Nothing that is asked here can change anything.
BEGIN READ ONLY;

-- name: server
-- What kind of server it is, and who we are to it.
SELECT
    current_setting('server_version') AS version,
    current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() AS is_standby,
    current_setting('default_transaction_read_only')::BOOLEAN AS is_read_only,
    current_setting('fsync')::BOOLEAN AS fsync,
    current_setting('full_page_writes')::BOOLEAN AS full_page_writes,
    current_setting('max_connections')::INTEGER - current_setting('superuser_reserved_connections')::INTEGER AS connections,
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), FALSE) AS encrypted,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
    current_user::TEXT AS role,
    current_schema()::TEXT AS schema;

-- name: table_is_there
-- Whether anything was stored yet.
SELECT to_regclass('events') IS NOT NULL;

-- name: may_create
-- Whether the first start could make the tables.
SELECT has_schema_privilege(current_schema(), 'CREATE');

-- name: missing_rights
-- Of these rights on these tables, those that we lack. A table that is not there is another question.
SELECT needed.relation, string_agg(needed.privilege, ', ' ORDER BY needed.privilege) AS privileges
FROM unnest($1::TEXT [], $2::TEXT []) AS needed (relation, privilege)
WHERE
    to_regclass(needed.relation) IS NOT NULL
    AND NOT has_table_privilege(to_regclass(needed.relation), needed.privilege)
GROUP BY needed.relation
ORDER BY needed.relation;

-- name: owner
-- Whose the table is, and whether we are that role or a member of it.
SELECT pg_get_userbyid(relowner)::TEXT AS owner, pg_has_role(relowner, 'USAGE') AS is_ours
FROM pg_class WHERE oid = 'events'::REGCLASS;

-- name: applied
-- The newest migration.
SELECT max(number) FROM mothership_migrations;

-- name: has_migrations
-- Whether migrations are noted.
SELECT to_regclass('mothership_migrations') IS NOT NULL;

-- name: invalid_indexes
-- Indexes whose making was interrupted: written to, and never read.
SELECT index_class.relname AS name
FROM pg_index
INNER JOIN pg_class AS index_class ON pg_index.indexrelid = index_class.oid
WHERE pg_index.indrelid = 'events'::REGCLASS AND NOT pg_index.indisvalid;

-- name: size
-- Rows as the statistics have them, and bytes.
SELECT
    coalesce(sum(greatest(pg_class.reltuples, 0)), 0)::BIGINT AS events,
    coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)::BIGINT AS bytes
FROM pg_class
WHERE
    pg_class.oid = 'events'::REGCLASS
    OR pg_class.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'events'::REGCLASS);

-- name: clock
-- What the database's clock shows.
SELECT extract(EPOCH FROM clock_timestamp())::DOUBLE PRECISION;

-- name: job_runs
-- Every job on the table and its aggregate, with its last run.
SELECT
    jobs.job_id,
    jobs.proc_name,
    jobs.scheduled,
    coalesce(jobs.config ->> 'drop_after', jobs.config ->> 'compress_after')::INTERVAL AS after,
    jobs.next_start < now() - INTERVAL '1 hour' AS late,
    stats.last_run_status,
    extract(EPOCH FROM now() - stats.last_run_started_at)::DOUBLE PRECISION AS started_seconds_ago,
    coalesce(stats.total_failures, 0) AS failures
FROM timescaledb_information.jobs
LEFT JOIN timescaledb_information.job_stats AS stats ON jobs.job_id = stats.job_id
WHERE jobs.hypertable_name IN ('events', 'events_per_minute')
ORDER BY jobs.job_id;
