-- queue::campaign, queue::campaigns: one campaign, or all for a null
SELECT
    id, name, state::text AS state, priority, trouble, description ->> 'size' AS size,
    description ->> 'destination' AS destination
FROM campaigns WHERE $1::bigint IS NULL OR id = $1
ORDER BY id
