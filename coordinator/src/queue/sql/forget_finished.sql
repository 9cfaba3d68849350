-- queue::forget: what rates no longer need
DELETE FROM finished WHERE at < now() - $1 * interval '1 second'
