-- queue::cancel
UPDATE campaigns SET state = 'cancelled' WHERE id = $1 AND state IN ('running', 'paused')
