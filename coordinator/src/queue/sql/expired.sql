-- queue::expire: leases whose time is up; taken away only when somebody asks for work, and only while coordinators are
-- known to have been there ($2 seconds ago at most), so that their workers could renew
SELECT id, campaign_id, mode, layer, ordinals, attempts, worker_id FROM spans
WHERE state = 'leased' AND deadline < now()
    AND EXISTS (SELECT FROM coordinator_pulse WHERE last_alive > now() - $2 * interval '1 second')
ORDER BY deadline
LIMIT $1
FOR UPDATE OF spans SKIP LOCKED
