-- queue::claim: whether anything could be handed out, that somebody is busy with just now (of all campaigns but $1)
SELECT EXISTS (
    SELECT FROM campaigns
    WHERE state = 'running' AND not_before <= now() AND id <> ALL ($1)
        AND EXISTS (
            SELECT FROM spans WHERE campaign_id = campaigns.id AND spans.state = 'pending' AND spans.not_before <= now()
        )
)
