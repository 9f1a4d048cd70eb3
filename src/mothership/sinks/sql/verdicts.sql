-- name: get_verdict
-- The record under a key, unless it has expired.
SELECT record::TEXT FROM llm_verdicts WHERE key = $1 AND expires_at > now();

-- name: put_verdict
-- Keeps a record; of two instances that asked at the same time, the later one's stays.
INSERT INTO llm_verdicts (key, record, expires_at) VALUES ($1, $2::TEXT::JSONB, $3)
ON CONFLICT (key) DO UPDATE SET record = excluded.record, expires_at = excluded.expires_at;

-- name: forget_verdicts
-- Drops a few that have expired; as many go as come.
DELETE FROM llm_verdicts
WHERE key IN (SELECT key FROM llm_verdicts WHERE expires_at <= now() ORDER BY expires_at LIMIT 10);

-- name: spend
-- Adds to a day's sums and tells them.
INSERT INTO llm_spending AS spent (day, tokens, micros) VALUES ($1, $2, $3)
ON CONFLICT (day) DO UPDATE SET tokens = spent.tokens + excluded.tokens, micros = spent.micros + excluded.micros
RETURNING tokens, micros;
