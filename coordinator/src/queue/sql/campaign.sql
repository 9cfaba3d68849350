-- queue::campaign, queue::campaigns: one campaign, or all for a null; with the jobs it did a second, over the last $2
-- seconds, or since it was submitted
SELECT
    id, name, state::text AS state, priority, trouble, max_workers, description ->> 'size' AS size,
    description ->> 'destination' AS destination,
    coalesce((
        SELECT sum(jobs) FROM finished
        WHERE campaign_id = campaigns.id AND at > now() - $2 * interval '1 second'
    ), 0)::float8 / greatest(1, least($2, extract(epoch FROM now() - created_at)))::float8 AS jobs_per_second
FROM campaigns WHERE $1::bigint IS NULL OR id = $1
ORDER BY id
