-- Which of TimescaleDB's jobs Mothership made, by the key that asked for it: it changes and removes no other.
-- Two rows have no job: `filled` says when `events_per_minute` got all that was in the table, and `dropped` from when on
-- no event has been dropped, because a refresh before that would count nothing where there was something.
CREATE TABLE IF NOT EXISTS mothership_policies (
    name TEXT PRIMARY KEY,
    job_id INTEGER,
    noted_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);
