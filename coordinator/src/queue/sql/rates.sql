-- queue::rates: jobs done in stretches of $3 seconds over the last $2 seconds, those without any left out
SELECT
    extract(epoch FROM date_bin($3 * interval '1 second', at, now()) - now())::float8 AS seconds_from_now,
    sum(jobs)::bigint AS jobs
FROM (
    SELECT minute AS at, jobs FROM rates WHERE campaign_id = $1 AND minute > now() - $2 * interval '1 second'
    UNION ALL
    SELECT at, jobs FROM finished WHERE campaign_id = $1 AND at > now() - $2 * interval '1 second'
) AS done
GROUP BY 1
ORDER BY 1
