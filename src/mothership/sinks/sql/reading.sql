-- name: begin_reading
-- Opens a reader's transaction: one view of the table, which changes nothing, waits for no lock for long, and takes one
-- processor at most, so that writers keep theirs.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = {statement_milliseconds};
SET LOCAL idle_in_transaction_session_timeout = 10000;
SET LOCAL lock_timeout = 1000;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;

-- name: statement_timeout
-- What is left of the search's time.
SET LOCAL statement_timeout = {statement_milliseconds};

-- name: prefer_bitmap
-- The condition is known to be rare: all that satisfy it are found at once, through its index.
SET LOCAL enable_seqscan = off;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;

-- name: any_plan
-- Back to what the planner thinks best.
SET LOCAL enable_seqscan = on;
SET LOCAL enable_indexscan = on;
SET LOCAL enable_indexonlyscan = on;

-- name: indexes_to_read_by
-- Whether events can be read in the order of time, and by `data @> …`, through an index.
SELECT
    coalesce(bool_or(access.amname = 'btree' AND pg_attribute.attname = 'ts'), false) AS by_time,
    coalesce(bool_or(access.amname = 'gin' AND pg_attribute.attname = 'data'), false) AS by_data
FROM pg_index
INNER JOIN pg_class AS index_class ON pg_index.indexrelid = index_class.oid
INNER JOIN pg_am AS access ON index_class.relam = access.oid
INNER JOIN pg_attribute
    ON pg_index.indrelid = pg_attribute.attrelid AND pg_index.indkey[0] = pg_attribute.attnum
WHERE pg_index.indrelid = 'events'::REGCLASS AND pg_index.indisvalid AND pg_index.indpred IS NULL;

-- name: types
-- The types that there are, one look into the index each.
WITH RECURSIVE found AS (
    (SELECT type FROM events ORDER BY type LIMIT 1)
    UNION ALL
    SELECT (SELECT events.type FROM events WHERE events.type > found.type ORDER BY events.type LIMIT 1)
    FROM found
    WHERE found.type IS NOT NULL
)

SELECT type FROM found WHERE type IS NOT NULL LIMIT $1;

-- name: branch
-- Part of `scan`: the events of one type, or one source, which an index has in the order of time. Each has an order and
-- a limit of its own, so that the branches are merged as they come, and none is read further than is needed.
(SELECT ts, id, type, source, data FROM events WHERE {conditions} ORDER BY ts DESC, id DESC LIMIT {rows})

-- name: by_condition
-- All events of the range that satisfy the conditions, in any order.
SELECT ts, id, type, source, data FROM events WHERE {conditions}

-- name: scan
-- Part of what follows: the newest so many events of the range, before any other condition is looked at.
SELECT ts, id, type, source, data FROM ({branches}) AS ranged ORDER BY ts DESC, id DESC LIMIT {rows}

-- name: select_event
-- Part of what follows: what an event is read as; what is too big is cut to its message's begin.
SELECT
    (extract(EPOCH FROM ts) * 1000000)::BIGINT AS micros,
    id,
    type,
    source,
    octet_length(data::TEXT) > {bytes} AS is_cut,
    CASE
        WHEN octet_length(data::TEXT) <= {bytes} THEN data::TEXT
        ELSE jsonb_build_object('_cut', octet_length(data::TEXT), 'message', left(data ->> 'message', {begin}))::TEXT
    END AS data

-- name: newest
-- Of the events scanned, the newest that satisfy the conditions.
{select_event}
FROM ({scan}) AS scanned
WHERE {conditions}
ORDER BY ts DESC, id DESC
LIMIT {rows};

-- name: scan_end
-- Where the scan ended; nothing when it came to the end of the range.
SELECT (extract(EPOCH FROM ts) * 1000000)::BIGINT AS micros, id
FROM ({scan}) AS scanned
ORDER BY ts ASC, id ASC
LIMIT 1;

-- name: scan_count
-- How many events the scan came to.
SELECT count(*) FROM ({scan}) AS scanned;

-- name: count_templates
-- How many of the newest events that satisfy the conditions are of each template; the row without one has the others.
WITH found AS (
    SELECT
        ts,
        left(data ->> 'template_id', 64) AS template_id,
        left(data ->> 'message', 400) AS message,
        CASE WHEN data ? 'llm' THEN left((data -> 'llm')::TEXT, 4000) END AS verdict
    FROM ({scan}) AS scanned
    WHERE {conditions}
    LIMIT {rows}
)

SELECT
    template_id,
    count(*) AS events,
    (extract(EPOCH FROM max(ts)) * 1000000)::BIGINT AS micros,
    max(message) AS example,
    max(verdict) AS verdict
FROM found
GROUP BY template_id;

-- name: count_values
-- How often the values of each field occur among the newest events that satisfy the conditions; the row without a field
-- counts the events.
WITH found AS (
    SELECT
        type,
        source,
        coalesce(data ->> 'service', data #>> '{{tags,service}}', data ->> 'app_name') AS service,
        coalesce(data #>> '{{tags,site}}', data ->> 'site') AS site,
        data ->> 'severity_num' AS severity
    FROM ({scan}) AS scanned
    WHERE {conditions}
    LIMIT {rows}
),

counted AS (
    SELECT facet.field, left(facet.value, 200) AS value, count(*) AS events
    FROM found
    CROSS JOIN LATERAL (
        VALUES ('', ''), ('type', type), ('source', source), ('service', service), ('site', site), ('severity', severity)
    ) AS facet (field, value)
    WHERE facet.value IS NOT NULL
    GROUP BY facet.field, left(facet.value, 200)
),

ranked AS (
    SELECT field, value, events, row_number() OVER (PARTITION BY field ORDER BY events DESC, value ASC) AS place
    FROM counted
)

SELECT field, value, events FROM ranked WHERE place <= {values} ORDER BY field, place;

-- name: count_by_time
-- How many events there are in each span of time.
SELECT (extract(EPOCH FROM date_bin({width}, ts, {begin})) * 1000000)::BIGINT AS micros, count(*) AS events
FROM events
WHERE {conditions}
GROUP BY 1;

-- name: count_slices
-- The same where there are many: a slice of each span is counted.
SELECT bucket, count(*) AS events
FROM generate_series(0, {buckets} - 1) AS bucket
CROSS JOIN LATERAL (
    SELECT 1 AS one
    FROM events
    WHERE
        ts >= {begin} + bucket * {width}
        AND ts < {begin} + bucket * {width} + {slice}
        AND {conditions}
) AS slice
GROUP BY bucket;

-- name: around
-- What is before an event at its source, or (in the other order) after it, or at its very time.
{select_event}
FROM events
WHERE source = $1 AND {conditions}
ORDER BY ts {direction}, id {direction}
LIMIT $2;
