-- queue::complete: a job was finished, so the surroundings are well again, and no long wait is left; a short one is, for
-- the worker that had the trouble may have it still
WITH recovered AS (
    UPDATE campaigns
    SET trouble = NULL, trouble_count = 0, not_before = least(not_before, now() + interval '1 second')
    WHERE id = $1 AND trouble IS NOT NULL
    RETURNING id
)
SELECT pg_notify('superposed_work', '') FROM recovered
