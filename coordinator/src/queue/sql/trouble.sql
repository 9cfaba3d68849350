-- queue::trouble: the surroundings of a campaign fail it: it waits, longer every time, up to a minute
WITH troubled AS (
    UPDATE campaigns
    SET trouble = $2, trouble_count = trouble_count + 1,
        not_before = now() + least(60, power(2, least(trouble_count, 10))) * (0.75 + random() / 2) * interval '1 second'
    WHERE id = $1 AND state IN ('running', 'paused')
        -- Several workers report the same trouble at once: it counts once.
        AND not_before <= now()
    RETURNING id
)
-- When to look again is known now.
SELECT pg_notify('superposed_work', '') FROM troubled
