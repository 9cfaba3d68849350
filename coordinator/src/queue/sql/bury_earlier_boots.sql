-- queue::register: a worker that came back as a new process lost what its earlier one held: those leases end now
UPDATE spans SET deadline = '-infinity'
WHERE id IN (
    SELECT id FROM spans
    WHERE state = 'leased' AND worker_id = $1 AND worker_boot <> $2
    ORDER BY id
    FOR UPDATE
)
