-- queue::live: workers by how they are: about to stop, heard of within the time of a lease ($1 seconds), or silent
SELECT
    count(*) FILTER (WHERE draining) AS draining,
    count(*) FILTER (WHERE NOT draining AND last_sync >= now() - $1 * interval '1 second') AS alive,
    count(*) FILTER (WHERE NOT draining AND last_sync < now() - $1 * interval '1 second') AS silent
FROM workers
