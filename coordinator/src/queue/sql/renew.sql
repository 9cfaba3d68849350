-- queue::renew: those of the named leases that are current last on
UPDATE spans SET deadline = now() + $4 * interval '1 millisecond'
WHERE id IN (
    SELECT id FROM spans
    WHERE state = 'leased' AND worker_id = $1 AND worker_boot = $2 AND epoch = ANY ($3)
    ORDER BY id
    FOR UPDATE
)
RETURNING epoch
