-- queue::claim: whether worker $2 works on the campaign already; and whether it may look if there is room for it. Those
-- that would join are looked at one at a time, so that two do not take the last place; who finds another at it asks again
SELECT
    EXISTS (SELECT FROM spans WHERE state = 'leased' AND campaign_id = $1 AND worker_id = $2) AS works,
    pg_try_advisory_xact_lock(2, ($1 % 2147483647)::integer) AS may_look
