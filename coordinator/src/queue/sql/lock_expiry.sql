-- queue::expire, queue::revoke_wedged: one takes leases away at a time; who finds another at it leaves it to that one
SELECT pg_try_advisory_xact_lock(1, 0)
