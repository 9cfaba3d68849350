-- queue::submit: one (mode, layer) and its spans; $4 and $5 are the bounds of its neurons' ranges, $7 and $8 those of the
-- runs of its jobs that are done already, of which no two touch
WITH layer AS (
    INSERT INTO layers (campaign_id, mode, layer, neurons, jobs)
    SELECT $1, $2, $3, range_agg(int4range(lower, upper)), $6
    FROM unnest($4::integer[], $5::integer[]) AS bounds (lower, upper)
    RETURNING campaign_id, mode, layer, jobs
), done AS (
    SELECT int4range(lower, upper) AS ordinals FROM unnest($7::integer[], $8::integer[]) AS bounds (lower, upper)
), runs AS (
    SELECT ordinals, 'done'::span_state AS state FROM done
    UNION ALL
    SELECT unnest(int4multirange(int4range(0, jobs)) - coalesce((SELECT range_agg(ordinals) FROM done), '{}')), 'pending'
    FROM layer
)
INSERT INTO spans (campaign_id, mode, layer, ordinals, state, tidied)
SELECT campaign_id, mode, layer, ordinals, state, state = 'done' FROM layer CROSS JOIN runs
