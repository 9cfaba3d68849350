-- queue::pulse: nor could they report
UPDATE workers SET last_progress = last_progress + $1 * interval '1 second'
WHERE id IN (SELECT id FROM workers ORDER BY id FOR UPDATE)
