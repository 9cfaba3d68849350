-- queue::forget: those not heard of for $1 seconds, which hold nothing; a name that comes back is a new worker
DELETE FROM workers
WHERE last_sync < now() - $1 * interval '1 second'
    AND NOT EXISTS (SELECT FROM spans WHERE state = 'leased' AND worker_id = workers.id)
