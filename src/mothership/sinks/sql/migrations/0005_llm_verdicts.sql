-- What the LLM made of message templates, so that instances share it and a restart asks nothing again:
-- SELECT record -> 'verdict' ->> 'summary', record -> 'question' ->> 'template' FROM llm_verdicts
CREATE TABLE IF NOT EXISTS llm_verdicts (
    key BYTEA PRIMARY KEY,
    record JSONB NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_llm_verdicts_expires_at ON llm_verdicts (expires_at);

-- What was spent on the LLM each day (UTC), by all instances together.
CREATE TABLE IF NOT EXISTS llm_spending (
    day DATE PRIMARY KEY,
    tokens BIGINT NOT NULL,
    micros BIGINT NOT NULL
);
