-- queue::claim: a Sync that was overtaken by a later one gets nothing, nor does a worker that is to leave; locked, so that
-- none overtakes meanwhile. Says whether the time of any lease is up.
SELECT EXISTS (SELECT FROM spans WHERE state = 'leased' AND deadline < now()) AS overdue FROM workers
WHERE id = $1 AND boot = $2 AND sequence = $3 AND NOT drain_asked
FOR SHARE
