-- queue::progress: jobs by layer and state, those that are done aside: these are what a layer has beside the others, and
-- their spans are not looked at; nor are those that failed, which are counted with their layer
SELECT mode, layer, 'all' AS state, jobs::bigint AS jobs FROM layers WHERE campaign_id = $1
UNION ALL
SELECT mode, layer, 'failed', failed::bigint FROM layers WHERE campaign_id = $1
UNION ALL
SELECT mode, layer, state::text, sum(upper(ordinals) - lower(ordinals))::bigint
FROM (
    SELECT mode, layer, state, ordinals FROM spans WHERE campaign_id = $1 AND state = 'pending'
    UNION ALL
    SELECT mode, layer, state, ordinals FROM spans WHERE campaign_id = $1 AND state = 'leased'
    UNION ALL
    SELECT mode, layer, state, ordinals FROM spans WHERE campaign_id = $1 AND state = 'cancelled'
) AS unfinished
GROUP BY mode, layer, state
