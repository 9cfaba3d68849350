-- queue::claim: the next span to hand out: by priority, then the campaign that waited longest, then where the worker
-- is warm ($1 campaign, $2 mode, $3 layer), then in order; SKIP LOCKED is added where somebody else's is to be passed over
SELECT
    spans.id, spans.campaign_id, spans.mode, spans.layer, spans.ordinals,
    campaigns.batch_jobs, cardinality(campaigns.polarities) AS polarities
FROM spans
JOIN campaigns ON campaigns.id = spans.campaign_id
WHERE spans.state = 'pending' AND spans.not_before <= now()
    AND campaigns.state = 'running' AND campaigns.not_before <= now()
ORDER BY
    campaigns.priority DESC,
    campaigns.last_claimed_at NULLS FIRST,
    (spans.campaign_id, spans.mode, spans.layer) = ($1::bigint, $2::smallint, $3::integer) DESC,
    spans.campaign_id, spans.mode, spans.layer, lower(spans.ordinals)
LIMIT 1
FOR UPDATE OF spans
