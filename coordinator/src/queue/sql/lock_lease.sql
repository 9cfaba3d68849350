-- queue::complete, queue::fail: one report of a lease at a time: a second one would not see the rows the first inserts
SELECT pg_advisory_xact_lock($1)
