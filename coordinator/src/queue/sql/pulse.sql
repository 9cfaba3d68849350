-- queue::pulse: a coordinator is alive
INSERT INTO pulses DEFAULT VALUES
