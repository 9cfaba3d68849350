-- queue::complete: so many jobs were done just now
INSERT INTO finished (campaign_id, jobs) VALUES ($1, $2)
