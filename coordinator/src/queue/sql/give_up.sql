-- queue::punish: a job that stood alone has used up its attempts
UPDATE spans
SET state = 'failed', attempts = $2, error = $3, failed_worker = worker_id,
    epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
WHERE id = $1
