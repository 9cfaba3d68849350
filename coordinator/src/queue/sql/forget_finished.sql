-- queue::forget: what the rate of the last minute no longer needs is added up by the minute
WITH gone AS (
    DELETE FROM finished WHERE at < now() - $1 * interval '1 second' RETURNING campaign_id, at, jobs
)
INSERT INTO rates (campaign_id, minute, jobs)
SELECT campaign_id, date_trunc('minute', at), sum(jobs) FROM gone GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (campaign_id, minute) DO UPDATE SET jobs = rates.jobs + excluded.jobs
