-- queue::retry
UPDATE campaigns SET state = 'running', not_before = '-infinity' WHERE id = $1 AND state = 'completed_with_failures'
