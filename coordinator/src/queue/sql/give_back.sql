-- queue::release: leases end unfinished; no attempt is burnt
UPDATE spans
SET state = 'pending', epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
WHERE id IN (
    SELECT id FROM spans
    WHERE state = 'leased' AND worker_id = $1 AND epoch = ANY ($2)
    ORDER BY id
    FOR UPDATE
)
