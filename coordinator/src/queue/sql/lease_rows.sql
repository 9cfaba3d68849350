-- queue::take_failure: the rows of a lease, as long as its epoch is current
SELECT id, campaign_id, mode, layer, ordinals, attempts FROM spans
WHERE epoch = $1 AND state = 'leased' AND worker_id = $2
ORDER BY id
FOR UPDATE
