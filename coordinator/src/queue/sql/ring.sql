-- queue::ring: work may be there, now or soon: coordinators that listen look, once this transaction is over
SELECT pg_notify('superposed_work', '')
