-- queue::release: leases ($1 workers and $2 epochs, side by side) end unfinished; no attempt is burnt
WITH given_back AS (
    UPDATE spans
    SET state = 'pending', epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
    WHERE id IN (
        SELECT id FROM spans
        WHERE state = 'leased' AND epoch = ANY ($2)
            AND (worker_id, epoch) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))
        ORDER BY id
        FOR UPDATE
    )
    RETURNING id
)
SELECT pg_notify('superposed_work', '') FROM given_back LIMIT 1
