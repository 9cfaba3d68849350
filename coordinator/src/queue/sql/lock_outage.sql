-- queue::pulse: one bridges an outage; who finds another at it leaves it to that one
SELECT pg_try_advisory_xact_lock(3, 0)
