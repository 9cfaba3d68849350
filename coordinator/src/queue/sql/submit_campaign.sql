-- queue::submit: the campaign's row; none when its key is known
INSERT INTO campaigns (client_key, name, priority, spec, description, polarities, batch_jobs, max_attempts, max_workers)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (client_key) DO NOTHING
RETURNING id
