CREATE TABLE public.event_counts (
    minute bigint NOT NULL,
    slot integer NOT NULL,
    events bigint NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.events (
    ts timestamp with time zone DEFAULT now() NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    data jsonb NOT NULL,
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now()
);
CREATE SEQUENCE public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;
CREATE TABLE public.ingested_batches (
    fingerprint bytea NOT NULL,
    stored_at timestamp with time zone DEFAULT now() NOT NULL,
    events integer NOT NULL,
    retry_received_micros bigint,
    first_received_micros bigint
);
CREATE TABLE public.llm_spending (
    day date NOT NULL,
    tokens bigint NOT NULL,
    micros bigint NOT NULL
);
CREATE TABLE public.llm_verdicts (
    key bytea NOT NULL,
    record jsonb NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.mothership_keys (
    name text NOT NULL,
    key bytea NOT NULL
);
CREATE TABLE public.mothership_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.mothership_policies (
    name text NOT NULL,
    job_id integer,
    noted_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);
INSERT INTO public.event_counts VALUES (0, 12, 2);
INSERT INTO public.events VALUES ('2026-01-01 00:00:00+00', 'syslog', 'web01', '{"tags": {"service": "web", "version": "1.5", "processed_by": "mothership"}, "type": "syslog", "source": "web01", "message": "stored 1", "service": "web", "timestamp": "2026-01-01T00:00:00.000000Z"}', 1, '2026-11-30 18:14:06.126058+00');
INSERT INTO public.events VALUES ('2026-01-01 00:00:00+00', 'syslog', 'web01', '{"tags": {"service": "web", "version": "1.5", "processed_by": "mothership"}, "type": "syslog", "source": "web01", "message": "stored 2", "service": "web", "timestamp": "2026-01-01T00:00:00.000000Z"}', 2, '2026-11-30 18:14:06.126058+00');
INSERT INTO public.ingested_batches VALUES ('\x9c0b11996b4ed4c2ad33c739a5e9359365fefb552abbe8fb8b9ba7e598def7a4', '2026-11-30 18:14:06.126058+00', 2, NULL, NULL);
INSERT INTO public.mothership_keys VALUES ('fingerprint', '\xfa8b56467a88d510e08d807bdf691f37c8a28ab4c395d0bd604654adc599b611');
INSERT INTO public.mothership_migrations VALUES (1, 'events', '2026-11-30 18:14:05.768797+00');
INSERT INTO public.mothership_migrations VALUES (2, 'ingested_batches', '2026-11-30 18:14:05.768797+00');
INSERT INTO public.mothership_migrations VALUES (3, 'event_counts', '2026-11-30 18:14:05.768797+00');
INSERT INTO public.mothership_migrations VALUES (4, 'mothership_keys', '2026-11-30 18:14:05.768797+00');
INSERT INTO public.mothership_migrations VALUES (5, 'llm_verdicts', '2026-11-30 18:14:05.768797+00');
INSERT INTO public.mothership_migrations VALUES (6, 'early_retries', '2026-11-30 18:14:05.768797+00');
INSERT INTO public.mothership_migrations VALUES (7, 'mothership_policies', '2026-11-30 18:14:05.768797+00');
INSERT INTO public.mothership_migrations VALUES (8, 'first_transmissions', '2026-11-30 18:14:05.768797+00');
SELECT pg_catalog.setval('public.events_id_seq', 2, true);
ALTER TABLE ONLY public.event_counts
    ADD CONSTRAINT event_counts_pkey PRIMARY KEY (minute, slot);
ALTER TABLE ONLY public.ingested_batches
    ADD CONSTRAINT ingested_batches_pkey PRIMARY KEY (fingerprint);
ALTER TABLE ONLY public.llm_spending
    ADD CONSTRAINT llm_spending_pkey PRIMARY KEY (day);
ALTER TABLE ONLY public.llm_verdicts
    ADD CONSTRAINT llm_verdicts_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.mothership_keys
    ADD CONSTRAINT mothership_keys_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.mothership_migrations
    ADD CONSTRAINT mothership_migrations_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.mothership_policies
    ADD CONSTRAINT mothership_policies_pkey PRIMARY KEY (name);
CREATE INDEX idx_events_data_gin ON public.events USING gin (data jsonb_path_ops);
CREATE INDEX idx_events_source_ts ON public.events USING btree (source, ts DESC);
CREATE INDEX idx_events_ts_brin ON public.events USING brin (ts) WITH (pages_per_range='32', autosummarize='on');
CREATE INDEX idx_events_type_ts ON public.events USING btree (type, ts DESC);
CREATE INDEX idx_ingested_batches_stored_at ON public.ingested_batches USING btree (stored_at);
CREATE INDEX idx_llm_verdicts_expires_at ON public.llm_verdicts USING btree (expires_at);
