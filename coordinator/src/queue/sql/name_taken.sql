-- queue::register: in how many seconds a worker's name is free, when another process ($2 is not its boot) has it and is
-- not heard of any more; $3 is how long it counts as alive
SELECT greatest(0, $3 - extract(epoch FROM now() - last_sync))::float8 AS seconds FROM workers
WHERE id = $1 AND boot <> $2
