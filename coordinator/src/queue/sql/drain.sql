-- queue::drain: asks a worker to leave, or takes that back; no row for one that has left, or is not known
UPDATE workers SET drain_asked = $2 WHERE id = $1 AND NOT draining
