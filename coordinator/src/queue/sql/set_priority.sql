-- queue::set_priority
UPDATE campaigns SET priority = $2 WHERE id = $1 AND state IN ('running', 'paused')
