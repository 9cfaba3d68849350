-- queue::holdings: what a worker says is taken in one word after the other: a second one would not see the rows that the
-- first inserts
SELECT id FROM workers WHERE id = $1 FOR NO KEY UPDATE
