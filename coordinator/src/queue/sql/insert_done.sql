-- queue::complete: part of row $1 is done
INSERT INTO spans (campaign_id, mode, layer, ordinals, state, attempts)
SELECT campaign_id, mode, layer, int4range($2, $3), 'done', attempts FROM spans WHERE id = $1
