-- queue::settle: a campaign (all, for a null) with nothing left to do has ended
UPDATE campaigns
SET state = CASE
    WHEN EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'failed')
    THEN 'completed_with_failures'::campaign_state
    ELSE 'completed'
END
WHERE ($1::bigint IS NULL OR id = $1) AND state IN ('running', 'paused')
    AND NOT EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'pending')
    AND NOT EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'leased')
