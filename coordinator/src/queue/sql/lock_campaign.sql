-- queue::settle: nobody else changes the campaign meanwhile
SELECT id FROM campaigns WHERE id = $1 FOR NO KEY UPDATE
