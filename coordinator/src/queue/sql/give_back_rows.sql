-- queue::take_all: rows that their worker did not die of, locked already, end unfinished; no attempt is burnt
UPDATE spans
SET state = 'pending', epoch = NULL, worker_id = NULL, worker_boot = NULL, granted_sequence = NULL, deadline = NULL
WHERE id = ANY ($1)
