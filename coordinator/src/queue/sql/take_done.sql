-- queue::merge_done: takes a layer's done spans out, but for those somebody is busy with
DELETE FROM spans WHERE id IN (
    SELECT id FROM spans WHERE campaign_id = $1 AND mode = $2 AND layer = $3 AND state = 'done'
    FOR UPDATE SKIP LOCKED
)
RETURNING lower(ordinals) AS lower, upper(ordinals) AS upper
