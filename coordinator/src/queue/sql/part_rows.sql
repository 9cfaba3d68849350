-- queue::holdings: parts of leased rows are done. Rows $1 keep $2 to $3; of what they give up, pieces of rows $4 from $5
-- to $6 are done ($7) or stay leased. In one statement, since a piece is inserted after its row has shrunk.
WITH kept AS (
    UPDATE spans SET ordinals = int4range(rest.lower, rest.upper)
    FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS rest (id, lower, upper)
    WHERE spans.id = rest.id
    RETURNING spans.*
)
INSERT INTO spans (
    campaign_id, mode, layer, ordinals, attempts, not_before, error, failed_worker,
    state, epoch, worker_id, worker_boot, granted_sequence, deadline, leased_at
)
SELECT
    campaign_id, mode, layer, int4range(piece.lower, piece.upper), attempts,
    CASE WHEN NOT done THEN not_before ELSE '-infinity' END,
    CASE WHEN NOT done THEN error END,
    CASE WHEN NOT done THEN failed_worker END,
    CASE WHEN done THEN 'done'::span_state ELSE 'leased' END,
    CASE WHEN NOT done THEN epoch END,
    CASE WHEN NOT done THEN worker_id END,
    CASE WHEN NOT done THEN worker_boot END,
    CASE WHEN NOT done THEN granted_sequence END,
    CASE WHEN NOT done THEN deadline END,
    CASE WHEN NOT done THEN leased_at END
FROM kept
JOIN unnest($4::bigint[], $5::integer[], $6::integer[], $7::boolean[]) AS piece (id, lower, upper, done)
    ON piece.id = kept.id
RETURNING id, state = 'leased' AS leased, campaign_id, mode, layer, ordinals, attempts, epoch, worker_boot, granted_sequence
