-- A worker mines its leases one after the other, but writes the results of one while it mines the next. Leases that it said
-- to have mined are not what it died of.
ALTER TABLE spans ADD COLUMN mined boolean NOT NULL DEFAULT false;
