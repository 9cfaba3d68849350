-- queue::failures
SELECT spans.mode, spans.layer, lower(spans.ordinals) AS ordinal, spans.attempts,
    coalesce(spans.error, '') AS error, coalesce(spans.failed_worker, '') AS worker
FROM spans
WHERE campaign_id = $1 AND state = 'failed'
ORDER BY mode, layer, lower(ordinals)
LIMIT $2
