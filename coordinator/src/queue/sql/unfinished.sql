-- queue::cancel: whether spans of the campaign, if it is cancelled, are not finished
SELECT EXISTS (
    SELECT FROM campaigns WHERE id = $1 AND state = 'cancelled' AND (
        EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'pending')
        OR EXISTS (SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'leased')
    )
)
