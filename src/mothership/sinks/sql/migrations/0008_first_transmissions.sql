-- When the first transmission of a content arrived, at the earliest: a retry that came before it repeats another batch.
-- Null where it can't be told, and for what an earlier version has noted: then a retry is a repeat.
ALTER TABLE ingested_batches ADD COLUMN IF NOT EXISTS first_received_micros BIGINT;
