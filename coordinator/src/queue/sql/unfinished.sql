-- queue::cancel: whether spans of the campaign, if it is cancelled, are not finished
SELECT EXISTS (
    SELECT FROM spans JOIN campaigns ON campaigns.id = spans.campaign_id
    WHERE campaigns.id = $1 AND campaigns.state = 'cancelled' AND spans.state IN ('pending', 'leased')
)
