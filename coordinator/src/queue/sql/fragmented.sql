-- queue::merge_done: layers whose done spans are many
SELECT campaign_id, mode, layer FROM spans WHERE state = 'done'
GROUP BY campaign_id, mode, layer HAVING count(*) > $1
LIMIT 64
