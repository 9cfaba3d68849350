-- queue::pulse: for how long no coordinator was alive; locked, so that only the first one back acts on it
SELECT extract(epoch FROM now() - last_alive)::float8 AS seconds FROM coordinator_pulse FOR UPDATE
