-- When a retry was received whose first transmission has not been seen: that may still wait in another instance's spool,
-- and is taken for stored when it comes. Null for all other batches.
ALTER TABLE ingested_batches ADD COLUMN IF NOT EXISTS retry_received_micros BIGINT;
