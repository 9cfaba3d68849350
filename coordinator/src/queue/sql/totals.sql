-- queue::campaigns: jobs by campaign and state, those that are done aside: these are what a campaign has beside the
-- others; those that failed are counted with their layers
SELECT campaign_id, 'all' AS state, sum(jobs)::bigint AS jobs FROM layers GROUP BY campaign_id
UNION ALL
SELECT campaign_id, 'failed', sum(failed)::bigint FROM layers GROUP BY campaign_id
UNION ALL
SELECT campaign_id, state::text, sum(upper(ordinals) - lower(ordinals))::bigint
FROM (
    SELECT campaign_id, state, ordinals FROM spans WHERE state = 'pending'
    UNION ALL
    SELECT campaign_id, state, ordinals FROM spans WHERE state = 'leased'
    UNION ALL
    SELECT campaign_id, state, ordinals FROM spans WHERE state = 'cancelled'
) AS unfinished
GROUP BY campaign_id, state
