-- queue::punish: of layers ($1 campaigns, $2 modes, $3 layers) so many more jobs ($4) were given up; in the order in
-- which everybody locks them
UPDATE layers SET failed = failed + given_up.jobs
FROM (
    SELECT campaign_id, mode, layer, added.jobs
    FROM unnest($1::bigint[], $2::smallint[], $3::integer[], $4::integer[]) AS added (campaign_id, mode, layer, jobs)
    JOIN layers USING (campaign_id, mode, layer)
    ORDER BY campaign_id, mode, layer
    FOR NO KEY UPDATE OF layers
) AS given_up
WHERE (layers.campaign_id, layers.mode, layers.layer) = (given_up.campaign_id, given_up.mode, given_up.layer)
