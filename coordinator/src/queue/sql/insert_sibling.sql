-- queue::part: ordinals that row $1 gave up, in the same state
INSERT INTO spans (
    campaign_id, mode, layer, ordinals, state, attempts, not_before, error, failed_worker,
    epoch, worker_id, worker_boot, granted_sequence, deadline, leased_at
)
SELECT
    campaign_id, mode, layer, int4range($2, $3), state, attempts, not_before, error, failed_worker,
    epoch, worker_id, worker_boot, granted_sequence, deadline, leased_at
FROM spans WHERE id = $1
RETURNING id
