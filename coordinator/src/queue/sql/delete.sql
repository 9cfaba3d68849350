-- queue::delete: forgets a campaign that has ended
DELETE FROM campaigns WHERE id = $1 AND state NOT IN ('running', 'paused')
