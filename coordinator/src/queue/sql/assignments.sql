-- queue::assignments: who works on what, a row a worker, campaign, mode and layer
SELECT worker_id, campaign_id, mode, layer, sum(upper(ordinals) - lower(ordinals))::bigint AS jobs,
    extract(epoch FROM now() - min(leased_at))::float8 AS seconds
FROM spans
WHERE state = 'leased' AND ($1::bigint IS NULL OR campaign_id = $1)
GROUP BY worker_id, campaign_id, mode, layer
ORDER BY worker_id, campaign_id, mode, layer
