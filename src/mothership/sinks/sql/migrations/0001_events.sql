-- The events themselves. An older Mothership, or a person, may have made the table: it is adopted as it is.
-- Its indexes are made in code, because a big table that lacks one must not be locked while it is built.
CREATE TABLE IF NOT EXISTS events (
    ts TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    data JSONB NOT NULL,
    id BIGSERIAL,
    created_at TIMESTAMPTZ DEFAULT NOW()
);
