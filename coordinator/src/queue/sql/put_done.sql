-- queue::merge_done: puts them back, neighbours as one
INSERT INTO spans (campaign_id, mode, layer, ordinals, state, attempts)
SELECT $1, $2, $3, merged, 'done', attempts
FROM (
    SELECT attempts, range_agg(int4range(lower, upper)) AS ranges
    FROM unnest($4::integer[], $5::integer[], $6::integer[]) AS taken (attempts, lower, upper)
    GROUP BY attempts
) AS by_attempts, unnest(ranges) AS merged
