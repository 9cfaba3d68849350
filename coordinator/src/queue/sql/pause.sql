-- queue::pause
UPDATE campaigns SET state = 'paused' WHERE id = $1 AND state = 'running'
