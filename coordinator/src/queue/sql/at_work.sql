-- queue::at_work: who holds jobs of a campaign, $2 of them at most, those with the most first; and how many do in all
SELECT worker_id, sum(upper(ordinals) - lower(ordinals))::bigint AS jobs, count(*) OVER () AS workers
FROM spans
WHERE campaign_id = $1 AND state = 'leased'
GROUP BY worker_id
ORDER BY jobs DESC, worker_id
LIMIT $2
