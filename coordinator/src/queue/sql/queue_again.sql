-- queue::punish: a span goes back to the queue after an error, to be tried from $4 milliseconds on
UPDATE spans
SET state = 'pending', attempts = $2, error = $3, not_before = now() + $4 * interval '1 millisecond',
    failed_worker = worker_id,
    epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
WHERE id = $1
