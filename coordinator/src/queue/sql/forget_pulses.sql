-- queue::pulse: of those that are $1 seconds old nobody asks any more, but for the last; one that somebody is busy with
-- stays for now
DELETE FROM pulses WHERE id IN (
    SELECT id FROM pulses
    WHERE at < now() - $1 * interval '1 second' AND at < (SELECT max(at) FROM pulses)
    FOR UPDATE SKIP LOCKED
)
