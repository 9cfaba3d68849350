-- queue::merge_done: one merge of a layer at a time, and none while its campaign is deleted
SELECT campaign_id FROM layers WHERE campaign_id = $1 AND mode = $2 AND layer = $3 FOR NO KEY UPDATE SKIP LOCKED
