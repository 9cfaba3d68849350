-- queue::wake: seconds until work comes back by itself: a wait ends, or a lease runs out; about $1 at the longest, and
-- not the same for all coordinators
SELECT least(
    $1 * (0.75 + random() / 2),
    (SELECT extract(epoch FROM min(not_before) - clock_timestamp()) FROM spans
        WHERE state = 'pending' AND not_before > '-infinity' AND not_before > now()),
    (SELECT extract(epoch FROM min(deadline) - clock_timestamp()) FROM spans
        WHERE state = 'leased' AND deadline > now()),
    (SELECT extract(epoch FROM min(not_before) - clock_timestamp()) FROM campaigns
        WHERE state = 'running' AND not_before > now())
)::float8 AS seconds
