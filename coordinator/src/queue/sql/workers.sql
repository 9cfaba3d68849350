-- queue::workers
SELECT id, backend, cores, draining, drain_asked, condition,
    extract(epoch FROM now() - last_sync)::float8 AS seconds_since_sync,
    coalesce((
        SELECT sum(upper(ordinals) - lower(ordinals)) FROM spans WHERE state = 'leased' AND worker_id = workers.id
    ), 0)::bigint AS leased_jobs
FROM workers
ORDER BY id
