-- An operator asked the worker to leave. It is told so with every Sync until it said that it does; the next process of its
-- name begins without the request.
ALTER TABLE workers ADD COLUMN drain_asked boolean NOT NULL DEFAULT false;
