-- queue::claim: leases from the front of a pending span, its row locked: $3 to $4 are their bounds, and the row is left
-- $5 to $6 in state $7: the rest of the span, still pending, or the first of the leases when nothing else is left. Each
-- lease has an epoch of its own, ascending with its ordinals. In one statement, since a lease is inserted after its row
-- has shrunk; a rest keeps the time at which it was leased before, if it was. The campaign had its turn: noted each time
-- where others wait for theirs, else now and then. A busy campaign's row may be skipped, turns are only about fairness.
WITH kept AS (
    UPDATE spans
    SET ordinals = int4range($5, $6), state = $7::text::span_state,
        epoch = CASE WHEN $7 = 'leased' THEN nextval('lease_epochs') END,
        worker_id = CASE WHEN $7 = 'leased' THEN $8 END,
        worker_boot = CASE WHEN $7 = 'leased' THEN $9::bigint END,
        granted_sequence = CASE WHEN $7 = 'leased' THEN $10::bigint END,
        deadline = CASE WHEN $7 = 'leased' THEN now() + $11 * interval '1 millisecond' END,
        leased_at = CASE WHEN $7 = 'leased' THEN now() ELSE leased_at END,
        mined = false
    WHERE id = $1
    RETURNING *
), turn AS (
    UPDATE campaigns SET last_claimed_at = clock_timestamp()
    WHERE id = (
        SELECT id FROM campaigns
        WHERE id = $2 AND ($12 OR last_claimed_at IS NULL OR last_claimed_at < now() - interval '1 second')
        FOR NO KEY UPDATE SKIP LOCKED
    )
), rest AS (
    INSERT INTO spans (
        campaign_id, mode, layer, ordinals, state, attempts, not_before, error, failed_worker,
        epoch, worker_id, worker_boot, granted_sequence, deadline, leased_at
    )
    SELECT
        campaign_id, mode, layer, int4range(lease.lower, lease.upper), 'leased', attempts, not_before, error,
        failed_worker, nextval('lease_epochs'), $8, $9, $10, now() + $11 * interval '1 millisecond', now()
    FROM kept CROSS JOIN unnest($3::integer[], $4::integer[]) AS lease (lower, upper)
    RETURNING epoch
)
SELECT epoch FROM kept WHERE $7 = 'leased'
UNION ALL
SELECT epoch FROM rest
