-- queue::claim: the next span to hand out: by priority, then the campaign that waited longest (those of $4 aside), then
-- where the worker is warm ($1 campaign, $2 mode, $3 layer), then in order; SKIP LOCKED is added where somebody else's
-- is to be passed over. Looks at pending spans only, and at those of one campaign where it has any.
SELECT
    next.id, campaigns.id AS campaign_id, next.mode, next.layer, next.ordinals,
    campaigns.batch_jobs, cardinality(campaigns.polarities) AS polarities, campaigns.max_workers
FROM (
    SELECT id, batch_jobs, polarities, max_workers FROM campaigns
    WHERE state = 'running' AND not_before <= now() AND id <> ALL ($4)
    ORDER BY priority DESC, last_claimed_at NULLS FIRST, id
) AS campaigns
CROSS JOIN LATERAL (
    SELECT id, mode, layer, ordinals FROM spans
    WHERE campaign_id = campaigns.id AND state = 'pending' AND not_before <= now()
    ORDER BY (campaign_id, mode, layer) = ($1::bigint, $2::smallint, $3::integer) DESC, mode, layer, lower(ordinals)
    LIMIT 1
) AS next
LIMIT 1
FOR UPDATE OF next
