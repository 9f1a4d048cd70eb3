"""Every metric, declared once, and the service's own log."""

import structlog
from prometheus_client import Counter, Gauge, Histogram

import mothership.buffered_metrics  # noqa: F401 - first, for it stands before them in the registry
from mothership import logged_exceptions

if not structlog.is_configured():
    logged_exceptions.configure()
log: structlog.stdlib.BoundLogger = structlog.get_logger()

# --- the specification's metrics ---------------------------------------------------------------------------------

ingestion_requests = Counter("mothership_ingestion_requests_total", "Requests with events, by outcome.", ["status"])
input_requests = Counter(
    "mothership_input_requests_total",
    "Requests with events, by input (ingest, otlp, loki) and outcome.",
    ["input", "status"],
)
input_events = Counter("mothership_input_events_total", "Events accepted and made safe, by input.", ["input"])
input_rejected = Counter(
    "mothership_input_events_rejected_total", "Events refused in requests that were taken, by input.", ["input"]
)
ingestion_events = Counter("mothership_ingestion_events_total", "Events taken: accepted by /ingest and made safe.")
pipeline_duration = Histogram(
    "mothership_pipeline_duration_seconds",
    "Time one batch spent in the pipeline.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
database_writes = Counter("mothership_database_writes_total", "Writes to the database.", ["status"])
active_connections = Gauge(
    "mothership_active_connections", "Connections to the database in use.", multiprocess_mode="livesum"
)

# --- edge --------------------------------------------------------------------------------------------------------

events_rejected = Counter("mothership_events_rejected_total", "Events refused, by where and why.", ["stage", "reason"])
refusals_forgotten = Counter(
    "mothership_refusals_forgotten_total", "Refused batches of which a retry would not be known to be new any more."
)
events_cut = Counter("mothership_events_cut_total", "Events of which a part was cut, by the bound.", ["bound"])
auth_failures = Counter(
    "mothership_auth_failures_total", "Logins that failed, and scopes that were missing.", ["reason"]
)
connections_open = Gauge(
    "mothership_open_connections", "Connections of clients that are open.", multiprocess_mode="livesum"
)
connections_refused = Counter(
    "mothership_connections_refused_total", "Connections ended before a request reached the application.", ["reason"]
)
load_refused = Counter(
    "mothership_load_refused_total", "Requests refused for load, by the stage that had no room for them.", ["stage"]
)
load_wait_seconds = Histogram(
    "mothership_load_wait_seconds",
    "Time that requests waited for room, by stage; those that found room at once are not in it.",
    ["stage"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
tls_failures = Counter("mothership_tls_failures_total", "TLS handshakes that failed, by reason.", ["reason"])
client_events = Counter("mothership_client_events_total", "Events accepted, by the name of the caller.", ["client"])

# --- pipeline ----------------------------------------------------------------------------------------------------

pipeline_events = Counter(
    "mothership_pipeline_events_total", "Events that went through the pipeline, by result.", ["result"]
)
processor_events = Counter("mothership_processor_events_total", "Events a processor saw.", ["processor"])
processor_errors = Counter("mothership_processor_errors_total", "Events a processor failed on.", ["processor"])
processor_seconds = Counter("mothership_processor_seconds_total", "Time spent in a processor.", ["processor"])
redactions = Counter("mothership_redactions_total", "Places redacted, by rule.", ["rule"])
redaction_unsafe = Counter(
    "mothership_redaction_unsafe_total",
    "Events that still looked unsafe after redaction, by what was done.",
    ["action"],
)
redaction_audited = Counter(
    "mothership_redaction_audited_events_total", "Events that went through every rule's finder without a prefilter."
)
redaction_audit_missed = Counter(
    "mothership_redaction_audit_missed_total",
    "Places that a rule's prefilter missed in audited events: 0 on a good day.",
    ["rule"],
)
chunk_budget_refused = Counter(
    "mothership_chunk_budget_refused_total",
    "Events stored at the time of receipt, because their own would have opened too many new chunks.",
)

# --- llm ---------------------------------------------------------------------------------------------------------

templates_known = Gauge("mothership_templates", "Message templates in memory.", multiprocess_mode="livesum")
llm_calls = Counter("mothership_llm_calls_total", "Calls to the LLM, by what became of them.", ["outcome"])
llm_seconds = Histogram(
    "mothership_llm_call_duration_seconds",
    "Time one call to the LLM took.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
llm_tokens = Counter("mothership_llm_tokens_total", "Tokens spent on the LLM.", ["direction"])
llm_events = Counter("mothership_llm_events_total", "Events that the LLM step saw, by what it did.", ["result"])
llm_cache = Counter("mothership_llm_cache_total", "Questions for a verdict, by where it was found.", ["found"])
llm_breaker = Gauge(
    "mothership_llm_breaker_open",
    "Is the LLM's circuit breaker open? 1 open, 0.5 half-open, 0 closed.",
    multiprocess_mode="livemax",
)

# --- live tail ---------------------------------------------------------------------------------------------------

tail_readers = Gauge("mothership_tail_readers", "Live tails that are open.", multiprocess_mode="livesum")
tails_ended = Counter(
    "mothership_tails_ended_total",
    "Live tails that the service ended or did not open: `refused` for their number, `stalled` for taking nothing, "
    "`revoked` with their credentials.",
    ["reason"],
)

# --- sinks: TimescaleDB ------------------------------------------------------------------------------------------

database_rows = Counter("mothership_database_rows_total", "Rows committed to the database.")
database_write_seconds = Histogram(
    "mothership_database_write_seconds",
    "Time one write to the database took, from claim to commit.",
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)

# --- sinks: Loki -------------------------------------------------------------------------------------------------

loki_pushes = Counter("mothership_loki_pushes_total", "Pushes to Loki, by HTTP status (`none`: no answer).", ["status"])
loki_push_bytes = Counter("mothership_loki_push_bytes_total", "Bytes of the pushes that Loki answered, compressed.")
loki_entries = Counter("mothership_loki_entries_total", "Lines pushed, by what became of them.", ["outcome"])
loki_lines_cut = Counter("mothership_loki_lines_cut_total", "Lines cut to `sinks.loki.max_line_bytes`.")
loki_label_overflows = Counter(
    "mothership_loki_label_overflows_total", "Values past a label's cap, and events past the cap of streams.", ["label"]
)
loki_streams = Gauge("mothership_loki_streams", "Streams this process has made.", multiprocess_mode="livesum")


# --- relay -------------------------------------------------------------------------------------------------------

spool_events = Gauge("mothership_spool_events", "Events that wait for a sink.", ["sink"], multiprocess_mode="livesum")
spool_bytes = Gauge(
    "mothership_spool_bytes", "Bytes on disk that wait for a sink.", ["sink"], multiprocess_mode="livesum"
)
spool_oldest_seconds = Gauge(
    "mothership_spool_oldest_seconds", "Age of the oldest event that waits.", ["sink"], multiprocess_mode="livemax"
)
spool_fsync_seconds = Histogram(
    "mothership_spool_fsync_seconds",
    "Time one commit with fsync took.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
spool_group_size = Histogram(
    "mothership_spool_group_size", "Operations that shared one fsync.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
)
spool_damaged = Counter("mothership_spool_damaged_events_total", "Events whose record on disk could not be read.")
spool_refused = Counter("mothership_spool_refused_total", "Batches that could not be kept: answered 503.")
sink_events = Counter("mothership_sink_events_total", "Events a sink has stored.", ["sink"])
sink_retries = Counter("mothership_sink_retries_total", "Writes that failed and are tried again.", ["sink", "cause"])
sink_write_seconds = Histogram(
    "mothership_sink_write_seconds",
    "Time one write to a sink took.",
    ["sink"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0),
)
sink_write_events = Histogram(
    "mothership_sink_write_events", "Events in one write.", ["sink"], buckets=(1, 10, 100, 500, 1000, 2500, 5000, 10000)
)
sink_drain_rate = Gauge(
    "mothership_sink_drain_rate", "Events a second that a sink takes.", ["sink"], multiprocess_mode="livesum"
)
breaker_state = Gauge(
    "mothership_breaker_state", "0 closed, 1 half open, 2 open, 3 paused.", ["sink"], multiprocess_mode="livemax"
)
dead_letters_total = Counter("mothership_dead_letters_total", "Events set aside because a sink refused them.", ["sink"])
dead_letters_waiting = Gauge(
    "mothership_dead_letters_waiting", "Events among the dead letters.", multiprocess_mode="livesum"
)
dead_letters_dropped = Counter("mothership_dead_letters_dropped_total", "Events dropped from the dead letters' bounds.")
in_flight_events = Gauge("mothership_in_flight_events", "Events that wait for an answer.", multiprocess_mode="livesum")
in_flight_refused = Counter("mothership_in_flight_refused_total", "Batches answered 429: too much in flight.")


jetstream_reachable = Gauge(
    "mothership_jetstream_reachable",
    "1 while the cluster of the spool answers and has a majority.",
    ["stream"],
    multiprocess_mode="livemin",
)
jetstream_out_of_step = Gauge(
    "mothership_jetstream_replicas_out_of_step",
    "Servers of the stream that are away or behind.",
    ["stream"],
    multiprocess_mode="livemax",
)
jetstream_ack_pending = Gauge(
    "mothership_jetstream_ack_pending",
    "Batches that instances hold and have not delivered.",
    ["sink"],
    multiprocess_mode="livemax",
)
jetstream_ack_pending_max = Gauge(
    "mothership_jetstream_max_ack_pending",
    "Where deliveries to a sink stall: relay.spool.jetstream.max_ack_pending.",
    ["stream"],
    multiprocess_mode="livemax",
)
spool_bytes_max = Gauge(
    "mothership_spool_max_bytes", "Bytes that may wait on disk: relay.spool.max_bytes.", multiprocess_mode="livesum"
)

# --- the service itself ------------------------------------------------------------------------------------------

build_info = Gauge(
    "mothership_build_info",
    "Always 1; the labels say what runs.",
    ["version", "python"],
    multiprocess_mode="livemax",
)
data_dir_free_bytes = Gauge(
    "mothership_data_dir_free_bytes",
    "Bytes that are free on the file system of server.data_dir.",
    multiprocess_mode="livemostrecent",
)
data_dir_size_bytes = Gauge(
    "mothership_data_dir_size_bytes",
    "Size of the file system of server.data_dir in bytes.",
    multiprocess_mode="livemostrecent",
)
certificate_expiry = Gauge(
    "mothership_certificate_expiry_timestamp_seconds",
    "When a certificate ends (`server`, `client_ca`), in seconds since the Unix epoch.",
    ["certificate"],
    multiprocess_mode="livemostrecent",
)
token_expiry = Gauge(
    "mothership_token_expiry_timestamp_seconds",
    "When the last token of a name ends, in seconds since the Unix epoch; +Inf: never, or there is none any more.",
    ["client"],
    multiprocess_mode="livemostrecent",
)
client_last_event = Gauge(
    "mothership_client_last_event_timestamp_seconds",
    "When events of a caller were last accepted, in seconds since the Unix epoch.",
    ["client"],
    multiprocess_mode="max",
)
database_failing_jobs = Gauge(
    "mothership_database_failing_jobs",
    "Jobs of TimescaleDB on the events that fail, are late or are paused.",
    multiprocess_mode="livemax",
)
database_unsupported = Gauge(
    "mothership_database_differences",
    "What the database does not do as configured: `unsupported` in /healthz.",
    multiprocess_mode="livemax",
)
llm_budget_used = Gauge(
    "mothership_llm_budget_used_ratio",
    "Part of the day's budget of the LLM that is spent, by tokens or by money, whichever is more.",
    multiprocess_mode="livemax",
)
