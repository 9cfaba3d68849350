-- queue::settle: campaigns (one, or all for a null) that seem to have nothing left to do
SELECT id FROM campaigns
WHERE ($1::bigint IS NULL OR id = $1) AND state IN ('running', 'paused')
    AND NOT EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'pending')
    AND NOT EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'leased')
