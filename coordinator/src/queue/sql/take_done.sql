-- queue::merge_done: takes out the done spans of a layer that have a neighbour to be one with
DELETE FROM spans WHERE id IN (
    SELECT id FROM (
        SELECT id,
            lower(ordinals) = lag(upper(ordinals)) OVER sorted AND attempts = lag(attempts) OVER sorted AS follows,
            upper(ordinals) = lead(lower(ordinals)) OVER sorted AND attempts = lead(attempts) OVER sorted AS precedes
        FROM spans WHERE campaign_id = $1 AND mode = $2 AND layer = $3 AND state = 'done'
        WINDOW sorted AS (ORDER BY ordinals)
    ) AS done
    WHERE follows OR precedes
)
RETURNING attempts, lower(ordinals) AS lower, upper(ordinals) AS upper
