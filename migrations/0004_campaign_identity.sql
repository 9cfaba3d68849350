-- Numbers of campaigns may come back, in a database that was made anew or restored; this does not. Workers know campaigns
-- by it.
ALTER TABLE campaigns ADD COLUMN identity bytea NOT NULL DEFAULT uuid_send(gen_random_uuid());
