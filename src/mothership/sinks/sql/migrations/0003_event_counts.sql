-- How many events were stored: `minute` counts the events of that minute since the Unix epoch (recent ones only), and
-- `minute` 0 counts all. `slot` spreads concurrent writers over several rows, so none waits for another's commit.
-- Half of each page stays free for updates in place.
CREATE TABLE IF NOT EXISTS event_counts (
    minute BIGINT NOT NULL,
    slot INTEGER NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (minute, slot)
) WITH (fillfactor = 50);
