-- queue::register: takes note of a Sync; no row when a later Sync of the same boot was seen already, or another process
-- ($8 seconds ago or later) is alive under the name. Says whether the process is new, and whether the time of any lease
-- is up, and whether the worker was asked to leave: a new process is so no more when the one before it had left. Until its
-- transaction ends, no other Sync of the worker goes on.
INSERT INTO workers (id, boot, sequence, backend, cores, draining, condition)
VALUES ($1, $2, $3, $4, $5, $6, $9)
ON CONFLICT (id) DO UPDATE
SET boot = excluded.boot, sequence = excluded.sequence, backend = excluded.backend, cores = excluded.cores,
    draining = excluded.draining, condition = excluded.condition, last_sync = now(),
    started_at = CASE WHEN workers.boot = excluded.boot THEN workers.started_at ELSE now() END,
    drain_asked = workers.drain_asked AND (workers.boot = excluded.boot OR NOT workers.draining),
    last_progress = CASE WHEN workers.boot = excluded.boot AND NOT $7 THEN workers.last_progress ELSE now() END
WHERE CASE
    WHEN workers.boot = excluded.boot THEN workers.sequence < excluded.sequence
    ELSE workers.draining OR workers.last_sync < now() - $8 * interval '1 second'
END
RETURNING started_at = now() AS is_new, drain_asked, EXISTS (SELECT FROM spans WHERE state = 'leased' AND deadline < now()) AS overdue
