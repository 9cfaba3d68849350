-- queue::merge_done: looks at done spans of a layer that it has not looked at, $4 at most, and at those that touch them:
-- neighbours become one, and what has none is left as it is. In one statement, since a span is put back after its parts
-- were taken out. Each other span is found by its place: what merging did not touch before is not read.
WITH fresh AS MATERIALIZED (
    SELECT id, ordinals, attempts FROM spans
    WHERE campaign_id = $1 AND mode = $2 AND layer = $3 AND state = 'done' AND NOT tidied
    LIMIT $4
), looked_at AS (
    SELECT id, ordinals, attempts FROM fresh
    UNION
    SELECT near.id, near.ordinals, near.attempts
    FROM fresh CROSS JOIN LATERAL (
        SELECT id, ordinals, attempts FROM spans
        WHERE campaign_id = $1 AND mode = $2 AND layer = $3
            AND ordinals && int4range(lower(fresh.ordinals) - 1, upper(fresh.ordinals) + 1)
            AND state = 'done' AND attempts = fresh.attempts
        OFFSET 0
    ) AS near
), begins AS (
    SELECT *, lower(ordinals) IS DISTINCT FROM lag(upper(ordinals)) OVER same AS begins
    FROM looked_at WINDOW same AS (PARTITION BY attempts ORDER BY ordinals)
), runs AS (
    SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY attempts ORDER BY ordinals) AS run FROM begins
), sized AS (
    SELECT *, count(*) OVER (PARTITION BY attempts, run) AS size FROM runs
), left_alone AS (
    UPDATE spans SET tidied = true WHERE id IN (SELECT id FROM sized WHERE size = 1)
), taken AS (
    DELETE FROM spans USING sized WHERE spans.id = sized.id AND size > 1
    RETURNING sized.attempts, run, sized.ordinals, leased_at
)
INSERT INTO spans (campaign_id, mode, layer, ordinals, state, attempts, leased_at, tidied)
SELECT $1, $2, $3, int4range(min(lower(ordinals)), max(upper(ordinals))), 'done', attempts, max(leased_at), true
FROM taken GROUP BY attempts, run
