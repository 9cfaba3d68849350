-- queue::holdings: all rows that a worker has leased, in the order in which everybody locks rows that it waits for
SELECT id, campaign_id, mode, layer, ordinals, attempts, epoch, worker_boot, granted_sequence FROM spans
WHERE state = 'leased' AND worker_id = $1
ORDER BY id
FOR UPDATE
