-- queue::revoke_wedged: processes of workers that hold leases but have reported no job, done or failed, for $1 seconds
SELECT id AS worker_id, boot AS worker_boot FROM workers
WHERE last_progress < now() - $1 * interval '1 second'
    AND (
        SELECT min(leased_at) FROM spans
        WHERE state = 'leased' AND worker_id = workers.id AND worker_boot = workers.boot
    ) < now() - $1 * interval '1 second'
