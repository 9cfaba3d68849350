-- queue::take_all: all rows that a worker's process has leased; those that somebody is busy with are left out, but counted
SELECT id, campaign_id, mode, layer, ordinals, attempts, epoch, mined, deadline < now() AS overdue,
    (SELECT count(*) FROM spans WHERE state = 'leased' AND worker_id = $1 AND worker_boot = $2) AS held
FROM spans
WHERE state = 'leased' AND worker_id = $1 AND worker_boot = $2
ORDER BY id
FOR UPDATE SKIP LOCKED
