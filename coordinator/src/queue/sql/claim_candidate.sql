-- queue::claim: the next span to hand out of those that nobody is busy with: by priority, then the campaign that waited
-- longest (those of $4 aside), but that of $1 where $5 says that its turn is not over, then where the worker is warm
-- ($1 campaign, $2 mode, $3 layer), then in order. Reads the first pending spans of one campaign where it has any. Says as
-- well whether the campaign shares its turn with others, whether the span's jobs were handed out before, and the bounds of
-- the ranges of neurons that the layer has.
SELECT
    next.id, campaigns.id AS campaign_id, next.mode, next.layer, next.ordinals, next.leased_at IS NOT NULL AS again,
    campaigns.batch_jobs, campaigns.polarities, campaigns.max_workers, campaigns.identity,
    EXISTS (
        SELECT FROM campaigns AS other
        WHERE other.state = 'running' AND other.priority = campaigns.priority AND other.id <> campaigns.id
    ) AS takes_turns,
    ARRAY(
        SELECT bound FROM layers, unnest(layers.neurons) AS range, LATERAL (VALUES (lower(range)), (upper(range))) AS ends (bound)
        WHERE layers.campaign_id = campaigns.id AND layers.mode = next.mode AND layers.layer = next.layer
        ORDER BY bound
    ) AS neurons
FROM (
    SELECT id, priority, batch_jobs, cardinality(polarities) AS polarities, max_workers, identity
    FROM campaigns
    WHERE state = 'running' AND not_before <= now() AND id <> ALL ($4)
    ORDER BY priority DESC, $5 AND id IS NOT DISTINCT FROM $1 DESC, last_claimed_at NULLS FIRST, id
) AS campaigns
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT id, mode, layer, ordinals, leased_at FROM spans
        WHERE campaign_id = campaigns.id AND campaign_id = $1 AND mode = $2 AND layer = $3
            AND state = 'pending' AND not_before <= now()
        ORDER BY lower(ordinals)
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS warm
    UNION ALL
    SELECT * FROM (
        SELECT id, mode, layer, ordinals, leased_at FROM spans
        WHERE campaign_id = campaigns.id AND state = 'pending' AND not_before <= now()
        ORDER BY mode, layer, lower(ordinals)
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS first
    LIMIT 1
) AS next
LIMIT 1
