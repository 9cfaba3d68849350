-- queue::punish: a span goes back to the queue after an error, to be tried from about $4 milliseconds on: jobs that
-- failed together do not come back together
UPDATE spans
SET state = 'pending', attempts = $2, error = $3,
    not_before = now() + $4 * (0.75 + random() / 2) * interval '1 millisecond',
    failed_worker = worker_id,
    epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
WHERE id = $1
