-- queue::release_lost: leases granted by an earlier Sync that the worker does not name never reached it
WITH given_back AS (
    UPDATE spans
    SET state = 'pending', epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
    WHERE id IN (
        SELECT id FROM spans
        WHERE state = 'leased' AND worker_id = $1 AND worker_boot = $2 AND granted_sequence < $3 AND epoch <> ALL ($4)
        ORDER BY id
        FOR UPDATE
    )
    RETURNING id
)
SELECT pg_notify('superposed_work', '') FROM given_back LIMIT 1
