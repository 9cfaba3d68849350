-- What waking idle workers, noticing wedged ones, capping campaigns and telling rates needs.

-- A campaign is worked on by so many workers at most; null for no limit.
ALTER TABLE campaigns ADD COLUMN max_workers integer CHECK (max_workers > 0);

-- When the span was last leased.
ALTER TABLE spans ADD COLUMN leased_at timestamptz;

ALTER TABLE workers
    -- When its present process was first heard of.
    ADD COLUMN started_at timestamptz NOT NULL DEFAULT now(),
    -- When it last reported a job as done or failed.
    ADD COLUMN last_progress timestamptz NOT NULL DEFAULT now();

-- What was done in the last minutes, a row a report: rates are told from it. It is not logged: after a crash of the
-- database it is empty, and rates are known again a minute later.
CREATE UNLOGGED TABLE finished (
    campaign_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    jobs integer NOT NULL
);
CREATE INDEX finished_by_campaign ON finished (campaign_id, at) INCLUDE (jobs);

-- Who works on a campaign is read from the index alone.
DROP INDEX spans_leased;
CREATE INDEX spans_leased ON spans (campaign_id, worker_id) WHERE state = 'leased';
CREATE INDEX spans_cancelled ON spans (campaign_id) WHERE state = 'cancelled';
-- What waits to be tried again; few, whatever waits to be tried at all.
CREATE INDEX spans_waiting ON spans (not_before) WHERE state = 'pending' AND not_before > '-infinity';
