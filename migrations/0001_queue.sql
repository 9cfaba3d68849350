-- The queue: jobs of a (campaign, mode, layer) are numbered from 0, and spans of consecutive jobs that share a state
-- are its rows. The spans of a (campaign, mode, layer) partition its ordinals, always.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TYPE campaign_state AS ENUM ('running', 'paused', 'cancelled', 'completed', 'completed_with_failures');

CREATE TABLE campaigns (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Two submissions with one key are one campaign.
    client_key text NOT NULL UNIQUE,
    name text NOT NULL,
    state campaign_state NOT NULL DEFAULT 'running',
    priority integer NOT NULL,
    -- As submitted, and as resolved against model and corpus.
    spec jsonb NOT NULL,
    description jsonb NOT NULL,
    -- 'neg' and 'pos' in the order in which a neuron's jobs are numbered.
    polarities text[] NOT NULL CHECK (cardinality(polarities) BETWEEN 1 AND 2),
    -- Jobs of one forward pass: claims end on its multiples where they can.
    batch_jobs integer NOT NULL CHECK (batch_jobs > 0),
    max_attempts integer NOT NULL CHECK (max_attempts > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_claimed_at timestamptz,
    -- Trouble of the surroundings (destination, model, corpus, disk) holds the whole campaign back.
    trouble text,
    trouble_count integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT '-infinity'
);

CREATE TABLE layers (
    campaign_id bigint NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    -- The published number of the mode, 1 to 4.
    mode smallint NOT NULL CHECK (mode BETWEEN 1 AND 4),
    layer integer NOT NULL CHECK (layer >= 0),
    neurons int4multirange NOT NULL CHECK (NOT isempty(neurons)),
    -- Number of ordinals.
    jobs integer NOT NULL CHECK (jobs > 0),
    PRIMARY KEY (campaign_id, mode, layer)
);

CREATE TYPE span_state AS ENUM ('pending', 'leased', 'done', 'failed', 'cancelled');

-- Fences leases: a span's epoch is new with every lease, over all campaigns and coordinators.
CREATE SEQUENCE lease_epochs;

CREATE TABLE spans (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL,
    mode smallint NOT NULL,
    layer integer NOT NULL,
    ordinals int4range NOT NULL CHECK (NOT isempty(ordinals) AND lower(ordinals) >= 0),
    state span_state NOT NULL DEFAULT 'pending',
    -- How often a job that stood alone was tried without success.
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT '-infinity',
    -- The last error, and the worker it happened to.
    error text,
    failed_worker text,
    -- The lease, while leased. Rows with one epoch are one lease: reporting part of a span splits its row.
    epoch bigint,
    worker_id text,
    worker_boot bigint,
    granted_sequence bigint,
    deadline timestamptz,
    FOREIGN KEY (campaign_id, mode, layer) REFERENCES layers ON DELETE CASCADE,
    CHECK ((state = 'leased') = (epoch IS NOT NULL)),
    CHECK (num_nulls(epoch, worker_id, worker_boot, granted_sequence, deadline) IN (0, 5)),
    CONSTRAINT spans_do_not_overlap EXCLUDE USING gist (
        campaign_id WITH =, mode WITH =, layer WITH =, ordinals WITH &&
    )
);

CREATE INDEX spans_pending ON spans (campaign_id, mode, layer) WHERE state = 'pending';
CREATE INDEX spans_by_epoch ON spans (epoch) WHERE state = 'leased';
CREATE INDEX spans_by_deadline ON spans (deadline) WHERE state = 'leased';
CREATE INDEX spans_by_worker ON spans (worker_id) WHERE state = 'leased';
CREATE INDEX spans_leased ON spans (campaign_id) WHERE state = 'leased';
CREATE INDEX spans_failed ON spans (campaign_id) WHERE state = 'failed';
CREATE INDEX spans_done ON spans (campaign_id, mode, layer) WHERE state = 'done';

CREATE TABLE workers (
    id text PRIMARY KEY,
    boot bigint NOT NULL,
    -- The number of the last Sync that was begun.
    sequence bigint NOT NULL,
    backend text NOT NULL,
    cores integer NOT NULL,
    draining boolean NOT NULL,
    last_sync timestamptz NOT NULL DEFAULT now()
);

-- When any coordinator was last alive: the first one back after a common outage extends all leases by the gap.
CREATE TABLE coordinator_pulse (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    last_alive timestamptz NOT NULL DEFAULT now()
);
INSERT INTO coordinator_pulse DEFAULT VALUES;

-- One row a job, for people with psql.
CREATE VIEW jobs AS
SELECT
    campaigns.name AS campaign,
    campaigns.description ->> 'size' AS model,
    spans.layer,
    neuron_of.neuron,
    campaigns.polarities[ordinal % cardinality(campaigns.polarities) + 1] AS polarity,
    (ARRAY['i', 'ii', 'iii', 'iiii'])[spans.mode] AS mode,
    spans.state,
    spans.attempts,
    spans.error
FROM spans
JOIN campaigns ON campaigns.id = spans.campaign_id
JOIN layers USING (campaign_id, mode, layer)
CROSS JOIN LATERAL generate_series(lower(spans.ordinals), upper(spans.ordinals) - 1) AS ordinal
CROSS JOIN LATERAL (
    -- The neuron at an index of the layer's list: its range is found by the sizes of those before it.
    SELECT lower(range) + (ordinal / cardinality(campaigns.polarities) - before)::integer AS neuron
    FROM (
        SELECT range, sum(upper(range) - lower(range)) OVER (ORDER BY range) - (upper(range) - lower(range)) AS before
        FROM unnest(layers.neurons) AS range
    ) AS ranges
    WHERE ordinal / cardinality(campaigns.polarities) >= before
    ORDER BY before DESC
    LIMIT 1
) AS neuron_of;
