-- queue::claim: the ranges of a layer's neurons
SELECT lower(range) AS lower, upper(range) AS upper
FROM layers, unnest(neurons) AS range
WHERE campaign_id = $1 AND mode = $2 AND layer = $3
ORDER BY range
