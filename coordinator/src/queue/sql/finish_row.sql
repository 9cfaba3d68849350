-- queue::complete: a whole row is done
UPDATE spans
SET state = 'done', error = NULL, failed_worker = NULL, not_before = '-infinity',
    epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
WHERE id = $1
