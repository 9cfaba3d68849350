-- How fast campaigns were, minute by minute: what `finished` no longer needs is added up here.

-- Without a reference to campaigns, which a deletion would have to lock: ids are never used again, and rows go by age.
CREATE TABLE rates (
    campaign_id bigint NOT NULL,
    minute timestamptz NOT NULL,
    jobs bigint NOT NULL,
    PRIMARY KEY (campaign_id, minute)
);

-- How a worker said that it fares, for people to look at.
ALTER TABLE workers ADD COLUMN condition jsonb;
