-- queue::expire: leases whose time is up; taken away only when somebody asks for work
SELECT id, campaign_id, mode, layer, ordinals, attempts, worker_id FROM spans
WHERE state = 'leased' AND deadline < now()
ORDER BY deadline
LIMIT $1
FOR UPDATE SKIP LOCKED
