-- queue::claim: the campaign had its turn, also among the leases of one claim; a busy row may be skipped, turns are only
-- about fairness
UPDATE campaigns SET last_claimed_at = clock_timestamp()
WHERE id = (SELECT id FROM campaigns WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED)
