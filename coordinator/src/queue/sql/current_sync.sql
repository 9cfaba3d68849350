-- queue::claim: a Sync that was overtaken by a later one gets nothing; locked, so that none overtakes meanwhile
SELECT id FROM workers WHERE id = $1 AND boot = $2 AND sequence = $3 FOR SHARE
