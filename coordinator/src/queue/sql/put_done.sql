-- queue::merge_done: puts them back, neighbours as one
INSERT INTO spans (campaign_id, mode, layer, ordinals, state)
SELECT $1, $2, $3, merged, 'done'
FROM unnest((
    SELECT range_agg(int4range(lower, upper)) FROM unnest($4::integer[], $5::integer[]) AS bounds (lower, upper)
)) AS merged
