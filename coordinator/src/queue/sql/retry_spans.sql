-- queue::retry: failed jobs start over, with all their attempts
UPDATE spans SET state = 'pending', attempts = 0, not_before = '-infinity' WHERE campaign_id = $1 AND state = 'failed'
