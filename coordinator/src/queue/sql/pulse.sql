-- queue::pulse: a coordinator is alive
UPDATE coordinator_pulse SET last_alive = now()
