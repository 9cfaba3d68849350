-- queue::holdings: rows of a worker, all locked: $1 are done, $2 end unfinished and burn no attempt, $3 last $4
-- milliseconds from now on, and are mined where $7 has their epochs. Of the campaigns $5, $6 jobs were done just now: their rates are told from it, and their
-- surroundings are well again. No long wait is left then; a short one is, for the worker that had the trouble may have it
-- still.
WITH finished_rows AS (
    UPDATE spans
    SET state = 'done', error = NULL, failed_worker = NULL, not_before = '-infinity',
        epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
    WHERE id = ANY ($1::bigint[])
), given_back AS (
    UPDATE spans
    SET state = 'pending', epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
    WHERE id = ANY ($2::bigint[])
    RETURNING id
), renewed AS (
    UPDATE spans SET deadline = now() + $4 * interval '1 millisecond', mined = epoch = ANY ($7::bigint[])
    WHERE id = ANY ($3::bigint[])
), noted AS (
    INSERT INTO finished (campaign_id, jobs) SELECT * FROM unnest($5::bigint[], $6::integer[])
), recovered AS (
    UPDATE campaigns
    SET trouble = NULL, trouble_count = 0, not_before = least(not_before, now() + interval '1 second')
    WHERE id IN (
        SELECT id FROM campaigns WHERE id = ANY ($5) AND trouble IS NOT NULL ORDER BY id FOR NO KEY UPDATE
    )
    RETURNING id
), news AS (
    SELECT id FROM given_back UNION ALL SELECT id FROM recovered
)
SELECT pg_notify('superposed_work', '') FROM news LIMIT 1
