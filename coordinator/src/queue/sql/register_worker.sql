-- queue::register: takes note of a Sync; no row when a later Sync of the same boot was seen already
INSERT INTO workers (id, boot, sequence, backend, cores, draining)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE
SET boot = excluded.boot, sequence = excluded.sequence, backend = excluded.backend, cores = excluded.cores,
    draining = excluded.draining, last_sync = now()
WHERE workers.boot <> excluded.boot OR workers.sequence < excluded.sequence
RETURNING id
