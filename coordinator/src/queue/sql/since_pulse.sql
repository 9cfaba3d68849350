-- queue::pulse: seconds since any coordinator was alive
SELECT extract(epoch FROM now() - max(at))::float8 AS seconds FROM pulses
