-- queue::submit: one (mode, layer) and its single span; $4 and $5 are the bounds of its neurons' ranges
WITH layer AS (
    INSERT INTO layers (campaign_id, mode, layer, neurons, jobs)
    SELECT $1, $2, $3, range_agg(int4range(lower, upper)), $6
    FROM unnest($4::integer[], $5::integer[]) AS bounds (lower, upper)
    RETURNING campaign_id, mode, layer, jobs
)
INSERT INTO spans (campaign_id, mode, layer, ordinals)
SELECT campaign_id, mode, layer, int4range(0, jobs) FROM layer
