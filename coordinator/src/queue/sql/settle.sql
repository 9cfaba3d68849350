-- queue::settle: a campaign with nothing left to do has ended; it is locked, so that what this sees is still so
UPDATE campaigns
SET state = CASE
    WHEN EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'failed')
    THEN 'completed_with_failures'::campaign_state
    ELSE 'completed'
END
WHERE id = $1 AND state IN ('running', 'paused')
    AND NOT EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'pending')
    AND NOT EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'leased')
