-- queue::cancel_spans: what cancelled campaigns (one, or all for a null) have not finished will not be; leases lose their
-- epoch, and so their workers' reports. What somebody is busy with is left for the next time.
UPDATE spans
SET state = 'cancelled', epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
WHERE id IN (
    SELECT spans.id FROM spans JOIN campaigns ON campaigns.id = spans.campaign_id
    WHERE campaigns.state = 'cancelled' AND ($1::bigint IS NULL OR campaigns.id = $1)
        AND spans.state IN ('pending', 'leased')
    FOR UPDATE OF spans SKIP LOCKED
)
