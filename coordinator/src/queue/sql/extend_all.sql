-- queue::pulse: workers could not renew while no coordinator was there
UPDATE spans SET deadline = deadline + $1 * interval '1 second', leased_at = leased_at + $1 * interval '1 second'
WHERE id IN (SELECT id FROM spans WHERE state = 'leased' ORDER BY id FOR UPDATE)
