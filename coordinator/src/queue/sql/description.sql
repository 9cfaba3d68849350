-- queue::description
SELECT description FROM campaigns WHERE id = $1
