-- queue::live: campaigns that have not ended, their jobs by state, and how long they wait. Layers tell how many jobs there
-- are and how many failed; of spans, those that wait or are leased are read, of these campaigns alone. $1 is the time in
-- seconds that rates are told of
SELECT
    campaigns.id, name, campaigns.state::text AS state, trouble IS NOT NULL AS held_up,
    all_jobs.jobs, all_jobs.failed, unfinished.pending, unfinished.leased,
    coalesce((
        SELECT sum(jobs) FROM finished
        WHERE campaign_id = campaigns.id AND at > now() - $1 * interval '1 second'
    ), 0)::float8 / greatest(1, least($1, extract(epoch FROM now() - created_at)))::float8 AS jobs_per_second,
    extract(epoch FROM now() - created_at)::float8 AS age_seconds,
    extract(epoch FROM now() - greatest(created_at, last_claimed_at))::float8 AS unclaimed_seconds
FROM campaigns
CROSS JOIN LATERAL (
    SELECT sum(jobs)::bigint AS jobs, sum(failed)::bigint AS failed FROM layers WHERE campaign_id = campaigns.id
) AS all_jobs
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(upper(ordinals) - lower(ordinals)) FILTER (WHERE state = 'pending'), 0)::bigint AS pending,
        coalesce(sum(upper(ordinals) - lower(ordinals)) FILTER (WHERE state = 'leased'), 0)::bigint AS leased
    FROM (
        SELECT state, ordinals FROM spans WHERE campaign_id = campaigns.id AND state = 'pending'
        UNION ALL
        SELECT state, ordinals FROM spans WHERE campaign_id = campaigns.id AND state = 'leased'
    ) AS open
) AS unfinished
WHERE campaigns.state IN ('running', 'paused')
ORDER BY campaigns.id
LIMIT $2
