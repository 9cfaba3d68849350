-- queue::expire: processes of workers with leases whose time is up since $3 seconds; only while coordinators are known to
-- have been there ($2 seconds ago at most), so that their workers could renew
SELECT worker_id, worker_boot FROM spans
WHERE state = 'leased' AND deadline < now() - $3 * interval '1 second'
    AND EXISTS (SELECT FROM pulses WHERE at > now() - $2 * interval '1 second')
GROUP BY worker_id, worker_boot
ORDER BY min(deadline)
LIMIT $1
