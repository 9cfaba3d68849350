-- queue::claim: how many workers work on a campaign
SELECT count(DISTINCT worker_id) FROM spans WHERE state = 'leased' AND campaign_id = $1
