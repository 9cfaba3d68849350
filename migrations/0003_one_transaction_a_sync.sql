-- What doing a Sync in one short transaction needs, and what keeps upkeep and counting bounded.

-- Coordinators that were alive, a row a pulse: the first one back after a common outage extends all leases by the gap.
-- Rows are only added, and old ones taken away: nobody who holds a lock keeps another from saying that it is alive.
CREATE TABLE pulses (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX pulses_by_time ON pulses (at);
INSERT INTO pulses (at) SELECT last_alive FROM coordinator_pulse;
DROP TABLE coordinator_pulse;

-- Jobs that were given up are counted where it happens; to count their spans would take longer the more there are.
ALTER TABLE layers ADD COLUMN failed integer NOT NULL DEFAULT 0 CHECK (failed >= 0);
UPDATE layers SET failed = counted.jobs
FROM (
    SELECT campaign_id, mode, layer, sum(upper(ordinals) - lower(ordinals))::integer AS jobs FROM spans
    WHERE state = 'failed' GROUP BY campaign_id, mode, layer
) AS counted
WHERE (layers.campaign_id, layers.mode, layers.layer) = (counted.campaign_id, counted.mode, counted.layer);

-- Whether merging has looked at a done span: each is looked at once, however many there are that cannot be merged.
ALTER TABLE spans ADD COLUMN tidied boolean NOT NULL DEFAULT false;
DROP INDEX spans_done;
CREATE INDEX spans_untidied ON spans (campaign_id, mode, layer) WHERE state = 'done' AND NOT tidied;

-- The next span of a campaign, and its first failures, are read in their order.
DROP INDEX spans_pending;
CREATE INDEX spans_pending ON spans (campaign_id, mode, layer, lower(ordinals)) WHERE state = 'pending';
DROP INDEX spans_failed;
CREATE INDEX spans_failed ON spans (campaign_id, mode, layer, lower(ordinals)) WHERE state = 'failed';

-- A Sync reads all that its worker holds.
DROP INDEX spans_by_epoch;

-- Written with every Sync: room beside a row keeps its next version on the same page, without a new index entry.
ALTER TABLE workers SET (fillfactor = 50);
ALTER TABLE campaigns SET (fillfactor = 50);
