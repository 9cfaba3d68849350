-- queue::merge_done: layers with more than $1 done spans that could be one with the span before them
SELECT campaign_id, mode, layer FROM (
    SELECT campaign_id, mode, layer,
        lower(ordinals) = lag(upper(ordinals)) OVER earlier AND attempts = lag(attempts) OVER earlier AS follows
    FROM spans
    WHERE spans.state = 'done' AND campaign_id IN (SELECT id FROM campaigns WHERE state IN ('running', 'paused'))
    WINDOW earlier AS (PARTITION BY campaign_id, mode, layer ORDER BY ordinals)
) AS done
WHERE follows
GROUP BY campaign_id, mode, layer HAVING count(*) > $1
LIMIT 64
