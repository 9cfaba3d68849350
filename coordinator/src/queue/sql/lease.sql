-- queue::claim: a row becomes a lease with an epoch of its own
UPDATE spans
SET state = 'leased', epoch = nextval('lease_epochs'), worker_id = $2, worker_boot = $3, granted_sequence = $4,
    deadline = now() + $5 * interval '1 millisecond', leased_at = now()
WHERE id = $1
RETURNING epoch
