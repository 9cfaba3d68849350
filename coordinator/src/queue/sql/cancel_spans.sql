-- queue::cancel: what is not finished will not be; leases lose their epoch, and so their workers' reports
UPDATE spans
SET state = 'cancelled', epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
WHERE campaign_id = $1 AND state IN ('pending', 'leased')
